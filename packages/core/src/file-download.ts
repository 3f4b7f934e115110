import { sha256 } from '@noble/hashes/sha2.js';
import {
  equalBytes,
  MalformedError,
  nonceAt,
  RefusedError,
  UnreachableError,
  type ConversationId,
  type ExternalPart,
  type LogId,
  type MessageId,
} from '@tern/protocol';
import { getChunk, type TransferOptions } from './chunk-transfer.ts';
import { conversationTable } from './conversation.ts';
import { isRequested } from './conversation-choices.ts';
import type { Engine } from './engine.ts';
import { fileOf } from './file-parts.ts';
import { followedLogTable, logKeysAt, type FollowedLog } from './followed-log.ts';
import type { LogKeys } from './log-keys.ts';
import { forgetFile, keepPiece, keptPiece, touchFile } from './kept-files.ts';
import { messageById, type Message } from './message-store.ts';

/**
 * The file of a message. @throws {RefusedError} where it has none, or its sender is a stranger to whom nobody here has said yes yet
 * @throws {UnreachableError} @throws {MalformedError}
 */
export async function* readFile(
  engine: Engine,
  id: MessageId,
  options: { readonly signal: AbortSignal },
): AsyncGenerator<Uint8Array, void> {
  const { message, requested } = await engine.store.read(async (view) => {
    const found = await messageById(view, id);
    const conversation =
      found === undefined ? undefined : await conversationTable.get(view, '', found.conversation);
    return {
      message: found,
      requested: conversation !== undefined && (await isRequested(engine, view, conversation)),
    };
  });
  const part = message === undefined ? undefined : fileOf(message.content.part);
  if (message === undefined || part === undefined)
    throw new RefusedError('no-file', 'this message has no file');
  if (requested)
    throw new RefusedError('request', 'nothing is fetched for a stranger before somebody here says yes');
  if (!fitsItsSize(part)) throw new MalformedError('the pieces of the file are more than it says it is');
  yield* fileContent(engine, { message, part }, options);
}

/** What a sender may put around a file: more than Tern pads it with, and little enough for what is small to come by itself. */
const largestPaddingBytes = 65_536;

/** A file is asked for by the size that it is said to have, so its pieces must not bring a gigabyte in its place. */
function fitsItsSize({ size, chunks }: ExternalPart): boolean {
  const sealedBytes = chunks.reduce((sum, [, length]) => sum + length, 0);
  return sealedBytes <= 2 * size + largestPaddingBytes;
}

/**
 * The bytes of a file as its sender sealed them, piece by piece, each verified before it is given out. Pieces that are here are not
 * fetched; those that are fetched are kept, so that after a cut or a restart only the rest is asked for.
 * @throws {UnreachableError} when no relay of the conversation gives a piece
 * @throws {MalformedError} when it is not the file that the message names
 */
async function* fileContent(
  engine: Engine,
  file: { readonly message: Message; readonly part: ExternalPart },
  options: { readonly signal: AbortSignal },
): AsyncGenerator<Uint8Array, void> {
  const { part } = file;
  const id = file.message.content.id;
  const sources = await sourcesOf(engine, file.message.conversation);
  const digest = sha256.create();
  const coming: Promise<Uint8Array>[] = [];
  const progress = { done: 0 };
  let left = part.size;
  try {
    for (const place of part.chunks.keys()) {
      for (let next = coming.length; next < Math.min(place + piecesAtOnce, part.chunks.length); next += 1) {
        const piece = pieceOf(engine, { ...file, sources, place: next, progress }, options);
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
    await touchFile(engine, id);
  } catch (error) {
    if (error instanceof MalformedError) await engine.store.change((change) => forgetFile(change, id));
    throw error;
  } finally {
    engine.transfers.end({ message: id, direction: 'down' });
  }
}

/** Pieces on their way at a time, the one that is read next included. */
const piecesAtOnce = 4;

interface Source {
  readonly followed: FollowedLog;
  readonly keys: LogKeys;
}

interface WantedPiece {
  readonly message: Message;
  readonly part: ExternalPart;
  readonly sources: readonly Source[];
  readonly place: number;
  /** bytes of the file that are here, counted by all who wait for pieces of it */
  readonly progress: { done: number };
}

/** From here, or from a relay, and then it is kept. */
async function pieceOf(
  engine: Engine,
  { message, part, sources, place, progress }: WantedPiece,
  options: { readonly signal: AbortSignal },
): Promise<Uint8Array> {
  const id = message.content.id;
  const [chunk, length] = part.chunks[place] ?? [];
  if (chunk === undefined || length === undefined) return new Uint8Array();
  const kept = await engine.store.read((view) => keptPiece(view, id, place));
  if (kept !== undefined) {
    progress.done += length;
    return kept;
  }
  options.signal.throwIfAborted();
  let came = 0;
  const show = (bytes: number): void => {
    came += bytes;
    progress.done += bytes;
    const done = Math.min(part.size, progress.done);
    engine.transfers.set({ message: id, direction: 'down', done, total: part.size });
  };
  show(0);
  const sealed = await fromAny(engine, sources, { chunk, length }, { ...options, arrived: show });
  show(length - came); // what a relay began to give and did not end counts once
  const { conversation } = message;
  await keepPiece(engine, { message: id, conversation, pieces: part.chunks.length, place, sealed });
  return sealed;
}

/** The logs beside which the pieces may lie: those of the conversation, also ones that ended for us. */
async function sourcesOf(engine: Engine, id: ConversationId): Promise<readonly Source[]> {
  return engine.store.read(async (view) => {
    const conversation = await conversationTable.get(view, '', id);
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
  options: TransferOptions,
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
