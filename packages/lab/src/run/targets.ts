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

/** What was found of those who have to reach targets. */
export interface Judged {
  /** how many cells were judged */
  readonly cells: number;
  readonly below: readonly Shortfall[];
  /** `S09 tern-web`: cells of which a seed is void, which say nothing */
  readonly unjudged: readonly string[];
}

type Measured = Extract<Outcome, { readonly kind: 'measured' }>;

const levels: readonly Level[] = ['A', 'B', 'C', 'F'];

/** Of each cell its worst seed counts, in each respect; one with a void seed says nothing, and is not judged. */
export function judge(records: readonly RunRecord[], { targets, subjects }: Hopes): Judged {
  const below: Shortfall[] = [];
  const unjudged: string[] = [];
  let cells = 0;
  for (const scenario of new Set(records.map((record) => record.scenario))) {
    const target = targets.get(scenario);
    if (target === undefined) continue;
    for (const subject of subjects) {
      const runs = records.flatMap(({ outcomes, ...run }) =>
        run.scenario === scenario
          ? outcomes.filter((one) => one.subject === subject).map((outcome) => ({ ...run, outcome }))
          : [],
      );
      const measured = runs.flatMap(({ profile, outcome }) =>
        outcome.kind === 'measured' ? [{ profile, outcome }] : [],
      );
      if (measured.length < runs.length) unjudged.push(`${scenario} ${subject}`);
      else if (measured.length > 0) {
        cells += 1;
        const missed = missedIn(target, measured);
        if (missed.length > 0) below.push({ scenario, subject, in: missed });
      }
    }
  }
  return { cells, below, unjudged };
}

function missedIn(
  { level, media = level, burned, retries }: Target,
  seeds: readonly { readonly profile: RunRecord['profile']; readonly outcome: Measured }[],
): readonly string[] {
  const texts = worst(seeds.map(({ outcome }) => textLevelOf(outcome.measures)));
  const photo = worst(seeds.map(({ outcome, profile }) => mediaLevelOf(outcome.measures, profiles[profile])));
  const lost = Math.max(...seeds.map(({ outcome }) => outcome.measures.quiet));
  const retried = Math.max(...seeds.map(({ outcome }) => outcome.measures.retries));
  return [
    ...(isBelow(texts, level) ? [`texts are ${texts}, the target ${level}`] : []),
    ...(isBelow(photo, media) ? [`the photo is ${photo}, the target ${media}`] : []),
    ...(burned !== undefined && lost > burned
      ? [`${lost} ${lost === 1 ? 'name or address' : 'names or addresses'} lost, at most ${burned}`]
      : []),
    ...(retries !== undefined && retried > retries
      ? [
          `${retried} ${retried === 1 ? 'connection' : 'connections'} into a residual that was known, at most ${retries}`,
        ]
      : []),
  ];
}

function worst(of: readonly Level[]): Level {
  return of.reduce((one, other) => (isBelow(one, other) ? one : other));
}

function isBelow(one: Level, other: Level): boolean {
  return levels.indexOf(one) > levels.indexOf(other);
}

/** One line: what is below, or that nothing is, and what of ours nobody can tell that of. */
export function wordsOfJudged({ cells, below, unjudged }: Judged): string {
  const each = below.map((one) => `${one.scenario} ${one.subject} (${one.in.join('; ')})`);
  const nothing = cells === 0 ? 'nothing of ours was judged' : 'none of ours';
  const found = `below its target: ${each.length > 0 ? each.join(', ') : nothing}`;
  return unjudged.length === 0 ? found : `${found}; void and so not judged: ${unjudged.join(', ')}`;
}
