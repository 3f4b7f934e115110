import {
  chunkIdOf,
  leafCount,
  limits as wireLimits,
  rangeProof,
  base32Bytes,
  type ChunkId,
  type Get,
  type LogId,
  type Put,
  type Result,
  type WireOperation,
} from '@tern/protocol';
import { appendStanding, isStale } from './append-rules.ts';
import { sealChunk } from './chunk-keeping.ts';
import { dayOf } from './day-vault.ts';
import { proves, type Effects, type JudgeContext } from './judge-context.ts';
import { readHead, writeHead } from './log-ledger.ts';
import {
  chunkNumbers,
  decodePartial,
  encodePartial,
  keys,
  span,
  type ByteRange,
  type LogHead,
} from './log-records.ts';
import type { StoreTransaction, StoreView } from './store.ts';

/** A put result names at most so many ranges. */
const mostRanges = 128;

/** Rule 16: any bytes of a chunk, in any order, as often as needed; invisible until its root is right. @throws {MalformedError} */
export function judgePut(
  transaction: StoreTransaction,
  context: JudgeContext,
  asked: { readonly operation: Put; readonly wire: WireOperation; readonly effects: Effects },
): Result {
  const { operation, wire } = asked;
  const { log, chunk, length } = operation;
  const standing = appendStanding(transaction, context, { operation, wire });
  if (standing === undefined) return { kind: 'refused' };
  const whole = transaction.get(keys.chunk(log, chunk));
  if (whole !== undefined && chunkNumbers.decode(whole).until >= context.second) {
    return chunkNumbers.decode(whole).length === length
      ? { kind: 'put', have: [[0, length]], complete: true }
      : { kind: 'malformed' };
  }
  if (isStale(transaction, context, { operation, standing }))
    return { kind: 'stale-epoch', current: standing.head.current };

  const upload = uploadOf(transaction, context, operation);
  if (upload === undefined) return { kind: 'quota' };
  if (upload.length !== length) return { kind: 'malformed' };
  const end = operation.offset + operation.bytes.length;
  const missing = without([operation.offset, end], upload.have);
  const have = merged([...upload.have, [operation.offset, end]]);
  const bytes = missing.reduce((sum, [from, to]) => sum + to - from, 0);
  const head = readHead(transaction, log) ?? standing.head;
  const policy = context.policies.of(transaction, log, head.current)?.policy;
  if (policy === undefined) return { kind: 'refused' };
  if (have.length > mostRanges) return { kind: 'quota' };
  if (head.usedBytes + bytes > Math.min(policy.roomBytes, context.limits.logBytes)) return { kind: 'quota' };
  if (!transaction.charge(bytes)) return { kind: 'full' };

  for (const [from, to] of missing) {
    const key = keys.piece(log, chunk, from);
    const piece = operation.bytes.subarray(from - operation.offset, to - operation.offset);
    transaction.put(key, context.vault.seal(upload.day, piece, key));
  }
  const grown = { ...head, usedBytes: head.usedBytes + bytes };
  // what was here already is not worth remembering: anybody with the right could have us do it without end
  if (missing.length > 0) asked.effects.wrote = true;
  const [first] = have;
  if (first?.[0] === 0 && first[1] === length) {
    const until = context.second + Math.min(policy.lifetime, context.limits.lifetimeSeconds);
    return complete(transaction, context, { operation, head: grown, day: upload.day, until });
  }
  transaction.put(keys.partial(log, chunk), encodePartial(upload, have));
  transaction.put(keys.expiry(upload.day, log), new Uint8Array([1]));
  writeHead(transaction, log, grown);
  return { kind: 'put', have, complete: false };
}

interface Upload {
  readonly length: number;
  readonly day: number;
  readonly until: number;
  readonly have: readonly ByteRange[];
}

/** The upload that is under way, or a new one; undefined when the log has too many. */
function uploadOf(transaction: StoreTransaction, context: JudgeContext, operation: Put): Upload | undefined {
  const stored = transaction.get(keys.partial(operation.log, operation.chunk));
  if (stored !== undefined) {
    const { head, have } = decodePartial(stored);
    if (head.until >= context.second) return { ...head, have };
    endPartial(transaction, operation.log, operation.chunk);
  }
  const { from, to } = span('partial', base32Bytes(operation.log));
  const most = context.limits.partialChunks;
  if (transaction.keys(from, to, most).length >= most) return undefined;
  const until = context.second + context.limits.partialSeconds;
  return { length: operation.length, until, day: dayOf(until), have: [] };
}

function complete(
  transaction: StoreTransaction,
  context: JudgeContext,
  what: { readonly operation: Put; readonly head: LogHead; readonly day: number; readonly until: number },
): Result {
  const { operation, head } = what;
  const { log, chunk, length } = operation;
  const content = new Uint8Array(length);
  const { from, to } = span('piece', base32Bytes(log), base32Bytes(chunk));
  for (const key of transaction.keys(from, to, mostRanges * 1024)) {
    const sealed = transaction.get(key);
    const piece = sealed && context.vault.open(what.day, sealed, key);
    const offset = new DataView(key.buffer, key.byteOffset + key.length - 4, 4).getUint32(0);
    if (piece !== undefined && offset + piece.length <= length) content.set(piece, offset);
  }
  dropPartial(transaction, log, chunk);
  if (chunkIdOf(context.primitives, content) !== chunk) {
    transaction.charge(-length);
    writeHead(transaction, log, { ...head, usedBytes: Math.max(0, head.usedBytes - length) });
    return { kind: 'malformed' };
  }
  sealChunk(transaction, context, { log, chunk, content, until: what.until, entries: 0 });
  writeHead(transaction, log, head);
  return { kind: 'put', have: [[0, length]], complete: true };
}

/** Removes an upload and gives its bytes back. */
function endPartial(transaction: StoreTransaction, log: LogId, chunk: ChunkId): void {
  const stored = transaction.get(keys.partial(log, chunk));
  const head = readHead(transaction, log);
  if (stored === undefined || head === undefined) return;
  const bytes = decodePartial(stored).have.reduce((sum, [from, to]) => sum + to - from, 0);
  dropPartial(transaction, log, chunk);
  transaction.charge(-bytes);
  writeHead(transaction, log, { ...head, usedBytes: Math.max(0, head.usedBytes - bytes) });
}

/** Removes what there is of an upload. The bytes it counted stay booked: whoever drops it gives them back. */
export function dropPartial(transaction: StoreTransaction, log: LogId, chunk: ChunkId): void {
  const { from, to } = span('piece', base32Bytes(log), base32Bytes(chunk));
  for (const key of transaction.keys(from, to, wireLimits.chunkBytes)) transaction.remove(key);
  transaction.remove(keys.partial(log, chunk));
}

/** What of a range is not yet there. */
function without(range: ByteRange, have: readonly ByteRange[]): readonly ByteRange[] {
  const missing: ByteRange[] = [];
  let at = range[0];
  for (const [from, to] of have) {
    if (to <= at) continue;
    if (from >= range[1]) break;
    if (from > at) missing.push([at, from]);
    at = Math.max(at, to);
  }
  if (at < range[1]) missing.push([at, range[1]]);
  return missing;
}

function merged(ranges: readonly ByteRange[]): readonly ByteRange[] {
  const whole: ByteRange[] = [];
  for (const range of ranges.toSorted((a, b) => a[0] - b[0])) {
    const last = whole.at(-1);
    if (last !== undefined && range[0] <= last[1])
      whole[whole.length - 1] = [last[0], Math.max(last[1], range[1])];
    else whole.push(range);
  }
  return whole;
}

/** Rule 16: whole leaves with their proof. The read key of any policy of the log opens its chunks. */
export function answerGet(
  view: StoreView,
  context: JudgeContext,
  asked: { readonly operation: Get; readonly wire: WireOperation; readonly roomBytes: number },
): Result {
  const { operation, wire } = asked;
  const { log, number } = operation;
  const head = readHead(view, log);
  const kept =
    head === undefined || number > head.current ? undefined : context.policies.of(view, log, number);
  if (!proves(context, wire, { key: kept?.policy.readKey })) return { kind: 'refused' };
  const key = keys.chunk(log, operation.chunk);
  const stored = view.get(key);
  if (stored === undefined) return { kind: 'missing-chunk' };
  const chunk = chunkNumbers.decode(stored);
  if (chunk.until < context.second) return { kind: 'missing-chunk' };
  const content = context.vault.open(chunk.day, stored.subarray(chunkNumbers.bytes), key);
  if (content === undefined) return { kind: 'missing-chunk' };
  const count = leafCount(chunk.length);
  if (operation.fromLeaf >= count) return { kind: 'malformed' };
  // the path's room decides how much of it goes now; at least one leaf, or nothing would ever arrive
  const proofBytes = 34 * 2 * Math.ceil(Math.log2(count + 1));
  const fitting = Math.max(1, Math.floor((asked.roomBytes - proofBytes - 32) / wireLimits.leafBytes));
  const to = Math.min(count, operation.fromLeaf + Math.min(operation.leaves, fitting));
  return {
    kind: 'range',
    length: chunk.length,
    bytes: content.subarray(
      operation.fromLeaf * wireLimits.leafBytes,
      Math.min(chunk.length, to * wireLimits.leafBytes),
    ),
    proof: rangeProof(context.primitives, content, { from: operation.fromLeaf, to }),
  };
}
