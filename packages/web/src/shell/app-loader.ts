import type { FirstPage } from './first-page.ts';
import { openKeeper } from './keeper.ts';
import type { LinkBox } from './link-box.ts';
import { cacheName, type FrontList } from './load-list.ts';
import { isHome } from './look.ts';
import { bringPieces, type Brought } from './piece-loader.ts';
import { openScriptPolicy } from './script-policy.ts';
import { openFirstPageDoor } from './first-page-door.ts';
import type { ShellWords } from './shell-words.ts';

export interface AppLoaderParts {
  readonly list: FrontList;
  readonly links: LinkBox;
  readonly page: FirstPage;
  readonly words: ShellWords;
  readonly language: string;
}

/** @returns what brings the app and starts it, as often as it is called: what came is kept */
export function openAppLoader(parts: AppLoaderParts): () => void {
  const { list, page, words, language } = parts;
  const scriptUrl = openScriptPolicy();
  const coming: Record<string, Promise<Brought>> = {};
  let isThere = false;

  const bring = async (): Promise<Brought> => {
    page.welcome(isHome());
    let cache = await openCache();
    const [brought, keeper] = await Promise.all([
      cache === undefined ? ('whole' as const) : bringMissing(cache),
      cache && openKeeper(scriptUrl(list.worker)),
    ]);
    if (brought === 'gone' && (await keeper?.ask(['renew', list.set])) === true) location.reload();
    if (brought !== 'whole') return brought;
    if (keeper?.isServing !== true) cache = undefined;
    const door = {
      ...parts,
      page: { ...page, remove },
      cache,
      keeper,
      coming,
      bringPieces,
      scriptUrl,
      addStyle,
    };
    openFirstPageDoor(door);
    for (const [name] of list.loads['page']?.files ?? []) {
      if (name.endsWith('.css')) await addStyle(name);
      else await addScript(scriptUrl(name));
    }
    return brought;
  };
  const bringMissing = async (cache: Cache): Promise<Brought> => {
    const missing: string[] = [];
    for (const name of ['page', language]) {
      const load = list.loads[name];
      const files = await Promise.all((load?.files ?? []).map(([file]) => cache.match(file)));
      if (files.includes(undefined)) missing.push(...(load?.pieces ?? []));
    }
    return bringPieces(missing, cache, (done) => {
      page.progress(done);
      // what is asked for next comes right behind, now that everything before it has been asked for
      coming['set'] ??= bringPieces([list.set], cache);
      coming['app'] ??= bringPieces(list.loads['app']?.pieces ?? [], cache);
    });
  };
  const remove = (): void => {
    isThere = true;
    page.remove();
  };
  const trouble = (what?: Brought): void => {
    if (isThere || what === 'whole') return;
    const known = { unreachable: words.unreachable, damaged: words.damaged, gone: words.damaged };
    page.trouble([what === undefined ? words.failed : known[what]], attempt);
  };
  const attempt = (): void => void bring().then(trouble, () => trouble());
  window.addEventListener('error', () => trouble());
  return attempt;
}

/** @returns undefined where this browser keeps nothing for us, or cannot answer from what it keeps */
async function openCache(): Promise<Cache | undefined> {
  try {
    return navigator.serviceWorker && (await caches.open(cacheName));
  } catch {
    return undefined;
  }
}

function addStyle(href: string): Promise<void> {
  return added(Object.assign(document.createElement('link'), { rel: 'stylesheet', href }));
}

function addScript(src: string): Promise<void> {
  return added(Object.assign(document.createElement('script'), { type: 'module', src }));
}

/** Resolves when it applies, or has run. What fails is taken out again. */
function added(element: HTMLElement): Promise<void> {
  return new Promise((done, fail) => {
    element.addEventListener('load', () => done());
    element.addEventListener('error', () => {
      element.remove();
      fail(new TypeError('a part of the app did not load'));
    });
    document.head.append(element);
  });
}
