import { UsageError } from '@tern/protocol';
import { largestStoreValueBytes, longestStoreKey } from './client-store.ts';
import type { Place, StoreChange, StoreRecord, StoreView } from './client-store.ts';

/** What one change wrote to one place: first the clearing, then the records; `undefined` is a deletion. */
export interface PlaceWrites {
  readonly place: Place;
  readonly cleared: boolean;
  readonly records: ReadonlyMap<string, WrittenRecord | undefined>;
}

export interface WrittenRecord {
  readonly value: Uint8Array;
  readonly day: number;
}

/** Reads for one piece of work: refuses places and keys no store takes, and everything once the work has ended. */
export class GuardedView implements StoreView {
  readonly #view: StoreView;
  #open = true;

  constructor(view: StoreView) {
    this.#view = view;
  }

  async get(place: Place, key: string): Promise<Uint8Array | undefined> {
    this.check(place, key);
    return this.#view.get(place, key);
  }

  async list(place: Place): Promise<readonly StoreRecord[]> {
    this.check(place);
    return this.#view.list(place);
  }

  /** From now on every use is a {@link UsageError}. */
  close(): void {
    this.#open = false;
  }

  protected check(place: Place, key = ''): void {
    if (!this.#open) throw new UsageError('the read or change this belongs to has ended');
    if (place.table === '') throw new UsageError('a table has a name');
    if (Math.max(place.table.length, place.partition.length, key.length) > longestStoreKey) {
      throw new UsageError(`a table, partition or key is at most ${longestStoreKey} characters`);
    }
  }
}

/** Keeps a change's writes in memory until it has ended, and shows them to its own reads. */
export class ChangeBuffer extends GuardedView implements StoreChange {
  readonly #today: () => number;
  readonly #places = new Map<
    string,
    { place: Place; cleared: boolean; records: Map<string, WrittenRecord | undefined> }
  >();

  /** @param view what was committed before; @param today counted from 1970 */
  constructor(view: StoreView, today: () => number) {
    super(view);
    this.#today = today;
  }

  override async get(place: Place, key: string): Promise<Uint8Array | undefined> {
    this.check(place, key);
    const written = this.#places.get(placeId(place));
    if (written?.records.has(key) === true) return written.records.get(key)?.value.slice();
    return written?.cleared === true ? undefined : super.get(place, key);
  }

  override async list(place: Place): Promise<readonly StoreRecord[]> {
    this.check(place);
    const before = await super.list(place);
    const written = this.#places.get(placeId(place));
    if (written === undefined) return before;
    const records = written.cleared ? [] : before.filter(({ key }) => !written.records.has(key));
    for (const [key, record] of written.records) {
      if (record !== undefined) records.push({ key, value: record.value.slice() });
    }
    return records.sort(byKey);
  }

  put(place: Place, key: string, value: Uint8Array, options: { readonly day?: number } = {}): void {
    this.check(place, key);
    if (value.length > largestStoreValueBytes) {
      throw new UsageError(`a value is at most ${largestStoreValueBytes} bytes`);
    }
    const day = options.day ?? this.#today();
    if (!Number.isSafeInteger(day) || day < 0) {
      throw new UsageError('a day is a whole number of days since 1970');
    }
    this.#at(place).records.set(key, { value: value.slice(), day });
  }

  delete(place: Place, key: string): void {
    this.check(place, key);
    this.#at(place).records.set(key, undefined);
  }

  clear(place: Place): void {
    this.check(place);
    const written = this.#at(place);
    written.cleared = true;
    written.records.clear();
  }

  /** Ends the change. @returns everything it wrote, in no order that matters */
  finish(): readonly PlaceWrites[] {
    this.close();
    return [...this.#places.values()];
  }

  #at(place: Place): { place: Place; cleared: boolean; records: Map<string, WrittenRecord | undefined> } {
    const id = placeId(place);
    let written = this.#places.get(id);
    if (written === undefined) {
      written = {
        place: { table: place.table, partition: place.partition },
        cleared: false,
        records: new Map(),
      };
      this.#places.set(id, written);
    }
    return written;
  }
}

/** One string per place; JSON keeps any two of them apart, lone surrogates included. */
export function placeId(place: Place): string {
  return JSON.stringify([place.table, place.partition]);
}

/** The order of listings: UTF-16 code units. */
export function byKey(a: StoreRecord, b: StoreRecord): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}

/** @param now milliseconds since 1970 */
export function unixDay(now: number): number {
  return Math.floor(now / 86_400_000);
}
