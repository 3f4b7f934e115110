/** Chance that repeats: the same seed draws the same. */
export interface Chance {
  /** from 0 to below 1 */
  real(): number;
  between(least: number, most: number): number;
  whole(least: number, most: number): number;
  /** as likely to double as to halve */
  spread(least: number, most: number): number;
  odds(share: number): boolean;
  pick<T>(some: readonly [T, ...T[]]): T;
}

export function chanceOf(seed: number): Chance {
  let state = (seed * 2_654_435_761) >>> 0;
  const real = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const between = (least: number, most: number): number => least + (most - least) * real();
  return {
    real,
    between,
    whole: (least, most) => Math.floor(between(least, most + 1)),
    spread: (least, most) => least * (most / least) ** real(),
    odds: (share) => real() < share,
    pick: (some) => some[Math.floor(real() * some.length)] ?? some[0],
  };
}
