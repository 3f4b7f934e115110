import { plainLine } from '../src/run/pair.ts';
import { playTransfers } from '../src/run/transfers.ts';
import { ternAbroad } from '../src/subjects/tern.ts';
import type { Measurement } from './freeze.bench.ts';

const mebibyte = 1_048_576;
const longestMs = 240_000;
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
      longestMs,
      seed: 1,
    });
    for (const [at, { direction, bytes }] of transfers.entries())
      figures.push({
        name: `lab: ${bytes / mebibyte} MiB ${direction}, frozen after ${each} KiB`,
        value: seconds[at] ?? longestMs / 1000,
        unit: 's',
      });
  }
  return figures;
}
