import type { World } from '@tern/protocol';

const firstPauseSeconds = 30;
const longestPauseSeconds = 6 * 3600;
/** of a pause, so that what failed together does not come back together */
const jitterShare = 0.25;
const mostRemembered = 10_000;

interface FarRest {
  readonly until: number;
  readonly times: number;
}

/** Which far relays were not reached the last time, or were slow, and until when nothing is handed on to them. In memory only. */
export class FarRests {
  readonly #world: Pick<World, 'now' | 'randomBytes'>;
  /** the longest ago first */
  readonly #rests = new Map<string, FarRest>();

  constructor(world: Pick<World, 'now' | 'randomBytes'>) {
    this.#world = world;
  }

  /** @returns the second from which on it may be tried again, 0 for one that does not rest */
  until(far: string): number {
    return this.#rests.get(far)?.until ?? 0;
  }

  isDoubted(far: string): boolean {
    return this.#rests.has(far);
  }

  reached(far: string): void {
    this.#rests.delete(far);
  }

  /** @param kept.tries of the request that did not reach it, which outlive the process */
  missed(far: string, { tries }: { readonly tries: number }): void {
    const times = Math.max(this.#rests.get(far)?.times ?? 0, tries);
    this.#rest(far, { seconds: this.pause(times), times: times + 1 });
  }

  /** It has no room. Any one source can bring that about, so it rests no longer each time. */
  full(far: string): void {
    this.#rest(far, { seconds: this.pause(0), times: this.#rests.get(far)?.times ?? 0 });
  }

  /** It was slow. That may be the doing of what it was asked, so it does not rest, but it shares few places until it is quick. */
  doubt(far: string): void {
    this.#remember(far, this.#rests.get(far) ?? { until: 0, times: 0 });
  }

  /** @returns for how many seconds what failed so many times before is left alone */
  pause(times: number): number {
    const pause = Math.min(longestPauseSeconds, firstPauseSeconds * 2 ** Math.min(times, 20));
    const chance = (this.#world.randomBytes(1)[0] ?? 0) / 256;
    return Math.ceil(pause * (1 + (chance - 0.5) * 2 * jitterShare));
  }

  #rest(far: string, { seconds, times }: { readonly seconds: number; readonly times: number }): void {
    const second = Math.floor(this.#world.now() / 1000);
    // others were under way to it at the same time
    if (this.until(far) > second) return;
    this.#remember(far, { until: second + seconds, times });
  }

  #remember(far: string, rest: FarRest): void {
    this.#rests.delete(far);
    this.#rests.set(far, rest);
    if (this.#rests.size <= mostRemembered) return;
    const [oldest] = this.#rests.keys();
    if (oldest !== undefined) this.#rests.delete(oldest);
  }
}
