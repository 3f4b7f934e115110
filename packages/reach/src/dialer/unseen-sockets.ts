import { dialRules } from './dial-rules.ts';
import type { Load } from './standing.ts';
import type { Way } from './way.ts';

/** A connection nobody sees: what it carried, and when it was opened and used, ms since 1970. */
export interface Unseen {
  readonly load: Load;
  readonly openedAt: number;
  readonly usedAt: number;
  /** it may have been closed meanwhile, or never have been */
  readonly unsure: boolean;
}

/** Answers after which a relay closes a browser's connection. */
const answersOfOne = 2;

/**
 * The connections that a browser is believed to have idle. It never says which one a request goes over: the one of them that was used last,
 * whoever meant it for what, and a new one where none is.
 */
export class UnseenSockets {
  /** by place; the one that was used last is the last */
  readonly #idle = new Map<string, readonly Unseen[]>();

  /** by others, at any place where nothing was asked yet */
  readonly #leftByOthers: Unseen | undefined;

  /** @param othersAsked others may have left one at any place */
  constructor({ othersAsked }: { readonly othersAsked: boolean }) {
    const load = { exchanges: 0, upBytes: 0, downBytes: 0 };
    this.#leftByOthers = othersAsked ? { load, openedAt: 0, usedAt: 0, unsure: true } : undefined;
  }

  /** what would carry a request to there; undefined for a new one */
  next(way: Way, now: number): Unseen | undefined {
    const idle = this.#idle.get(placeOf(way));
    if (idle === undefined) return this.#leftByOthers;
    const last = idle.at(-1);
    // kept connections die unseen when nobody uses them
    return last === undefined || now - last.usedAt <= dialRules.idleMs ? last : { ...last, unsure: true };
  }

  /** A request leaves over the next one. */
  take(way: Way): void {
    this.#idle.set(placeOf(way), (this.#idle.get(placeOf(way)) ?? []).slice(0, -1));
  }

  /** It carried its request and the whole answer, or nothing after all; one that never carried anything was not opened. */
  leave(way: Way, socket: Unseen): void {
    const { exchanges } = socket.load;
    if (!socket.unsure && (exchanges === 0 || exchanges >= answersOfOne)) return;
    this.#idle.set(placeOf(way), [...(this.#idle.get(placeOf(way)) ?? []), socket]);
  }

  /** Any of them may have been closed. */
  doubt(way: Way): void {
    const all = this.#idle.get(placeOf(way)) ?? [];
    this.#idle.set(
      placeOf(way),
      all.map((one) => ({ ...one, unsure: true })),
    );
  }
}

function placeOf({ host, port, tls }: Way): string {
  return `${tls} ${host} ${port}`;
}
