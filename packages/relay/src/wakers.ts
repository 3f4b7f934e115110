import type { LogId, World } from '@tern/protocol';
import { Places } from './forward/places.ts';
import type { RelayLimits } from './limits-table.ts';

export interface WaitOptions {
  readonly world: World;
  readonly signal: AbortSignal;
  /** for whom; undefined where nobody can be told from others */
  readonly source: string | undefined;
}

interface Place {
  readonly since: number;
  readonly source: string | undefined;
  readonly waker: () => void;
}

/** Who waits for which log. */
export class Wakers {
  readonly #byLog = new Map<LogId, Set<() => void>>();
  readonly #all = new Set<() => void>();
  readonly #places: Places;
  readonly #sureMs: number;
  readonly #byOwner = new WeakMap<object, () => void>();
  /** those that wait, the longest first */
  readonly #waits = new Set<Place>();
  #closed = false;

  constructor(limits: Pick<RelayLimits, 'waiting' | 'waitingOfOne' | 'watchSureSeconds'>) {
    const { waiting, waitingOfOne, watchSureSeconds } = limits;
    this.#places = new Places({ most: waiting, mostOfOne: waitingOfOne, shrinking: true });
    this.#sureMs = watchSureSeconds * 1000;
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
   * Listens before the caller looks, so that nothing falls between looking and waiting. Whoever listens for the same owner already waits
   * no longer: its answer is no use any more, and it may be that nobody is there.
   * `wait` resolves when something was woken since, or after `ms`, or at once with false where nobody else may wait; rejects with the
   * signal's reason.
   */
  listen(
    logs: readonly LogId[],
    owner: object,
  ): Disposable & { wait(ms: number, options: WaitOptions): Promise<boolean> } {
    this.#byOwner.get(owner)?.();
    let woken = this.#closed;
    let resolveWait: (() => void) | undefined;
    const waker = (): void => {
      woken = true;
      resolveWait?.();
    };
    this.#all.add(waker);
    this.#byOwner.set(owner, waker);
    for (const log of logs) {
      const wakers = this.#byLog.get(log) ?? new Set();
      this.#byLog.set(log, wakers.add(waker));
    }
    return {
      wait: async (ms, { world, signal, source }) => {
        signal.throwIfAborted();
        if (woken) return true;
        const since = world.now();
        if (!this.#take(source, since)) return false;
        const over = new AbortController();
        const timer = world.wait(ms, { signal: AbortSignal.any([signal, over.signal]) });
        const wake = new Promise<void>((resolve) => {
          resolveWait = resolve;
        });
        const place: Place = { since, source, waker };
        this.#waits.add(place);
        try {
          await Promise.race([wake, timer]);
          return true;
        } finally {
          this.#leave(place);
          over.abort();
          // the timer that lost rejects with the reason of `over`, which is nobody's concern
          timer.catch(() => {});
        }
      },
      [Symbol.dispose]: () => {
        this.#all.delete(waker);
        if (this.#byOwner.get(owner) === waker) this.#byOwner.delete(owner);
        for (const log of logs) {
          const wakers = this.#byLog.get(log);
          wakers?.delete(waker);
          if (wakers?.size === 0) this.#byLog.delete(log);
        }
      },
    };
  }

  /**
   * Where no place is free, the longest that is sure no more is taken: of this source, if it has any, because its share is full then as well.
   * That one is handed over as it is: given back, it would be more than a share that has shrunk meanwhile.
   * @returns whether one more may wait
   */
  #take(source: string | undefined, now: number): boolean {
    if (this.#places.take(source, 1)) return true;
    const any = this.#places.of(source) === 0;
    for (const place of this.#waits) {
      if (now - place.since < this.#sureMs) break;
      if (!any && place.source !== source) continue;
      if (any) this.#leave(place);
      else this.#waits.delete(place);
      place.waker();
      return !any || this.#places.take(source, 1);
    }
    return false;
  }

  #leave(place: Place): void {
    if (this.#waits.delete(place)) this.#places.release(place.source, 1);
  }
}
