import { StorageError } from '@tern/core';
import type { World } from '@tern/protocol';
import { deleteDB, openDB } from 'idb';
import { exclusiveLock } from './exclusive-lock.ts';
import { storageError } from './idb-database.ts';
import { readSlots, slotBytes, slotOf } from './key-slots.ts';
import type { Bytes } from './record-seal.ts';

/**
 * One small secret that is replaced whole, and gone once it was replaced as far as a file goes. IndexedDB cannot do that: we found
 * a key that was overwritten, its database deleted and the browser restarted three times, still readable in the profile. A file of
 * the origin's own (OPFS) is overwritten in place. Where a browser has none (private windows of some, which keep nothing anyway)
 * the secret lies in IndexedDB.
 */
export interface KeyFile extends AsyncDisposable {
  readonly value: Bytes | undefined;
  /** Durable when resolved; a kill on the way leaves the old or the new one. */
  replace(value: Uint8Array): Promise<void>;
  /** Overwrites it and removes the file. */
  erase(): Promise<void>;
}

/** Alone among all tabs and workers until it is closed. In a worker only. @throws {StorageError} */
export async function openKeyFile(name: string, world: Pick<World, 'wait'>): Promise<KeyFile> {
  const lock = await exclusiveLock(`tern key ${name}`);
  try {
    const place = (await originFile(name, world)) ?? (await databasePlace(name));
    return await keyFileOver(place, lock);
  } catch (cause) {
    await lock[Symbol.asyncDispose]();
    throw storageError(cause);
  }
}

/** Where bytes lie that can be overwritten. */
interface Place {
  read(): Promise<Uint8Array>;
  write(bytes: Bytes, at: number): Promise<void>;
  close(): void;
  remove(): Promise<void>;
}

async function keyFileOver(place: Place, lock: AsyncDisposable): Promise<KeyFile> {
  let slots;
  try {
    slots = await readSlots(await place.read());
    if (slots.damaged) throw new StorageError('storage-damaged', 'the key of this home is damaged');
  } catch (cause) {
    place.close();
    throw cause;
  }
  let { value, next, number } = slots;
  const empty = new Uint8Array(slotBytes);
  return {
    get value() {
      return value;
    },
    async replace(fresh) {
      try {
        await place.write(await slotOf(fresh, number + 1), next * slotBytes);
        number += 1;
        value = new Uint8Array(fresh);
        next = next === 0 ? 1 : 0;
        await place.write(empty, next * slotBytes);
      } catch (cause) {
        throw storageError(cause);
      }
    },
    async erase() {
      try {
        await place.write(empty, 0);
        await place.write(empty, slotBytes);
        place.close();
        await place.remove();
      } catch (cause) {
        throw storageError(cause);
      }
      value = undefined;
    },
    async [Symbol.asyncDispose]() {
      place.close();
      await lock[Symbol.asyncDispose]();
    },
  };
}

/** What TypeScript knows of in workers only (File System Standard, 2.6). */
interface SyncAccess {
  getSize(): number;
  read(into: Uint8Array, options: { readonly at: number }): number;
  write(from: Uint8Array, options: { readonly at: number }): number;
  flush(): void;
  close(): void;
}

interface FileWithSyncAccess {
  createSyncAccessHandle?(): Promise<SyncAccess>;
}

/** @returns undefined where the browser gives this origin no files */
async function originFile(name: string, world: Pick<World, 'wait'>): Promise<Place | undefined> {
  const folder = await filesOfOrigin();
  if (folder === undefined) return undefined;
  const fileName = `${name}.key`;
  const access = await syncAccess(await folder.getFileHandle(fileName, { create: true }), world);
  if (access === undefined) return undefined;
  return {
    async read() {
      const bytes = new Uint8Array(Math.min(access.getSize(), 2 * slotBytes));
      access.read(bytes, { at: 0 });
      return bytes;
    },
    async write(bytes, at) {
      if (access.write(bytes, { at }) !== bytes.length)
        throw new StorageError('storage-full', 'the key of this home could not be written');
      access.flush();
    },
    close: () => access.close(),
    remove: () => folder.removeEntry(fileName),
  };
}

const tries = 100;
const pauseMs = 20;

/** A worker that was just killed may hold the file a moment longer than its lock. */
async function syncAccess(
  file: FileSystemFileHandle & FileWithSyncAccess,
  world: Pick<World, 'wait'>,
): Promise<SyncAccess | undefined> {
  for (let round = 1; ; round += 1) {
    try {
      return await file.createSyncAccessHandle?.();
    } catch (cause) {
      const held = cause instanceof DOMException && cause.name === 'NoModificationAllowedError';
      if (!held || round === tries) throw cause;
      await world.wait(pauseMs, { signal: new AbortController().signal });
    }
  }
}

async function filesOfOrigin(): Promise<FileSystemDirectoryHandle | undefined> {
  try {
    return await navigator.storage.getDirectory();
  } catch (cause) {
    if (cause instanceof DOMException) return undefined; // SecurityError and others: there is none here
    throw cause;
  }
}

async function databasePlace(name: string): Promise<Place> {
  const database = await openDB(`${name} key`, 1, {
    upgrade: (fresh) => void fresh.createObjectStore('key'),
  });
  const current = async (): Promise<Bytes> => {
    const whole = new Uint8Array(2 * slotBytes);
    const found: unknown = await database.get('key', 'slots');
    if (found instanceof Uint8Array) whole.set(found.subarray(0, whole.length));
    return whole;
  };
  return {
    read: current,
    async write(bytes, at) {
      const whole = await current();
      whole.set(bytes, at);
      const transaction = database.transaction('key', 'readwrite', { durability: 'strict' });
      await transaction.store.put(whole, 'slots');
      await transaction.done;
    },
    close: () => database.close(),
    remove: () => deleteDB(`${name} key`),
  };
}
