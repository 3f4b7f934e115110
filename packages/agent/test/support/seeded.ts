/** Chance that one number repeats. */
export interface Seeded {
  /** from 0 up to and without `end` */
  below(end: number): number;
  /** between both, which are included */
  between(least: number, most: number): number;
  oneOf<T>(choices: readonly T[]): T;
  /** true so often, from 0 to 1 */
  happens(share: number): boolean;
  bytes(length: number): Uint8Array;
}

/** @param seed a whole number; others that differ a little give sequences that have nothing in common */
export function seeded(seed: number): Seeded {
  let state = seed >>> 0;
  // splitmix32
  const below = (end: number): number => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return Math.floor((((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32) * end);
  };
  return {
    below,
    between: (least, most) => least + below(most - least + 1),
    oneOf<T>(choices: readonly T[]): T {
      const choice = choices[below(choices.length)];
      if (choice === undefined) throw new RangeError('nothing to choose from');
      return choice;
    },
    happens: (share) => below(1_000_000) < share * 1_000_000,
    bytes: (length) => Uint8Array.from({ length }, () => below(256)),
  };
}
