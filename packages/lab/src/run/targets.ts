import type { Level, Target } from '../scenario/target.ts';
import { mediaLevelOf, textLevelOf } from './measures.ts';
import { profiles } from './profile.ts';
import type { Outcome, RunRecord } from './results.ts';

/** A cell that is below what its scenario hopes for, and in what. */
export interface Shortfall {
  readonly scenario: string;
  readonly subject: string;
  /** `2 names or addresses lost, at most 0` */
  readonly in: readonly string[];
}

export interface Hopes {
  /** by the scenario's id; where there is none, nothing is hoped for */
  readonly targets: ReadonlyMap<string, Target>;
  /** whoever has to reach them; the others are there to be compared with */
  readonly subjects: readonly string[];
}

type Measured = Extract<Outcome, { readonly kind: 'measured' }>;

const levels: readonly Level[] = ['A', 'B', 'C', 'F'];

/** Of each cell its worst seed counts, in each respect; one with a void seed says nothing, and is not judged. */
export function shortfallsOf(
  records: readonly RunRecord[],
  { targets, subjects }: Hopes,
): readonly Shortfall[] {
  const scenarios = [...new Set(records.map(({ scenario }) => scenario))];
  return scenarios.flatMap((scenario) =>
    subjects.flatMap((subject) => {
      const target = targets.get(scenario);
      const runs = records.flatMap(({ outcomes, ...run }) =>
        run.scenario === scenario
          ? outcomes.filter((one) => one.subject === subject).map((outcome) => ({ ...run, outcome }))
          : [],
      );
      const measured = runs.flatMap(({ profile, outcome }) =>
        outcome.kind === 'measured' ? [{ profile, outcome }] : [],
      );
      if (target === undefined || measured.length === 0 || measured.length < runs.length) return [];
      const missed = missedIn(target, measured);
      return missed.length === 0 ? [] : [{ scenario, subject, in: missed }];
    }),
  );
}

function missedIn(
  { level, media = level, burned }: Target,
  seeds: readonly { readonly profile: RunRecord['profile']; readonly outcome: Measured }[],
): readonly string[] {
  const texts = worst(seeds.map(({ outcome }) => textLevelOf(outcome.measures)));
  const photo = worst(seeds.map(({ outcome, profile }) => mediaLevelOf(outcome.measures, profiles[profile])));
  const lost = Math.max(...seeds.map(({ outcome }) => outcome.measures.quiet));
  return [
    ...(isBelow(texts, level) ? [`texts are ${texts}, the target ${level}`] : []),
    ...(isBelow(photo, media) ? [`the photo is ${photo}, the target ${media}`] : []),
    ...(burned !== undefined && lost > burned
      ? [`${lost} ${lost === 1 ? 'name or address' : 'names or addresses'} lost, at most ${burned}`]
      : []),
  ];
}

function worst(of: readonly Level[]): Level {
  return of.reduce((one, other) => (isBelow(one, other) ? one : other));
}

function isBelow(one: Level, other: Level): boolean {
  return levels.indexOf(one) > levels.indexOf(other);
}

/** One line, or one that says that there is none. */
export function wordsOfShortfalls(shortfalls: readonly Shortfall[]): string {
  if (shortfalls.length === 0) return 'below its target: none of ours';
  const each = shortfalls.map((one) => `${one.scenario} ${one.subject} (${one.in.join('; ')})`);
  return `below its target: ${each.join(', ')}`;
}
