import { sha256 } from '@noble/hashes/sha2.js';
import {
  chunkIdOf,
  limits,
  nonceAt,
  randomId,
  UsageError,
  type ChunkId,
  type ExternalPart,
} from '@tern/protocol';
import type { FileSource } from './client.ts';
import type { Engine } from './engine.ts';
import { blobTable } from './outbox.ts';
import { orderedKey } from './record-table.ts';

const tagBytes = 16;
const pieceBytes: number = limits.chunkBytes - tagBytes;
/** 1 GiB, as many pieces as a message names */
const largestFileBytes: number = 4096 * pieceBytes;

/** A file sealed piece by piece into the store: it may be moved or deleted from now on. */
export interface StagedFile {
  readonly part: ExternalPart;
  /** names the pieces in the store */
  readonly blob: string;
}

/** The last piece is padded so that a file's size is told only to within an eighth. */
function paddedBytes(size: number): number {
  const least = Math.max(1024, size);
  const step = 2 ** Math.max(10, Math.floor(Math.log2(least)) - 3);
  return Math.ceil(least / step) * step;
}

/**
 * Seals a file into the store. Where that fails nothing of it stays.
 * @throws {UsageError} when it is larger than 1 GiB, or not as long as it says
 */
export async function stageFile(
  engine: Engine,
  file: FileSource,
  options: { readonly disposition: number; readonly signal?: AbortSignal },
): Promise<StagedFile> {
  if (file.size > largestFileBytes) throw new UsageError('a file has at most 1 GiB');
  const blob: string = randomId(engine.world.randomBytes(16));
  try {
    return { blob, part: await sealInto(engine, blob, { ...options, file }) };
  } catch (error) {
    await unstage(engine, blob);
    throw error;
  }
}

/** A staged file that no message names after all. */
export async function unstage(engine: Engine, blob: string): Promise<void> {
  await engine.store.change(async (change) => change.clear({ table: 'blobs', partition: blob }));
}

async function sealInto(
  engine: Engine,
  blob: string,
  {
    file,
    disposition,
    signal,
  }: { readonly file: FileSource; readonly disposition: number; readonly signal?: AbortSignal },
): Promise<ExternalPart> {
  const { primitives, world, store } = engine;
  const key = world.randomBytes(32);
  const chunks: (readonly [ChunkId, number])[] = [];
  const digest = sha256.create();
  let size = 0;
  for await (const piece of pieces(file.content, paddedBytes(file.size))) {
    signal?.throwIfAborted();
    const sealed = primitives.seal(
      key,
      nonceAt(new Uint8Array(12), chunks.length),
      piece.bytes,
      new Uint8Array(),
    );
    digest.update(piece.bytes.subarray(0, piece.length));
    size += piece.length;
    const place = orderedKey(chunks.length);
    await store.change(async (change) => blobTable.put(change, blob, place, { sealed, done: false }));
    chunks.push([chunkIdOf(primitives, sealed), sealed.length]);
    if (size > file.size) break;
  }
  if (size !== file.size) throw new UsageError('the file changed while it was read');
  return {
    kind: 'external',
    disposition,
    type: file.type,
    name: file.name,
    size,
    hash: digest.digest(),
    key,
    chunks,
  };
}

interface Piece {
  readonly bytes: Uint8Array;
  /** how many of them are the file's */
  readonly length: number;
}

async function* pieces(content: AsyncIterable<Uint8Array>, wholeBytes: number): AsyncIterable<Piece> {
  let piece = new Uint8Array(Math.min(pieceBytes, wholeBytes));
  let held = 0;
  let left = wholeBytes;
  for await (const part of content) {
    let at = 0;
    while (at < part.length) {
      const take = Math.min(part.length - at, piece.length - held);
      if (take === 0) {
        yield { bytes: part.subarray(at), length: part.length - at }; // longer than it said: the caller notices
        return;
      }
      piece.set(part.subarray(at, at + take), held);
      held += take;
      at += take;
      if (held < piece.length) continue;
      yield { bytes: piece, length: held };
      left -= held;
      piece = new Uint8Array(Math.min(pieceBytes, left));
      held = 0;
    }
  }
  while (left > 0) {
    yield { bytes: piece, length: held };
    left -= piece.length;
    held = 0;
    piece = new Uint8Array(Math.min(pieceBytes, left));
  }
}
