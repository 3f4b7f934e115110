/** Chance that repeats itself: the same seed, the same throws. */
export interface Chance {
  /** a whole number from 0 to `limit`, which is excluded */
  below(limit: number): number;
  /** true once in so many times */
  oneIn(times: number): boolean;
  of<T>(list: readonly T[]): T;
  bytes(length: number): Uint8Array;
}

export function chanceOf(seed: number): Chance {
  let state = seed >>> 0;
  // mulberry32: one word of state, good enough to choose with
  const next = (): number => {
    state = (state + 0x6d2b_79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const below = (limit: number): number => Math.floor((next() / 2 ** 32) * limit);
  return {
    below,
    oneIn: (times) => below(times) === 0,
    of(list) {
      const one = list[below(list.length)];
      if (one === undefined) throw new RangeError('there is nothing to choose from');
      return one;
    },
    bytes: (length) => Uint8Array.from({ length }, () => next() & 255),
  };
}
