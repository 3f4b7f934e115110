import { sha256 } from '@noble/hashes/sha2.js';
import {
  chunkIdOf,
  limits,
  nonceAt,
  randomId,
  UsageError,
  type ChunkId,
  type ConversationId,
  type ExternalPart,
  type Hint,
  type LogId,
  type Result,
} from '@tern/protocol';
import { putChunk } from './chunk-transfer.ts';
import type { FileSource } from './client.ts';
import type { StoreView } from './client-store.ts';
import { activeLog, conversationTable } from './conversation.ts';
import { hostName, type Engine } from './engine.ts';
import { followedLogTable, logKeysAt, type FollowedLog } from './followed-log.ts';
import { blobTable, outbox, outgoingAt, replaceOutgoing, type OutboxKey } from './outbox.ts';
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
 * Seals a file into the store.
 * @throws {UsageError} when it is larger than 1 GiB, or not as long as it says
 */
export async function stageFile(engine: Engine, file: FileSource, disposition: number): Promise<StagedFile> {
  if (file.size > largestFileBytes) throw new UsageError('a file has at most 1 GiB');
  const { primitives, world, store } = engine;
  const key = world.randomBytes(32);
  const blob: string = randomId(world.randomBytes(16));
  const chunks: (readonly [ChunkId, number])[] = [];
  const digest = sha256.create();
  let size = 0;
  for await (const piece of pieces(file.content, paddedBytes(file.size))) {
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
    part: {
      kind: 'external',
      disposition,
      type: file.type,
      name: file.name,
      size,
      hash: digest.digest(),
      key,
      chunks,
    },
    blob,
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

/** Pieces of a file on their way at a time. */
const piecesAtOnce = 4;

interface Upload {
  readonly key: OutboxKey;
  readonly blob: string;
  readonly followed: FollowedLog;
}

async function nextUpload(engine: Engine, view: StoreView, host: Hint): Promise<Upload | undefined> {
  for (const [key, outgoing] of await outbox(view)) {
    if (outgoing.kind !== 'message' || outgoing.failed !== undefined) continue;
    const [blob] = outgoing.blobs;
    const log = blob === undefined ? undefined : await logOf(view, outgoing.conversation);
    const followed = log === undefined ? undefined : await followedLogTable.get(view, '', log);
    if (
      blob === undefined ||
      followed === undefined ||
      followed.toCreate ||
      hostName(followed.host) !== hostName(host)
    )
      continue;
    if (engine.caughtUp.has(followed.log)) return { key, blob, followed };
  }
  return undefined;
}

async function logOf(view: StoreView, id: ConversationId): Promise<LogId | undefined> {
  const conversation = await conversationTable.get(view, '', id);
  return conversation === undefined ? undefined : activeLog(conversation);
}

/** Puts the pieces of the oldest waiting file beside its conversation's log; a piece that is there is not sent again. */
export async function uploadBlobs(
  engine: Engine,
  host: Hint,
  options: { readonly signal: AbortSignal },
): Promise<{ readonly more: boolean; readonly refusals: readonly Result['kind'][] }> {
  const upload = await engine.store.read((view) => nextUpload(engine, view, host));
  if (upload === undefined) return { more: false, refusals: [] };
  const { blob, followed } = upload;
  const keys = await engine.store.read((view) => logKeysAt(view, followed.log, followed.number));
  if (keys === undefined) return { more: false, refusals: [] };
  const waiting = (await engine.store.read((view) => blobTable.list(view, blob))).filter(
    ([, piece]) => !piece.done,
  );
  for (let at = 0; at < waiting.length; at += piecesAtOnce) {
    const pieces = waiting.slice(at, at + piecesAtOnce);
    const puts = await Promise.all(
      pieces.map(([, piece]) => {
        const chunk = chunkIdOf(engine.primitives, piece.sealed);
        const to = {
          log: followed.log,
          number: followed.number,
          seed: keys.append,
          chunk,
          content: piece.sealed,
        };
        return putChunk(engine.path(host), to, options);
      }),
    );
    await engine.store.change(async (change) => {
      for (const [index, [place]] of pieces.entries()) {
        if (puts[index]?.kind === 'complete')
          blobTable.put(change, blob, place, { sealed: new Uint8Array(), done: true });
      }
    });
    const refused = puts.find((put) => put.kind === 'refused');
    if (refused === undefined) continue;
    if (refused.because === 'stale-epoch' || refused.because === 'refused')
      engine.caughtUp.delete(followed.log);
    return { more: false, refusals: [refused.because] };
  }
  await engine.store.change(async (change) => {
    const outgoing = await outgoingAt(change, upload.key);
    if (outgoing?.kind === 'message')
      replaceOutgoing(change, upload.key, {
        ...outgoing,
        blobs: outgoing.blobs.filter((one) => one !== blob),
      });
    change.clear({ table: 'blobs', partition: blob });
  });
  return { more: true, refusals: [] };
}
