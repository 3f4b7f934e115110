import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import type { FileSource } from '@tern/core';
import { RefusedError } from '@tern/protocol';

/** A file of this machine, to be sent. @throws {RefusedError} `no-file` for what is not an ordinary file that can be read */
export async function fileSource(path: string): Promise<FileSource> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new RefusedError('no-file', `${path} cannot be read`, { cause });
  });
  if (!found.isFile()) throw new RefusedError('no-file', `${path} is not a file`);
  const name = basename(path);
  return {
    name,
    type: mediaTypes.get(extname(name).toLowerCase()) ?? 'application/octet-stream',
    size: found.size,
    content: contentOf(path),
  };
}

async function* contentOf(path: string): AsyncGenerator<Uint8Array, void> {
  const stream = createReadStream(path, { highWaterMark: 262_144 });
  try {
    for await (const piece of stream) yield piece as Buffer;
  } catch (cause) {
    throw new RefusedError('no-file', `${path} cannot be read`, { cause });
  }
}

/** What people send most; everything else is bytes. */
const mediaTypes: ReadonlyMap<string, string> = new Map([
  ['.txt', 'text/plain'],
  ['.md', 'text/markdown'],
  ['.pdf', 'application/pdf'],
  ['.zip', 'application/zip'],
  ['.json', 'application/json'],
  ['.jpg', 'image/jpeg'],
  ['.jpeg', 'image/jpeg'],
  ['.png', 'image/png'],
  ['.gif', 'image/gif'],
  ['.webp', 'image/webp'],
  ['.svg', 'image/svg+xml'],
  ['.mp3', 'audio/mpeg'],
  ['.ogg', 'audio/ogg'],
  ['.opus', 'audio/ogg'],
  ['.wav', 'audio/wav'],
  ['.mp4', 'video/mp4'],
  ['.webm', 'video/webm'],
]);
