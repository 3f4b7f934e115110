import type { LogId, World } from '@tern/protocol';

/** Who waits for which log. */
export class Wakers {
  readonly #byLog = new Map<LogId, Set<() => void>>();
  readonly #all = new Set<() => void>();
  #closed = false;
  #waiting = 0;

  /** how many wait at this moment */
  get waiting(): number {
    return this.#waiting;
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
   * `wait` resolves when something was woken since, or after `ms`; rejects with the signal's reason.
   */
  listen(logs: readonly LogId[]): Disposable & {
    wait(ms: number, options: { readonly world: World; readonly signal: AbortSignal }): Promise<void>;
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
      wait: async (ms, { world, signal }) => {
        signal.throwIfAborted();
        if (woken) return;
        const over = new AbortController();
        const timer = world.wait(ms, { signal: AbortSignal.any([signal, over.signal]) });
        const wake = new Promise<void>((resolve) => {
          resolveWait = resolve;
        });
        this.#waiting += 1;
        try {
          await Promise.race([wake, timer]);
        } finally {
          this.#waiting -= 1;
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
