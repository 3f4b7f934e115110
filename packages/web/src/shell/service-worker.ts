import { assetFolder, frontListIn, pieceFolder } from './load-list.ts';
import { openKeptSet, type KeptSet } from './kept-set.ts';
import { updateReady, type ShellRequest } from './shell-request.ts';
import type { ServiceWorkerScope } from './worker-scope.ts';

function serve(scope: ServiceWorkerScope): void {
  const opened = openKeptSet();
  const root = scope.registration.scope;
  /** what pages have in memory only, for as long as they are loaded anew */
  const held = new Map<string, unknown>();

  scope.addEventListener('install', (event) => {
    const begin = async (): Promise<void> => {
      const kept = await opened;
      if ((await kept.front()) === undefined) await kept.begin();
      await scope.skipWaiting();
    };
    event.waitUntil(begin());
  });

  scope.addEventListener('activate', (event) => event.waitUntil(scope.clients.claim()));

  scope.addEventListener('fetch', (event) => {
    const { request } = event;
    const [url = ''] = request.url.split(/[?#]/u);
    if (request.method !== 'GET' || !url.startsWith(root)) return;
    const name = url.slice(root.length);
    // pieces are fetched by whoever keeps them
    if (name.startsWith(pieceFolder)) return;
    // what somebody loads past the cache on purpose goes past us
    if (name === '' && request.mode !== 'navigate') return;
    const answer = async (): Promise<Response> => {
      const kept = await opened;
      const found =
        name === '' ? kept.front() : name.startsWith(assetFolder) ? kept.asset(name) : kept.file(name);
      return (await found.catch(() => undefined)) ?? fetch(request);
    };
    event.respondWith(answer());
  });

  scope.addEventListener('message', (event) => {
    const [port] = event.ports;
    const request = event.data as ShellRequest;
    if (request[0] === 'hold') {
      if (request.length > 2) held.set(request[1], request[2]);
      port?.postMessage(held.get(request[1]));
      return;
    }
    // one after the other: what one has just brought, another must not take for a leftover
    const done = navigator.locks.request('tern-shell', () => answerTo(request, scope, opened));
    event.waitUntil(done.then((answer) => port?.postMessage(answer)).catch(() => port?.postMessage(false)));
  });
}

async function answerTo(
  request: Exclude<ShellRequest, readonly ['hold', ...unknown[]]>,
  scope: ServiceWorkerScope,
  opened: Promise<KeptSet>,
): Promise<boolean | string> {
  const kept = await opened;
  const list = await kept.list();
  if (request[0] === 'keep') {
    // a page of another version than the one kept is about to be loaded anew
    if (list === undefined || list.set !== request[1] || !(await kept.bringAll(list))) return false;
    // another window may be of an older version, and still need what is its own
    const windows = await scope.clients.matchAll({ type: 'window', includeUncontrolled: true });
    if (windows.length < 2) await kept.tidy();
    return true;
  }
  // another page has asked for the same a moment before
  if (request[0] === 'renew' && list !== undefined && list.set !== request[1]) return true;
  const page = await fetch('./', { cache: 'no-cache' });
  const newer = frontListIn(await page.clone().text());
  if (!page.ok || newer === undefined || newer.set === list?.set)
    return request[0] === 'look' && (list?.set ?? '');
  if (request[0] === 'renew') {
    await kept.switchTo(page);
    return true;
  }
  if (!(await kept.bringAll(newer))) return list?.set ?? '';
  await kept.switchTo(page);
  const windows = await scope.clients.matchAll({ type: 'window', includeUncontrolled: true });
  for (const window of windows) window.postMessage(updateReady, []);
  return newer.set;
}

serve(globalThis as unknown as ServiceWorkerScope);
