import { UsageError } from '@tern/protocol';
import { expect, test } from 'vitest';
import { planOf } from '../src/plan.ts';
import { manners } from '../src/run/costs.ts';
import { longestFirst } from '../src/run/schedule-runs.ts';

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
  expect(subjects).toEqual(expect.arrayContaining(['tern', 'tern-abroad', 'websocket', 'tls-proxy']));
  expect(subjects).not.toContain('tern-web');
  expect(seeds).toBe(1);
});

test('a full lab plays all of the catalogue with five seeds, browsers among them', async () => {
  const { scenarios, subjects, seeds } = await asked('--profile', 'full');
  expect(scenarios).toContain('S17');
  expect(subjects).toEqual(expect.arrayContaining(['tern', 'tern-web']));
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
