import { plainLine } from '../src/run/pair.ts';
import { playTransfers } from '../src/run/transfers.ts';
import { ternAbroad } from '../src/subjects/tern.ts';
import type { Measurement } from './freeze.bench.ts';

const mebibyte = 1_048_576;
/** of one file */
const longestFileMs = 240_000;
/** of all of them where nothing comes: one file for each direction and case, and whoever meets before them */
export const longestMs: number = 40 * 60_000;
/** So many KiB pass, and what is carried there, in MiB: where a connection carries a kilobyte, no more than a quarter. */
const cases = [
  { each: 16, sizes: [1, 10] },
  { each: 8, sizes: [1] },
  { each: 4, sizes: [0.25] },
] as const;

/**
 * Files where every connection falls silent after so many bytes in either direction. What arrives is compared byte for byte; what does not
 * come in four minutes counts as that. The first file in each direction learns.
 */
export async function benchByteFreeze(): Promise<readonly Measurement[]> {
  const figures: Measurement[] = [];
  for (const { each, sizes } of cases) {
    const transfers = (['down', 'up'] as const).flatMap((direction) =>
      sizes.map((size) => ({ direction, bytes: size * mebibyte })),
    );
    const seconds = await playTransfers({
      rule: { technique: 'freeze-bytes', bytes: each * 1024, count: 'each' },
      line: plainLine,
      subject: ternAbroad,
      transfers,
      longestMs: longestFileMs,
      seed: 1,
    });
    for (const [at, { direction, bytes }] of transfers.entries()) {
      const learns = transfers.findIndex((one) => one.direction === direction) === at;
      figures.push({
        name: `lab: ${bytes / mebibyte} MiB ${direction}${learns ? ' with learning' : ''}, frozen after ${each} KiB`,
        value: seconds[at] ?? longestFileMs / 1000,
        unit: 's',
      });
    }
  }
  return figures;
}
