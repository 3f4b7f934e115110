import type { World } from '@tern/protocol';
import { isAddress } from './address.ts';
import { dialRules } from './dial-rules.ts';
import { ruleAt, started } from './pace.ts';
import { hasRoom, type Load } from './standing.ts';
import { countedBy, isUncounted, type Way } from './way.ts';
import type { WayBook } from './way-book.ts';

/** A connection nobody sees: what it carried, and when it was opened and used, ms since 1970. */
export interface Unseen {
  readonly load: Load;
  readonly openedAt: number;
  readonly usedAt: number;
  /** it may have been closed meanwhile, or never have been */
  readonly unsure: boolean;
}

export interface UnseenParts {
  readonly book: WayBook;
  readonly world: Pick<World, 'now' | 'randomBytes'>;
  /** where this device is, as finely as it can be told: in another network no connection of the last one is left, as far as anybody knows */
  readonly network: () => string;
}

const nothing: Load = { exchanges: 0, upBytes: 0, downBytes: 0 };

/** What lies further ahead was written before the clock was set back. */
const longestGapMs = dialRules.slowGapMs + dialRules.gapJitterMs;

/**
 * The connections that a browser is believed to have idle. It never says which one a request goes over: the one of them that was used last,
 * whoever meant it for what, and a new one where none is.
 */
export class UnseenSockets {
  readonly #parts: UnseenParts;
  /** by place; the one that was used last is the last */
  readonly #idle = new Map<string, readonly Unseen[]>();
  /** when another may be asked that may open a connection, by what hellos are counted by */
  readonly #rode = new Map<string, number>();
  #network: string;

  constructor(parts: UnseenParts) {
    this.#parts = parts;
    this.#network = parts.network();
  }

  /** The one that surely carries a request to there, if it has room for it. */
  idle(way: Way, wish: Parameters<typeof hasRoom>[2]): Unseen | undefined {
    const next = this.#next(way);
    const fits = next?.unsure === false && hasRoom(this.#parts.book.standing(way), next.load, wish);
    return fits ? next : undefined;
  }

  /** One that has carried something surely carries whatever is asked there next, with room for it or without. */
  isNext(way: Way): boolean {
    return this.#next(way)?.unsure === false;
  }

  /**
   * When something may be asked, as far as that follows from what went over idle ones: if one had died meanwhile, a browser opened another
   * instead and said nothing. Ms since 1970.
   */
  opensAt(way: Way): number {
    const { book, world } = this.#parts;
    const now = world.now();
    const pace = book.pace(way);
    if (isUncounted(way) || ruleAt(pace, book.others(way, now), now) === 'free') return now;
    const at = Math.max(pace.notBefore, this.#rode.get(countedBy(way)) ?? 0);
    return at > now + longestGapMs ? now : Math.max(now, at);
  }

  /**
   * A request leaves. @returns what carries it; `unsure` where that is not known. Whichever it is then, its relay is to close it, and what
   * becomes of it tells neither of a hello nor of what a connection carries.
   */
  take(way: Way): Unseen {
    const now = this.#parts.world.now();
    const next = this.#next(way);
    this.#idle.set(placeOf(way), this.#left(way, now).slice(0, -1));
    if (next === undefined) return { load: nothing, openedAt: now, usedAt: now, unsure: false };
    if (!next.unsure) this.#rides(way, now);
    return next;
  }

  /** It carried its request and the whole answer, or nothing after all; one that never carried anything was not opened. */
  leave(way: Way, socket: Unseen): void {
    if (!socket.unsure && socket.load.exchanges === 0) return;
    this.#idle.set(placeOf(way), [...this.#left(way, this.#parts.world.now()), socket]);
  }

  /** Any of them may have been closed. */
  doubt(way: Way): void {
    const all = this.#idle.get(placeOf(way));
    if (all !== undefined) this.#idle.set(placeOf(way), doubted(all));
  }

  /** What leads to these names, and was not used since, may have been closed. @param names and addresses, which are not meant */
  doubtNames(names: readonly string[], since: number): void {
    for (const [place, all] of this.#idle) {
      const [, host = ''] = place.split(' ');
      if (!names.includes(host) || isAddress(host)) continue;
      this.#idle.set(
        place,
        all.map((one) => (one.usedAt <= since ? { ...one, unsure: true } : one)),
      );
    }
  }

  /** what would carry a request to there; undefined for a new one */
  #next(way: Way): Unseen | undefined {
    const { world, network } = this.#parts;
    const here = network();
    if (here !== this.#network) for (const [place, all] of this.#idle) this.#idle.set(place, doubted(all));
    this.#network = here;
    const last = this.#left(way, world.now()).at(-1);
    // kept connections die unseen when nobody uses them
    const rested = last !== undefined && world.now() - last.usedAt > dialRules.idleMs;
    return rested ? { ...last, unsure: true } : last;
  }

  #left(way: Way, now: number): readonly Unseen[] {
    const all = this.#idle.get(placeOf(way)) ?? [];
    return all.filter(({ usedAt }) => now - usedAt <= dialRules.goneMs);
  }

  #rides(way: Way, now: number): void {
    const { book, world } = this.#parts;
    const chance = (world.randomBytes(1)[0] ?? 0) / 256;
    const rttMs = book.standing(way).rttMs ?? 0;
    const named = way.serverName !== '';
    this.#rode.set(countedBy(way), started(book.pace(way), { now, named, rttMs, chance }).notBefore);
  }
}

function doubted(all: readonly Unseen[]): readonly Unseen[] {
  return all.map((one) => ({ ...one, unsure: true }));
}

function placeOf({ host, port, tls }: Way): string {
  return `${tls} ${host} ${port}`;
}
