import type { LogId, World } from '@tern/protocol';
import { Places } from './forward/places.ts';
import type { RelayLimits } from './limits-table.ts';

export interface WaitOptions {
  readonly world: World;
  readonly signal: AbortSignal;
  /** for whom; undefined where nobody can be told from others */
  readonly source: string | undefined;
}

/** Who waits for which log. */
export class Wakers {
  readonly #byLog = new Map<LogId, Set<() => void>>();
  readonly #all = new Set<() => void>();
  readonly #places: Places;
  #closed = false;

  constructor({ waiting, waitingOfOne }: Pick<RelayLimits, 'waiting' | 'waitingOfOne'>) {
    this.#places = new Places({ most: waiting, mostOfOne: waitingOfOne, shrinking: true });
  }

  /** how many wait at this moment */
  get waiting(): number {
    return this.#places.taken;
  }

  /** Something is new in these logs. */
  wake(logs: Iterable<LogId>): void {
    for (const log of logs) for (const waker of this.#byLog.get(log) ?? []) waker();
  }

  /** Everybody is answered now, and nobody waits any more. */
  close(): void {
    this.#closed = true;
    for (const waker of this.#all) waker();
  }

  /**
   * Listens before the caller looks, so that nothing falls between looking and waiting.
   * `wait` resolves when something was woken since, or after `ms`, or at once with false where nobody else may wait; rejects with the
   * signal's reason.
   */
  listen(logs: readonly LogId[]): Disposable & {
    wait(ms: number, options: WaitOptions): Promise<boolean>;
  } {
    let woken = this.#closed;
    let resolveWait: (() => void) | undefined;
    const waker = (): void => {
      woken = true;
      resolveWait?.();
    };
    this.#all.add(waker);
    for (const log of logs) {
      const wakers = this.#byLog.get(log) ?? new Set();
      this.#byLog.set(log, wakers.add(waker));
    }
    return {
      wait: async (ms, { world, signal, source }) => {
        signal.throwIfAborted();
        if (woken) return true;
        if (!this.#places.take(source, 1)) return false;
        const over = new AbortController();
        const timer = world.wait(ms, { signal: AbortSignal.any([signal, over.signal]) });
        const wake = new Promise<void>((resolve) => {
          resolveWait = resolve;
        });
        try {
          await Promise.race([wake, timer]);
          return true;
        } finally {
          this.#places.release(source, 1);
          over.abort();
          // the timer that lost rejects with the reason of `over`, which is nobody's concern
          timer.catch(() => {});
        }
      },
      [Symbol.dispose]: () => {
        this.#all.delete(waker);
        for (const log of logs) {
          const wakers = this.#byLog.get(log);
          wakers?.delete(waker);
          if (wakers?.size === 0) this.#byLog.delete(log);
        }
      },
    };
  }
}
