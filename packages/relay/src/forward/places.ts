/**
 * So many at a time, and for one source so many of them: where `shrinking` less as less is left, in proportion, but one. Whoever has no
 * source is not counted alone.
 */
export class Places {
  readonly #most: number;
  readonly #mostOfOne: number;
  readonly #shrinking: boolean;
  readonly #ofOne = new Map<string, number>();
  #taken = 0;

  constructor(options: { readonly most: number; readonly mostOfOne: number; readonly shrinking?: boolean }) {
    this.#most = options.most;
    this.#mostOfOne = options.mostOfOne;
    this.#shrinking = options.shrinking ?? false;
  }

  get taken(): number {
    return this.#taken;
  }

  /** @returns false, taking nothing, where there are less */
  take(source: string | undefined, count: number): boolean {
    if (this.#taken + count > this.#most) return false;
    if (source !== undefined) {
      const own = (this.#ofOne.get(source) ?? 0) + count;
      const left = this.#shrinking ? 1 - this.#taken / this.#most : 1;
      if (own > Math.max(1, this.#mostOfOne * left)) return false;
      this.#ofOne.set(source, own);
    }
    this.#taken += count;
    return true;
  }

  /** how many this source has; 0 for whoever is not counted alone */
  of(source: string | undefined): number {
    return source === undefined ? 0 : (this.#ofOne.get(source) ?? 0);
  }

  release(source: string | undefined, count: number): void {
    this.#taken -= count;
    if (source === undefined) return;
    const left = (this.#ofOne.get(source) ?? 0) - count;
    if (left <= 0) this.#ofOne.delete(source);
    else this.#ofOne.set(source, left);
  }
}
