import {
  conversationIdCodec,
  field,
  limits,
  list,
  randomId,
  struct,
  text,
  tuple,
  uint,
  type ConversationId,
  type MessageId,
} from '@tern/protocol';
import { StorageError, type StoreChange, type StoreView } from './client-store.ts';
import type { Engine } from './engine.ts';
import { blobTable, outbox } from './outbox.ts';
import { rangesHave, rangesWith, type Ranges } from './ranges.ts';
import { orderedKey, recordTable, type RecordTable } from './record-table.ts';

/** What of a message's file lies here, sealed as it lies on a relay. */
export interface KeptFile {
  readonly conversation: ConversationId;
  /** names the pieces in the store */
  readonly blob: string;
  /** how many pieces it has */
  readonly pieces: number;
  /** places of those that are here */
  readonly have: Ranges;
  /** of those */
  readonly bytes: number;
  /** milliseconds since 1970 */
  readonly usedAt: number;
}

/** Key: the message's id. */
const keptTable: RecordTable<KeptFile> = recordTable(
  'kept-files',
  struct<KeptFile>({
    conversation: field(1, conversationIdCodec),
    blob: field(2, text(100)),
    pieces: field(3, uint(4096)),
    have: field(4, list(tuple(uint(4096), uint(4096)), 4096)),
    bytes: field(5, uint(2 ** 48)),
    usedAt: field(6, uint(limits.millisecond)),
  }),
);

/** How much is kept for reading offline where nobody says otherwise; what waits to leave does not count. */
const defaultKeptFileBytes: number = 256 * 1024 * 1024;

export async function keptFile(view: StoreView, id: MessageId): Promise<KeptFile | undefined> {
  return keptTable.get(view, '', id);
}

function isWhole(file: KeptFile): boolean {
  const [first] = file.have;
  return first?.[0] === 0 && first[1] === file.pieces - 1;
}

/** Messages whose whole file is here. */
export async function wholeFiles(view: StoreView): Promise<ReadonlySet<string>> {
  const kept = await keptTable.list(view, '');
  return new Set(kept.filter(([, file]) => isWhole(file)).map(([id]) => id));
}

/** A file of ours that was just sealed into the store: after it has left it stays, like any other. */
export function keepStaged(
  change: StoreChange,
  id: MessageId,
  staged: Pick<KeptFile, 'conversation' | 'blob' | 'pieces' | 'bytes' | 'usedAt'>,
): void {
  keptTable.put(change, '', id, { ...staged, have: [[0, staged.pieces - 1]] });
}

/** A sealed piece that is here. */
export async function keptPiece(
  view: StoreView,
  id: MessageId,
  place: number,
): Promise<Uint8Array | undefined> {
  const file = await keptTable.get(view, '', id);
  if (file === undefined || !rangesHave(file.have, place)) return undefined;
  const piece = await blobTable.get(view, file.blob, orderedKey(place));
  return piece === undefined || piece.sealed.length === 0 ? undefined : piece.sealed;
}

interface FreshPiece {
  readonly message: MessageId;
  readonly conversation: ConversationId;
  readonly pieces: number;
  readonly place: number;
  readonly sealed: Uint8Array;
}

/** Keeps a verified piece, if there is room beside what was used later. @returns false where there is none */
export async function keepPiece(engine: Engine, piece: FreshPiece): Promise<boolean> {
  try {
    return await engine.store.change(async (change) => {
      const { message, conversation, pieces, place, sealed } = piece;
      const known = await keptTable.get(change, '', message);
      if (known !== undefined && rangesHave(known.have, place)) return true;
      const room = await makeRoom(engine, change, { bytes: sealed.length, besides: message });
      if (!room) return false;
      const blob: string = known?.blob ?? randomId(engine.world.randomBytes(16));
      blobTable.put(change, blob, orderedKey(place), { sealed, done: true });
      keptTable.put(change, '', message, {
        conversation,
        blob,
        pieces,
        have: rangesWith(known?.have ?? [], place),
        bytes: (known?.bytes ?? 0) + sealed.length,
        usedAt: engine.now(),
      });
      return true;
    });
  } catch (error) {
    // to read a file without keeping it is better than not to read it
    if (error instanceof StorageError && error.code === 'storage-full') return false;
    throw error;
  }
}

/** Forgets what was used longest ago until so many bytes more are within the limit. @returns false where they are not */
export async function makeRoom(
  engine: Engine,
  change: StoreChange,
  wanted: { readonly bytes: number; readonly besides?: MessageId },
): Promise<boolean> {
  const limit = engine.keptFileBytes ?? defaultKeptFileBytes;
  const waiting = await waitingBlobs(change);
  const files = (await keptTable.list(change, '')).filter(([, file]) => !waiting.has(file.blob));
  let bytes = wanted.bytes + files.reduce((sum, [, file]) => sum + file.bytes, 0);
  for (const [id, file] of files.toSorted(([, a], [, b]) => a.usedAt - b.usedAt)) {
    if (bytes <= limit) break;
    if (id === wanted.besides) continue;
    forget(change, id, file);
    bytes -= file.bytes;
  }
  return bytes <= limit;
}

async function waitingBlobs(view: StoreView): Promise<ReadonlySet<string>> {
  return new Set((await outbox(view)).flatMap(([, one]) => (one.kind === 'message' ? one.blobs : [])));
}

function forget(change: StoreChange, id: string, file: KeptFile): void {
  keptTable.delete(change, '', id);
  change.clear({ table: 'blobs', partition: file.blob });
}

/** What is kept of a message's file is deleted. */
export async function forgetFile(change: StoreChange, id: MessageId): Promise<void> {
  const file = await keptTable.get(change, '', id);
  if (file !== undefined) forget(change, id, file);
}

/** It was read just now: it is forgotten later than others. */
export async function touchFile(engine: Engine, id: MessageId): Promise<void> {
  await engine.store.change(async (change) => {
    const file = await keptTable.get(change, '', id);
    if (file !== undefined) keptTable.put(change, '', id, { ...file, usedAt: engine.now() });
  });
}

/** Forgets all files, or those of one conversation, but those that wait to leave. */
export async function clearFiles(
  change: StoreChange,
  of: { readonly conversation?: ConversationId },
): Promise<void> {
  const waiting = await waitingBlobs(change);
  for (const [id, file] of await keptTable.list(change, '')) {
    if (of.conversation !== undefined && file.conversation !== of.conversation) continue;
    if (!waiting.has(file.blob)) forget(change, id, file);
  }
}

/** @param of without a conversation, of all */
export async function fileBytes(
  view: StoreView,
  of: { readonly conversation?: ConversationId },
): Promise<number> {
  return (await keptTable.list(view, ''))
    .filter(([, file]) => of.conversation === undefined || file.conversation === of.conversation)
    .reduce((sum, [, file]) => sum + file.bytes, 0);
}
