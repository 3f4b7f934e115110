/**
 * What was in the database before later changes, kept for those who still read an older moment: a transaction of IndexedDB ends
 * at the first await of something else, and a snapshot may last. All readers that begin between two changes share one moment.
 */
export class Moments {
  readonly #live = new Set<Moment>();
  #latest: Moment | undefined;

  /** The moment that is now. Whoever enters leaves. */
  enter(): Moment {
    this.#latest ??= new Moment();
    this.#latest.readers += 1;
    this.#live.add(this.#latest);
    return this.#latest;
  }

  leave(moment: Moment): void {
    moment.readers -= 1;
    if (moment.readers > 0) return;
    this.#live.delete(moment);
    if (this.#latest === moment) this.#latest = undefined;
  }

  /**
   * Said in the same turn in which a writing transaction begins: who enters from here on reads after it, because IndexedDB lets a
   * reading transaction wait for a writing one that was made before it.
   * @returns the moments that the transaction must not disturb
   */
  pass(): readonly Moment[] {
    this.#latest = undefined;
    return [...this.#live];
  }
}

export class Moment {
  readers = 0;
  readonly #before = new Map<string, Map<string, unknown>>();

  /** What lay at a record before it was first overwritten; a row as it lay there, undefined for none. */
  keep(place: string, id: string, row: unknown): void {
    let rows = this.#before.get(place);
    if (rows === undefined) {
      rows = new Map();
      this.#before.set(place, rows);
    }
    if (!rows.has(id)) rows.set(id, row);
  }

  /** By record id, what this moment sees instead of what lies in the partition now. */
  before(place: string): ReadonlyMap<string, unknown> | undefined {
    return this.#before.get(place);
  }
}
