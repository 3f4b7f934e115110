import {
  base32,
  decode,
  decodePolicy,
  encode,
  equalBytes,
  signedCodec,
  type LogId,
  type Policy,
  type Signed,
  type EntryId,
} from '@tern/protocol';
import { decodeRange, encodeRange, headRecord, keys, type LogHead, type PolicyRange } from './log-records.ts';
import type { StoreTransaction, StoreView } from './store.ts';

/** A policy as the log keeps it. */
export interface KeptPolicy {
  readonly policy: Policy;
  readonly signed: Signed;
}

const mostRemembered = 20_000;

/**
 * Policies are decoded once: they never change under their number, but one that was judged in a transaction that failed may never have
 * existed, so what is remembered counts only while its bytes are those in the store.
 */
export class PolicyMemory {
  readonly #kept = new Map<string, { readonly bytes: Uint8Array; readonly kept: KeptPolicy }>();

  of(view: StoreView, log: LogId, number: number): KeptPolicy | undefined {
    const bytes = view.get(keys.policy(log, number));
    if (bytes === undefined) return undefined;
    const name = `${log}${number}`;
    const known = this.#kept.get(name);
    if (known !== undefined && equalBytes(known.bytes, bytes)) return known.kept;
    const signed = decode(signedCodec, bytes);
    const kept = { policy: decodePolicy(signed.payload), signed };
    if (this.#kept.size >= mostRemembered) this.#kept.clear();
    this.#kept.set(name, { bytes, kept });
    return kept;
  }
}

export function readHead(view: StoreView, log: LogId): LogHead | undefined {
  const bytes = view.get(keys.head(log));
  return bytes === undefined ? undefined : headRecord.decode(bytes);
}

export function writeHead(transaction: StoreTransaction, log: LogId, head: LogHead): void {
  transaction.put(keys.head(log), headRecord.encode(head));
}

/** The places that a policy of this log governs, and the entry that won its commit lane if it has ended. */
export function readRange(
  view: StoreView,
  log: LogId,
  number: number,
): { readonly range: PolicyRange; readonly winner: EntryId | undefined } | undefined {
  const bytes = view.get(keys.range(log, number));
  if (bytes === undefined) return undefined;
  const { range, winner } = decodeRange(bytes);
  return { range, winner: winner.length === 0 ? undefined : (base32(winner) as EntryId) };
}

/** Begins a log with its first policy. */
export function beginLog(transaction: StoreTransaction, log: LogId, signed: Signed): void {
  writeHead(transaction, log, { current: 0, last: 0, gone: 0, usedBytes: 0, openFrom: 0, notedDay: 0 });
  transaction.put(keys.policy(log, 0), encode(signedCodec, signed));
  transaction.put(keys.range(log, 0), encodeRange({ from: 1, to: 0, ended: 0, endedAt: 0 }));
}

/**
 * Lets the next policy begin (rule 12): with a commit, both policies hold the commit's place; without one, the old one ends with the
 * newest entry and the next begins behind it.
 * @param turn.head the log as it is, a commit already counted in
 * @returns the head with the new policy as the current one
 */
export function turnPolicy(
  transaction: StoreTransaction,
  log: LogId,
  turn: {
    readonly head: LogHead;
    readonly next: KeptPolicy;
    readonly second: number;
    /** id of the commit, which is the log's newest entry */
    readonly commit?: Uint8Array;
  },
): LogHead {
  const { head, next } = turn;
  const ending = readRange(transaction, log, head.current);
  const from = ending?.range.from ?? 1;
  transaction.put(
    keys.range(log, head.current),
    encodeRange({ from, to: head.last, ended: 1, endedAt: turn.second }, turn.commit),
  );
  transaction.put(keys.policy(log, next.policy.number), encode(signedCodec, next.signed));
  transaction.put(
    keys.range(log, next.policy.number),
    encodeRange({ from: turn.commit === undefined ? head.last + 1 : head.last, to: 0, ended: 0, endedAt: 0 }),
  );
  return {
    ...head,
    current: next.policy.number,
    openFrom: next.policy.closes ? next.policy.number : head.openFrom,
  };
}
