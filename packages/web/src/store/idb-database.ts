import { StorageError } from '@tern/core';
import { UsageError } from '@tern/protocol';
import { openDB, type DBSchema, type IDBPDatabase } from 'idb';

/** One object store, keyed by 32 bytes: partition id, record id. What a row is, `record-seal.ts` says. */
export interface RecordSchema extends DBSchema {
  records: { key: Uint8Array<ArrayBuffer>; value: Uint8Array<ArrayBuffer> };
}

export type RecordDatabase = IDBPDatabase<RecordSchema>;

const schemaVersion = 1;

/**
 * @param lost told once when the browser or another page takes the database away while it is open
 * @throws {StorageError} @throws {UsageError} for one that a newer program made
 */
export async function openRecords(
  name: string,
  lost: (error: StorageError) => void,
): Promise<RecordDatabase> {
  try {
    const database: RecordDatabase = await openDB<RecordSchema>(name, schemaVersion, {
      upgrade(fresh) {
        fresh.createObjectStore('records');
      },
      blocking() {
        database.close(); // whoever wipes this device waits for us
        lost(gone('another page deletes or converts the database'));
      },
      terminated: () =>
        lost(gone('the browser has closed the database, or cleared what this site had stored')),
    });
    return database;
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'VersionError') {
      throw new UsageError(`the store has a newer format than this program knows (${schemaVersion})`, {
        cause,
      });
    }
    throw storageError(cause);
  }
}

function gone(why: string): StorageError {
  return new StorageError('storage-failed', `${why}: nothing more can be read or written here`);
}

/** What a failure of IndexedDB means to the caller; anything else is handed back as it is. */
export function storageError(cause: unknown): unknown {
  if (!(cause instanceof DOMException)) return cause;
  switch (cause.name) {
    case 'QuotaExceededError':
      return new StorageError(
        'storage-full',
        'there is no more space for this site: nothing was written, and everything before is kept',
        { cause },
      );
    // Chromium, where the file of a large value is gone or does not read
    case 'NotReadableError':
      return new StorageError('storage-damaged', 'a part of the database is missing or damaged', { cause });
    default:
      return new StorageError('storage-failed', `the database could not be read or written (${cause.name})`, {
        cause,
      });
  }
}
