import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '@tern/protocol';
import { expect, test } from 'vitest';
import { planOf } from '../src/plan.ts';
import { manners } from '../src/run/costs.ts';
import { ResultFolder } from '../src/run/result-folder.ts';
import { longestFirst, scheduleRuns } from '../src/run/schedule-runs.ts';
import { digestOf } from '../src/scenario/digest.ts';
import { decodeScenario } from '../src/scenario/scenario.ts';
import { subjects as all } from '../src/subjects/all.ts';
import { scenarioText } from './support/watched-wire.ts';

const freeze = { technique: 'freeze-packets', packets: { from: 20, to: 30 } };

async function asked(...args: readonly string[]): Promise<{
  readonly scenarios: readonly string[];
  readonly subjects: readonly string[];
  readonly seeds: number;
}> {
  const { scenarios, subjects, seeds } = (await planOf(args)).plan;
  return { scenarios: scenarios.map(({ id }) => id), subjects, seeds };
}

test('a quick lab plays every scenario with a way left once, without browsers', async () => {
  const { scenarios, subjects, seeds } = await asked();
  expect(scenarios).toEqual(['open', 'S01', 'S02', 'S03', 'S04', 'S05', 'S06', 'S07', 'S08', 'S09', 'S12']);
  expect(subjects).toEqual(['tern', 'tern-abroad', 'websocket', 'tls-proxy', 'obfs4']);
  expect(seeds).toBe(1);
});

test('a full lab plays all of the catalogue with five seeds, browsers among them', async () => {
  const { scenarios, subjects, seeds } = await asked('--profile', 'full');
  expect(scenarios).toContain('S17');
  expect(subjects).toEqual(all.map(({ name }) => name));
  expect(seeds).toBe(5);
});

test('what a message costs is asked of every way that Tern has, in browsers too', async () => {
  const { subjects } = await asked('--costs');
  for (const { name, subject } of manners.filter((one) => one.subject.ours === true))
    expect(subjects, name).toContain(subject.name);
  expect(subjects).toContain('tern-web');
});

test('who is asked for by name plays, whatever the profile', async () => {
  expect(await asked('--scenario', 'S17', '--subject', 'tern-web', '--seeds', '2')).toEqual({
    scenarios: ['S17'],
    subjects: ['tern-web'],
    seeds: 2,
  });
});

test('who cannot play on this machine keeps its row, and nothing is played for it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tern-plan-'));
  try {
    const { plan } = await planOf(['--scenario', 'S08', '--subject', 'obfs4', '--seeds', '2']);
    const because = 'obfs4proxy is not installed';
    const told: string[] = [];
    const records = await scheduleRuns(
      { ...plan, missing: new Map([['obfs4', because]]) },
      new ResultFolder(folder, () => 'sources'),
      { tell: (line) => told.push(line), signal: new AbortController().signal },
    );
    const absent = { subject: 'obfs4', kind: 'missing', because };
    expect(records.map(({ seed, outcomes }) => [seed, outcomes])).toEqual([
      [1, [absent]],
      [2, [absent]],
    ]);
    expect(told).toEqual([]);
    expect(await readdir(folder)).toEqual([]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('two scenarios with one id cannot be told apart, and are refused', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tern-plan-'));
  try {
    const mine = join(folder, 'mine.json');
    await writeFile(mine, scenarioText([freeze], { id: 'S08' }));
    await expect(planOf(['--scenario', 'S08', '--scenario', mine])).rejects.toThrow(
      new UsageError(`--scenario S08 and --scenario ${mine} both have the id S08`),
    );
    expect((await asked('--scenario', 'S09', '--scenario', mine)).scenarios).toEqual(['S09', 'S08']);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('a run is named by what its scenario decodes to, so that an edited file is another one and its words are not', () => {
  const digest = (of: Record<string, unknown>, other: Record<string, unknown> = {}, seed = 1): string =>
    digestOf(decodeScenario(scenarioText([of], other)), seed);
  expect(digest(freeze, { id: 'S08', title: 'other', about: 'words' })).toBe(digest(freeze));
  expect(digest({ ...freeze, packets: 25 })).not.toBe(digest({ ...freeze, packets: 26 }));
  expect(digest(freeze, { change: 'none' })).not.toBe(digest(freeze));
  const controls = [{ host: 'cloud-notes.example', fails: ['silence'] }];
  expect(digest(freeze, { controls })).not.toBe(digest(freeze));
  expect(digest(freeze, {}, 2)).not.toBe(digest(freeze));
  // what the file leaves out is what it would say
  expect(digest({ ...freeze, count: 'both' })).toBe(digest(freeze));
});

test('what is not understood is named', async () => {
  await expect(planOf(['--profile', 'slow'])).rejects.toThrow(new UsageError('no profile is called slow'));
  await expect(planOf(['--subject', 'pigeon'])).rejects.toThrow(
    new UsageError('no subject is called pigeon'),
  );
  await expect(planOf(['--seeds', '0'])).rejects.toThrow(new UsageError('--seeds is a number from 1 on'));
  await expect(planOf(['--jobs', 'many'])).rejects.toThrow(new UsageError('--jobs is a number from 1 on'));
});

test('the run with the longest controls begins first, and every seed before the next', async () => {
  const { scenarios } = (await planOf(['--seeds', '2'])).plan;
  const order = longestFirst([1, 2].flatMap((seed) => scenarios.map((scenario) => ({ scenario, seed }))));
  const lengths = order.map(({ scenario }) => scenario.controlMs ?? 0);
  expect(order).toHaveLength(2 * scenarios.length);
  expect(order.slice(0, scenarios.length).every(({ seed }) => seed === 1)).toBe(true);
  expect(order[0]?.scenario.id).toBe('S12');
  for (const half of [lengths.slice(0, scenarios.length), lengths.slice(scenarios.length)])
    expect(half).toEqual(half.toSorted((a, b) => b - a));
});
