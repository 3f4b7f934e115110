import {
  field,
  list,
  struct,
  tuple,
  uint,
  type ConversationId,
  type ExternalPart,
  type Hint,
  type LogId,
  type MessageId,
  type Result,
} from '@tern/protocol';
import { putChunk, type PutOutcome, type TransferOptions } from './chunk-transfer.ts';
import type { StoreChange, StoreView } from './client-store.ts';
import { activeLog, conversationTable } from './conversation.ts';
import { hostName, type Engine } from './engine.ts';
import { fileOf } from './file-parts.ts';
import { followedLogTable, logKeysAt, type FollowedLog } from './followed-log.ts';
import { keptFile, makeRoom } from './kept-files.ts';
import type { LogKeys } from './log-keys.ts';
import { messageById } from './message-store.ts';
import { blobTable, outbox, outgoingAt, replaceOutgoing, type OutboxKey } from './outbox.ts';
import { rangesHave, rangesMissing, rangesWith, type Ranges } from './ranges.ts';
import { orderedKey, recordTable, type RecordTable } from './record-table.ts';

/** Pieces of a file on their way at a time. */
const piecesAtOnce = 4;
/** in one go, unless something else may have to leave between two */
const piecesInOneGo = 16;

interface Upload {
  readonly key: OutboxKey;
  readonly message: MessageId;
  readonly blob: string;
  readonly part: ExternalPart;
  readonly followed: FollowedLog;
}

interface UploadProgress {
  readonly done: Ranges;
}

/** Places of the pieces that the relay has. Key: the blob. */
const progressTable: RecordTable<UploadProgress> = recordTable(
  'uploads',
  struct<UploadProgress>({ done: field(1, list(tuple(uint(4096), uint(4096)), 4096)) }),
);

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
      hostName(followed.host) !== hostName(host) ||
      !engine.caughtUp.has(followed.log)
    )
      continue;
    const message = await messageById(view, outgoing.message);
    const part = message === undefined ? undefined : fileOf(message.content.part);
    if (part !== undefined) return { key, message: outgoing.message, blob, part, followed };
  }
  return undefined;
}

async function logOf(view: StoreView, id: ConversationId): Promise<LogId | undefined> {
  const conversation = await conversationTable.get(view, '', id);
  return conversation === undefined ? undefined : activeLog(conversation);
}

/** What one go at uploading came to. */
export interface Uploaded {
  /** a piece or a file arrived: there may be more */
  readonly more: boolean;
  readonly refusals: readonly Result['kind'][];
}

/**
 * Puts the next few pieces of the oldest waiting file beside its conversation's log, no more: what was written meanwhile need not wait for
 * the whole file. A piece that is there is not sent again, also after a restart.
 */
export async function uploadSome(
  engine: Engine,
  host: Hint,
  options: { readonly signal: AbortSignal; readonly pieces?: number },
): Promise<Uploaded> {
  const { signal, pieces = piecesInOneGo } = options;
  const upload = await engine.store.read((view) => nextUpload(engine, view, host));
  if (upload === undefined) return { more: false, refusals: [] };
  const { blob, followed, part, message } = upload;
  const keys = await engine.store.read((view) => logKeysAt(view, followed.log, followed.number));
  if (keys === undefined) return { more: false, refusals: [] };
  const { done } = (await engine.store.read((view) => progressTable.get(view, '', blob))) ?? { done: [] };
  const places = [...part.chunks.keys()].filter((place) => !rangesHave(done, place)).slice(0, pieces);
  if (places.length === 0) {
    await engine.store.change((change) => finish(engine, change, upload));
    return { more: true, refusals: [] };
  }
  const total = part.size;
  const pieceLength = part.chunks[0]?.[1] ?? 0;
  const progress = {
    done: pieceLength * (part.chunks.length - rangesMissing(done, 0, part.chunks.length - 1)),
  };
  const show = (bytes: number): void => {
    progress.done += bytes;
    engine.transfers.set({ message, direction: 'up', done: Math.min(total, progress.done), total });
  };
  show(0);
  // in a few lanes, each piece as soon as the one before it is there; what stops one of them ends the others
  const carry = async (): Promise<Result['kind'] | undefined> => {
    for (let place = places.shift(); place !== undefined; place = places.shift()) {
      try {
        const put = await putPiece(engine, { upload, keys, host, place }, { signal, arrived: show });
        if (put.kind === 'complete') continue;
        places.length = 0;
        return put.because;
      } catch (error) {
        places.length = 0;
        throw error;
      }
    }
    return undefined;
  };
  const ended = await Promise.allSettled(Array.from({ length: piecesAtOnce }, carry));
  const broken = ended.find((one) => one.status === 'rejected');
  if (broken !== undefined) {
    engine.transfers.end({ message, direction: 'up' });
    throw broken.reason;
  }
  const refused = ended.flatMap((one) => (one.status === 'fulfilled' ? (one.value ?? []) : []))[0];
  if (refused === undefined) return { more: true, refusals: [] };
  engine.transfers.end({ message, direction: 'up' });
  if (refused === 'stale-epoch' || refused === 'refused') engine.caughtUp.delete(followed.log);
  return { more: false, refusals: [refused] };
}

async function putPiece(
  engine: Engine,
  piece: {
    readonly upload: Upload;
    readonly keys: LogKeys;
    readonly host: Hint;
    readonly place: number;
  },
  options: TransferOptions,
): Promise<PutOutcome> {
  const { place, upload } = piece;
  const { blob, followed, part } = upload;
  const content = await engine.store.read((view) => pieceToPut(view, blob, place));
  const [chunk] = part.chunks[place] ?? [];
  const put: PutOutcome =
    content === undefined || chunk === undefined
      ? { kind: 'complete' }
      : await putChunk(
          engine.path(piece.host),
          { log: followed.log, number: followed.number, seed: piece.keys.append, chunk, content },
          options,
        );
  if (put.kind === 'complete') await engine.store.change((change) => noteDone(change, blob, place));
  return put;
}

/** A piece that is not here any more was put by an earlier version, which kept none. */
async function pieceToPut(view: StoreView, blob: string, place: number): Promise<Uint8Array | undefined> {
  const piece = await blobTable.get(view, blob, orderedKey(place));
  return piece === undefined || piece.sealed.length === 0 ? undefined : piece.sealed;
}

async function noteDone(change: StoreChange, blob: string, place: number): Promise<void> {
  const { done } = (await progressTable.get(change, '', blob)) ?? { done: [] };
  progressTable.put(change, '', blob, { done: rangesWith(done, place) });
}

/** All of it is there: the message may go, and what is kept here is as any other file that is. */
async function finish(engine: Engine, change: StoreChange, upload: Upload): Promise<void> {
  const { blob, key, message } = upload;
  const outgoing = await outgoingAt(change, key);
  if (outgoing?.kind === 'message')
    replaceOutgoing(change, key, { ...outgoing, blobs: outgoing.blobs.filter((one) => one !== blob) });
  progressTable.delete(change, '', blob);
  if ((await keptFile(change, message))?.blob === blob) await makeRoom(engine, change, { bytes: 0 });
  else change.clear({ table: 'blobs', partition: blob });
  engine.transfers.end({ message, direction: 'up' });
}

/** What was staged for a message that will not leave, and how far it had come. */
export function dropStaged(change: StoreChange, blobs: readonly string[]): void {
  for (const blob of blobs) {
    progressTable.delete(change, '', blob);
    change.clear({ table: 'blobs', partition: blob });
  }
}
