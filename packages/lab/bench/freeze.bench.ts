import { mobileLink } from '../src/engine/link.ts';
import { plainLine } from '../src/run/pair.ts';
import { playTransfers } from '../src/run/transfers.ts';
import { ternAbroad } from '../src/subjects/tern.ts';

export interface Measurement {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly goal?: number;
}

const mebibyte = 1_048_576;
const goalSeconds = 4;
const longestMs = 300_000;

/**
 * Files where every connection falls silent after 25 packets of both directions: real relay, real agents, the lab's kernels and censor. The
 * first file in each direction is carried by somebody who knows nothing of the network, and so says what learning costs.
 */
export async function benchFreeze(): Promise<readonly Measurement[]> {
  const figures: Measurement[] = [];
  for (const [what, line] of [
    ['60 ms', plainLine],
    ['a mobile line', mobileLink],
  ] as const) {
    const down = { direction: 'down', bytes: mebibyte } as const;
    const up = { direction: 'up', bytes: mebibyte } as const;
    const [firstDown, nextDown, firstUp, nextUp] = await playTransfers({
      rule: { technique: 'freeze-packets', packets: 25, count: 'both' },
      line,
      subject: ternAbroad,
      transfers: [down, down, up, up],
      longestMs,
      seed: 1,
    });
    const named = (name: string): string => `lab: 1 MiB ${name}, frozen after 25 packets, ${what}`;
    figures.push(
      figure(named('down'), nextDown, goalSeconds),
      figure(named('down with learning'), firstDown),
      figure(named('up'), nextUp, goalSeconds),
      figure(named('up with learning'), firstUp),
    );
  }
  return figures;
}

/** What never came is as slow as one waited. */
function figure(name: string, seconds: number | undefined, goal?: number): Measurement {
  return { name, value: seconds ?? longestMs / 1000, unit: 's', ...(goal !== undefined && { goal }) };
}
