import { byKey, type PlaceWrites } from '@tern/core';
import type { OpenedRecord } from './record-seal.ts';

/**
 * Opened partitions as they were last committed, the least recently used ones let go first. It serves listings that are asked for
 * again and again: opening 500 records takes WebCrypto ten times as long as copying them.
 */
export class PartitionCache {
  readonly #budgetBytes: number;
  readonly #kept = new Map<string, KeptPartition>();
  readonly #filling = new Map<string, object>();
  readonly #writing = new Set<string>();
  #bytes = 0;

  constructor(budgetBytes: number) {
    this.#budgetBytes = budgetBytes;
  }

  get(place: string): KeptPartition | undefined {
    const kept = this.#kept.get(place);
    if (kept === undefined) return undefined;
    this.#kept.delete(place); // and to the end: the most recently used
    this.#kept.set(place, kept);
    return kept;
  }

  /** Before a partition is read, in the same turn. @returns what {@link fill} wants; undefined while it is being written */
  expect(place: string): object | undefined {
    if (this.#writing.has(place)) return undefined;
    const expected = {};
    this.#filling.set(place, expected);
    return expected;
  }

  /** Keeps what was read, unless a change has come in between. */
  fill(place: string, expected: object | undefined, records: readonly OpenedRecord[]): void {
    if (expected === undefined || this.#filling.get(place) !== expected) return;
    this.#filling.delete(place);
    this.#put(place, new KeptPartition(records));
  }

  /**
   * Takes what a change writes out of sight, because nobody can tell on which side of the change a reader is until it has ended.
   * @returns to be called once with the writes, or with nothing where none of them happened
   */
  suspend(places: readonly string[]): (written: readonly SealedWrites[]) => void {
    const held = new Map<string, KeptPartition>();
    for (const place of places) {
      this.#writing.add(place);
      this.#filling.delete(place);
      const kept = this.#drop(place);
      if (kept !== undefined) held.set(place, kept);
    }
    return (written) => {
      for (const { name, writes, ids } of written) held.get(name)?.apply(writes, ids);
      for (const place of places) this.#writing.delete(place);
      for (const [place, kept] of held) this.#put(place, kept);
    };
  }

  clear(): void {
    this.#kept.clear();
    this.#filling.clear();
    this.#bytes = 0;
  }

  #put(place: string, kept: KeptPartition): void {
    this.#drop(place);
    // one that would push out all the others is not worth it
    if (kept.bytes > this.#budgetBytes / 4) return;
    this.#kept.set(place, kept);
    this.#bytes += kept.bytes;
    for (const [oldest] of this.#kept) {
      if (this.#bytes <= this.#budgetBytes) break;
      this.#drop(oldest);
    }
  }

  #drop(place: string): KeptPartition | undefined {
    const kept = this.#kept.get(place);
    if (kept === undefined) return undefined;
    this.#kept.delete(place);
    this.#bytes -= kept.bytes;
    return kept;
  }
}

/** What one change writes to one place, with the record ids of what it writes. */
export interface SealedWrites {
  /** the place in one text */
  readonly name: string;
  readonly writes: PlaceWrites;
  readonly ids: ReadonlyMap<string, string>;
}

/** Never handed to a caller: values are copied out. */
export class KeptPartition {
  readonly #byKey = new Map<string, OpenedRecord>();
  #sorted: readonly OpenedRecord[] | undefined;
  #bytes = 0;

  constructor(records: readonly OpenedRecord[]) {
    for (const record of records) this.#set(record);
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): OpenedRecord | undefined {
    return this.#byKey.get(key);
  }

  /** in the order of listings */
  list(): readonly OpenedRecord[] {
    this.#sorted ??= [...this.#byKey.values()].sort(byKey);
    return this.#sorted;
  }

  apply({ cleared, records }: PlaceWrites, ids: ReadonlyMap<string, string>): void {
    this.#sorted = undefined;
    if (cleared) {
      this.#byKey.clear();
      this.#bytes = 0;
    }
    for (const [key, record] of records) {
      this.#delete(key);
      if (record !== undefined) this.#set({ key, value: record.value, id: ids.get(key) ?? '' });
    }
  }

  #set(record: OpenedRecord): void {
    this.#byKey.set(record.key, record);
    this.#bytes += costOf(record);
  }

  #delete(key: string): void {
    const old = this.#byKey.get(key);
    if (old === undefined) return;
    this.#byKey.delete(key);
    this.#bytes -= costOf(old);
  }
}

/** About what it takes in memory. */
function costOf({ key, value }: OpenedRecord): number {
  return value.length + 2 * key.length + 200;
}
