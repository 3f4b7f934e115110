import { signal, type ReadonlySignal, type Signal } from '@preact/signals';
import type { MessageId } from '@tern/protocol';
import type { AppApi } from '../../engine/app-api.ts';
import type { App } from '../context.ts';
import { showable } from '../pictures.ts';
import { wholeFile } from './saving.ts';
import type { Talk } from './talk.ts';

/** What became of a picture that was asked for. */
export type ShelfPicture =
  | { readonly kind: 'away' }
  | { readonly kind: 'loading' }
  | { readonly kind: 'here'; readonly url: string }
  /** `unsafe`: it cannot be re-encoded, so it is not shown */
  | { readonly kind: 'failed'; readonly because: 'unreachable' | 'unsafe' };

/** Received pictures, re-encoded and ready to be shown; only the latest ones are kept, the others are let go of. */
export interface PictureShelf {
  picture(id: MessageId): ReadonlySignal<ShelfPicture>;
  load(id: MessageId): void;
  stop(id: MessageId): void;
}

/** The shelf of a conversation, made when its first picture is shown. */
export function shelfOf({ api }: App, { shelf, ending }: Talk): PictureShelf {
  shelf.current ??= openPictureShelf(api, showable, ending);
  return shelf.current;
}

/** @param show makes of whatever came a picture that is safe to show, or undefined */
function openPictureShelf(
  api: AppApi,
  show: (bytes: Blob) => Promise<Blob | undefined>,
  ending: AbortSignal,
): PictureShelf {
  const pictures = new Map<MessageId, Signal<ShelfPicture>>();
  const loading = new Map<MessageId, AbortController>();
  const shown: { readonly id: MessageId; readonly url: string }[] = [];

  function place(id: MessageId): Signal<ShelfPicture> {
    const known = pictures.get(id) ?? signal<ShelfPicture>({ kind: 'away' });
    pictures.set(id, known);
    return known;
  }

  async function fetch(id: MessageId, signal: AbortSignal): Promise<void> {
    const blob = await wholeFile(api, id, signal);
    const safe = await show(blob);
    signal.throwIfAborted();
    if (safe === undefined) {
      place(id).value = { kind: 'failed', because: 'unsafe' };
      return;
    }
    const url = URL.createObjectURL(safe);
    place(id).value = { kind: 'here', url };
    shown.push({ id, url });
    while (shown.length > mostShown) letGo(shown.shift());
  }

  function letGo(oldest: { readonly id: MessageId; readonly url: string } | undefined): void {
    if (oldest === undefined) return;
    place(oldest.id).value = { kind: 'away' };
    URL.revokeObjectURL(oldest.url);
  }

  ending.addEventListener('abort', () => {
    for (const controller of loading.values()) controller.abort(ending.reason);
    for (const one of shown.splice(0)) letGo(one);
  });
  return {
    picture: place,
    load(id) {
      if (loading.has(id) || place(id).peek().kind === 'here' || ending.aborted) return;
      const controller = new AbortController();
      loading.set(id, controller);
      place(id).value = { kind: 'loading' };
      fetch(id, controller.signal)
        .catch(() => {
          place(id).value = controller.signal.aborted
            ? { kind: 'away' }
            : { kind: 'failed', because: 'unreachable' };
        })
        .finally(() => loading.delete(id));
    },
    stop: (id) => loading.get(id)?.abort(new DOMException('a person stopped it', 'AbortError')),
  };
}

/** More than ever fit on a screen; each takes some megabytes while it is shown. */
const mostShown = 40;
