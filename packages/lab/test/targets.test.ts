import { expect, test } from 'vitest';
import { levelOf, type Measures } from '../src/run/measures.ts';
import { profiles } from '../src/run/profile.ts';
import type { Outcome, RunRecord } from '../src/run/results.ts';
import { wordsOfRetries } from '../src/run/residuals.ts';
import { judge, wordsOfJudged } from '../src/run/targets.ts';
import { loadScenario } from '../src/scenario/catalogue.ts';
import type { Target } from '../src/scenario/target.ts';

const good: Measures = {
  text: 1,
  eventual: 1,
  ttr: 3,
  media: 8,
  voice: 2,
  cold: 4,
  quiet: 0,
  retries: 0,
  wrong: 0,
};

function run(seed: number, ...outcomes: readonly Outcome[]): RunRecord {
  const lagMs = { engine: 1, programs: 5 };
  return {
    scenario: 'S09',
    digest: 'one',
    seed,
    profile: 'full',
    sources: 'x',
    outcomes,
    lagMs,
    seconds: 60,
    watchedSeconds: 40,
  };
}

function measured(changed: Partial<Measures>, subject = 'tern-web'): Outcome {
  const measures = { ...good, ...changed };
  return { subject, kind: 'measured', measures, level: levelOf(measures, profiles.full) };
}

/** What is said of the runs where the scenario hopes for this of tern-web. */
function said(target: Target, ...records: readonly RunRecord[]): string {
  const targets = new Map([['S09', target]]);
  return wordsOfJudged(judge(records, { targets, subjects: ['tern', 'tern-web'] }));
}

const none = 'below its target: none of ours';

test('a name lost to a ban is told where the scenario lets none be lost, although every text came', async () => {
  const { target } = await loadScenario('S09');
  expect(said(target, run(1, measured({})), run(2, measured({ quiet: 2 })), run(3, measured({})))).toBe(
    'below its target: S09 tern-web (2 names or addresses lost, at most 0)',
  );
  expect(said(target, run(1, measured({})))).toBe(none);
  expect(said({ level: 'A' }, run(1, measured({ quiet: 2 })))).toBe(none);
});

test('what is opened into a residual that was known is told where the scenario lets nothing be', async () => {
  const { target } = await loadScenario('S03');
  const runs = [run(1, measured({ retries: 3 })), run(2, measured({}), measured({}, 'websocket'))];
  expect(said(target, ...runs)).toBe(
    'below its target: S09 tern-web (3 connections into a residual that was known, at most 0)',
  );
  expect(said({ level: 'A' }, ...runs)).toBe(none);
  expect(wordsOfRetries(runs, new Map([['S09', target]]))).toEqual([
    'connections into a residual that was known: S09 tern-web 3, S09 websocket 0',
  ]);
  expect(wordsOfRetries(runs, new Map())).toEqual([
    'connections into a residual that was known: S09 tern-web 3',
  ]);
  expect(wordsOfRetries([run(1, measured({}))], new Map())).toEqual([]);
});

test('texts are held to the level of the target, and photos to their own where they have one', () => {
  const slow = run(1, measured({ media: 300 }));
  expect(said({ level: 'A', media: 'B' }, slow)).toBe(none);
  expect(said({ level: 'A' }, slow)).toBe('below its target: S09 tern-web (the photo is B, the target A)');
  const late = run(1, measured({ ttr: 40, media: undefined, quiet: 1 }));
  expect(said({ level: 'A', media: 'B', burned: 0 }, late)).toBe(
    'below its target: S09 tern-web (texts are B, the target A; the photo is C, the target B; 1 name or address lost, at most 0)',
  );
  expect(said({ level: 'C' }, late)).toBe(none);
  expect(said({ level: 'F' }, run(1, measured({ text: 0, eventual: 0, media: undefined })))).toBe(none);
});

test('of each respect the worst seed counts', () => {
  const runs = [run(1, measured({ text: 0.9 })), run(2, measured({ media: 200 })), run(3, measured({}))];
  expect(said({ level: 'A' }, ...runs)).toBe(
    'below its target: S09 tern-web (texts are C, the target A; the photo is B, the target A)',
  );
});

test('whoever is only compared has no target', () => {
  expect(said({ level: 'A' }, run(1, measured({ eventual: 0 }, 'websocket')))).toBe(
    'below its target: nothing of ours was judged',
  );
});

test('a void cell is not judged, and is named', () => {
  const late: Outcome = { subject: 'tern-web', kind: 'void', because: 'late' };
  const half = [run(1, measured({ text: 0 })), run(2, late)];
  expect(said({ level: 'A' }, ...half)).toBe(
    'below its target: nothing of ours was judged; void and so not judged: S09 tern-web',
  );
  expect(said({ level: 'A' }, run(1, measured({}, 'tern'), late))).toBe(
    'below its target: none of ours; void and so not judged: S09 tern-web',
  );
  expect(said({ level: 'A' }, run(1, measured({ media: 300 }, 'tern'), late))).toBe(
    'below its target: S09 tern (the photo is B, the target A); void and so not judged: S09 tern-web',
  );
});
