import {
  base32Bytes,
  concat,
  decode,
  encode,
  equalBytes,
  joinFrames,
  MalformedError,
  responseItemCodec,
  splitFrames,
  type Operation,
  type ResponseItem,
  type Result,
  type WireOperation,
} from '@tern/protocol';
import { judgeAppend } from './append-rules.ts';
import { judgePut } from './chunk-rules.ts';
import { judgeErase } from './erase-rules.ts';
import { fixedRecord } from './fixed-record.ts';
import { judgeDefer, judgeForget } from './forward/defer-rules.ts';
import type { Effects, JudgeContext } from './judge-context.ts';
import { keys } from './log-records.ts';
import { judgeAmend, judgeCreate } from './policy-rules.ts';
import type { StoreTransaction } from './store.ts';

const hourSeconds = 3600;
const hashBytes = 32;
const rememberedHead = fixedRecord<{ notAfter: number }>({ notAfter: 5 });

/** An operation that changes something. */
export type WritingOperation = Extract<
  Operation,
  { readonly kind: 'create' | 'append' | 'amend' | 'put' | 'erase' | 'defer' | 'forget' }
>;

/** One of them, with its place in the batch. */
export interface AskedWrite {
  readonly index: number;
  readonly operation: WritingOperation;
  readonly wire: WireOperation;
}

const writingKinds: ReadonlySet<Operation['kind']> = new Set<WritingOperation['kind']>([
  'create',
  'append',
  'amend',
  'put',
  'erase',
  'defer',
  'forget',
]);

export type BatchVerdict =
  | { readonly kind: 'judged'; readonly items: readonly ResponseItem[]; readonly effects: Effects }
  /** the batch came before: this is what became of it then */
  | { readonly kind: 'repeated'; readonly items: readonly ResponseItem[] }
  /** another batch has this id */
  | { readonly kind: 'mismatch' };

export function isWriting(operation: Operation): operation is WritingOperation {
  return writingKinds.has(operation.kind);
}

/** The hour under which a batch is remembered; once it is over, nothing of it can be repeated. */
export function hourOf(second: number): number {
  return Math.floor(second / hourSeconds);
}

/**
 * Judges all writing operations of a batch in one transaction (rule 6), or finds that it was judged before. The result is kept in the
 * same transaction as what it tells of, so no crash can part them.
 * @param asked.digest of the whole batch as it was opened
 */
export function judgeBatch(
  transaction: StoreTransaction,
  context: JudgeContext,
  asked: { readonly writes: readonly AskedWrite[]; readonly digest: Uint8Array; readonly notAfter: number },
): BatchVerdict {
  const id = base32Bytes(context.batch);
  const hour = hourOf(context.second);
  // that of a deferred batch lies days ahead
  for (const at of new Set([hour, hour + 1, hourOf(asked.notAfter)])) {
    const key = keys.batch(at, id);
    const stored = transaction.get(key);
    if (stored === undefined || rememberedHead.decode(stored).notAfter <= context.second) continue;
    const rest = stored.subarray(rememberedHead.bytes);
    if (!equalBytes(rest.subarray(0, hashBytes), asked.digest)) return { kind: 'mismatch' };
    const items = splitFrames(rest.subarray(hashBytes)).map((frame) => decode(responseItemCodec, frame));
    return { kind: 'repeated', items };
  }
  const effects: Effects = { touched: new Set(), erased: [], wrote: false, deferred: false };
  const items = asked.writes.map(({ index, operation, wire }) => ({
    operation: index,
    result: judgeOne(transaction, context, { operation, wire, effects }),
  }));
  if (effects.wrote) {
    transaction.put(
      keys.batch(hourOf(asked.notAfter), id),
      concat(
        rememberedHead.encode({ notAfter: asked.notAfter }),
        asked.digest,
        joinFrames(items.map((item) => encode(responseItemCodec, item))),
      ),
    );
  }
  return { kind: 'judged', items, effects };
}

function judgeOne(
  transaction: StoreTransaction,
  context: JudgeContext,
  asked: { readonly operation: WritingOperation; readonly wire: WireOperation; readonly effects: Effects },
): Result {
  const { operation, wire, effects } = asked;
  try {
    switch (operation.kind) {
      case 'create':
        return judgeCreate(transaction, context, { operation, effects });
      case 'append':
        return judgeAppend(transaction, context, { operation, wire, effects });
      case 'amend':
        return judgeAmend(transaction, context, { operation, effects });
      case 'put':
        return judgePut(transaction, context, { operation, wire, effects });
      case 'erase':
        return judgeErase(transaction, context, { operation, wire, effects });
      case 'defer':
        return judgeDefer(transaction, context, { operation, effects });
      case 'forget':
        return judgeForget(transaction, context, { operation, effects });
    }
  } catch (cause) {
    // the rules read everything that can be malformed before they write anything
    if (cause instanceof MalformedError) return { kind: 'malformed' };
    throw cause;
  }
}
