import {
  decodeEntry,
  decodePolicy,
  entryIdOf,
  equalBytes,
  openCapability,
  openFirstPolicy,
  openNextPolicy,
  proofMessage,
  verifyRange,
  type BatchId,
  type LogId,
  type Operation,
  type Result,
  type WireOperation,
} from '@tern/protocol';
import { primitives } from './primitives.ts';
import { KnownLog, type Known } from './known.ts';

/** An operation as it was sent, and when. */
export interface Sent {
  readonly operation: Operation;
  readonly wire: WireOperation;
  readonly batch: BatchId;
  readonly second: number;
  /** the relay keeps nothing for longer */
  readonly lifetimeSeconds: number;
}

type Asked<K extends Operation['kind']> = Extract<Operation, { readonly kind: K }>;

/** Results after which nothing may have changed. */
export function changesNothing({ kind }: Operation, result: Result): boolean {
  // a chunk with a wrong root is dropped when it is whole, and an upload that took too long when it is met
  if (kind === 'put' && ['malformed', 'quota', 'full'].includes(result.kind)) return false;
  return result.kind !== 'stored' && result.kind !== 'done' && result.kind !== 'put';
}

/**
 * Judges what a relay says it did, by the rules and on its own: whether it was right to do it, and whether it fits what it said
 * before. What is acknowledged is remembered in {@link Known}.
 * @throws {Error} when it was not
 */
export function acknowledge(known: Known, sent: Sent, result: Result): void {
  const { operation } = sent;
  switch (operation.kind) {
    case 'create':
      return created(known, operation, result);
    case 'append':
      return appended(known, { ...sent, operation }, result);
    case 'amend':
      return amended(known, operation, result);
    case 'put':
      return put(known, { ...sent, operation }, result);
    case 'erase':
      return erased(known, { ...sent, operation }, result);
    case 'get':
      return got(known, { ...sent, operation }, result);
    case 'watch':
      return watched(known, { ...sent, operation }, result);
    case 'hello':
      return check(result.kind === 'card', `hello was answered ${result.kind}`);
    case 'forward':
    case 'defer':
    case 'collect':
    case 'forget':
      // this relay knows no others
      return check(result.kind === 'unsupported', `${operation.kind} was answered ${result.kind}`);
  }
}

function check(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what);
}

function proved(known: Known, sent: Sent, key: Uint8Array | undefined, at = 0): boolean {
  const signature = sent.wire.proofs[at];
  const message = proofMessage(primitives, sent.wire, { relay: known.relay, batch: sent.batch });
  return key !== undefined && signature !== undefined && primitives.ed25519Verify(key, message, signature);
}

function created(known: Known, operation: Asked<'create'>, result: Result): void {
  if (result.kind !== 'done' && result.kind !== 'duplicate') return;
  const first = openFirstPolicy(primitives, operation.policy, known.relay);
  check(first !== undefined, 'a log was begun by a policy that is no first one');
  check(equalBytes(operation.right, known.right), 'a log was begun without a right');
  check(known.logs.has(first.log) === (result.kind === 'duplicate'), `a log was begun twice: ${result.kind}`);
  if (result.kind === 'done')
    known.logs.set(first.log, new KnownLog(first.log, first.policy, operation.policy));
}

function logOf(known: Known, log: LogId): KnownLog {
  const found = known.logs.get(log);
  check(found !== undefined, 'something was done to a log that nobody began');
  return found;
}

function appended(known: Known, sent: Sent & { readonly operation: Asked<'append'> }, result: Result): void {
  const { operation, second } = sent;
  if (result.kind === 'conflict') {
    const ended = logOf(known, operation.log).policies[operation.number];
    check(ended?.endedBy === result.winner, 'a conflict names a commit that did not win');
  }
  if (result.kind === 'stale-epoch') {
    const { policy } = logOf(known, operation.log).current;
    check(policy.number === result.current, 'stale-epoch names another epoch than the current one');
  }
  if (result.kind !== 'stored' && result.kind !== 'duplicate') return;
  const log = logOf(known, operation.log);
  check(mayAppend(known, sent, log), `${result.kind} without a right to append`);
  if (result.kind === 'duplicate') {
    const before = log.entries.get(result.seq);
    check(before !== undefined && equalBytes(before.bytes, operation.entry), 'a duplicate of another entry');
    return;
  }
  check(result.seq === log.last + 1, `an entry got place ${result.seq} behind ${log.last}`);
  const entry = decodeEntry(operation.entry);
  const until = second + Math.min(log.current.policy.lifetime, sent.lifetimeSeconds);
  if (entry.kind === 'chunk') {
    const before = log.chunks.get(entry.chunk) ?? 0;
    const leftOver = log.leftOver.get(entry.chunk) ?? 0;
    check(Math.max(before, leftOver) >= second, 'an entry names a chunk that is not there');
    log.chunks.set(entry.chunk, Math.max(before, until));
  }
  log.last = result.seq;
  log.entries.set(result.seq, {
    number: operation.number,
    bytes: operation.entry,
    at: second,
    until,
    next: operation.next,
    erased: false,
  });
  if (operation.next === undefined) return;
  const { policy, signed } = log.current;
  const next = openNextPolicy(primitives, operation.next, { log: log.log, policy, payload: signed.payload });
  check(next !== undefined, 'a commit brought a policy that does not follow');
  check(operation.number === policy.number, 'a commit ended a policy that had ended');
  log.turn(next, operation.next, entryIdOf(primitives, log.log, operation.entry));
}

function mayAppend(
  known: Known,
  sent: Sent & { readonly operation: Asked<'append'> },
  log: KnownLog,
): boolean {
  const { operation, second } = sent;
  if (operation.capability === undefined)
    return proved(known, sent, log.policies[operation.number]?.policy.appendKey);
  const { policy } = log.current;
  const capability = openCapability(primitives, operation.capability, policy.changeKey);
  return (
    capability !== undefined &&
    capability.log === log.log &&
    operation.next === undefined &&
    proved(known, sent, capability.key) &&
    // the same entry again is a duplicate for ever
    (capability.notAfter >= second || log.entries.size > 0)
  );
}

function amended(known: Known, operation: Asked<'amend'>, result: Result): void {
  if (result.kind !== 'done') return;
  const log = logOf(known, operation.log);
  const offered = decodePolicy(operation.policy.payload);
  const there = log.policies[offered.number];
  if (there !== undefined) {
    check(equalBytes(there.signed.payload, operation.policy.payload), 'a policy took the place of another');
    return;
  }
  const { policy, signed } = log.current;
  const next = openNextPolicy(primitives, operation.policy, {
    log: log.log,
    policy,
    payload: signed.payload,
  });
  check(next !== undefined, 'a policy was amended by one that does not follow');
  log.turn(next, operation.policy, undefined);
}

function put(known: Known, sent: Sent & { readonly operation: Asked<'put'> }, result: Result): void {
  if (result.kind !== 'put') return;
  const { operation } = sent;
  const log = logOf(known, operation.log);
  check(
    proved(known, sent, log.policies[operation.number]?.policy.appendKey),
    'a put without a right to append',
  );
  let end = 0;
  for (const [from, to] of result.have) {
    check(from >= end && to > from && to <= operation.length, 'a put holds ranges that are none');
    end = to;
  }
  if (!result.complete || (log.chunks.get(operation.chunk) ?? 0) >= sent.second) return;
  const fresh = sent.second + Math.min(log.current.policy.lifetime, sent.lifetimeSeconds);
  const leftOver = log.leftOver.get(operation.chunk) ?? 0;
  // one that is there still is not put anew, and ends when it would have ended
  log.chunks.set(operation.chunk, leftOver >= sent.second ? Math.min(leftOver, fresh) : fresh);
}

function erased(known: Known, sent: Sent & { readonly operation: Asked<'erase'> }, result: Result): void {
  if (result.kind !== 'done') return;
  const { operation } = sent;
  const log = logOf(known, operation.log);
  check(operation.number === log.current.policy.number, 'erased under a policy that has ended');
  check(proved(known, sent, log.current.policy.changeKey), 'erased without a right to change');
  for (const seq of operation.seqs) {
    const entry = log.entries.get(seq);
    if (entry === undefined || entry.erased) continue;
    entry.erased = true;
    releaseChunk(log, entry, sent.second);
  }
}

/**
 * A chunk goes with the last entry that names it. A relay cannot read which chunk that was once an entry's day is over, so one that
 * ended without being erased is still counted: then the chunk may stay until its own end.
 */
function releaseChunk(log: KnownLog, { bytes }: { readonly bytes: Uint8Array }, second: number): void {
  const entry = decodeEntry(bytes);
  if (entry.kind !== 'chunk') return;
  const naming = [...log.entries.values()].filter((one) => equalBytes(one.bytes, bytes));
  if (naming.some((one) => !one.erased && one.until >= second)) return;
  if (naming.some((one) => one.until < second))
    log.leftOver.set(entry.chunk, log.chunks.get(entry.chunk) ?? log.leftOver.get(entry.chunk) ?? 0);
  log.chunks.delete(entry.chunk);
}

function got(known: Known, sent: Sent & { readonly operation: Asked<'get'> }, result: Result): void {
  if (result.kind !== 'range') return;
  const { operation } = sent;
  const log = logOf(known, operation.log);
  check(
    proved(known, sent, log.policies[operation.number]?.policy.readKey),
    'a chunk was shown without a right to read',
  );
  const { chunk, fromLeaf } = operation;
  const { bytes, length, proof } = result;
  const range = { from: fromLeaf, to: fromLeaf + Math.ceil(bytes.length / 1024) };
  check(verifyRange(primitives, { id: chunk, length }, { range, bytes, proof }), 'a range does not verify');
}

function watched(known: Known, sent: Sent & { readonly operation: Asked<'watch'> }, result: Result): void {
  const { operation, second } = sent;
  if (result.kind === 'unreadable') {
    const at = operation.add.findIndex(({ log }) => log === result.log);
    const slice = operation.add[at];
    check(slice !== undefined, 'a log is unreadable that nobody asked for');
    const readable = operation.add.some(
      (one, at) => one.log === result.log && !proved(known, sent, readKeyOf(known, one), at),
    );
    check(readable, 'a log is unreadable to one who may read it');
  }
  if (result.kind !== 'entry') return;
  const log = logOf(known, result.log);
  const entry = log.entries.get(result.seq);
  check(entry !== undefined, 'an entry was delivered that nobody stored');
  check(equalBytes(entry.bytes, result.entry), 'an entry was delivered with other bytes');
  check(
    entry.number === result.number && entry.at === result.at,
    'an entry was delivered with another number or time',
  );
  check(!entry.erased, 'an erased entry was delivered');
  check(entry.until >= second, 'an entry was delivered after its end');
  check(
    entry.next === undefined
      ? result.next === undefined
      : result.next !== undefined && equalBytes(result.next.payload, entry.next.payload),
    'a commit was delivered without its policy',
  );
  if (operation.token !== undefined) return; // proved earlier
  const allowed = operation.add.some((one, at) => {
    const policy = log.policies[one.number];
    if (one.log !== result.log || policy === undefined || !proved(known, sent, readKeyOf(known, one), at))
      return false;
    return (
      result.seq > one.after &&
      result.seq >= policy.from &&
      (policy.to === undefined || result.seq <= policy.to)
    );
  });
  check(allowed, 'an entry was delivered to one who may not read it');
}

function readKeyOf(
  known: Known,
  slice: { readonly log: LogId; readonly number: number },
): Uint8Array | undefined {
  return known.logs.get(slice.log)?.policies[slice.number]?.policy.readKey;
}
