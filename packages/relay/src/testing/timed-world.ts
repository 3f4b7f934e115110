import { UsageError, type World } from '@tern/protocol';
import { handWorld } from './hand-world.ts';

interface Timer {
  readonly at: number;
  readonly fire: () => void;
}

/** A world whose time passes only while a test lets it, timer by timer, in the order in which they are due. */
export interface TimedWorld extends World {
  /** Lets time pass until the work is done. */
  run<T>(work: Promise<T>): Promise<T>;
  /** Lets so much time pass. */
  pass(ms: number): Promise<void>;
}

export interface TimedWorldOptions {
  /** ms since 1970 */
  readonly startsAt?: number;
  /** where its chance comes from; slow and the same for the same seed unless given */
  readonly randomBytes?: World['randomBytes'];
}

export function timedWorld(seed = 1, options: TimedWorldOptions = {}): TimedWorld {
  const chance = options.randomBytes === undefined ? handWorld(seed) : { randomBytes: options.randomBytes };
  let now = options.startsAt ?? 1_794_000_000_000;
  /** in the order in which they were set, which is that of those due at once */
  const timers = new Set<Timer>();
  const fireNext = (until: number): boolean => {
    let next: Timer | undefined;
    for (const timer of timers) if (timer.at < (next?.at ?? Infinity)) next = timer;
    if (next === undefined || next.at > until) return false;
    timers.delete(next);
    now = Math.max(now, next.at);
    next.fire();
    return true;
  };
  return {
    now: () => now,
    randomBytes: (length) => chance.randomBytes(length),
    wait(ms, { signal }) {
      signal.throwIfAborted();
      return new Promise((resolve, reject) => {
        const stop = (): void => {
          timers.delete(timer);
          reject(signal.reason as Error);
        };
        const timer: Timer = {
          at: now + ms,
          fire() {
            signal.removeEventListener('abort', stop);
            resolve();
          },
        };
        timers.add(timer);
        signal.addEventListener('abort', stop, { once: true });
      });
    },
    async run(work) {
      let done = false;
      const settled = work.then(
        () => {
          done = true;
        },
        () => {
          done = true;
        },
      );
      for (;;) {
        await quiet();
        if (done) break;
        if (!fireNext(Infinity)) throw new UsageError('nothing will ever happen');
      }
      await settled;
      return work;
    },
    async pass(ms) {
      const until = now + ms;
      do await quiet();
      while (fireNext(until));
      now = until;
    },
  };
}

/** Everything that needs no time has happened. */
async function quiet(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1)
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
}
