import { createHash } from 'node:crypto';

/** Gives numbers from 0 up to 1. */
export type Chance = () => number;

/**
 * A stream of numbers of its own for everything that chance decides, so that one more packet here changes nothing there.
 * The same seed and the same purpose give the same stream (sfc32).
 */
export function chanceOf(seed: number, purpose: string): Chance {
  const digest = createHash('sha256').update(`${seed} ${purpose}`).digest();
  let [a, b, c, counter] = [0, 4, 8, 12].map((at) => digest.readUInt32LE(at)) as [
    number,
    number,
    number,
    number,
  ];
  return () => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return (sum >>> 0) / 0x100000000;
  };
}
