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

export function timedWorld(seed = 1): TimedWorld {
  const { randomBytes } = handWorld(seed);
  let now = 1_794_000_000_000;
  let timers: readonly Timer[] = [];
  const fireNext = (until: number): boolean => {
    const [next] = timers.toSorted((a, b) => a.at - b.at);
    if (next === undefined || next.at > until) return false;
    timers = timers.filter((timer) => timer !== next);
    now = Math.max(now, next.at);
    next.fire();
    return true;
  };
  return {
    now: () => now,
    randomBytes,
    wait(ms, { signal }) {
      signal.throwIfAborted();
      return new Promise((resolve, reject) => {
        const stop = (): void => {
          timers = timers.filter((one) => one !== timer);
          reject(signal.reason as Error);
        };
        const timer: Timer = {
          at: now + ms,
          fire() {
            signal.removeEventListener('abort', stop);
            resolve();
          },
        };
        timers = [...timers, timer];
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
