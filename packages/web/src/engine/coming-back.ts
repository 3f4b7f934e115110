import type { World } from '@tern/protocol';

/** Who looked away for less than that has missed nothing. */
const awayMs = 60_000;

/** As much of a document as is needed to know whether anybody sees it. */
export interface Seen extends EventTarget {
  readonly visibilityState: string;
}

/**
 * Calls when somebody looks at the page again after a while: a connection on which only a watch waits may have died meanwhile, and
 * nothing would tell before its time is over. Disposed, it calls no more.
 */
export function onComingBack(page: Seen, { now }: Pick<World, 'now'>, call: () => void): Disposable {
  let left = page.visibilityState === 'visible' ? undefined : now();
  const look = (): void => {
    const before = left;
    left = page.visibilityState === 'visible' ? undefined : (left ?? now());
    if (left === undefined && before !== undefined && now() - before >= awayMs) call();
  };
  page.addEventListener('visibilitychange', look);
  return { [Symbol.dispose]: () => page.removeEventListener('visibilitychange', look) };
}
