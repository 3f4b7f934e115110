import type { World } from '@tern/protocol';

/** `getRandomValues` gives no more at once. */
const mostRandomBytes = 65_536;
/**
 * A timer counts the time in which a machine was awake and its page not stopped, so a long wait is cut up and the clock looked at:
 * after an hour's sleep what was due in between is done at once, and not an hour late. 15 s because a hidden page's timers may fire
 * but once a minute anyhow, while those of a worker go on.
 */
const longestTimerMs = 15_000;

/** The browser's clock, chance and patience, in a page or a worker. */
export const browserWorld: World = {
  now: () => Date.now(),
  randomBytes(length) {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at += mostRandomBytes)
      crypto.getRandomValues(bytes.subarray(at, at + mostRandomBytes));
    return bytes;
  },
  async wait(ms, { signal }) {
    signal.throwIfAborted();
    // both clocks: one stops in sleep, the other can be set back
    const [awakeFrom, clockFrom] = [performance.now(), Date.now()];
    for (;;) {
      const left = ms - Math.max(performance.now() - awakeFrom, Date.now() - clockFrom);
      await pause(Math.max(0, Math.min(left, longestTimerMs)), signal);
      if (left <= longestTimerMs) return;
    }
  },
};

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal.addEventListener('abort', stop, { once: true });
  });
}
