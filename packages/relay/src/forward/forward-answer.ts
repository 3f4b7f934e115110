import type { BatchId, Collect, Forward, Result } from '@tern/protocol';
import type { JudgeContext } from '../judge-context.ts';
import type { ItemTray } from '../log-reader.ts';
import type { RelayStore } from '../store.ts';
import type { Forwarded, Forwarder, Payer } from './forwarder.ts';
import { readKept } from './kept-records.ts';
import type { Repeats } from './repeats.ts';

/** What handing on needs. */
export interface ForwardDesk {
  readonly forwarder: Forwarder;
  readonly store: RelayStore;
  readonly repeats: Repeats;
}

/** Small enough that one that came whole out of a cut answer is worth something; large enough to cost little around it. */
const pieceBytes = 1000;
/** around a piece, at most */
const aroundPieceBytes = 24;
const lastItemBytes = 24;

/**
 * Rule 29: hands a request on and puts what came of it on the tray, in pieces.
 * @param asked.payer undefined for what came over a peer path: there are two hops at most
 * @param asked.only whether it is the only one of its batch
 */
export async function answerForward(
  desk: ForwardDesk | undefined,
  asked: {
    readonly operation: Forward;
    readonly batch: BatchId;
    readonly payer: Payer | undefined;
    readonly index: number;
    readonly only: boolean;
    readonly tray: ItemTray;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { operation, payer, index, tray, signal } = asked;
  const settled = settle(desk, asked);
  if (settled !== undefined || desk === undefined || payer === undefined) {
    tray.add(index, settled ?? { kind: 'refused' });
    return;
  }
  const room = tray.freeBytes - lastItemBytes;
  const roomBytes = Math.floor((room * pieceBytes) / (pieceBytes + aroundPieceBytes));
  const { to, request, waitSeconds } = operation;
  const forwarded = await desk.forwarder.forward(
    { to, request, waitSeconds, roomBytes: Math.max(0, roomBytes), signal },
    payer,
  );
  if (forwarded === 'quota') tray.add(index, { kind: 'quota' });
  else putPieces(tray, index, forwarded);
}

function settle(
  desk: ForwardDesk | undefined,
  asked: {
    readonly operation: Forward;
    readonly batch: BatchId;
    readonly payer: Payer | undefined;
    readonly only: boolean;
  },
): Result | undefined {
  const { operation, batch, payer, only } = asked;
  if (payer === undefined) return { kind: 'refused' };
  if (desk === undefined) return { kind: 'unsupported' };
  return only && desk.repeats.take(batch, operation, payer) ? undefined : { kind: 'quota' };
}

/** Rule 30: what became of a request that was kept. A ticket of another path is like none. */
export async function answerCollect(
  desk: ForwardDesk | undefined,
  context: JudgeContext,
  asked: { readonly operation: Collect; readonly index: number; readonly tray: ItemTray },
): Promise<void> {
  const { operation, index, tray } = asked;
  const { keeping } = context;
  if (keeping === undefined || desk === undefined) {
    tray.add(index, { kind: 'unsupported' });
    return;
  }
  const { path } = keeping;
  const { ticket } = operation;
  const at = { second: context.second };
  const kept =
    path === undefined
      ? undefined
      : await desk.store.read((view) => readKept(view, context.vault, { place: { path, ticket }, ...at }));
  if (kept === undefined) tray.add(index, { kind: 'refused' });
  else if (kept.kind === 'waiting') tray.add(index, { kind: 'kept', ticket });
  else if (kept.kind === 'answered') putPieces(tray, index, { bytes: kept.answer });
  else tray.add(index, { kind: 'unreachable', because: 'too-long' });
}

function putPieces(tray: ItemTray, index: number, { bytes, trouble }: Forwarded): void {
  let because = trouble;
  for (let at = 0; at < Math.max(1, bytes.length); at += pieceBytes) {
    const piece = bytes.subarray(at, at + pieceBytes);
    const more = because !== undefined || at + pieceBytes < bytes.length;
    if (piece.length === 0 && because !== undefined) break;
    if (tray.freeBytes < piece.length + aroundPieceBytes + lastItemBytes) {
      because = 'too-long';
      break;
    }
    tray.add(index, { kind: 'forwarded', bytes: piece, more });
  }
  if (because !== undefined) tray.add(index, { kind: 'unreachable', because });
}
