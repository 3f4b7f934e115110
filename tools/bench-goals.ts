import type { Measurement } from './bench-figure.ts';

/*
 * Goals against ejabberd 23.01, for figures whose benchmark has none of its own. It was measured in November 2026, messages
 * in memory only, 1 KiB between 100 pairs: 34,400 messages/s on 1.6 cores, 46.7 us of processor time for each. That was another
 * day and another machine: absolute figures do not hold, ratios do. A goal met or missed by a little says nothing.
 */
const ejabberdCpuMicroseconds = 46.7;
const ejabberdPerSecondAndCore: number = 34_400 / 1.6;

/** By the name of the figure: durable at twice the speed of its memory. */
export const recordedGoals: ReadonlyMap<string, number> = new Map([
  ['relay: durable appends and deliveries of 1 KiB, 100 pairs', 2 * ejabberdPerSecondAndCore],
  ['relay: CPU per message without sealing', ejabberdCpuMicroseconds / 2],
]);

export function withGoal(measurement: Measurement): Measurement {
  const goal = measurement.goal ?? recordedGoals.get(measurement.name);
  return goal === undefined ? measurement : { ...measurement, goal };
}
