import {
  cacheName,
  frontListIn,
  hashOf,
  pieceFolder,
  type FrontList,
  type Load,
  type SetList,
} from './load-list.ts';
import { joined, setOf } from './joined-pieces.ts';
import { openPieceLoader, type BringPieces, type InTurn } from './piece-loader.ts';

/** The first page, below the app's folder. */
const front = './';

const types: Readonly<Record<string, string>> = {
  js: 'text/javascript',
  css: 'text/css',
  webmanifest: 'application/manifest+json',
};

/** What of a build this browser keeps; the service worker's alone. */
export interface KeptSet {
  /** the first page of the version that is kept */
  front(): Promise<Response | undefined>;
  list(): Promise<FrontList | undefined>;
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
  readonly inTurn: InTurn;
}

export async function openKeptSet(): Promise<KeptSet> {
  const cache = await caches.open(cacheName);
  // nobody waits: one at a time, at a distance from whatever else there is
  const { bringPieces, inTurn } = openPieceLoader({ lastByteAt: -Infinity }, 1);
  // the style and the script of a load are asked for together: the second waits for what the first began
  const bringLoad = (load: Load): Promise<boolean> =>
    navigator.locks.request(load.hash, () => bringMissing(cache, load, bringPieces));
  const loadsOf = async (set: string): Promise<SetList['loads'] | undefined> => {
    const found = await setOf(cache, set, bringPieces);
    return typeof found === 'string' ? undefined : found.loads;
  };
  const kept: KeptSet = {
    inTurn,
    front: () => cache.match(front),
    async list() {
      const page = await kept.front();
      return page === undefined ? undefined : frontListIn(await page.text());
    },
    async asset(name) {
      if ((await cache.match(name)) === undefined) {
        const list = await kept.list();
        const load = list && (loadOf(list.loads, name) ?? loadOf(await loadsOf(list.set), name));
        if (load !== undefined) await bringLoad(load);
      }
      return cache.match(name);
    },
    async begin() {
      const page = await fetch(front, { cache: 'force-cache' });
      const html = await page.clone().text();
      if (!page.ok || frontListIn(html) === undefined) throw new TypeError('not the first page');
      await kept.switchTo(page);
    },
    async bringAll(list) {
      const loads = await loadsOf(list.set);
      if (loads === undefined) return false;
      for (const load of Object.values(loads)) if (!(await bringLoad(load))) return false;
      return true;
    },
    switchTo: (page) => keep(cache, page),
    async tidy() {
      const name = (await kept.list())?.set ?? '';
      const loads = await loadsOf(name);
      if (loads === undefined) return;
      const names = [
        '',
        pieceFolder + name,
        ...Object.values(loads).flatMap((load) => load.files.map(([name]) => name)),
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

function loadOf(loads: SetList['loads'] = {}, name = ''): Load | undefined {
  return Object.values(loads).find(({ files }) => files.some(([file]) => file === name));
}

async function bringMissing(cache: Cache, load: Load, bringPieces: BringPieces): Promise<boolean> {
  const here = await Promise.all(load.files.map(([name]) => cache.match(name)));
  if (!here.includes(undefined)) return true;
  if ((await bringPieces(load.pieces, cache)) !== 'whole') return false;
  const whole = await joined(cache, load.pieces);
  if (whole === undefined || (await hashOf(whole)) !== load.hash) return false;
  // scripts and workers are held to the rules that came with the page
  const policy = (await cache.match(front))?.headers.get('Content-Security-Policy') ?? "default-src 'none'";
  let from = 0;
  for (const [name, bytes] of load.files) {
    const file = whole.slice(from, (from += bytes));
    const type = types[name.replace(/.*\./u, '')];
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
async function keep(cache: Cache, page: Response): Promise<void> {
  const headers = new Headers(page.headers);
  for (const name of ['Content-Encoding', 'Content-Length', 'Vary']) headers.delete(name);
  await cache.put(front, new Response(await page.arrayBuffer(), { headers }));
}
