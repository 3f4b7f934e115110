import type { RunRecord } from './results.ts';

/** Of each run that counts and was played more than once: why the tries before were void. Who only looks at what is left sees the luckier ones. */
export function wordsOfTries(records: readonly RunRecord[]): readonly string[] {
  return records.flatMap(({ scenario, seed, outcomes }) =>
    outcomes.flatMap(({ kind, subject, earlier = [] }) => {
      if (kind !== 'measured' || earlier.length === 0) return [];
      const reasons = earlier.map(
        ({ because, lagMs }) => `${because} [late by ${lagMs.engine} ms, programs ${lagMs.programs} ms]`,
      );
      return [
        `try ${earlier.length + 1} counts: ${scenario} ${subject} seed ${seed}; void before: ${reasons.join('; ')}`,
      ];
    }),
  );
}
