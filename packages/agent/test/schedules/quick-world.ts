import type { World } from '@tern/protocol';
import { nodeWorld } from '@tern/reach/node';

interface Timer {
  readonly at: number;
  readonly fire: () => void;
}

/** Real time as long as something goes on; where everybody only waits, it is sooner over. */
export interface QuickWorld extends World, Disposable {
  /** Something has just happened that others may be about to answer: bytes passed. */
  stir(): void;
  /** Time is real until it is done: a disk writes. */
  during<T>(work: Promise<T>): Promise<T>;
}

const tickMs = 4;
/** a machine that stands still for longer lets no time pass: nobody had a chance to do anything in it */
const mostOfTickMs = 2 * tickMs;
/** so many times the machine looked for what happens on its sockets and there was nothing */
const stillTicks = 4;
const haste = 80;

/**
 * A clock for real sockets on which the minutes that a dialer, a relay or a client waits are over in seconds: eighty times as fast as the
 * machine's, but only while nothing passes and nothing is written, and never past a moment for which somebody waits. What sockets, handshakes and
 * disks take is taken in real time, so that a busy machine is slow and not broken: time goes by ticks of the event loop, between any two of
 * which everything that came over sockets was dealt with.
 */
export function quickWorld(): QuickWorld {
  let now = nodeWorld.now();
  let lastTick = performance.now();
  let still = 0;
  let working = 0;
  const timers = new Set<Timer>();
  const tick = (): void => {
    const real = performance.now();
    const passed = Math.min(real - lastTick, mostOfTickMs);
    lastTick = real;
    still = working > 0 ? 0 : still + 1;
    const next = Math.min(...Array.from(timers, ({ at }) => at));
    now = still > stillTicks ? Math.max(now, Math.min(now + passed * haste, next)) : now + passed;
    const due = [...timers].filter(({ at }) => at <= now).toSorted((a, b) => a.at - b.at);
    for (const timer of due) {
      timers.delete(timer);
      timer.fire();
    }
  };
  const ticking = setInterval(tick, tickMs);
  return {
    now: () => Math.floor(now),
    randomBytes: (length) => nodeWorld.randomBytes(length),
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
    stir() {
      still = 0;
    },
    async during(work) {
      working += 1;
      try {
        return await work;
      } finally {
        working -= 1;
      }
    },
    [Symbol.dispose]() {
      clearInterval(ticking);
    },
  };
}
