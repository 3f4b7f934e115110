import {
  base32Bytes,
  MalformedError,
  type Operation,
  type ResponseItem,
  type Result,
  type WireOperation,
} from '@tern/protocol';
import { judgeAppend } from './append-rules.ts';
import { noMemory, recall, remember, type AskedBatch } from './batch-memory.ts';
import { judgePut } from './chunk-rules.ts';
import { judgeErase } from './erase-rules.ts';
import { judgeDefer, judgeForget } from './forward/defer-rules.ts';
import type { Effects, JudgeContext } from './judge-context.ts';
import { judgeAmend, judgeCreate } from './policy-rules.ts';
import type { StoreTransaction } from './store.ts';

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

/**
 * Judges all writing operations of a batch in one transaction (rule 6), or finds that it was judged before. The result is kept in the
 * same transaction as what it tells of, so no crash can part them.
 * @param asked.digest of the whole batch as it was opened
 * @param asked.mayRemember false where nothing may happen that has to be remembered
 * @throws {RefusedError} `busy` where the result has to be remembered and cannot be
 */
export function judgeBatch(
  transaction: StoreTransaction,
  context: JudgeContext,
  asked: Omit<AskedBatch, 'id'> & {
    readonly writes: readonly AskedWrite[];
    readonly mayRemember: boolean;
  },
): BatchVerdict {
  const { second, limits } = context;
  const batch = { id: base32Bytes(context.batch), digest: asked.digest, notAfter: asked.notAfter };
  const known = recall(transaction, batch, { second });
  if (known === 'mismatch') return { kind: 'mismatch' };
  if (known !== undefined) return { kind: 'repeated', items: known };
  const effects: Effects = {
    touched: new Set(),
    erased: [],
    wrote: false,
    rememberedBytes: 0,
    keptBytes: 0,
  };
  const items = asked.writes.map(({ index, operation, wire }) => ({
    operation: index,
    result: judgeOne(transaction, context, { operation, wire, effects }),
  }));
  if (effects.wrote) {
    if (!asked.mayRemember) throw noMemory();
    effects.rememberedBytes = remember(transaction, batch, { items, second, limits });
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
