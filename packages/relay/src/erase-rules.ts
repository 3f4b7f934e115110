import type { Erase, Result, WireOperation } from '@tern/protocol';
import { decodeEntry, MalformedError } from '@tern/protocol';
import { proves, type Effects, type JudgeContext } from './judge-context.ts';
import { readHead, writeHead } from './log-ledger.ts';
import { chunkNumbers, decodeEntryRecord, encodeEntryRecord, keys } from './log-records.ts';
import type { StoreTransaction } from './store.ts';

/** The day of what was overwritten: no key was ever made for it. */
const erasedDay = 0;

/**
 * Overwrites entries where they are kept (rule 18). Their ids and places stay until the day they would have ended, so that the same
 * entry is answered `duplicate` and not stored again.
 */
export function judgeErase(
  transaction: StoreTransaction,
  context: JudgeContext,
  asked: { readonly operation: Erase; readonly wire: WireOperation; readonly effects: Effects },
): Result {
  const { operation, wire, effects } = asked;
  const { log } = operation;
  const head = readHead(transaction, log);
  const kept =
    head === undefined || operation.number > head.current
      ? undefined
      : context.policies.of(transaction, log, operation.number);
  const proved = proves(context, wire, { key: kept?.policy.changeKey });
  if (head === undefined || !proved || kept?.policy.commitsOnly === true) return { kind: 'refused' };
  if (operation.number < head.current) return { kind: 'stale-epoch', current: head.current };

  let freedBytes = 0;
  for (const seq of new Set(operation.seqs)) {
    const key = keys.entry(log, seq);
    const stored = transaction.get(key);
    if (stored === undefined) continue;
    const { head: entry, id, sealed } = decodeEntryRecord(stored);
    if (entry.day === erasedDay) continue;
    const content = context.vault.open(entry.day, sealed, key);
    if (content !== undefined) {
      freedBytes += content.length + releaseChunk(transaction, log, content, effects);
    }
    transaction.put(key, encodeEntryRecord({ ...entry, day: erasedDay }, id, new Uint8Array(sealed.length)));
    effects.erased.push({ log, seq, sealed: sealed.slice() });
    effects.wrote = true;
  }
  if (freedBytes > 0) {
    transaction.charge(-freedBytes);
    writeHead(transaction, log, { ...head, usedBytes: Math.max(0, head.usedBytes - freedBytes) });
  }
  return { kind: 'done' };
}

/** The chunk of an erased entry goes with the last entry that names it. @returns the bytes it had */
function releaseChunk(
  transaction: StoreTransaction,
  log: Erase['log'],
  content: Uint8Array,
  effects: Effects,
): number {
  let entry: ReturnType<typeof decodeEntry>;
  try {
    entry = decodeEntry(content);
  } catch (cause) {
    if (cause instanceof MalformedError) return 0;
    throw cause;
  }
  if (entry.kind !== 'chunk') return 0;
  const key = keys.chunk(log, entry.chunk);
  const stored = transaction.get(key);
  if (stored === undefined) return 0;
  const chunk = chunkNumbers.decode(stored);
  if (chunk.entries > 1) {
    const again = new Uint8Array(stored);
    again.set(chunkNumbers.encode({ ...chunk, entries: chunk.entries - 1 }));
    transaction.put(key, again);
    return 0;
  }
  effects.erased.push({ log, seq: 0, sealed: stored.subarray(chunkNumbers.bytes).slice() });
  transaction.remove(key);
  return chunk.length;
}

/** Second half of erasing, once the overwritten record is durable: nothing but id and place is left of it. */
export function shrinkErased(transaction: StoreTransaction, erased: Effects['erased']): void {
  for (const { log, seq } of erased) {
    const key = keys.entry(log, seq);
    const stored = transaction.get(key);
    if (stored === undefined) continue;
    const { head, id, sealed } = decodeEntryRecord(stored);
    if (head.day === erasedDay && sealed.length > 0) {
      transaction.put(key, encodeEntryRecord(head, id, new Uint8Array()));
    }
  }
}
