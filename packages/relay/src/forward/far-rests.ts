import type { World } from '@tern/protocol';

const firstPauseSeconds = 30;
const longestPauseSeconds = 6 * 3600;
/** of a pause, so that what failed together does not come back together */
const jitterShare = 0.25;
const mostRemembered = 10_000;

/** Which far relays were not reached the last time, and until when nothing is handed on to them. In memory only. */
export class FarRests {
  readonly #world: Pick<World, 'now' | 'randomBytes'>;
  /** the longest ago first */
  readonly #rests = new Map<string, { readonly until: number; readonly times: number }>();

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
    const second = Math.floor(this.#world.now() / 1000);
    const rest = this.#rests.get(far);
    // others were under way to it at the same time
    if (rest !== undefined && rest.until > second) return;
    const times = Math.max(rest?.times ?? 0, tries);
    this.#rests.delete(far);
    this.#rests.set(far, { until: second + this.#pause(times), times: times + 1 });
    if (this.#rests.size <= mostRemembered) return;
    const [oldest] = this.#rests.keys();
    if (oldest !== undefined) this.#rests.delete(oldest);
  }

  #pause(times: number): number {
    const pause = Math.min(longestPauseSeconds, firstPauseSeconds * 2 ** Math.min(times, 20));
    const chance = (this.#world.randomBytes(1)[0] ?? 0) / 256;
    return Math.ceil(pause * (1 + (chance - 0.5) * 2 * jitterShare));
  }
}
