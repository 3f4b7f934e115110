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

/** Does what may begin a connection at a distance from what else this browser begins for the app, in whichever tab. */
export type InTurn = <T>(work: () => Promise<T>) => Promise<T>;

export interface PieceLoader {
  /**
   * Brings pieces into the cache, each checked by its hash. Those that are there are not asked for again, so that whatever was cut
   * goes on where it stopped. Goes on until it is done or gives up by itself: nobody who asks for a part of the app ceases to want it.
   */
  readonly bringPieces: BringPieces;
  readonly inTurn: InTurn;
}

/** What is seen of the line by all: as long as bytes come over any connection, it is slow and not frozen. */
export interface Line {
  /** as `performance.now()` counts */
  lastByteAt: number;
}

type Bytes = Uint8Array<ArrayBuffer>;

/** In one answer; what else is wanted meanwhile waits for it. */
const mostTogether = 12;
/** What stopped sooner met a limit: 25 packets, 16 and 64 kB are the known ones. */
const freeBytes = 80_000;
/** Between two connections. Whoever counts takes those for too many that follow within 400 ms, and the wire shortens gaps by 130. */
const gapMs = 600;
const gapJitterMs = 200;
/** So long after the last byte the connection is still there. */
const keptMs = 45_000;
/** Each attempt waits twice as long as the one before. */
const mostPatience = 16;
/** Three pieces take 1.5 s of a line of 128 kbit/s, and may have to wait for others. Doubled at each attempt. */
const firstByteMs = 4000;
/** A connection that stopped is frozen, and will not go on. Doubled at each attempt. */
const nextByteMs = 2500;
const pauseMs = 400;
/** After so long without a byte nothing more is begun: to a name that is banned each further connection makes that last longer. */
const silenceMs = 30_000;

/**
 * Where a name is banned to which several connections are begun close together, pieces have to come together over the one that is
 * there. Where each connection freezes after some bytes, each piece needs its own. So they come together until that stops, and then
 * one by one, at a distance from each other.
 * @param line what is known of it. @param atOnce so many pieces are on their way one by one
 */
export function openPieceLoader(line: Line, atOnce: number): PieceLoader {
  const seen = { isFrozen: false, carried: 0 };

  const inTurn: InTurn = (work) =>
    navigator.locks.request('tern-line', async () => {
      if (seen.isFrozen || performance.now() - line.lastByteAt > keptMs)
        await pause(gapMs + Math.random() * gapJitterMs);
      return work();
    });

  /**
   * Asks for pieces in one answer, where each stands behind its length in two bytes.
   * @param names loses those that are kept, so that what is left is what did not come
   */
  const ask = async (
    names: string[],
    keep: (name: string, bytes: Bytes) => Promise<boolean>,
    [firstMs, nextMs]: readonly [number, number],
  ): Promise<Brought> => {
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
    watch(firstMs);
    try {
      // the dot in front has the relay end the connection
      const url = `${pieceFolder}${seen.isFrozen ? '.' : ''}${names.join('.')}.`;
      const response = await fetch(url, { cache: 'no-store', signal: giveUp.signal });
      if (!response.ok) return response.status === 404 ? 'gone' : 'unreachable';
      const reader = response.body?.getReader();
      let here: Bytes = new Uint8Array();
      for (let next = await reader?.read(); next?.value; next = await reader?.read()) {
        line.lastByteAt = performance.now();
        watch(nextMs);
        seen.carried += next.value.length;
        here = new Uint8Array(await new Blob([here, next.value]).arrayBuffer());
        for (;;) {
          const [high = 0, low = 0] = here;
          const end = 2 + high * 256 + low;
          const [name] = names;
          if (name === undefined || here.length < end) break;
          if (!(await keep(name, here.slice(2, end)))) return 'damaged';
          names.shift();
          here = here.slice(end);
        }
      }
      return names.length > 0 ? 'damaged' : 'whole';
    } catch {
      // no connection, a cut or our own impatience: all the same to whoever tries again
      return 'unreachable';
    } finally {
      clearTimeout(timer);
      giveUp.abort();
    }
  };

  const bringPieces: BringPieces = async (pieces, cache, onProgress) => {
    let askedAt: number | undefined;
    const waiting: string[] = [];
    for (const name of pieces) if ((await cache.match(pieceFolder + name)) === undefined) waiting.push(name);
    let done = pieces.length - waiting.length;

    const keep = async (name: string, bytes: Bytes): Promise<boolean> => {
      if ((await hashOf(bytes)) !== name) return false;
      await cache.put(pieceFolder + name, new Response(bytes));
      onProgress?.((done += 1) / pieces.length);
      return true;
    };

    while (waiting.length > 0 && !seen.isFrozen)
      await inTurn(async () => {
        // whoever had the turn before may have found out
        if (seen.isFrozen) return;
        const names = waiting.splice(0, mostTogether);
        if ((await ask(names, keep, [nextByteMs, nextByteMs])) === 'whole') return;
        waiting.unshift(...names);
        seen.isFrozen = seen.carried < freeBytes;
        seen.carried = 0;
      });

    const bringOne = async (name: string): Promise<Brought> => {
      for (let patience = 1; patience <= mostPatience; patience *= 2) {
        if (patience > 1) await pause(pauseMs * patience);
        await inTurn(async () => {});
        askedAt ??= performance.now();
        if (performance.now() - Math.max(askedAt, line.lastByteAt) > silenceMs) break;
        const brought = await ask([name], keep, [firstByteMs * patience, nextByteMs * patience]);
        // what comes changed comes changed again: whoever does that does not do it by chance
        if (brought !== 'unreachable') return brought;
      }
      return 'unreachable';
    };
    let outcome: Brought = 'whole';
    const lane = async (): Promise<void> => {
      for (let name = waiting.shift(); name !== undefined && outcome === 'whole'; name = waiting.shift()) {
        const brought = await bringOne(name);
        if (brought !== 'whole') outcome = brought;
      }
    };
    await Promise.all(Array.from({ length: atOnce }, lane));
    return outcome;
  };
  return { bringPieces, inTurn };
}

export function pause(ms: number): Promise<void> {
  return new Promise((go) => setTimeout(go, ms));
}
