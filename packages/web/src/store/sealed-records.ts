import { byKey, placeId, StorageError } from '@tern/core';
import type { Place, PlaceWrites, StoreRecord, StoreView } from '@tern/core';
import { storageError, type RecordDatabase } from './idb-database.ts';
import { Moments, type Moment } from './moments.ts';
import { PartitionCache, type SealedWrites } from './partition-cache.ts';
import {
  idBytes,
  idText,
  idTextOfRow,
  type Bytes,
  type OpenedRecord,
  type RecordSeal,
} from './record-seal.ts';

/** The records of one database, read as of a moment and written a change at a time. Only one change may be under way. */
export class SealedRecords {
  readonly #database: RecordDatabase;
  readonly #seal: RecordSeal;
  readonly #cache: PartitionCache;
  readonly #moments = new Moments();

  constructor(database: RecordDatabase, seal: RecordSeal, options: { readonly cacheBytes: number }) {
    this.#database = database;
    this.#seal = seal;
    this.#cache = new PartitionCache(options.cacheBytes);
  }

  /** What is committed at each read, for a change: nothing else is committed while it runs. */
  get latest(): StoreView {
    return this.#viewAt(undefined);
  }

  /** Runs `work` on what is committed now, whatever is written until it ends. */
  async read<T>(work: (view: StoreView) => Promise<T>): Promise<T> {
    const moment = this.#moments.enter();
    try {
      return await work(this.#viewAt(moment));
    } finally {
      this.#moments.leave(moment);
    }
  }

  /** Resolves when all of it is durable. @throws {StorageError} and then none of it was written */
  async write(changes: readonly PlaceWrites[]): Promise<void> {
    const sealed = await Promise.all(changes.map((one) => this.#sealed(one)));
    const settle = this.#cache.suspend(sealed.map(({ name }) => name));
    try {
      await this.#transact(sealed);
    } catch (cause) {
      settle([]);
      throw storageError(cause);
    }
    settle(sealed);
  }

  clear(): void {
    this.#cache.clear();
  }

  #viewAt(moment: Moment | undefined): StoreView {
    return {
      get: (place, key) => this.#get(place, key, moment),
      list: (place) => this.#list(place, moment),
    };
  }

  async #get(place: Place, key: string, moment: Moment | undefined): Promise<Uint8Array | undefined> {
    const name = placeId(place);
    if (moment?.before(name) === undefined) {
      const kept = this.#cache.get(name);
      if (kept !== undefined) return kept.get(key)?.value.slice();
    }
    const rowKey = await this.#seal.rowKey(place, key);
    const id = idText(rowKey.subarray(idBytes));
    const found = moment?.before(name)?.has(id) === true ? undefined : await this.#row(rowKey);
    // looked up after reading: what a change has overwritten meanwhile was kept before it was
    const before = moment?.before(name);
    const row = before?.has(id) === true ? before.get(id) : found;
    return row === undefined ? undefined : (await this.#seal.open(rowKey, row)).value;
  }

  async #list(place: Place, moment: Moment | undefined): Promise<readonly StoreRecord[]> {
    const name = placeId(place);
    const records = this.#cache.get(name)?.list() ?? (await this.#opened(place));
    const before = moment?.before(name);
    if (before === undefined) return records.map(copied);
    const unchanged = records.filter(({ id }) => !before.has(id));
    const rows = [...before.values()].filter((row) => row !== undefined);
    const partition = await this.#seal.partitionId(place);
    const changed = await Promise.all(rows.map((row) => this.#seal.open(partition, row)));
    return [...unchanged.map(copied), ...changed.map(copied)].sort(byKey);
  }

  async #opened(place: Place): Promise<readonly OpenedRecord[]> {
    const name = placeId(place);
    const partition = await this.#seal.partitionId(place);
    const expected = this.#cache.expect(name);
    const rows = await this.#rows(partition);
    const records = await Promise.all(rows.map((row) => this.#seal.open(partition, row)));
    records.sort(byKey);
    if (records.some(({ key }, at) => at > 0 && records[at - 1]?.key === key)) {
      throw new StorageError('storage-damaged', 'a record of the store lies in two places');
    }
    this.#cache.fill(name, expected, records);
    return records;
  }

  async #row(rowKey: Bytes): Promise<unknown> {
    try {
      return await this.#database.get('records', rowKey);
    } catch (cause) {
      throw storageError(cause);
    }
  }

  async #rows(partition: Bytes): Promise<readonly unknown[]> {
    try {
      return await this.#database.getAll('records', rangeOf(partition));
    } catch (cause) {
      throw storageError(cause);
    }
  }

  async #sealed(writes: PlaceWrites): Promise<SealedPlace> {
    const { place, cleared, records } = writes;
    const [partition, rows] = await Promise.all([
      this.#seal.partitionId(place),
      Promise.all(
        Array.from(records, async ([key, record]) => {
          const rowKey = await this.#seal.rowKey(place, key);
          const row = record && (await this.#seal.seal(rowKey, { key, value: record.value }, record.day));
          return { key, rowKey, row };
        }),
      ),
    ]);
    return {
      name: placeId(place),
      writes,
      ids: new Map(rows.map(({ key, rowKey }) => [key, idText(rowKey.subarray(idBytes))])),
      cleared: cleared ? partition : undefined,
      rows,
    };
  }

  async #transact(sealed: readonly SealedPlace[]): Promise<void> {
    const transaction = this.#database.transaction('records', 'readwrite', { durability: 'strict' });
    const moments = this.#moments.pass();
    const done = transaction.done;
    done.catch(() => undefined); // told below
    const { store } = transaction;
    try {
      if (moments.length > 0) await keepBefore(store, sealed, moments);
      for (const { cleared, rows } of sealed) {
        if (cleared !== undefined) ended(store.delete(rangeOf(cleared)));
        for (const { rowKey, row } of rows) {
          if (row !== undefined) ended(store.put(row, rowKey));
          else if (cleared === undefined) ended(store.delete(rowKey));
        }
      }
      transaction.commit();
    } catch (cause) {
      await abandoned(transaction);
      throw cause;
    }
    await done;
  }
}

interface SealedPlace extends SealedWrites {
  /** the partition's id where all of it goes first */
  readonly cleared: Bytes | undefined;
  readonly rows: readonly { readonly key: string; readonly rowKey: Bytes; readonly row: Bytes | undefined }[];
}

interface RowReader {
  get(key: Bytes): Promise<unknown>;
  getAll(range: IDBKeyRange): Promise<readonly unknown[]>;
}

/** What the change is about to overwrite, for those who still read older moments. */
async function keepBefore(
  store: RowReader,
  sealed: readonly SealedPlace[],
  moments: readonly Moment[],
): Promise<void> {
  await Promise.all(
    sealed.map(async ({ name, cleared, rows }) => {
      const old = new Map<string, unknown>();
      if (cleared === undefined) {
        await Promise.all(
          rows.map(async ({ rowKey }) => old.set(idText(rowKey.subarray(idBytes)), await store.get(rowKey))),
        );
      } else {
        for (const { rowKey } of rows) old.set(idText(rowKey.subarray(idBytes)), undefined);
        for (const row of await store.getAll(rangeOf(cleared))) old.set(idTextOfRow(row), row);
      }
      for (const moment of moments) for (const [id, row] of old) moment.keep(name, id, row);
    }),
  );
}

async function abandoned(transaction: { abort(): void; readonly done: Promise<void> }): Promise<void> {
  try {
    transaction.abort();
  } catch {
    // it had ended already
  }
  await transaction.done.catch(() => undefined);
}

/** Every request of a transaction that fails fails with it; the transaction tells why. */
function ended(request: Promise<unknown>): void {
  request.catch(() => undefined);
}

function rangeOf(partition: Bytes): IDBKeyRange {
  const last = new Uint8Array(2 * idBytes).fill(255);
  last.set(partition);
  return IDBKeyRange.bound(partition, last);
}

function copied({ key, value }: OpenedRecord): StoreRecord {
  return { key, value: value.slice() };
}
