import { open, type RootDatabase } from 'lmdb';

export type LmdbFile = RootDatabase<Uint8Array, Uint8Array>;

/** Opens the file as both threads do. No overlapping sync: what can be seen is synced. */
export function openLmdbFile(path: string): LmdbFile {
  return open<Uint8Array, Uint8Array>({
    path,
    noSubdir: true,
    keyEncoding: 'binary',
    encoding: 'binary',
    cache: false,
    overlappingSync: false,
  });
}
