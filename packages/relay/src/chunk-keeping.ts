import { concat, type ChunkId, type Entry, type LogId } from '@tern/protocol';
import { dayOf } from './day-vault.ts';
import type { JudgeContext } from './judge-context.ts';
import { chunkNumbers, keys } from './log-records.ts';
import type { StoreTransaction } from './store.ts';

/** Seals a whole chunk for the day it ends, and notes that day. */
export function sealChunk(
  transaction: StoreTransaction,
  context: JudgeContext,
  what: {
    readonly log: LogId;
    readonly chunk: ChunkId;
    readonly content: Uint8Array;
    readonly until: number;
    readonly entries: number;
  },
): void {
  const key = keys.chunk(what.log, what.chunk);
  const day = dayOf(what.until);
  transaction.put(
    key,
    concat(
      chunkNumbers.encode({ length: what.content.length, day, until: what.until, entries: what.entries }),
      context.vault.seal(day, what.content, key),
    ),
  );
  transaction.put(keys.expiry(day, what.log), new Uint8Array([1]));
}

/** A chunk lives while an entry names it (rule 16): it is sealed again for the later day. */
export function keepChunk(
  transaction: StoreTransaction,
  context: JudgeContext,
  named: { readonly log: LogId; readonly entry: Extract<Entry, { kind: 'chunk' }>; readonly until: number },
): void {
  const { log, entry, until } = named;
  const key = keys.chunk(log, entry.chunk);
  const stored = transaction.get(key);
  if (stored === undefined) return;
  const head = chunkNumbers.decode(stored);
  const sealed = stored.subarray(chunkNumbers.bytes);
  const content = until > head.until ? context.vault.open(head.day, sealed, key) : undefined;
  const counted = { ...head, entries: head.entries + 1 };
  if (content === undefined) {
    const again = new Uint8Array(stored);
    again.set(chunkNumbers.encode(counted));
    transaction.put(key, again);
  } else {
    sealChunk(transaction, context, { log, chunk: entry.chunk, content, until, entries: counted.entries });
  }
}
