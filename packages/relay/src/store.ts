import { TernError } from '@tern/protocol';

/**
 * What a relay keeps, and how: keys and values of bytes, changed by judges.
 *
 * A judge is a synchronous function of the values it reads. It has no effect but through its transaction, so a store may run it
 * again: a store behind a network runs it, fetches what it asked for in vain, and runs it once more.
 */
export interface RelayStore extends AsyncDisposable {
  /** what a resolved {@link write} means */
  readonly durability: 'fsync' | 'quorum-fsync' | 'memory';
  /** Shows what is durable, never what is only on its way. */
  read<T>(look: (view: StoreView) => T): Promise<T>;
  /**
   * Runs a judge alone. Resolves with what it returned once everything it wrote is durable.
   * @throws {StoreFullError} when there is no room: nothing of it was written
   */
  write<T>(judge: (transaction: StoreTransaction) => T): Promise<T>;
  /** bytes charged so far, and the most there may be */
  room(): StoreRoom;
  /** Overwrites what is left of removed values in freed places; resolves when nothing is left to find. */
  scrub(removed: readonly Uint8Array[]): Promise<void>;
  /** small things that must be erasable for good, outside of the big file */
  readonly secrets: SecretBox;
}

export interface StoreRoom {
  readonly usedBytes: number;
  readonly limitBytes: number;
}

export interface StoreView {
  get(key: Uint8Array): Uint8Array | undefined;
  /** Keys from `from` (included) to `to` (excluded), in order. */
  keys(from: Uint8Array, to: Uint8Array, limit: number): readonly Uint8Array[];
}

export interface StoreTransaction extends StoreView {
  put(key: Uint8Array, value: Uint8Array): void;
  remove(key: Uint8Array): void;
  /** Books bytes that content takes (or, below zero, gives back). @returns false, booking nothing, when there is no such room */
  charge(bytes: number): boolean;
}

/** Small named values, each durable when the call returns. Names are lower-case letters, digits and hyphens. */
export interface SecretBox {
  read(name: string): Uint8Array | undefined;
  write(name: string, value: Uint8Array): void;
  /** Overwrites, then removes: afterwards nothing is left. */
  erase(name: string): void;
  names(): readonly string[];
}

/** The disk has no room for what was to be written. Nothing was lost, and it goes on when room returns. */
export class StoreFullError extends TernError {
  constructor(message: string, options?: ErrorOptions) {
    super('full', message, options);
  }
}
