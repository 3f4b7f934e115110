import { TernError } from '@tern/protocol';

/**
 * Where everything a device knows is kept: conversations, ratchets, outbox, contacts. One port, several stores
 * (memory, SQLite in the agent, IndexedDB in the browser), one contract: `testing/client-store-contract.ts`.
 * A store knows no table by name and reads no value; values come back as they were put.
 */
export interface ClientStore extends AsyncDisposable {
  /**
   * Runs `work` on one snapshot: what it reads was all true at one moment, whatever is changed meanwhile.
   * Inside a {@link change} it still shows what was last committed; the change's own writes show in the change only.
   */
  read<T>(work: (view: StoreView) => Promise<T>): Promise<T>;
  /**
   * Runs `work` alone among all tasks and processes that use this home. `work` may await anything; its reads see its
   * own writes. When this resolves everything written is durable; when `work` throws, nothing is written.
   * @param options `signal` gives up waiting for the turn; once `work` runs, it decides itself when to stop
   * @throws {UsageError} when called from inside another change of the same store
   * @throws {StorageError}
   */
  change<T>(
    work: (change: StoreChange) => Promise<T>,
    options?: { readonly signal?: AbortSignal },
  ): Promise<T>;
  /**
   * A nudge after somebody (a task here or another process) changed something. Lossy: many changes may make one nudge,
   * and it does not say what changed. Counts from the moment of the call; ends when `signal` aborts or the store closes.
   */
  changes(signal: AbortSignal): AsyncIterable<void>;
}

/** A partition bounds what one listing reads, for example one page of a conversation's messages. */
export interface Place {
  readonly table: string;
  readonly partition: string;
}

export interface StoreRecord {
  readonly key: string;
  readonly value: Uint8Array;
}

export interface StoreView {
  get(place: Place, key: string): Promise<Uint8Array | undefined>;
  /** the whole partition, sorted by the UTF-16 code units of the keys */
  list(place: Place): Promise<readonly StoreRecord[]>;
}

export interface StoreChange extends StoreView {
  /** @param options `day` counts from 1970 and stays readable on disk; today where none is given */
  put(place: Place, key: string, value: Uint8Array, options?: { readonly day?: number }): void;
  delete(place: Place, key: string): void;
  /** Deletes the whole partition. */
  clear(place: Place): void;
}

export const longestStoreKey = 1024;
export const largestStoreValueBytes: number = 16 * 1024 * 1024;

/**
 * This machine's fault: the disk, or another program that holds the store.
 * - `storage-full`: nothing was written; the store works on and the same change succeeds once there is space
 * - `storage-busy`: another process held its change for too long; nothing was written
 * - `storage-damaged`: the bytes on disk are not what this store wrote, or were written with another key
 * - `storage-failed`: the disk reports an error
 */
export class StorageError extends TernError {
  constructor(
    code: 'storage-full' | 'storage-busy' | 'storage-damaged' | 'storage-failed',
    message: string,
    options?: ErrorOptions,
  ) {
    super(code, message, options);
  }
}
