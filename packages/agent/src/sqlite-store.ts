import type { DatabaseSync } from 'node:sqlite';
import { ChangeBuffer, GuardedView, StorageError, taskScope, Turns, unixDay } from '@tern/core';
import type { ClientStore, PlaceWrites, StoreChange, StoreView } from '@tern/core';
import { UsageError } from '@tern/protocol';
import type { World } from '@tern/protocol';
import { connect, patiently, storageError } from './sqlite-connection.ts';
import type { Patience } from './sqlite-connection.ts';
import { RecordTable } from './sqlite-records.ts';
import { recordSeal } from './sqlite-seal.ts';
import type { RecordSeal } from './sqlite-seal.ts';
import { SnapshotPool } from './sqlite-snapshots.ts';

export interface SqliteStoreOptions {
  readonly path: string;
  /** 32 bytes; the caller may wipe them once the store is open */
  readonly masterKey: Uint8Array;
  readonly world: World;
  /** the file grows no further, as if the disk were full */
  readonly maxBytes?: number;
  /** for other processes that are changing the same store; default 30 s */
  readonly longestWaitMs?: number;
  /** between two looks for changes of other processes; default 200 ms */
  readonly lookEveryMs?: number;
}

/** A store in one file that several processes may hold open at once, sealed record by record. */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<ClientStore> {
  const seal = recordSeal(options.masterKey, options.world);
  const patience = { world: options.world, longestWaitMs: options.longestWaitMs ?? 30_000 };
  const writer = await patiently(() => prepared(options, seal), patience);
  try {
    const snapshots = await patiently(() => new SnapshotPool(options.path, seal, patience), patience);
    return new SqliteStore({ writer, snapshots, seal, patience, lookEveryMs: options.lookEveryMs ?? 200 });
  } catch (cause) {
    writer.close();
    throw cause;
  }
}

interface StoreParts {
  readonly writer: DatabaseSync;
  readonly snapshots: SnapshotPool;
  readonly seal: RecordSeal;
  readonly patience: Patience;
  readonly lookEveryMs: number;
}

class SqliteStore implements ClientStore {
  readonly #writer: DatabaseSync;
  readonly #records: RecordTable;
  readonly #snapshots: SnapshotPool;
  readonly #patience: Patience;
  readonly #world: World;
  readonly #lookEveryMs: number;
  readonly #turns = new Turns();
  readonly #scope = taskScope<'change' | 'read'>();
  readonly #running = new Set<Promise<unknown>>();
  readonly #sleepers = new Set<() => void>();
  #closed = false;

  constructor(parts: StoreParts) {
    this.#writer = parts.writer;
    this.#records = new RecordTable(parts.writer, parts.seal);
    this.#snapshots = parts.snapshots;
    this.#patience = parts.patience;
    this.#world = parts.patience.world;
    this.#lookEveryMs = parts.lookEveryMs;
  }

  async read<T>(work: (view: StoreView) => Promise<T>): Promise<T> {
    this.#refuseClosed();
    return this.#track(this.#scope.run('read', () => this.#readFrom(work)));
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
    return await this.#track(this.#commit(work, options.signal));
  }

  changes(signal: AbortSignal): AsyncIterable<void> {
    this.#refuseClosed();
    return this.#nudges(this.#snapshots.version(), signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#scope.inside('change') || this.#scope.inside('read')) {
      throw new UsageError('a store cannot close inside its own read or change');
    }
    const wasClosed = this.#closed;
    this.#closed = true;
    this.#turns.refuse(new UsageError('the store was closed'));
    this.#wake();
    await Promise.allSettled(this.#running);
    if (wasClosed) return;
    this.#snapshots.close();
    this.#eraseLog();
    this.#writer.close();
  }

  async #readFrom<T>(work: (view: StoreView) => Promise<T>): Promise<T> {
    using snapshot = await this.#snapshots.take();
    const view = new GuardedView(snapshot.records);
    try {
      return await work(view);
    } finally {
      view.close();
    }
  }

  async #commit<T>(work: (change: StoreChange) => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    // holds the file's write lock until the end, across whatever the work awaits; it goes with the process if that dies
    await patiently(() => this.#writer.exec('BEGIN IMMEDIATE'), this.#patience, signal);
    const buffer = new ChangeBuffer(this.#records, () => unixDay(this.#world.now()));
    try {
      const result = await this.#scope.run('change', () => work(buffer));
      this.#write(buffer.finish());
      return result;
    } finally {
      buffer.close();
      if (this.#writer.isTransaction) this.#writer.exec('ROLLBACK');
    }
  }

  #write(writes: readonly PlaceWrites[]): void {
    if (writes.length === 0) return;
    try {
      this.#records.write(writes);
      this.#writer.exec('COMMIT');
    } catch (cause) {
      throw storageError(cause);
    }
    this.#eraseLog();
    this.#wake();
  }

  /**
   * Moves the log into the file and cuts it to nothing, so that it keeps no old ratchets and deleted messages.
   * While somebody reads an older snapshot or already changes something else, it stays: theirs is the next try.
   */
  #eraseLog(): void {
    try {
      this.#writer.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    } catch (cause) {
      // the change is durable in the log whether or not the log could be emptied, so it must not look failed
      if (!(storageError(cause) instanceof StorageError)) throw cause;
    }
  }

  async *#nudges(from: number, signal: AbortSignal): AsyncGenerator<void, void> {
    let seen = from;
    while (!signal.aborted && !this.#closed) {
      const version = this.#snapshots.version();
      if (version === seen) {
        await this.#sleep(signal);
      } else {
        seen = version;
        yield;
      }
    }
  }

  async #sleep(signal: AbortSignal): Promise<void> {
    const rest = new AbortController();
    const wake = (): void => rest.abort();
    this.#sleepers.add(wake);
    signal.addEventListener('abort', wake, { once: true });
    try {
      await this.#world.wait(this.#lookEveryMs, { signal: rest.signal });
    } catch (cause) {
      if (!rest.signal.aborted) throw cause;
    } finally {
      signal.removeEventListener('abort', wake);
      this.#sleepers.delete(wake);
    }
  }

  #wake(): void {
    for (const wake of this.#sleepers) wake();
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
    if (this.#closed) throw new UsageError('the store was closed');
  }
}

/** The key check is a record like any other, in a table no caller can name. */
const keyCheck = { table: '', partition: '' };
const schemaVersion = 1;

function prepared(options: SqliteStoreOptions, seal: RecordSeal): DatabaseSync {
  const writer = connect(options.path);
  try {
    writer.exec('BEGIN IMMEDIATE');
    const version = Number(writer.prepare('PRAGMA user_version').get()?.['user_version']);
    if (version === 0) {
      RecordTable.create(writer);
      const records = new Map([['', { value: new Uint8Array(), day: 0 }]]);
      new RecordTable(writer, seal).write([{ place: keyCheck, cleared: false, records }]);
      writer.exec(`PRAGMA user_version = ${schemaVersion}`);
    } else if (version !== schemaVersion) {
      throw new UsageError(`the store has format ${version}, this program knows ${schemaVersion}`);
    } else if (new RecordTable(writer, seal).find(keyCheck, '') === undefined) {
      throw new StorageError('storage-damaged', 'the store was written with another key');
    }
    writer.exec('COMMIT');
    if (options.maxBytes !== undefined) {
      const pageSize = Number(writer.prepare('PRAGMA page_size').get()?.['page_size']);
      writer.exec(`PRAGMA max_page_count = ${Math.max(1, Math.floor(options.maxBytes / pageSize))}`);
    }
    return writer;
  } catch (cause) {
    writer.close();
    throw cause;
  }
}
