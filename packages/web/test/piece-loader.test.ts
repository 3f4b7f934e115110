import { createHash } from 'node:crypto';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { hashOf } from '../src/shell/load-list.ts';
import { openPieceLoader, type Line, type PieceLoader } from '../src/shell/piece-loader.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

type Piece = Uint8Array<ArrayBuffer>;

interface Asked {
  readonly names: readonly string[];
  /** over a connection that its answer ends */
  readonly isAlone: boolean;
  /** as `performance.now()` counts */
  readonly at: number;
  /** of all that were asked for, how many were not answered yet */
  readonly others: number;
}

/** A relay behind a line, as all tabs of a browser see it. */
class Scene {
  readonly asked: Asked[] = [];
  /** the connection of an answer carries so many bytes, and then nothing more */
  mostBytes = Infinity;
  readonly #pieces = new Map<string, Piece>();
  #underWay = 0;

  constructor() {
    vi.stubGlobal('fetch', (url: string, { signal }: { readonly signal: AbortSignal }) =>
      this.#answer(url, signal),
    );
    vi.stubGlobal('navigator', { locks: oneAtATime() });
    // the one of Node is done when its threads are, and no clock knows of them
    const digest = (_: string, bytes: Uint8Array): Promise<ArrayBuffer> =>
      Promise.resolve(new Uint8Array(createHash('sha256').update(bytes).digest()).buffer);
    vi.stubGlobal('crypto', { subtle: { digest } });
  }

  /** @returns the names of so many new ones, of 7,000 bytes each */
  async pieces(count: number): Promise<readonly string[]> {
    const names: string[] = [];
    for (let at = 0; at < count; at += 1) {
      const piece = new Uint8Array(7000).fill(this.#pieces.size);
      piece[0] = at;
      const name = await hashOf(piece);
      this.#pieces.set(name, piece);
      names.push(name);
    }
    return names;
  }

  /** of all connections that were begun, where each piece needs one of its own */
  get gaps(): readonly number[] {
    const alone = this.asked.filter(({ isAlone }) => isAlone).map(({ at }) => at);
    return alone.slice(1).map((at, place) => at - (alone[place] ?? 0));
  }

  async #answer(url: string, signal: AbortSignal): Promise<Response> {
    const isAlone = url.startsWith('p/.');
    const names = url.slice(isAlone ? 'p/.'.length : 'p/'.length, -1).split('.');
    this.asked.push({ names, isAlone, at: performance.now(), others: this.#underWay });
    this.#underWay += 1;
    const pieces = names.flatMap((name) => {
      const piece = this.#pieces.get(name) ?? new Uint8Array();
      return [Uint8Array.of(piece.length >> 8, piece.length & 255), piece];
    });
    const whole = new Uint8Array(await new Blob(pieces).arrayBuffer());
    let ended = false;
    const end = (): void => {
      if (!ended) this.#underWay -= 1;
      ended = true;
    };
    if (this.mostBytes > 0) await passed(100);
    const body = new ReadableStream<Uint8Array>({
      start: (stream) => {
        signal.addEventListener('abort', () => {
          if (!ended) stream.error(signal.reason);
          end();
        });
        if (this.mostBytes > 0) stream.enqueue(whole.slice(0, this.mostBytes));
        if (whole.length > this.mostBytes) return;
        stream.close();
        end();
      },
    });
    return this.mostBytes > 0 ? new Response(body) : aborted(signal);
  }
}

function passed(ms: number): Promise<void> {
  return new Promise((go) => setTimeout(go, ms));
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
  );
}

/** As the browser's Web Locks have it. */
function oneAtATime(): { request<T>(name: string, work: () => Promise<T>): Promise<T> } {
  const last = new Map<string, Promise<unknown>>();
  return {
    request(name, work) {
      const done = (last.get(name) ?? Promise.resolve()).then(work);
      last.set(
        name,
        done.catch(() => undefined),
      );
      return done;
    },
  };
}

function emptyCache(): Cache {
  const kept = new Map<string, Response>();
  return {
    match: (name: string) => Promise.resolve(kept.get(name)),
    put: (name: string, response: Response) => Promise.resolve(kept.set(name, response)),
  } as unknown as Cache;
}

/** Lets time pass until all is done, and none while something is at work that takes none. */
async function brought(...bringing: readonly Promise<unknown>[]): Promise<readonly unknown[]> {
  const work = { isDone: false };
  const all = Promise.all(bringing).finally(() => (work.isDone = true));
  while (!work.isDone) {
    for (let turn = 0; turn < 30; turn += 1) await new Promise<void>((go) => setImmediate(go));
    if (!work.isDone) await vi.advanceTimersByTimeAsync(50);
  }
  return all;
}

const page = (): PieceLoader => openPieceLoader({ lastByteAt: performance.now() }, 3);
const worker = (): PieceLoader => openPieceLoader({ lastByteAt: -Infinity }, 1);

test('where connections carry everything the pieces come together, one answer after the other', async () => {
  const scene = new Scene();
  const names = await scene.pieces(30);
  const loader = page();
  const done: number[] = [];
  const beganAt = performance.now();
  const [first, other] = [names.slice(0, 20), names.slice(20)];
  const cache = emptyCache();
  expect(
    await brought(
      loader.bringPieces(first, cache, (share) => done.push(share)),
      loader.bringPieces(other, cache),
    ),
  ).toEqual(['whole', 'whole']);
  expect(scene.asked.map(({ others, isAlone }) => [others, isAlone])).toEqual(
    names.slice(0, 3).map(() => [0, false]),
  );
  expect(scene.asked.map(({ at }) => at - beganAt)).toEqual([0, 100, 200]);
  expect(scene.asked.flatMap((asked) => asked.names).toSorted()).toEqual(names.toSorted());
  expect(done.at(-1)).toBe(1);
  expect(await loader.bringPieces(names, cache)).toBe('whole');
  expect(scene.asked).toHaveLength(3);
});

test('where connections freeze each piece has one of its own, at a distance from all others of this browser', async () => {
  const scene = new Scene();
  scene.mostBytes = 7500;
  const names = await scene.pieces(24);
  const [one, two, three] = [names.slice(0, 8), names.slice(8, 16), names.slice(16)];
  const tab = page();
  const all = await brought(
    tab.bringPieces(one, emptyCache()),
    page().bringPieces(two, emptyCache()),
    worker().bringPieces(three, emptyCache()),
  );
  expect(all).toEqual(['whole', 'whole', 'whole']);
  // each of them found out for itself, and what had come by then was kept
  const together = scene.asked.filter((asked) => !asked.isAlone);
  expect(together.map((asked) => asked.names.length)).toEqual([8, 8, 8]);
  expect(scene.asked.filter((asked) => asked.isAlone).map(({ names: { length } }) => length)).toEqual(
    Array.from({ length: 21 }, () => 1),
  );
  expect(Math.min(...scene.gaps)).toBeGreaterThanOrEqual(600);
  expect(new Set(scene.gaps).size).toBeGreaterThan(1);

  const more = await scene.pieces(3);
  await brought(tab.bringPieces(more, emptyCache()));
  expect(scene.asked.slice(-3).map((asked) => asked.names)).toEqual(more.map((name) => [name]));
  expect(Math.min(...scene.gaps)).toBeGreaterThanOrEqual(600);
});

test('an answer that stopped after it had carried much goes on together', async () => {
  const scene = new Scene();
  scene.mostBytes = 82_000;
  const names = await scene.pieces(12);
  expect(await brought(page().bringPieces(names, emptyCache()))).toEqual(['whole']);
  expect(scene.asked.map((asked) => [asked.names.length, asked.isAlone])).toEqual([
    [12, false],
    [1, false],
  ]);
  expect(scene.asked[1]?.names).toEqual(names.slice(-1));
});

test('a name that fell silent is left alone after some seconds', async () => {
  const scene = new Scene();
  scene.mostBytes = 0;
  const names = await scene.pieces(6);
  const beganAt = performance.now();
  const loader = page();
  expect(await brought(loader.bringPieces(names, emptyCache()))).toEqual(['unreachable']);
  expect(Math.max(...scene.asked.map(({ at }) => at - beganAt))).toBeLessThanOrEqual(30_000 + 800);
  expect(Math.max(...scene.asked.map(({ others }) => others))).toBeLessThan(3);
  expect(Math.min(...scene.gaps)).toBeGreaterThanOrEqual(600);
});

test('what nobody waits for begins its connection at a distance, and has one piece on its way', async () => {
  const scene = new Scene();
  const names = await scene.pieces(13);
  const beganAt = performance.now();
  expect(await brought(worker().bringPieces(names, emptyCache()))).toEqual(['whole']);
  const times = scene.asked.map(({ at }) => at - beganAt);
  expect(times[0]).toBeGreaterThanOrEqual(600);
  expect((times[1] ?? 0) - (times[0] ?? 0)).toBe(100);

  scene.mostBytes = 7500;
  await brought(worker().bringPieces(await scene.pieces(6), emptyCache()));
  expect(Math.max(...scene.asked.map(({ others }) => others))).toBe(0);
});

test('what comes is used only if it is what was sent', async () => {
  const scene = new Scene();
  vi.stubGlobal('fetch', () => Promise.resolve(new Response('alert("changed")')));
  expect(await brought(page().bringPieces(await scene.pieces(3), emptyCache()))).toEqual(['damaged']);
  vi.stubGlobal('fetch', () => Promise.resolve(new Response('', { status: 404 })));
  expect(await brought(page().bringPieces(await scene.pieces(3), emptyCache()))).toEqual(['gone']);
});

test('a line that has been quiet for long is not taken for one with a connection', async () => {
  const scene = new Scene();
  const line: Line = { lastByteAt: performance.now() };
  const loader = openPieceLoader(line, 3);
  await vi.advanceTimersByTimeAsync(50_000);
  const askedAt = performance.now();
  await brought(loader.bringPieces(await scene.pieces(2), emptyCache()));
  expect((scene.asked[0]?.at ?? 0) - askedAt).toBeGreaterThanOrEqual(600);
});
