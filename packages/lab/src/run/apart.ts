import { setTimeout as wait } from 'node:timers/promises';

/** Lets whatever begins begin some time after the one before, in the order in which it was asked for. */
export class Apart {
  readonly #ms: number;
  readonly #now: () => number;
  readonly #wait: (ms: number, signal: AbortSignal) => Promise<void>;
  #next = Number.NEGATIVE_INFINITY;

  /** @param clock milliseconds that only grow, and how to wait for some of them */
  constructor(
    ms: number,
    clock: {
      readonly now: () => number;
      readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
    } = { now: () => performance.now(), wait: (ms, signal) => wait(ms, undefined, { signal }) },
  ) {
    this.#ms = ms;
    this.#now = clock.now;
    this.#wait = clock.wait;
  }

  /** Resolves when it is one's turn; who gives up has had it. @throws the signal's reason */
  async turn(signal: AbortSignal): Promise<void> {
    const now = this.#now();
    const at = Math.max(now, this.#next);
    this.#next = at + this.#ms;
    if (at > now) await this.#wait(at - now, signal);
  }
}
