import { originOf, type Hint, type World } from '@tern/protocol';
import type { AskedBefore, EarlierStart, LeftIdle } from '@tern/reach/browser';

/*
 * What a browser is asked for before the dialer is there keeps to the dialer's own rules of new connections (0017), in its smallest words:
 * the figures with their reasons are in reach/src/dialer/dial-rules.ts.
 */
const gapMs = 600;
const gapJitterMs = 200;
const carefulStarts = 3;
const startWindowMs = 65_000;
const idleMs = 50_000;
/** Exchanges of one connection: 25 packets, after which some networks let nothing through, are a hello and three of these. */
const exchangesOfOne = 3;
/** whoever waits for room asks so often for somebody who needs none */
const askAgainMs = 5000;

/** Leave to ask once. */
export interface PlainTurn {
  /** its relay is to close the connection */
  readonly last: boolean;
  /** something came back */
  answered(): void;
  /** told at the end whether its connection is as good as new, and what it carried */
  left(whole: boolean, carried: { readonly upBytes: number; readonly downBytes: number }): void;
  /** Nobody answered: what was idle beside it may be gone as well. */
  failed(): void;
}

interface Start extends EarlierStart {
  answered: boolean;
}

type Listener = Parameters<AskedBefore['tell']>[0];

/** The connections that a browser is believed to open and to keep for those who ask the plain way, and when it may open another. */
export class PlainLines implements AskedBefore {
  readonly #world: World;
  /** of the last minute and a little, by name, oldest first */
  readonly #starts = new Map<string, readonly Start[]>();
  /** the earliest time for the next, by name, ms since 1970 */
  readonly #notBefore = new Map<string, number>();
  /** by place; the one that was used last, which a browser takes first, is the last */
  readonly #idle = new Map<string, readonly LeftIdle[]>();
  #listener: Listener | undefined;
  #news: PromiseWithResolvers<void> = Promise.withResolvers();

  constructor(world: World) {
    this.#world = world;
  }

  /**
   * Resolves when an exchange may leave.
   * @param options `wanted`: asked again after each {@link wake}; `full`: told where no connection may be begun for long
   * @throws the signal's reason
   */
  async turn(
    to: Hint,
    options: { readonly signal: AbortSignal; readonly wanted: () => boolean; readonly full: () => void },
  ): Promise<PlainTurn | undefined> {
    const { signal, wanted, full } = options;
    for (;;) {
      signal.throwIfAborted();
      if (!wanted()) return undefined;
      const now = this.#world.now();
      const last = this.#idle.get(originOf(to))?.at(-1);
      if (last !== undefined && !isUnsure(last, now)) return this.#take(to, last);
      const roomAt = this.#roomAt(to, now);
      const at = Math.max(this.#gapEnds(to, now), roomAt);
      if (at <= now) return this.#take(to, last && { ...last, unsure: true });
      if (roomAt > now) full();
      await this.#newsOr(Math.min(at - now, askAgainMs), signal);
    }
  }

  tell(listener: Listener): void {
    this.#listener = listener;
    for (const start of [...this.#starts.values()].flat()) listener.started({ ...start });
    for (const idle of [...this.#idle.values()].flat()) listener.left(idle);
  }

  /** Whoever waits looks again. */
  wake(): void {
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }

  #take(to: Hint, carrying: LeftIdle | undefined): PlainTurn {
    const place = originOf(to);
    const now = this.#world.now();
    this.#idle.set(place, this.#idleAt(place).slice(0, -1));
    const [chance = 0] = this.#world.randomBytes(1);
    // a browser may have used an idle one for another, or lost it: then this begins one all the same
    this.#notBefore.set(to.address, now + gapMs + (chance / 255) * gapJitterMs);
    const { unsure = false, openedAt = now } = carrying ?? {};
    const start = carrying === undefined || unsure ? this.#start(to, now) : undefined;
    const { exchanges, upBytes, downBytes } = carrying?.load ?? { exchanges: 0, upBytes: 0, downBytes: 0 };
    const last = unsure || exchanges + 1 === exchangesOfOne;
    return {
      last,
      answered: () => void (start && (start.answered = true)),
      left: (whole, carried) => {
        if (!whole || last) return;
        const load = {
          exchanges: exchanges + 1,
          upBytes: upBytes + carried.upBytes,
          downBytes: downBytes + carried.downBytes,
        };
        const idle = { to, load, openedAt, usedAt: this.#world.now(), unsure: false };
        this.#idle.set(place, [...this.#idleAt(place), idle]);
        this.#listener?.left(idle);
        this.wake();
      },
      failed: () => {
        this.#idle.set(
          place,
          this.#idleAt(place).map((one) => ({ ...one, unsure: true })),
        );
        this.#listener?.doubted(to);
      },
    };
  }

  #start(to: Hint, at: number): Start {
    const start: Start = { to, at, answered: false };
    this.#starts.set(to.address, [...this.#startsSince(to, at), start]);
    this.#listener?.started({ ...start });
    return start;
  }

  #startsSince({ address }: Hint, now: number): readonly Start[] {
    const all = this.#starts.get(address) ?? [];
    return all.filter(({ at }) => at <= now && now - at < startWindowMs);
  }

  /** When the window holds fewer; what says no name is not counted. */
  #roomAt(to: Hint, now: number): number {
    const tooMany = this.#startsSince(to, now).at(-carefulStarts);
    return tooMany === undefined || isAddress(to.address) ? 0 : tooMany.at + startWindowMs;
  }

  /** What lies further ahead was written before the clock was set back. */
  #gapEnds({ address }: Hint, now: number): number {
    const at = this.#notBefore.get(address) ?? 0;
    return at > now + gapMs + gapJitterMs ? 0 : at;
  }

  #idleAt(place: string): readonly LeftIdle[] {
    return this.#idle.get(place) ?? [];
  }

  async #newsOr(ms: number, signal: AbortSignal): Promise<void> {
    const done = new AbortController();
    try {
      const waited = this.#world.wait(ms, { signal: AbortSignal.any([signal, done.signal]) });
      await Promise.race([this.#news.promise, waited]);
    } finally {
      done.abort();
    }
  }
}

/** A relay ends what rests for long. */
function isUnsure({ unsure, usedAt }: LeftIdle, now: number): boolean {
  return unsure || now - usedAt > idleMs;
}

function isAddress(host: string): boolean {
  return /^[\d.]+$|:/u.test(host);
}
