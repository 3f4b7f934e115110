import {
  decodePolicy,
  equalBytes,
  hash,
  openFirstPolicy,
  openNextPolicy,
  verifySigned,
  type Amend,
  type Create,
  type Result,
} from '@tern/protocol';
import type { Effects, JudgeContext } from './judge-context.ts';
import { beginLog, readHead, turnPolicy, writeHead } from './log-ledger.ts';
import { keys, rightUse } from './log-records.ts';
import type { StoreTransaction } from './store.ts';

/** What a new log costs beside its policy, about. */
const logBytes = 256;

/** The key under which a right to store is counted; the right itself is not kept. */
export function rightKey(context: Pick<JudgeContext, 'primitives'>, right: Uint8Array): Uint8Array {
  return keys.right(hash(context.primitives, 'right', right));
}

/** Rule 11. @throws {MalformedError} */
export function judgeCreate(
  transaction: StoreTransaction,
  context: JudgeContext,
  asked: { readonly operation: Create; readonly effects: Effects },
): Result {
  const { operation } = asked;
  const first = openFirstPolicy(context.primitives, operation.policy, context.relay);
  const key = rightKey(context, operation.right);
  const right = transaction.get(key);
  if (first === undefined || right === undefined) return { kind: 'refused' };
  if (readHead(transaction, first.log) !== undefined) return { kind: 'duplicate', seq: 0 };
  const { logs } = rightUse.decode(right);
  if (logs >= context.limits.logsOfRight) return { kind: 'quota' };
  if (!transaction.charge(operation.policy.payload.length + logBytes)) return { kind: 'full' };
  transaction.put(key, rightUse.encode({ logs: logs + 1 }));
  beginLog(transaction, first.log, operation.policy);
  asked.effects.wrote = true;
  return { kind: 'done' };
}

/** The next policy without an entry. The policy's own signature is the proof. @throws {MalformedError} */
export function judgeAmend(
  transaction: StoreTransaction,
  context: JudgeContext,
  asked: { readonly operation: Amend; readonly effects: Effects },
): Result {
  const { log, policy: signed } = asked.operation;
  const offered = decodePolicy(signed.payload);
  const head = readHead(transaction, log);
  const before =
    head === undefined || offered.number === 0 || offered.number > head.current + 1
      ? undefined
      : context.policies.of(transaction, log, offered.number - 1);
  if (head === undefined || before === undefined || before.policy.commitsOnly === true) {
    verifySigned(context.primitives, context.nobodysKey, signed, 'policy');
    return { kind: 'refused' };
  }
  const next = openNextPolicy(context.primitives, signed, {
    log,
    policy: before.policy,
    payload: before.signed.payload,
  });
  if (next === undefined) return { kind: 'refused' };
  if (next.number <= head.current) {
    const there = context.policies.of(transaction, log, next.number);
    return there !== undefined && equalBytes(there.signed.payload, signed.payload)
      ? { kind: 'done' }
      : { kind: 'stale-epoch', current: head.current };
  }
  if (!transaction.charge(signed.payload.length)) return { kind: 'full' };
  const turned = turnPolicy(transaction, log, {
    head,
    next: { policy: next, signed },
    second: context.second,
  });
  writeHead(transaction, log, turned);
  asked.effects.touched.add(log);
  asked.effects.wrote = true;
  return { kind: 'done' };
}
