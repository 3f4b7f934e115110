import { cacheName, frontListIn, hashOf, pieceFolder, type FrontList, type Load } from './load-list.ts';
import { joined, setOf } from './joined-pieces.ts';
import { bringPieces } from './piece-loader.ts';

/** The first page, below the app's folder. */
const front = './';
const longestWaitMs = 30_000;

/** What of a build this browser keeps; the service worker's alone. */
export interface KeptSet {
  /** the first page of the version that is kept */
  front(): Promise<Response | undefined>;
  list(): Promise<FrontList | undefined>;
  /** a file that lies here whole */
  file(name: string): Promise<Response | undefined>;
  /** A file of a load: put together from its pieces, which are brought if need be. @returns undefined where that was not possible */
  asset(name: string): Promise<Response | undefined>;
  /** Keeps the first page as the browser got it just now, with what it needs to be shown. */
  begin(): Promise<void>;
  /** Brings all that is missing of the set. @returns whether all of it is here */
  bringAll(list: FrontList): Promise<boolean>;
  /** Makes a page the one that is opened from now on: the one step between two versions. */
  switchTo(page: Response): Promise<void>;
  /** Deletes what belongs to other versions. */
  tidy(): Promise<void>;
}

export async function openKeptSet(): Promise<KeptSet> {
  const cache = await caches.open(cacheName);
  const bringLoad = onceAtATime((load: Load) => bringMissing(cache, load));
  const kept: KeptSet = {
    front: () => cache.match(front),
    async list() {
      const page = await kept.front();
      return page === undefined ? undefined : frontListIn(await page.text());
    },
    file: (name) => cache.match(name),
    async asset(name) {
      const whole = await cache.match(name);
      if (whole !== undefined) return whole;
      const list = await kept.list();
      if (list === undefined) return undefined;
      const load = loadOf(list.loads, name) ?? (await laterLoad(cache, list.set, name));
      if (load === undefined || !(await bringLoad(load))) return undefined;
      return cache.match(name);
    },
    async begin() {
      const page = await fetch(front, { cache: 'force-cache' });
      const html = await page.clone().text();
      if (!page.ok || frontListIn(html) === undefined) throw new TypeError('not the first page');
      // the page has just loaded these, so the browser need not ask for them again
      const parts = [...html.matchAll(/(?:href|src)="?(boot-[\w.-]+)/gu)].map((found) => found[1] ?? '');
      for (const part of parts) await keep(cache, part, await fetch(part, { cache: 'force-cache' }));
      await kept.switchTo(page);
    },
    async bringAll(list) {
      const set = await setOf(cache, list.set, bringPieces);
      if (typeof set === 'string') return false;
      for (const [name, hash] of set.shell) if (!(await bringFile(cache, name, hash))) return false;
      for (const load of Object.values(set.loads)) if (!(await bringLoad(load))) return false;
      return true;
    },
    async switchTo(page) {
      // what is kept need not be asked for ahead
      const html = (await page.text()).replaceAll(/<link rel=preload[^>]+>/gu, '');
      await keep(cache, front, new Response(html, page));
    },
    async tidy() {
      const list = await kept.list();
      const set = list && (await setOf(cache, list.set, bringPieces));
      if (list === undefined || set === undefined || typeof set === 'string') return;
      const names = [
        '',
        pieceFolder + list.set,
        ...set.shell.map(([name]) => name),
        ...Object.values(set.loads).flatMap((load) => load.files.map(([name]) => name)),
      ];
      // another app under another path of this origin keeps its files in the same cache
      const folder = location.href.replace(/[^/]*$/u, '');
      const wanted = new Set(names.map((name) => new URL(name, folder).href));
      for (const request of await cache.keys())
        if (request.url.startsWith(folder) && !wanted.has(request.url)) await cache.delete(request);
    },
  };
  return kept;
}

async function laterLoad(cache: Cache, set: string, name: string): Promise<Load | undefined> {
  const found = await setOf(cache, set, bringPieces);
  return typeof found === 'string' ? undefined : loadOf(found.loads, name);
}

/** The style and the script of a load are asked for together: the second waits for what the first began. */
function onceAtATime(bring: (load: Load) => Promise<boolean>): (load: Load) => Promise<boolean> {
  const begun = new Map<string, Promise<boolean>>();
  return (load) => {
    const name = load.pieces.join();
    const running =
      begun.get(name) ??
      bring(load).finally(() => {
        begun.delete(name);
      });
    begun.set(name, running);
    return running;
  };
}

function loadOf(loads: Readonly<Record<string, Load>>, name: string): Load | undefined {
  return Object.values(loads).find(({ files }) => files.some(([file]) => file === name));
}

async function bringFile(cache: Cache, name: string, hash: string): Promise<boolean> {
  if ((await cache.match(name)) !== undefined) return true;
  const response = await fetch(name, { cache: 'no-cache', signal: AbortSignal.timeout(longestWaitMs) });
  if (!response.ok || (await hashOf(new Uint8Array(await response.clone().arrayBuffer()))) !== hash)
    return false;
  await keep(cache, name, response);
  return true;
}

async function bringMissing(cache: Cache, load: Load): Promise<boolean> {
  const missing = await Promise.all(
    load.files.map(async ([name]) => (await cache.match(name)) === undefined),
  );
  if (!missing.includes(true)) return true;
  if ((await bringPieces(load.pieces, cache)) !== 'whole') return false;
  const whole = await joined(cache, load.pieces);
  if (whole === undefined || (await hashOf(whole)) !== load.hash) return false;
  // scripts and workers are held to the rules that came with the page
  const policy = (await cache.match(front))?.headers.get('Content-Security-Policy') ?? "default-src 'none'";
  let from = 0;
  for (const [name, bytes] of load.files) {
    const file = whole.slice(from, (from += bytes));
    const type = name.endsWith('.css') ? 'text/css' : 'text/javascript';
    const headers = {
      'Content-Type': `${type}; charset=utf-8`,
      'Content-Security-Policy': policy,
      'X-Content-Type-Options': 'nosniff',
    };
    await cache.put(name, new Response(file, { headers }));
  }
  for (const piece of load.pieces) await cache.delete(pieceFolder + piece);
  return true;
}

/** Kept as it is read: what said how it was packed on the way is left out. */
async function keep(cache: Cache, name: string, response: Response): Promise<void> {
  const headers = new Headers(response.headers);
  for (const name of ['Content-Encoding', 'Content-Length', 'Vary']) headers.delete(name);
  await cache.put(name, new Response(await response.arrayBuffer(), { headers }));
}
