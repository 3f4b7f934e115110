import { createHash } from 'node:crypto';
import type { World } from '@tern/protocol';

/** A world held in a test's hand: time passes when it is told to, and chance repeats itself. */
export interface TestWorld extends World {
  /** Lets time pass; whoever waited for less goes on. */
  pass(ms: number): void;
}

export function testWorld(start: number = Date.UTC(2026, 10, 1), seed = 'chance'): TestWorld {
  let now = start;
  let drawn = 0;
  const waiting = new Set<{ readonly until: number; go(): void }>();
  return {
    now: () => now,
    randomBytes(length) {
      const bytes = new Uint8Array(length);
      for (let at = 0; at < length; at += 32) {
        const block = createHash('sha256').update(`${seed} ${drawn}`).digest();
        bytes.set(block.subarray(0, Math.min(32, length - at)), at);
        drawn += 1;
      }
      return bytes;
    },
    wait(ms, { signal }) {
      return new Promise((resolve, reject) => {
        signal.throwIfAborted();
        const entry = {
          until: now + ms,
          go() {
            waiting.delete(entry);
            resolve();
          },
        };
        waiting.add(entry);
        signal.addEventListener(
          'abort',
          () => {
            waiting.delete(entry);
            reject(signal.reason as Error);
          },
          { once: true },
        );
      });
    },
    pass(ms) {
      now += ms;
      for (const one of Array.from(waiting)) if (one.until <= now) one.go();
    },
  };
}
