/** A place on the screen, in pixels of the viewport. */
export interface Spot {
  readonly x: number;
  readonly y: number;
}

/** Where a menu opens that belongs to an element rather than to a pointer. */
export function below(element: Element): Spot {
  const { left, right, bottom } = element.getBoundingClientRect();
  return { x: getComputedStyle(element).direction === 'rtl' ? left : right, y: bottom };
}
