import { expect, test } from 'vitest';
import { profiles } from '../src/run/profile.ts';
import { greetings, workload } from '../src/run/workload.ts';
import { loadScenario } from '../src/scenario/catalogue.ts';
import { drawPolicies, ispNames } from '../src/scenario/scenario.ts';

test('a full run says sixty texts of five hundred bytes in two minutes, a voice note, a photo and something after a cold start', () => {
  const steps = workload(profiles.full, 1);
  const texts = steps.filter((step) => step.kind === 'text' && !step.cold);
  expect(texts).toHaveLength(60);
  for (const step of texts) expect(step.kind === 'text' && Buffer.byteLength(step.text)).toBe(500);
  expect(texts.at(-1)?.at).toBeLessThan(120_000);
  expect(steps.filter((step) => step.kind === 'file')).toMatchObject([
    { name: 'voice', size: 60_000 },
    { name: 'photo', size: 300_000 },
  ]);
  expect(steps.filter((step) => step.kind === 'text' && step.cold)).toMatchObject([{ from: 'd', to: 'a' }]);
});

test('as much is said within the country as over the border, both ways', () => {
  const texts = workload(profiles.quick, 1).filter((step) => step.kind === 'text' && !step.cold);
  const pairs = Map.groupBy(texts, ({ from, to }) => `${from}${to}`);
  expect([...pairs].map(([pair, of]) => [pair, of.length])).toEqual([
    ['ab', 4],
    ['ba', 4],
    ['ac', 4],
    ['ca', 4],
  ]);
});

test('nothing is said twice, in whatever run, and the same run says the same', () => {
  const words = [1, 2].flatMap((seed) =>
    workload(profiles.full, seed).flatMap((step) => (step.kind === 'text' ? [step.text] : [])),
  );
  words.push(...greetings().map(([, , text]) => text));
  expect(new Set(words).size).toBe(words.length);
  expect(workload(profiles.full, 2)).toEqual(workload(profiles.full, 2));
});

test.each([
  ['V06', 'quick'],
  ['V16', 'full'],
] as const)('the block of %s ends while a %s run writes, and while it still looks', async (id, name) => {
  const scenario = await loadScenario(id);
  const profile = profiles[name];
  const texts = workload(profile, 1).filter((step) => step.kind === 'text');
  for (let seed = 1; seed <= 40; seed += 1) {
    const policies = drawPolicies(scenario, { seed });
    for (const { endSeconds } of ispNames.flatMap((isp) => policies[isp].rules)) {
      const endMs = endSeconds * 1000;
      expect(texts.filter(({ at }) => at < endMs).length).toBeGreaterThanOrEqual(4);
      expect(texts.filter(({ at }) => at > endMs).length).toBeGreaterThanOrEqual(4);
      expect(endMs).toBeLessThan(profile.watchMs / 2);
    }
  }
});
