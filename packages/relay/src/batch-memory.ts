import {
  concat,
  decode,
  encode,
  equalBytes,
  joinFrames,
  RefusedError,
  responseItemCodec,
  splitFrames,
  type ResponseItem,
} from '@tern/protocol';
import { fixedRecord } from './fixed-record.ts';
import type { RelayLimits } from './limits-table.ts';
import { keys } from './log-records.ts';
import { StoreFullError, type StoreTransaction, type StoreView } from './store.ts';

const hourSeconds = 3600;
const hashBytes = 32;
const head = fixedRecord<{ notAfter: number }>({ notAfter: 5 });
const useRecord = fixedRecord<{ bytes: number }>({ bytes: 6 });
/** what a remembered batch takes beside its value, about: its id and its place in the store */
const aroundBytes = 64;
/** so many are let go of to make room for one */
const mostForgotten = 64;

/** A batch as it was opened. */
export interface AskedBatch {
  readonly id: Uint8Array;
  /** of all of it */
  readonly digest: Uint8Array;
  /** seconds since 1970 */
  readonly notAfter: number;
}

/** The hour under which a batch is remembered; once it is over, nothing of it can be repeated. */
function hourOf(second: number): number {
  return Math.floor(second / hourSeconds);
}

/** What became of a batch that came before; `mismatch` where its id was another's. */
export function recall(
  view: StoreView,
  batch: AskedBatch,
  { second }: { readonly second: number },
): readonly ResponseItem[] | 'mismatch' | undefined {
  const hour = hourOf(second);
  // that of a deferred batch lies days ahead
  for (const at of new Set([hour, hour + 1, hourOf(batch.notAfter)])) {
    const stored = view.get(keys.batch(at, batch.id));
    if (stored === undefined || head.decode(stored).notAfter <= second) continue;
    const rest = stored.subarray(head.bytes);
    if (!equalBytes(rest.subarray(0, hashBytes), batch.digest)) return 'mismatch';
    return splitFrames(rest.subarray(hashBytes)).map((frame) => decode(responseItemCodec, frame));
  }
  return undefined;
}

/**
 * Remembers what became of a batch until its not-after (rule 6). What is past its hour makes room; nothing else does.
 * @returns the bytes that it takes
 * @throws {RefusedError} `busy` where so many are remembered that this one cannot be, and must not happen now
 * @throws {StoreFullError}
 */
export function remember(
  transaction: StoreTransaction,
  batch: AskedBatch,
  what: {
    readonly items: readonly ResponseItem[];
    readonly second: number;
    readonly limits: Pick<RelayLimits, 'rememberedBytes'>;
  },
): number {
  const { items, second, limits } = what;
  const value = concat(
    head.encode({ notAfter: batch.notAfter }),
    batch.digest,
    joinFrames(items.map((item) => encode(responseItemCodec, item))),
  );
  const bytes = bytesOf(value);
  let used = rememberedBytes(transaction) + bytes;
  if (used > limits.rememberedBytes) {
    forgetPast(transaction, { second, most: mostForgotten });
    used = rememberedBytes(transaction) + bytes;
  }
  if (used > limits.rememberedBytes) throw noMemory();
  if (!transaction.charge(bytes)) throw new StoreFullError('no room for the result of a batch');
  transaction.put(keys.batch(hourOf(batch.notAfter), batch.id), value);
  transaction.put(keys.batchUse(), useRecord.encode({ bytes: used }));
  return bytes;
}

/** The error of a batch that cannot be remembered and must not happen now. */
export function noMemory(): RefusedError {
  return new RefusedError('busy', 'too many results of batches are remembered');
}

/** Bytes that all remembered batches take; the room of the store counts them too. */
export function rememberedBytes(view: StoreView): number {
  const stored = view.get(keys.batchUse());
  return stored === undefined ? 0 : useRecord.decode(stored).bytes;
}

/** Lets go of batches whose hour is over, the oldest first. @returns how many */
export function forgetPast(
  transaction: StoreTransaction,
  { second, most }: { readonly second: number; readonly most: number },
): number {
  const nobody = new Uint8Array();
  const past = transaction.keys(keys.batch(0, nobody), keys.batch(hourOf(second), nobody), most);
  let freedBytes = 0;
  for (const key of past) {
    freedBytes += bytesOf(transaction.get(key) ?? nobody);
    transaction.remove(key);
  }
  if (past.length === 0) return 0;
  transaction.charge(-freedBytes);
  const left = Math.max(0, rememberedBytes(transaction) - freedBytes);
  if (left === 0) transaction.remove(keys.batchUse());
  else transaction.put(keys.batchUse(), useRecord.encode({ bytes: left }));
  return past.length;
}

function bytesOf(value: Uint8Array): number {
  return value.length + aroundBytes;
}
