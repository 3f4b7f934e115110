/** So many at a time, and for one source so many of them. Whoever has no source is not counted alone. */
export class Places {
  readonly #most: number;
  readonly #mostOfOne: number;
  readonly #ofOne = new Map<string, number>();
  #taken = 0;

  constructor({ most, mostOfOne }: { readonly most: number; readonly mostOfOne: number }) {
    this.#most = most;
    this.#mostOfOne = mostOfOne;
  }

  /** @returns false, taking nothing, where there are less */
  take(source: string | undefined, count: number): boolean {
    if (this.#taken + count > this.#most) return false;
    if (source !== undefined) {
      const own = (this.#ofOne.get(source) ?? 0) + count;
      if (own > this.#mostOfOne) return false;
      this.#ofOne.set(source, own);
    }
    this.#taken += count;
    return true;
  }

  release(source: string | undefined, count: number): void {
    this.#taken -= count;
    if (source === undefined) return;
    const left = (this.#ofOne.get(source) ?? 0) - count;
    if (left <= 0) this.#ofOne.delete(source);
    else this.#ofOne.set(source, left);
  }
}
