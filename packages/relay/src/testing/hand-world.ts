import { hkdfExpand, noblePrimitives, uintBytes, type World } from '@tern/protocol';

/** A world a test holds in its hand: the clock stands until it is set, waiting takes no time, chance repeats. */
export function handWorld(seed = 1): World & { set(now: number): void } {
  let now = 1_794_000_000_000;
  let drawn = 0;
  const key = new Uint8Array(32).fill(seed);
  return {
    now: () => now,
    set(to) {
      now = to;
    },
    randomBytes(length) {
      drawn += 1;
      return hkdfExpand(noblePrimitives, key, uintBytes(drawn, 4), length);
    },
    async wait(ms, { signal }) {
      signal.throwIfAborted();
      now += ms;
      await Promise.resolve();
    },
  };
}
