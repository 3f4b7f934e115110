import { hashOf, pieceFolder } from './load-list.ts';

/** What became of pieces that were asked for. None of it is a bug, so none is thrown. */
export type Brought =
  | 'whole'
  /** the line let nothing through for as long as we are patient */
  | 'unreachable'
  /** what came is not what it should be, again and again */
  | 'damaged'
  /** not there any more: the server has another version */
  | 'gone';

/** @param onProgress what is here, of all: 0 to 1 */
export type BringPieces = (
  pieces: readonly string[],
  cache: Cache,
  onProgress?: (done: number) => void,
) => Promise<Brought>;

/** A browser opens at most six connections to one place. */
const mostAtOnce = 6;
const mostAttempts = 5;
/** What comes changed comes changed again: whoever does that does not do it by chance. */
const mostDamaged = 2;
/** Six pieces take 3 s of a line of 128 kbit/s, and the last may have to wait for the others. Doubled at each attempt. */
const firstByteMs = 4000;
/** A connection that stopped is frozen, and will not go on. Doubled at each attempt. */
const nextByteMs = 2500;
const pauseMs = 400;

/**
 * Brings pieces into the cache, each over a connection of its own, watched by a timer of its own and checked by its hash. Those that
 * are there are not asked for again, so that whatever was cut goes on where it stopped. Goes on until it is done or gives up by
 * itself: nobody who asks for a part of the app ceases to want it.
 */
export const bringPieces: BringPieces = async (pieces, cache, onProgress) => {
  const waiting = [...pieces];
  const line: Line = { lastByteAt: 0 };
  let outcome: Brought = 'whole';
  let done = 0;
  const lane = async (): Promise<void> => {
    for (let name = waiting.shift(); name !== undefined && outcome === 'whole'; name = waiting.shift()) {
      const brought = await bringPiece(name, cache, line);
      if (brought === 'whole') onProgress?.((done += 1) / pieces.length);
      else outcome = brought;
    }
  };
  await Promise.all(Array.from({ length: mostAtOnce }, lane));
  return outcome;
};

/** What all lanes see of the line: as long as bytes come on any of them, it is slow and not frozen. */
interface Line {
  lastByteAt: number;
}

async function bringPiece(name: string, cache: Cache, line: Line): Promise<Brought> {
  const url = pieceFolder + name;
  if ((await cache.match(url)) !== undefined) return 'whole';
  let damaged = 0;
  for (let attempt = 0; attempt < mostAttempts && damaged < mostDamaged; attempt += 1) {
    const patience = 2 ** attempt;
    if (attempt > 0) await new Promise((go) => setTimeout(go, pauseMs * patience));
    const bytes = await fetchPiece(url, line, patience);
    if (bytes === 'gone') return bytes;
    if (bytes === undefined) continue;
    if ((await hashOf(bytes)) === name) {
      await cache.put(url, new Response(bytes));
      return 'whole';
    }
    damaged += 1;
  }
  return damaged > 0 ? 'damaged' : 'unreachable';
}

/** @param patience 1, 2, 4, ... times as long as usual. @returns undefined when the line failed or was too slow */
async function fetchPiece(
  url: string,
  line: Line,
  patience: number,
): Promise<Uint8Array<ArrayBuffer> | 'gone' | undefined> {
  // aborting closes the connection; a frozen one that is left alone occupies its place for minutes
  const giveUp = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const watch = (ms: number, rounds = 3): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (rounds > 0 && performance.now() - line.lastByteAt < ms / 2) watch(ms, rounds - 1);
      else giveUp.abort();
    }, ms);
  };
  watch(firstByteMs * patience);
  try {
    const response = await fetch(url, { cache: 'no-store', signal: giveUp.signal });
    if (response.status === 404) return 'gone';
    if (!response.ok || response.body === null) return undefined;
    const parts: Uint8Array<ArrayBuffer>[] = [];
    const reader = response.body.getReader();
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      line.lastByteAt = performance.now();
      watch(nextByteMs * patience);
      parts.push(next.value);
    }
    return new Uint8Array(await new Blob(parts).arrayBuffer());
  } catch {
    // no connection, a cut or our own impatience: all the same to whoever tries again
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}
