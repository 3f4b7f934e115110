/** One run in a process of its own: `node run.ts '{"scenario":...}'`. Prints its record as one line of JSON; what happened meanwhile goes to standard error. */
import { subjectNamed } from '../subjects/all.ts';
import type { Subject } from '../subjects/subject.ts';
import { performRun, scenarioNamed } from './one-run.ts';
import { profiles, type Profile } from './profile.ts';

export interface Asked {
  readonly scenario: string;
  readonly seed: number;
  readonly profile: Profile['name'];
  readonly subjects: readonly string[];
  readonly evenIfBusy?: boolean;
  readonly until?: readonly string[];
  /** where somebody has less time than the profile takes */
  readonly mostWatchMs?: number;
}

if (import.meta.main) {
  const asked = JSON.parse(process.argv[2] ?? '{}') as Asked;
  const began = performance.now();
  const note = (words: string): void => {
    process.stderr.write(`${((performance.now() - began) / 1000).toFixed(1)} ${words}\n`);
  };
  const profile = profiles[asked.profile];
  const record = await performRun({
    scenario: await scenarioNamed(asked.scenario),
    seed: asked.seed,
    profile: { ...profile, watchMs: Math.min(profile.watchMs, asked.mostWatchMs ?? profile.watchMs) },
    subjects: asked.subjects.map(subjectNamed).filter((one): one is Subject => one !== undefined),
    note,
    ...(asked.evenIfBusy === undefined ? {} : { evenIfBusy: asked.evenIfBusy }),
    ...(asked.until === undefined ? {} : { until: asked.until }),
  });
  process.stdout.write(`${JSON.stringify(record)}\n`);
  process.exit(0);
}
