import {
  MalformedError,
  UnreachableError,
  type Delivered,
  type Hint,
  type LogId,
  type Result,
} from '@tern/protocol';
import { getChunk } from './chunk-transfer.ts';
import type { Engine } from './engine.ts';
import type { LogKeys } from './log-keys.ts';
import type { ReadyLog } from './ready-logs.ts';
import { chunkOfEntry, type ArrivedEntry } from './sealed-entry.ts';

/** By log, in the order of their places. */
export type Arrived = ReadonlyMap<LogId, readonly ArrivedEntry[]>;

/**
 * What an answer brought: first, of all logs, what is there; then, log by log, what lies in a chunk, fetched and verified, with what comes
 * after it. So only that waits for a chunk. Nothing empty is told.
 * @throws {UnreachableError} where a chunk does not come: what was told until then can be kept
 */
export async function* arrivedEntries(
  engine: Engine,
  host: Hint,
  parts: {
    readonly ready: readonly ReadyLog[];
    readonly watched: readonly Result[];
    readonly signal: AbortSignal;
  },
): AsyncGenerator<Arrived, void, undefined> {
  const { ready, watched, signal } = parts;
  const byLog = new Map<LogId, Delivered[]>();
  for (const result of watched) {
    if (result.kind !== 'entry') continue;
    const entries = byLog.get(result.log) ?? [];
    entries.push(result);
    byLog.set(result.log, entries);
  }
  const there = new Map<LogId, readonly ArrivedEntry[]>();
  const waiting: { readonly log: ReadyLog; readonly entries: readonly Delivered[] }[] = [];
  for (const log of ready) {
    const { cursor, log: id } = log.followed;
    const entries = (byLog.get(id) ?? []).filter(({ seq }) => seq > cursor).toSorted((a, b) => a.seq - b.seq);
    const whole: ArrivedEntry[] = [];
    for (const delivered of entries) {
      const body = bodyWithin(delivered);
      if (body === undefined) break;
      whole.push({ ...delivered, body });
    }
    if (whole.length > 0) there.set(id, whole);
    if (whole.length < entries.length) waiting.push({ log, entries: entries.slice(whole.length) });
  }
  if (there.size > 0) yield there;
  for (const { log, entries } of waiting) {
    const { followed, keys } = log;
    const fetched: ArrivedEntry[] = [];
    for (const delivered of entries) {
      const body = await bodyOf(engine, host, { delivered, number: followed.number, keys, signal });
      fetched.push({ ...delivered, body });
    }
    yield new Map([[followed.log, fetched]]);
  }
}

/** what opens under no key: read over like any nonsense */
const nothing: Uint8Array = new Uint8Array();

/** @returns undefined where it lies in a chunk */
function bodyWithin({ entry }: Delivered): Uint8Array | undefined {
  try {
    return chunkOfEntry(entry) === undefined ? entry.subarray(1) : undefined;
  } catch (error) {
    if (error instanceof MalformedError) return nothing;
    throw error;
  }
}

async function bodyOf(
  engine: Engine,
  host: Hint,
  {
    delivered,
    number,
    keys,
    signal,
  }: {
    readonly delivered: Delivered;
    readonly number: number;
    readonly keys: LogKeys;
    readonly signal: AbortSignal;
  },
): Promise<Uint8Array> {
  try {
    const chunk = chunkOfEntry(delivered.entry);
    if (chunk === undefined) return delivered.entry.subarray(1);
    const from = { log: delivered.log, number, seed: keys.read, ...chunk };
    const { primitives } = engine;
    const body = await getChunk(engine.path(host), from, { signal, primitives, words: true });
    if (body !== undefined || delivered.next === undefined) return body ?? nothing;
    throw new UnreachableError('a commit is withheld', { code: 'withheld' }); // without it nothing after can be read
  } catch (error) {
    if (error instanceof MalformedError) return nothing;
    throw error;
  }
}
