import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { StorageError } from '@tern/core';
import type { World } from '@tern/protocol';
import { pageBytes } from './sqlite-seal.ts';

/** How long and by whose clock a process waits for another one that holds the file. */
export interface Patience {
  readonly world: World;
  readonly longestWaitMs: number;
}

/**
 * One connection to the store's file. Write-ahead log, so that a reader's snapshot never holds a writer up;
 * `synchronous=FULL`, so that what was committed survives a power cut; `secure_delete`, so that what was deleted is zeroed.
 * SQLite itself never waits (its waiting blocks the process): {@link patiently} does.
 *
 * Nothing else in this process may open the file: on POSIX, closing any descriptor of it drops SQLite's locks.
 */
export function connect(path: string): DatabaseSync {
  ownFile(path); // the log and the index beside it take over its mode
  const database = new DatabaseSync(path, { timeout: 0, allowExtension: false });
  try {
    database.exec(`
      PRAGMA page_size = ${pageBytes};
      PRAGMA synchronous = FULL;
      PRAGMA secure_delete = ON;
      PRAGMA temp_store = MEMORY;
      PRAGMA cell_size_check = ON;
      PRAGMA trusted_schema = OFF;
    `);
    const mode = database.prepare('PRAGMA journal_mode = WAL').get()?.['journal_mode'];
    if (mode !== 'wal') {
      throw new StorageError(
        'storage-failed',
        'this file system cannot hold the store: it shares no memory between processes',
      );
    }
    return database;
  } catch (cause) {
    database.close();
    throw cause;
  }
}

/** Makes a file for its owner alone where there is none, without opening one that is there. */
export function ownFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (cause) {
    if (!hasCode(cause, 'EEXIST')) throw storageError(cause);
  }
}

/**
 * Tries until the file is free.
 * @throws {StorageError} `storage-busy` after the longest wait, and what {@link storageError} makes of other failures
 */
export async function patiently<T>(attempt: () => T, patience: Patience, signal?: AbortSignal): Promise<T> {
  const { world, longestWaitMs } = patience;
  let waitedMs = 0;
  for (let round = 0; ; round += 1) {
    signal?.throwIfAborted();
    try {
      return attempt();
    } catch (cause) {
      if (!isBusy(cause)) throw storageError(cause);
      if (waitedMs >= longestWaitMs) {
        throw new StorageError('storage-busy', `another process has held the store for ${longestWaitMs} ms`, {
          cause,
        });
      }
    }
    // unequal pauses, so that two processes do not meet again and again
    const pauseMs = Math.min(1 << round, 16) + ((world.randomBytes(1)[0] ?? 0) % 8);
    await world.wait(pauseMs, { signal: signal ?? new AbortController().signal });
    waitedMs += pauseMs;
    round = Math.min(round, 8);
  }
}

/** What a failure of SQLite or of the file system means to the caller; anything else is handed back as it is. */
export function storageError(cause: unknown): unknown {
  if (cause instanceof StorageError) return cause;
  const primary = resultCode(cause);
  if (primary === sqlite.full || hasCode(cause, 'ENOSPC') || hasCode(cause, 'EDQUOT')) {
    return new StorageError(
      'storage-full',
      'the disk is full: nothing was written, and everything before is kept',
      { cause },
    );
  }
  if (primary === sqlite.corrupt || primary === sqlite.notDatabase) {
    return new StorageError('storage-damaged', 'the file of the store is damaged, or is no store', { cause });
  }
  if (primary !== undefined) {
    return new StorageError('storage-failed', 'the store could not be read or written', { cause });
  }
  return cause;
}

/** Result codes of SQLite, the low byte of the extended ones (sqlite.org/rescode.html). */
const sqlite = { busy: 5, locked: 6, corrupt: 11, full: 13, protocol: 15, notDatabase: 26 } as const;

/** Somebody else holds the file just now. */
export function isBusy(cause: unknown): boolean {
  const primary = resultCode(cause);
  return primary === sqlite.busy || primary === sqlite.locked || primary === sqlite.protocol;
}

function resultCode(cause: unknown): number | undefined {
  if (!(cause instanceof Error) || !hasCode(cause, 'ERR_SQLITE_ERROR')) return undefined;
  const code: unknown = Reflect.get(cause, 'errcode');
  return typeof code === 'number' ? code & 0xff : undefined;
}

function hasCode(cause: unknown, code: string): boolean {
  return cause instanceof Error && Reflect.get(cause, 'code') === code;
}
