/** How a picture is looked at: enlarged by `scale`, and moved from the middle by pixels of the screen. */
export interface View {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

export const resting: View = { scale: 1, x: 0, y: 0 };

const largest = 8;

/** Larger or smaller around a point (pixels from the middle), which stays where it is. Never smaller than the stage. */
export function scaled(view: View, by: number, around: { readonly x: number; readonly y: number }): View {
  const scale = Math.min(largest, Math.max(1, view.scale * by));
  if (scale === 1) return resting;
  const real = scale / view.scale;
  return { scale, x: around.x - (around.x - view.x) * real, y: around.y - (around.y - view.y) * real };
}

export function moved(view: View, by: { readonly x: number; readonly y: number }): View {
  return view.scale === 1 ? view : { ...view, x: view.x + by.x, y: view.y + by.y };
}
