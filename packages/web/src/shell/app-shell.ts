import { inflated, readSet, setOf } from './joined-pieces.ts';
import { hashOf, pieceFolder, type SetList } from './load-list.ts';
import type { Brought } from './piece-loader.ts';
import type { FirstPageDoor } from './first-page-door.ts';
import type { OnProgress, ShellDoor } from './handover.ts';
import { isHome, writeLook } from './look.ts';
import { updateReady } from './shell-request.ts';

/** A part of the app did not come. Whoever asks again goes on where it stopped. */
class LoadError extends Error {
  readonly code: Exclude<Brought, 'whole'>;

  constructor(name: string, code: Exclude<Brought, 'whole'>) {
    super(`${name}: ${code}`);
    this.name = 'LoadError';
    this.code = code;
  }
}

/** Time for the app to begin its own work before the rest of it is fetched for later: twice what its engine took to come, at least this. */
const keepAfterMs = 3000;
const longestKeepAfterMs = 60_000;
/** Looking for a newer version must not take the line from what a person waits for. */
const firstLookMs = 60_000;
const nextLookMs = 6 * 3_600_000;

/** What the first page left, as the app sees it, and what goes on for as long as the page is open. */
export function openAppShell(door: FirstPageDoor): ShellDoor {
  const { list, links, page, cache, keeper } = door;
  showIcon();
  let isKeeping = false;
  const styles = new Map<string, Promise<void>>();
  const bringing = new Map<string, Bringing>();
  let reading: Promise<SetList> | undefined;

  /** Where the relay has another version by now, this one cannot become whole any more: the page begins anew with that. */
  const missing = async (name: string, brought: Exclude<Brought, 'whole'>): Promise<LoadError> => {
    if (brought === 'gone' && (await keeper?.ask(['renew', list.set])) === true) location.reload();
    return new LoadError(name, brought);
  };
  const readList = async (): Promise<SetList> => {
    await door.coming['set'];
    const set =
      cache === undefined ? await setWithout(list.set) : await setOf(cache, list.set, door.bringPieces);
    if (typeof set === 'string') throw await missing('the list of files', set);
    return set;
  };
  const wholeSet = (): Promise<SetList> => {
    reading ??= readList().catch((error: unknown) => {
      reading = undefined;
      throw error;
    });
    return reading;
  };
  const bringLoad = async (name: string, onProgress: OnProgress): Promise<string> => {
    await door.coming[name];
    const load = list.loads[name] ?? (await wholeSet()).loads[name];
    const [first] = load?.files ?? [];
    if (load === undefined || first === undefined) throw new TypeError(`${name} is no part of the app`);
    if (cache !== undefined && (await cache.match(first[0])) === undefined) {
      const brought = await door.bringPieces(load.pieces, cache, onProgress);
      if (brought !== 'whole') throw await missing(name, brought);
    }
    onProgress(1);
    return first[0];
  };
  /** Whoever asks for what is under way waits for the same. @returns the name of its first file */
  const bring = (name: string, onProgress?: OnProgress): Promise<string> => {
    const told = bringing.get(name)?.told ?? new Set<OnProgress>();
    if (onProgress !== undefined) told.add(onProgress);
    const file =
      bringing.get(name)?.file ??
      bringLoad(name, (done) => told.forEach((tell) => tell(done))).finally(() => bringing.delete(name));
    bringing.set(name, { file, told });
    return file;
  };
  const shell: ShellDoor = {
    version: `${list.version} (${list.set.slice(0, 8)})`,
    handover() {
      const link = links.link();
      const name = page.name();
      return {
        ...(link !== undefined && { link }),
        ...(name !== '' && { name }),
        submitted: page.submitted(),
        typing: page.typing(),
        startedAt: performance.timeOrigin,
      };
    },
    forgetLink: () => links.forget(),
    onLink: (listener) => links.onLink(listener),
    leave: () => page.remove(),
    stuck: () =>
      new Promise((again) => {
        page.trouble([door.words.unreachable], () => {
          page.welcome(isHome());
          again();
        });
      }),
    held: async (key) => keeper?.ask(['hold', key]),
    hold: (key, value) => void keeper?.ask(['hold', key, value]),
    async loadAsset(name, onProgress) {
      const askedAt = performance.now();
      const file = await bring(name, onProgress);
      if (name === 'engine' && !isKeeping) {
        isKeeping = true;
        const afterMs = Math.max(keepAfterMs, 2 * (performance.now() - askedAt));
        setTimeout(() => void shell.keepAll(), Math.min(afterMs, longestKeepAfterMs));
      }
      return door.scriptUrl(file);
    },
    loadStyle(name) {
      const loading =
        styles.get(name) ??
        bring(name)
          .then((file) => door.addStyle(file))
          .catch((error: unknown) => {
            styles.delete(name);
            throw error;
          });
      styles.set(name, loading);
      return loading;
    },
    async keepAll() {
      // one that took too long to serve this page is needed for the next
      await keeper?.installed();
      return (await keeper?.ask(['keep', list.set])) === true;
    },
    onUpdate(listener) {
      const { serviceWorker } = navigator;
      const heard = ({ data }: MessageEvent): void => {
        if (data === updateReady) listener();
      };
      serviceWorker?.addEventListener('message', heard);
      return () => serviceWorker?.removeEventListener('message', heard);
    },
    remember: writeLook,
    async lookForUpdate() {
      const next = await keeper?.ask(['look']);
      return typeof next === 'string' && next !== '' && next !== list.set;
    },
  };
  const lookAndGoOn = (): void => {
    void shell.lookForUpdate();
    setTimeout(lookAndGoOn, nextLookMs);
  };
  setTimeout(lookAndGoOn, firstLookMs);
  return shell;
}

/** A load on its way, and who follows how much of it is here. */
interface Bringing {
  readonly file: Promise<string>;
  readonly told: Set<OnProgress>;
}

/** The mark of the first page as the tab's icon: the page may show pictures only that it made itself. */
function showIcon(): void {
  const mark = document.querySelector('#shell svg')?.outerHTML.replace('<svg', '<svg fill="#288a95"');
  if (mark === undefined) return;
  const href = URL.createObjectURL(new Blob([mark], { type: 'image/svg+xml' }));
  document.head.append(Object.assign(document.createElement('link'), { rel: 'icon', href }));
}

async function setWithout(name: string): Promise<SetList | Exclude<Brought, 'whole'>> {
  const response = await fetch(pieceFolder + name).catch(() => undefined);
  if (response?.ok !== true) return 'unreachable';
  const bytes = new Uint8Array(await response.arrayBuffer());
  return (await hashOf(bytes)) === name ? readSet(await inflated(new Blob([bytes]))) : 'damaged';
}
