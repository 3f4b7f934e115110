import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeSync,
  fstatSync,
} from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '@tern/protocol';
import type { SecretBox } from './store.ts';

const nameForm = /^[a-z0-9-]{1,64}$/;

/**
 * Secrets as small files of one folder (0700), readable by their owner only (0600). Each is written beside its name, synced and
 * renamed, so a cut leaves the old one or the new one; erasing overwrites before it unlinks.
 */
export function openSecretFiles(folder: string): SecretBox {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const pathOf = (name: string): string => {
    if (!nameForm.test(name)) throw new UsageError('not a name of a secret');
    return join(folder, name);
  };
  return {
    read(name) {
      try {
        return new Uint8Array(readFileSync(pathOf(name)));
      } catch (cause) {
        if (isMissing(cause)) return undefined;
        throw cause;
      }
    },
    write(name, value) {
      const path = pathOf(name);
      const beside = `${path}.new`;
      const file = openSync(beside, 'w', 0o600);
      try {
        writeSync(file, value);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      renameSync(beside, path);
      syncFolder(folder);
    },
    erase(name) {
      const path = pathOf(name);
      let file: number;
      try {
        file = openSync(path, 'r+');
      } catch (cause) {
        if (isMissing(cause)) return;
        throw cause;
      }
      try {
        writeSync(file, new Uint8Array(fstatSync(file).size), undefined, undefined, 0);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      unlinkSync(path);
      syncFolder(folder);
    },
    names: () => readdirSync(folder).filter((name) => nameForm.test(name)),
  };
}

function isMissing(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
}

function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
