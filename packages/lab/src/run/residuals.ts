import type { Target } from '../scenario/target.ts';
import type { RunRecord } from './results.ts';

/**
 * Connections that somebody opened into a residual after the one that met it, in the worst seed of each: a line where there are such, or where a
 * scenario says how many there may be.
 */
export function wordsOfRetries(
  records: readonly RunRecord[],
  targets: ReadonlyMap<string, Target>,
): readonly string[] {
  const worst = new Map<string, number>();
  for (const { scenario, outcomes } of records)
    for (const outcome of outcomes) {
      if (outcome.kind !== 'measured') continue;
      const cell = `${scenario} ${outcome.subject}`;
      const { retries } = outcome.measures;
      if (retries > 0 || targets.get(scenario)?.retries !== undefined)
        worst.set(cell, Math.max(retries, worst.get(cell) ?? 0));
    }
  if (worst.size === 0) return [];
  const each = [...worst].map(([cell, retries]) => `${cell} ${retries}`);
  return [`connections into a residual that was known: ${each.join(', ')}`];
}
