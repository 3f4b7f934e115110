import {
  base32,
  base32Bytes,
  decode,
  capabilityCodec,
  decodeEntry,
  decodePolicy,
  entryIdOf,
  limits as wireLimits,
  openCapability,
  openNextPolicy,
  type Append,
  type Capability,
  type Entry,
  type EntryId,
  type Policy,
  type Result,
  type WireOperation,
} from '@tern/protocol';
import { dayOf } from './day-vault.ts';
import { proves, type Effects, type JudgeContext } from './judge-context.ts';
import { readHead, readRange, turnPolicy, writeHead, type KeptPolicy } from './log-ledger.ts';
import {
  capabilityUse,
  chunkNumbers,
  encodeEntryRecord,
  entryIdSeq,
  keys,
  type LogHead,
} from './log-records.ts';
import { keepChunk } from './chunk-keeping.ts';
import type { StoreTransaction } from './store.ts';

/** A log, and the policy whose append key was proved. */
export interface Standing {
  readonly head: LogHead;
  readonly proved: KeptPolicy;
}

/** Whose append key signed: `undefined` for an unknown log or number as for a wrong proof (rule 10). */
export function appendStanding(
  transaction: StoreTransaction,
  context: JudgeContext,
  asked: { readonly operation: Pick<Append, 'log' | 'number'>; readonly wire: WireOperation },
): Standing | undefined {
  const { operation, wire } = asked;
  const head = readHead(transaction, operation.log);
  const kept =
    head === undefined || operation.number > head.current
      ? undefined
      : context.policies.of(transaction, operation.log, operation.number);
  const proved = proves(context, wire, { key: kept?.policy.appendKey });
  return head === undefined || kept === undefined || !proved ? undefined : { head, proved: kept };
}

/** Rule 12: a past append key counts for seven days, unless a closing commit ended it; one that is still in use counts as current. */
export function isStale(
  transaction: StoreTransaction,
  context: JudgeContext,
  asked: { readonly operation: Pick<Append, 'log' | 'number'>; readonly standing: Standing },
): boolean {
  const { operation, standing } = asked;
  const { head, proved } = standing;
  if (operation.number === head.current) return false;
  const current = context.policies.of(transaction, operation.log, head.current);
  if (current !== undefined && sameKey(current.policy, proved.policy)) return false;
  if (operation.number < head.openFrom) return true;
  const ended = readRange(transaction, operation.log, operation.number);
  return ended === undefined || ended.range.endedAt + wireLimits.pastAppendSeconds <= context.second;
}

function sameKey(one: Policy, other: Policy): boolean {
  return base32(one.appendKey) === base32(other.appendKey);
}

/** Rules 11 to 16 and 20, in the order of SPEC.md. @throws {MalformedError} before anything is written */
export function judgeAppend(
  transaction: StoreTransaction,
  context: JudgeContext,
  asked: { readonly operation: Append; readonly wire: WireOperation; readonly effects: Effects },
): Result {
  const { operation, wire } = asked;
  const entry = decodeEntry(operation.entry);
  if (operation.next !== undefined) decodePolicy(operation.next.payload);
  const id = entryIdOf(context.primitives, operation.log, operation.entry);
  if (operation.capability !== undefined)
    return judgeWithCapability(transaction, context, { ...asked, entry, id });

  const standing = appendStanding(transaction, context, { operation, wire });
  if (standing === undefined) return { kind: 'refused' };
  const known = transaction.get(keys.entryId(operation.log, id));
  if (known !== undefined) return { kind: 'duplicate', seq: entryIdSeq.decode(known).seq };
  const { head } = standing;
  if (operation.next === undefined) {
    if (isStale(transaction, context, { operation, standing }))
      return { kind: 'stale-epoch', current: head.current };
    return store(transaction, context, { ...asked, head, entry, id });
  }

  // the commit lane (rule 13): exactly one commit ends a policy
  if (operation.number < head.current) {
    const winner = readRange(transaction, operation.log, operation.number)?.winner;
    return winner === undefined
      ? { kind: 'stale-epoch', current: head.current }
      : { kind: 'conflict', winner };
  }
  const next = openNextPolicy(context.primitives, operation.next, {
    log: operation.log,
    policy: standing.proved.policy,
    payload: standing.proved.signed.payload,
  });
  if (next === undefined) return { kind: 'refused' };
  return store(transaction, context, {
    ...asked,
    head,
    entry,
    id,
    next: { policy: next, signed: operation.next },
  });
}

/** Rule 20: a right handed to a stranger, signed by the log's change key, counted and revocable. */
function judgeWithCapability(
  transaction: StoreTransaction,
  context: JudgeContext,
  asked: {
    readonly operation: Append;
    readonly wire: WireOperation;
    readonly effects: Effects;
    readonly entry: Entry;
    readonly id: EntryId;
  },
): Result {
  const { operation, wire, id } = asked;
  if (operation.capability === undefined) return { kind: 'refused' };
  const claimed: Capability = decode(capabilityCodec, operation.capability.payload);
  const head = readHead(transaction, operation.log);
  const current = head && context.policies.of(transaction, operation.log, head.current);
  const capability = openCapability(
    context.primitives,
    operation.capability,
    current?.policy.changeKey ?? context.nobodysKey,
  );
  const proved = proves(context, wire, { key: claimed.key });
  if (head === undefined || current === undefined || capability === undefined || !proved)
    return { kind: 'refused' };
  // commits are for those who hold the append key
  if (capability.log !== operation.log || operation.next !== undefined) return { kind: 'refused' };

  const known = transaction.get(keys.entryId(operation.log, id));
  if (known !== undefined) return { kind: 'duplicate', seq: entryIdSeq.decode(known).seq };
  if (capability.notAfter < context.second) return { kind: 'expired' };
  const serial = base32(capability.serial);
  if (current.policy.revoked.some((one) => base32(one) === serial)) return { kind: 'revoked' };
  const useKey = keys.capability(operation.log, capability.serial);
  const used = transaction.get(useKey);
  const before = used === undefined ? { entries: 0, bytes: 0 } : capabilityUse.decode(used);
  const after = { entries: before.entries + 1, bytes: before.bytes + operation.entry.length };
  if (after.entries > capability.entries || after.bytes > capability.bytes) return { kind: 'spent' };
  const result = store(transaction, context, { ...asked, head });
  if (result.kind === 'stored') transaction.put(useKey, capabilityUse.encode(after));
  return result;
}

/** Everything is allowed; what can still be missing is room, or the chunk that the entry names. */
function store(
  transaction: StoreTransaction,
  context: JudgeContext,
  what: {
    readonly operation: Append;
    readonly effects: Effects;
    readonly head: LogHead;
    readonly entry: Entry;
    readonly id: EntryId;
    readonly next?: KeptPolicy;
  },
): Result {
  const { operation, head, entry, next } = what;
  const { log } = operation;
  const policy = context.policies.of(transaction, log, head.current)?.policy;
  if (policy === undefined) return { kind: 'refused' };
  const until = context.second + Math.min(policy.lifetime, context.limits.lifetimeSeconds);
  if (entry.kind === 'chunk') {
    const chunk = transaction.get(keys.chunk(log, entry.chunk));
    if (chunk === undefined) return { kind: 'missing-chunk' };
    const { length, until: chunkUntil } = chunkNumbers.decode(chunk);
    if (length !== entry.length || chunkUntil < context.second) return { kind: 'missing-chunk' };
  }
  const bytes = operation.entry.length + (operation.next?.payload.length ?? 0);
  if (head.usedBytes + bytes > Math.min(policy.roomBytes, context.limits.logBytes)) return { kind: 'quota' };
  if (!transaction.charge(bytes)) return { kind: 'full' };

  if (entry.kind === 'chunk') keepChunk(transaction, context, { log, entry, until });
  const seq = head.last + 1;
  const day = dayOf(until);
  const key = keys.entry(log, seq);
  const idBytes = base32Bytes(what.id);
  const record = encodeEntryRecord(
    {
      number: operation.number,
      at: context.second,
      until,
      day,
      commit: next === undefined ? 0 : 1,
      begins: next?.policy.number ?? 0,
    },
    idBytes,
    context.vault.seal(day, operation.entry, key),
  );
  transaction.put(key, record);
  transaction.put(keys.entryId(log, what.id), entryIdSeq.encode({ seq }));
  if (head.notedDay !== day) transaction.put(keys.expiry(day, log), new Uint8Array([1]));
  const counted = { ...head, last: seq, usedBytes: head.usedBytes + bytes, notedDay: day };
  const turned =
    next === undefined
      ? counted
      : turnPolicy(transaction, log, { head: counted, next, second: context.second, commit: idBytes });
  writeHead(transaction, log, turned);
  what.effects.touched.add(log);
  what.effects.wrote = true;
  return { kind: 'stored', seq };
}
