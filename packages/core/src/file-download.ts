import { sha256 } from '@noble/hashes/sha2.js';
import {
  equalBytes,
  MalformedError,
  nonceAt,
  UnreachableError,
  type ExternalPart,
  type LogId,
  type MessageId,
} from '@tern/protocol';
import { getChunk } from './chunk-transfer.ts';
import { conversationTable } from './conversation.ts';
import type { Engine } from './engine.ts';
import { followedLogTable, logKeysAt, type FollowedLog } from './followed-log.ts';
import type { LogKeys } from './log-keys.ts';
import { messageById } from './message-store.ts';

/**
 * The bytes of a file as its sender sealed them, piece by piece, each verified before it is given out.
 * @throws {UnreachableError} when no relay of the conversation gives a piece
 * @throws {MalformedError} when it is not the file that the message names
 */
export async function* fileContent(
  engine: Engine,
  file: { readonly message: MessageId; readonly part: ExternalPart },
  options: { readonly signal: AbortSignal },
): AsyncIterable<Uint8Array> {
  const { part } = file;
  const sources = await sourcesOf(engine, file.message);
  const digest = sha256.create();
  let left = part.size;
  const coming: Promise<Uint8Array>[] = [];
  for (const place of part.chunks.keys()) {
    for (let next = coming.length; next < Math.min(place + piecesAtOnce, part.chunks.length); next += 1) {
      const [chunk, length] = part.chunks[next] ?? [];
      if (chunk === undefined || length === undefined) break;
      const piece = fromAny(engine, sources, { chunk, length }, options);
      piece.catch(() => undefined); // it is thrown where its turn comes; a reader who left early asked for nothing more
      coming.push(piece);
    }
    const sealed = (await coming[place]) ?? new Uint8Array();
    coming[place] = Promise.resolve(new Uint8Array());
    const piece = engine.primitives.open(
      part.key,
      nonceAt(new Uint8Array(12), place),
      sealed,
      new Uint8Array(),
    );
    if (piece === undefined) throw new MalformedError('a piece of the file does not open');
    const bytes = piece.subarray(0, Math.min(left, piece.length));
    left -= bytes.length;
    digest.update(bytes);
    if (bytes.length > 0) yield bytes;
  }
  if (left !== 0 || !equalBytes(digest.digest(), part.hash))
    throw new MalformedError('the file is not the one that was sent');
}

/** Pieces on their way at a time, the one that is read next included. */
const piecesAtOnce = 4;

interface Source {
  readonly followed: FollowedLog;
  readonly keys: LogKeys;
}

/** The logs beside which the pieces may lie: those of the conversation, also ones that ended for us. */
async function sourcesOf(engine: Engine, id: MessageId): Promise<readonly Source[]> {
  return engine.store.read(async (view) => {
    const message = await messageById(view, id);
    const conversation =
      message === undefined ? undefined : await conversationTable.get(view, '', message.conversation);
    const sources: Source[] = [];
    for (const { log } of conversation?.groups ?? []) {
      const followed = await followedLogTable.get(view, '', log);
      const keys = followed === undefined ? undefined : await logKeysAt(view, log, followed.number);
      if (followed !== undefined && keys !== undefined) sources.push({ followed, keys });
    }
    return sources;
  });
}

async function fromAny(
  engine: Engine,
  sources: readonly Source[],
  wanted: { readonly chunk: Parameters<typeof getChunk>[1]['chunk']; readonly length: number },
  options: { readonly signal: AbortSignal },
): Promise<Uint8Array> {
  let failure: unknown;
  for (const { followed, keys } of sources) {
    try {
      const from: { readonly log: LogId; readonly number: number } = {
        log: followed.log,
        number: followed.number,
      };
      const found = await getChunk(
        engine.path(followed.host),
        { ...from, seed: keys.read, ...wanted },
        { ...options, primitives: engine.primitives },
      );
      if (found !== undefined) return found;
    } catch (error) {
      options.signal.throwIfAborted();
      failure = error;
    }
  }
  throw new UnreachableError('the file is not to be had just now', {
    cause: failure,
    code: failure === undefined ? 'gone' : 'unreachable',
  });
}
