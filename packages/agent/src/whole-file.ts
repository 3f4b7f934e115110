import { randomUUID } from 'node:crypto';
import { link, lstat, open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { RefusedError } from '@tern/protocol';

export interface WholeFileOptions {
  /** whether a file that is there already is replaced */
  readonly replace: boolean;
}

/** What is at a path now, before any work is done for it. */
export async function fileAt(path: string): Promise<'nothing' | 'file' | 'directory'> {
  try {
    return (await stat(path)).isDirectory() ? 'directory' : 'file';
  } catch (cause) {
    if (codeOf(cause) !== 'ENOENT') throw notWritable(path, cause);
    // a link to nothing is something that is there
    return (await lstat(path).then(
      () => true,
      () => false,
    ))
      ? 'file'
      : 'nothing';
  }
}

/**
 * Writes a file that is there whole or not at all, for its owner alone: beside its place first, on the disk, then renamed.
 * @throws {RefusedError} `file-there`, `not-writable`
 */
export async function writeWholeFile(
  path: string,
  pieces: AsyncIterable<Uint8Array>,
  options: WholeFileOptions,
): Promise<number> {
  const beside = join(dirname(path), `.tern-${randomUUID()}.part`);
  let written = 0;
  try {
    {
      await using file = await opened(beside, path);
      for await (const piece of pieces) {
        await file.writeFile(piece).catch((cause: unknown) => {
          throw notWritable(path, cause);
        });
        written += piece.length;
      }
      await file.sync();
    }
    await put(beside, path, options);
    return written;
  } finally {
    await rm(beside, { force: true });
  }
}

async function opened(beside: string, path: string): Promise<FileHandle> {
  try {
    return await open(beside, 'wx', 0o600);
  } catch (cause) {
    throw notWritable(path, cause);
  }
}

/** A name given to what has another name already fails where one is there, so two writers cannot overwrite each other. */
async function put(beside: string, path: string, { replace }: WholeFileOptions): Promise<void> {
  try {
    if (replace) await rename(beside, path);
    else await link(beside, path);
  } catch (cause) {
    if (codeOf(cause) === 'EEXIST') throw fileThere(path);
    if (replace || (await fileAt(path)) !== 'nothing') throw notWritable(path, cause);
    await rename(beside, path); // a file system without hard links
  }
}

export function fileThere(path: string): RefusedError {
  return new RefusedError('file-there', `${path} is there already; --force replaces it`);
}

function notWritable(path: string, cause: unknown): RefusedError {
  return new RefusedError(
    'not-writable',
    `${path} cannot be written (${codeOf(cause) ?? 'no reason given'})`,
    { cause },
  );
}

function codeOf(cause: unknown): string | undefined {
  const code: unknown = cause instanceof Error ? Reflect.get(cause, 'code') : undefined;
  return typeof code === 'string' ? code : undefined;
}
