import { base32, base32Bytes, limits as wireLimits, uintBytes, type LogId } from '@tern/protocol';
import { forgetPast } from './batch-memory.ts';
import { dropPartial } from './chunk-rules.ts';
import { dayOf, type DayVault } from './day-vault.ts';
import { readHead, writeHead } from './log-ledger.ts';
import { chunkNumbers, decodeEntryRecord, decodePartial, keys, span } from './log-records.ts';
import type { RelayStore, StoreTransaction } from './store.ts';

/** One transaction removes at most so much, so that nobody waits long behind it. */
const mostAtOnce = 500;
const sealBytes = 28;

/** What a sweep removed. */
export interface Swept {
  readonly days: number;
  readonly entries: number;
  readonly batches: number;
}

/**
 * Lets go of what has ended: the keys of past days first, which makes everything sealed for them unreadable at once, then the records
 * themselves, then the batches that nobody may repeat any more (rules 6, 16 and 18).
 */
export async function sweepStore(
  store: RelayStore,
  vault: DayVault,
  options: { readonly second: number; readonly signal?: AbortSignal },
): Promise<Swept> {
  const { second, signal } = options;
  const today = dayOf(second);
  const days = vault.eraseBefore(today);
  const batches = await forgetBatches(store, options);
  let entries = 0;
  const from = span('expiry', uintBytes(0, 4)).from;
  const to = span('expiry', uintBytes(today, 4)).from;
  for (;;) {
    signal?.throwIfAborted();
    const noted = await store.read((view) => view.keys(from, to, mostAtOnce));
    if (noted.length === 0) return { days, entries, batches };
    const logs = new Set(noted.map((key) => base32(key.subarray(5)) as LogId));
    for (const log of logs) entries += await sweepLog(store, log, { today, second });
    await store.write((transaction) => {
      for (const key of noted) transaction.remove(key);
    });
  }
}

async function forgetBatches(
  store: RelayStore,
  { second, signal }: { readonly second: number; readonly signal?: AbortSignal },
): Promise<number> {
  let forgotten = 0;
  for (;;) {
    signal?.throwIfAborted();
    const count = await store.write((transaction) => forgetPast(transaction, { second, most: mostAtOnce }));
    forgotten += count;
    if (count < mostAtOnce) return forgotten;
  }
}

async function sweepLog(
  store: RelayStore,
  log: LogId,
  now: { readonly today: number; readonly second: number },
): Promise<number> {
  let removed = 0;
  let next = 1;
  let last = 1;
  while (next <= last) {
    const step = await store.write((transaction) => {
      const head = readHead(transaction, log);
      if (head === undefined) return undefined;
      const from = Math.max(next, head.gone + 1);
      const to = Math.min(head.last, from + mostAtOnce - 1);
      let { gone } = head;
      let freedBytes = 0;
      let count = 0;
      for (let seq = from; seq <= to; seq += 1) {
        const ended = endEntry(transaction, { log, seq, today: now.today });
        if (ended === undefined) continue;
        if (gone === seq - 1) gone = seq;
        freedBytes += ended.bytes;
        count += ended.removed;
      }
      if (from === head.gone + 1 || from === 1) freedBytes += endChunks(transaction, log, now);
      transaction.charge(-freedBytes);
      writeHead(transaction, log, { ...head, gone, usedBytes: Math.max(0, head.usedBytes - freedBytes) });
      return { next: to + 1, last: head.last, count };
    });
    if (step === undefined) return removed;
    removed += step.count;
    ({ next, last } = step);
  }
  return removed;
}

/** @returns what it gave back, or undefined while the entry lives on */
function endEntry(
  transaction: StoreTransaction,
  place: { readonly log: LogId; readonly seq: number; readonly today: number },
): { readonly bytes: number; readonly removed: 0 | 1 } | undefined {
  const key = keys.entry(place.log, place.seq);
  const stored = transaction.get(key);
  if (stored === undefined) return { bytes: 0, removed: 0 };
  const { head, id, sealed } = decodeEntryRecord(stored);
  if (dayOf(head.until) >= place.today) return undefined;
  transaction.remove(key);
  transaction.remove(keys.entryId(place.log, base32(id) as Parameters<typeof keys.entryId>[1]));
  return { bytes: head.day === 0 ? 0 : Math.max(0, sealed.length - sealBytes), removed: 1 };
}

/** @returns the bytes that chunks and uploads gave back */
function endChunks(
  transaction: StoreTransaction,
  log: LogId,
  now: { readonly today: number; readonly second: number },
): number {
  let freedBytes = 0;
  const chunks = span('chunk', base32Bytes(log));
  for (const key of transaction.keys(chunks.from, chunks.to, wireLimits.chunkBytes)) {
    const stored = transaction.get(key);
    const chunk = stored && chunkNumbers.decode(stored);
    if (chunk === undefined || chunk.day >= now.today) continue;
    transaction.remove(key);
    freedBytes += chunk.length;
  }
  const partials = span('partial', base32Bytes(log));
  for (const key of transaction.keys(partials.from, partials.to, wireLimits.chunkBytes)) {
    const stored = transaction.get(key);
    const partial = stored && decodePartial(stored);
    if (partial === undefined || partial.head.until >= now.second) continue;
    dropPartial(transaction, log, base32(key.subarray(33)) as Parameters<typeof dropPartial>[2]);
    for (const [from, to] of partial.have) freedBytes += to - from;
  }
  return freedBytes;
}
