import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Measures } from '../src/run/measures.ts';
import { ResultFolder, sourceFiles, sourcesNow } from '../src/run/result-folder.ts';
import { cellsOf, jsonLine, levelsOf, tableOf, type Outcome, type RunRecord } from '../src/run/results.ts';
import { wordsOfTries } from '../src/run/tries.ts';

const measures: Measures = {
  text: 1,
  eventual: 1,
  ttr: 2.5,
  media: 4,
  voice: 1,
  cold: 3,
  quiet: 0,
  retries: 0,
  wrong: 0,
};

function run(seed: number, ...outcomes: readonly Outcome[]): RunRecord {
  return {
    scenario: 'S01',
    digest: 'one',
    seed,
    profile: 'full',
    sources: 'x',
    outcomes,
    lagMs: { engine: 1, programs: 5 },
    seconds: 60,
    watchedSeconds: 40,
  };
}

function measured(changed: Partial<Measures>, level: 'A' | 'B' | 'C' | 'F'): Outcome {
  return { subject: 'tern', kind: 'measured', measures: { ...measures, ...changed }, level };
}

test('a cell has the worst of its seeds, and a level no better than that', () => {
  const [found] = cellsOf([
    run(1, measured({ ttr: 2, media: 5 }, 'A')),
    run(2, measured({ text: 0.9, media: undefined }, 'C')),
    run(3, measured({ ttr: 9 }, 'B')),
  ]);
  expect(found?.cell).toEqual({
    scenario: 'S01',
    subject: 'tern',
    level: 'C',
    text: 0.9,
    eventual: 1,
    ttr: 9,
    media: 'never',
    cold: 3,
    quiet: 0,
    seeds: 3,
    profile: 'full',
  });
  expect(found?.medians).toMatchObject({ text: 1, ttr: 2.5, media: 5 });
});

test('the line of a cell has exactly the fields that are published', () => {
  const [found] = cellsOf([run(1, measured({}, 'A'))]);
  if (found === undefined) throw new Error('no cell');
  expect(jsonLine(found.cell)).toBe(
    '{"scenario":"S01","subject":"tern","level":"A","text":1,"eventual":1,"ttr":2.5,"media":4,"cold":3,"quiet":0,"seeds":1,"profile":"full"}',
  );
});

test('one void seed makes a cell void: nothing is published of it, and why is said', () => {
  const cells = cellsOf([
    run(1, measured({}, 'A')),
    run(2, { subject: 'tern', kind: 'void', because: 'the engine was late by 30 ms' }),
  ]);
  expect(cells[0]?.cell).toMatchObject({ level: null, text: null, media: null, seeds: 2 });
  expect(tableOf(cells)).toContain('void: the engine was late by 30 ms');
  expect(cells[0]?.state).toBe('void');
  expect(levelsOf(cells)).toContain('| S01      | void | full    |');
});

test('who cannot play on this machine has a row without values that says why, and is not void', () => {
  const absent: Outcome = { subject: 'obfs4', kind: 'missing', because: 'obfs4proxy is not installed' };
  const cells = cellsOf([run(1, measured({}, 'A'), absent), run(2, measured({}, 'A'), absent)]);
  expect(cells.map(({ state }) => state)).toEqual(['measured', 'missing']);
  expect(cells.map(({ cell }) => jsonLine(cell))[1]).toBe(
    '{"scenario":"S01","subject":"obfs4","level":null,"text":null,"eventual":null,"ttr":null,"media":null,"cold":null,"quiet":null,"seeds":0,"profile":"full"}',
  );
  expect(tableOf(cells)).toMatch(/\| obfs4 +\| not installed \|.*\| obfs4proxy is not installed \|/u);
  expect(tableOf(cells)).not.toContain('void');
  expect(levelsOf(cells)).toContain('| S01      | A    | not installed | full    |');
});

test('each row of a quick lab says so, in the table of levels too', () => {
  const cells = cellsOf([{ ...run(1, measured({}, 'A')), profile: 'quick' }]);
  expect(levelsOf(cells)).toContain('| S01      | A    | quick   |');
  expect(tableOf(cells)).toContain('1 quick');
});

test('a table shows the median and the worst where they differ', () => {
  const table = tableOf(
    cellsOf([
      run(1, measured({ ttr: 2 }, 'A')),
      run(2, measured({ ttr: 3 }, 'A')),
      run(3, measured({}, 'A')),
    ]),
  );
  expect(table).toContain('2.5 / 3');
  expect(table).toContain('| 1.00 |');
});

test('a lab that was stopped goes on where it was, unless what it measures has changed', () => {
  const path = mkdtempSync(join(tmpdir(), 'tern-lab-test-'));
  try {
    const folder = new ResultFolder(path, () => 'sources one');
    const name = { scenario: 'S01', digest: 'one', subject: 'tern', seed: 1, profile: 'full' } as const;
    const { sources: _, ...record } = run(1, measured({}, 'A'), {
      subject: 'websocket',
      kind: 'void',
      because: 'late',
    });
    expect(folder.read(name)).toBeUndefined();
    folder.write(record);
    expect(folder.read(name)?.outcome).toEqual(measured({}, 'A'));
    expect(folder.read({ ...name, subject: 'websocket' })).toBeUndefined();
    expect(folder.read({ ...name, seed: 2 })).toBeUndefined();
    expect(new ResultFolder(path, () => 'sources two').read(name)).toBeUndefined();
  } finally {
    rmSync(path, { recursive: true });
  }
});

test('what was void before a run counted stays in its record and is told, also where another lab goes on', () => {
  const path = mkdtempSync(join(tmpdir(), 'tern-lab-test-'));
  try {
    const { sources: _, ...record } = run(1);
    const name = { scenario: 'S01', digest: 'one', subject: 'tern', seed: 1, profile: 'full' } as const;
    const passed: Outcome = { subject: 'tern', kind: 'void', because: 'the control went whole' };
    const late: Outcome = { subject: 'tern', kind: 'void', because: 'the engine was late by 30 ms' };
    new ResultFolder(path, () => 'sources').write({ ...record, outcomes: [passed] });
    const folder = new ResultFolder(path, () => 'sources');
    folder.write({ ...record, outcomes: [late], lagMs: { engine: 30, programs: 90 } });
    const outcomes = folder.write({ ...record, outcomes: [measured({}, 'A')] });
    expect(folder.read(name)?.outcome.earlier).toEqual([
      { because: 'the control went whole', lagMs: { engine: 1, programs: 5 } },
      { because: 'the engine was late by 30 ms', lagMs: { engine: 30, programs: 90 } },
    ]);
    expect(wordsOfTries([run(1, ...outcomes)])).toEqual([
      'try 3 counts: S01 tern seed 1; void before: the control went whole [late by 1 ms, programs 5 ms]; the engine was late by 30 ms [late by 30 ms, programs 90 ms]',
    ]);
    expect(wordsOfTries([run(1, measured({}, 'A'), passed)])).toEqual([]);
    // other sources are another measurement
    const [fresh] = new ResultFolder(path, () => 'others').write({
      ...record,
      outcomes: [measured({}, 'A')],
    });
    expect(fresh?.earlier).toBeUndefined();
  } finally {
    rmSync(path, { recursive: true });
  }
});

test('a scenario that is edited, and a foreign one with the id of another, have results of their own', () => {
  const path = mkdtempSync(join(tmpdir(), 'tern-lab-test-'));
  try {
    const folder = new ResultFolder(path, () => 'sources');
    const name = { scenario: 'S01', digest: 'one', subject: 'tern', seed: 1, profile: 'full' } as const;
    const { sources: _, ...record } = run(1, measured({ ttr: 2 }, 'A'));
    folder.write(record);
    expect(folder.read({ ...name, digest: 'two' })).toBeUndefined();
    folder.write({ ...record, digest: 'two', outcomes: [measured({ ttr: 9 }, 'B')] });
    expect(folder.read(name)?.outcome).toEqual(measured({ ttr: 2 }, 'A'));
    expect(folder.read({ ...name, digest: 'two' })?.outcome).toEqual(measured({ ttr: 9 }, 'B'));
  } finally {
    rmSync(path, { recursive: true });
  }
});

test("what builds the app of the browsers and what acts in them are among what their results depend on, and no one else's", () => {
  const ofAll = [
    'package-lock.json',
    'packages/agent/src/main.ts',
    'packages/lab/scenarios/S08-freeze.json',
    'packages/relay/package.json',
  ];
  const ofBrowsers = [
    'packages/web/bundle/web-build.ts',
    'packages/web/package.json',
    'packages/web/src/page/styles/page.css',
    'packages/web/test/programs/web-person.ts',
    'packages/web/test/support/people.ts',
  ];
  const all = sourceFiles({ inBrowser: true });
  expect(all).toEqual(expect.arrayContaining([...ofAll, ...ofBrowsers]));
  expect(all.filter((path) => path.endsWith('.test.ts'))).toEqual([]);
  const others = sourceFiles({ inBrowser: false });
  expect(others).toEqual(expect.arrayContaining(ofAll));
  expect(all.filter((path) => !others.includes(path))).toEqual(
    all.filter((path) => path.startsWith('packages/web/')),
  );
});

test('a change to the app of the browsers leaves the results of everybody else', () => {
  const now = sourcesNow();
  expect(now('tern')).toBe(now('websocket'));
  expect(now('tern')).not.toBe(now('tern-web'));
});
