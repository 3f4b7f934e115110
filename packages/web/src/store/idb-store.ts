import { ChangeBuffer, GuardedView, StorageError, StoreNudges, taskScope, Turns, unixDay } from '@tern/core';
import type { ClientStore, StoreChange, StoreView } from '@tern/core';
import { UsageError, type World } from '@tern/protocol';
import { openRecords, storageError, type RecordDatabase } from './idb-database.ts';
import { exclusiveLock } from './exclusive-lock.ts';
import { idBytes, recordSeal, type RecordSeal } from './record-seal.ts';
import { SealedRecords } from './sealed-records.ts';

export interface IndexedDbStoreOptions {
  /** of the database */
  readonly name: string;
  /** 32 bytes; the caller may wipe them once the store is open */
  readonly masterKey: Uint8Array;
  readonly world: World;
  /** gives up waiting for another tab or worker that has the same home open */
  readonly signal?: AbortSignal;
  /** of one change while others wait for it; default 30 s */
  readonly longestWaitMs?: number;
  /** of opened records kept in memory; default 8 MB */
  readonly cacheBytes?: number;
}

/**
 * A store in IndexedDB, sealed record by record. It has its home alone, across all tabs and workers of the browser, until it is
 * closed or its page or worker ends: whoever opens the same home meanwhile waits.
 *
 * A browser cannot follow a task across its awaits, so a change that waits for another change of its own is only refused at once
 * where it does so before its first await. Later ones are told apart by time: who waits for a change that takes longer than
 * `longestWaitMs` gets `storage-busy`, and the one it waited for goes on.
 * @throws {StorageError} `storage-damaged` with another key @throws {UsageError} for a format that is newer
 */
export async function openIndexedDbStore(options: IndexedDbStoreOptions): Promise<ClientStore> {
  const seal = await recordSeal(options.masterKey, options.world);
  const lock = await exclusiveLock(`tern home ${options.name}`, options);
  try {
    const nudges = new StoreNudges();
    const loss: { error?: StorageError } = {};
    const database = await openRecords(options.name, (error) => {
      loss.error = error;
      nudges.end();
    });
    try {
      await checkKey(database, seal);
    } catch (cause) {
      database.close();
      throw storageError(cause);
    }
    return new IndexedDbStore({ database, seal, lock, nudges, loss, options });
  } catch (cause) {
    await lock[Symbol.asyncDispose]();
    throw cause;
  }
}

interface StoreParts {
  readonly database: RecordDatabase;
  readonly seal: RecordSeal;
  readonly lock: AsyncDisposable;
  readonly nudges: StoreNudges;
  /** set when the database was taken away */
  readonly loss: { readonly error?: StorageError };
  readonly options: IndexedDbStoreOptions;
}

class IndexedDbStore implements ClientStore {
  readonly #parts: StoreParts;
  readonly #records: SealedRecords;
  readonly #longestWaitMs: number;
  readonly #turns = new Turns();
  readonly #scope = taskScope<'change' | 'read'>();
  readonly #running = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;

  constructor(parts: StoreParts) {
    this.#parts = parts;
    this.#longestWaitMs = parts.options.longestWaitMs ?? 30_000;
    const { cacheBytes = 8 * 1024 * 1024 } = parts.options;
    this.#records = new SealedRecords(parts.database, parts.seal, { cacheBytes });
  }

  async read<T>(work: (view: StoreView) => Promise<T>): Promise<T> {
    this.#refuseClosed();
    return this.#track(this.#records.read((view) => this.#scope.run('read', () => guarded(view, work))));
  }

  async change<T>(
    work: (change: StoreChange) => Promise<T>,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<T> {
    if (this.#scope.inside('change')) {
      throw new UsageError('a change cannot begin inside another change of the same store');
    }
    this.#refuseClosed();
    using _turn = await this.#turns.take(options);
    this.#refuseClosed();
    return await this.#track(this.#commit(work));
  }

  changes(signal: AbortSignal): AsyncIterable<void> {
    this.#refuseClosed();
    return this.#parts.nudges.from(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#scope.inside('change') || this.#scope.inside('read')) {
      throw new UsageError('a store cannot close inside its own read or change');
    }
    if (this.#closing === undefined) {
      this.#closing = this.#closed();
      this.#closing.catch(() => undefined); // told to each who closes
    }
    const over = new AbortController();
    try {
      await Promise.race([this.#closing, this.#waitedTooLong(over.signal)]);
    } finally {
      over.abort();
    }
  }

  async #closed(): Promise<void> {
    this.#turns.refuse(new UsageError('the store was closed'));
    this.#parts.nudges.end();
    await Promise.allSettled(this.#running);
    this.#records.clear();
    this.#parts.database.close();
    await this.#parts.lock[Symbol.asyncDispose]();
  }

  async #waitedTooLong(over: AbortSignal): Promise<void> {
    if (!(await this.#passed(over))) return;
    throw new StorageError(
      'storage-busy',
      'the store closes as soon as the reads and changes that still run have ended; does one of them wait for this?',
    );
  }

  async #commit<T>(work: (change: StoreChange) => Promise<T>): Promise<T> {
    const buffer = new ChangeBuffer(this.#records.latest, () => unixDay(this.#parts.options.world.now()));
    const over = new AbortController();
    const watching = this.#refuseWhoWaitsTooLong(over.signal);
    try {
      const result = await this.#scope.run('change', () => work(buffer));
      const writes = buffer.finish();
      if (writes.length > 0) {
        this.#refuseLost();
        await this.#records.write(writes);
        this.#parts.nudges.wake();
      }
      return result;
    } finally {
      buffer.close();
      over.abort();
      await watching;
    }
  }

  /** While one change runs: it may wait for one of those that wait for it, and nobody could ever tell. */
  async #refuseWhoWaitsTooLong(over: AbortSignal): Promise<void> {
    while (await this.#passed(over)) {
      this.#turns.refuse(
        new StorageError(
          'storage-busy',
          `another change has taken more than ${this.#longestWaitMs} ms; if it waits for this one, it waits for itself`,
        ),
      );
    }
  }

  /** @returns whether the longest wait has passed; false when it is over before */
  async #passed(over: AbortSignal): Promise<boolean> {
    try {
      await this.#parts.options.world.wait(this.#longestWaitMs, { signal: over });
      return !over.aborted;
    } catch (cause) {
      if (over.aborted) return false;
      throw cause;
    }
  }

  async #track<T>(running: Promise<T>): Promise<T> {
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  #refuseClosed(): void {
    if (this.#closing !== undefined) throw new UsageError('the store was closed');
    this.#refuseLost();
  }

  #refuseLost(): void {
    if (this.#parts.loss.error !== undefined) throw this.#parts.loss.error;
  }
}

async function guarded<T>(view: StoreView, work: (view: StoreView) => Promise<T>): Promise<T> {
  const guard = new GuardedView(view);
  try {
    return await work(guard);
  } finally {
    guard.close();
  }
}

/** The key check is a record like any other, in a table no caller can name. */
const keyCheck = { table: '', partition: '' };

/** Marks a fresh database as written with this key. @throws {StorageError} for one written with another */
async function checkKey(database: RecordDatabase, seal: RecordSeal): Promise<void> {
  const rowKey = await seal.rowKey(keyCheck, '');
  const fresh = await seal.seal(rowKey, { key: '', value: new Uint8Array(idBytes) }, 0);
  const transaction = database.transaction('records', 'readwrite', { durability: 'strict' });
  const { store } = transaction;
  const [row, count] = await Promise.all([store.get(rowKey), store.count()]);
  if (row === undefined && count === 0) await store.put(fresh, rowKey);
  await transaction.done;
  if (row !== undefined) await seal.open(rowKey, row);
  else if (count > 0) throw new StorageError('storage-damaged', 'the store was written with another key');
}
