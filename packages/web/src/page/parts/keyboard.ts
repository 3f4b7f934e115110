/** A keyboard with an Enter of its own: there Enter sends, on glass it begins a new line. */
export function hasKeyboard(): boolean {
  return matchMedia('(hover: hover) and (pointer: fine)').matches;
}
