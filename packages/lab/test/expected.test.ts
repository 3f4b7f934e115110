import { readFile } from 'node:fs/promises';
import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { describePolicy } from '../src/censor/describe.ts';
import { isHeldOut, matrixOf, tallyOf, type Judgement } from '../src/diagnosis/confusion.ts';
import { isOverspent, spentBetween, wordsOfSpending } from '../src/diagnosis/spending.ts';
import type { Amount, FlowTraffic, Traffic } from '../src/engine/traffic.ts';
import {
  expectedOf,
  expectedOfAll,
  expectedOverall,
  type MetBan,
  type TriedWay,
} from '../src/diagnosis/expected.ts';
import { verdictOn } from '../src/run/control.ts';
import { plainEnvironment } from '../src/run/stage.ts';
import { catalogueFiles, examFiles, variantFiles } from '../src/scenario/catalogue.ts';
import { decodeScenario, drawPolicies, ispNames, type Scenario } from '../src/scenario/scenario.ts';
import { scenarioText } from './support/watched-wire.ts';

const abroad: TriedWay = {
  name: 'cloud-notes.example',
  addresses: ['203.0.113.10', '203.0.113.11'],
  port: 443,
  border: true,
};
const home: TriedWay = { name: 'city-library.example', addresses: ['192.0.2.50'], port: 443, border: false };

function under(...rules: readonly Record<string, unknown>[]): ReturnType<typeof drawPolicies>['isp-1'] {
  return drawPolicies(decodeScenario(scenarioText(rules)), { seed: 1 })['isp-1'];
}

test('what a diagnosis should say follows from the rules, for the ways that they concern', () => {
  const freeze = under({ technique: 'freeze-packets', packets: 25, addresses: ['203.0.113.0/24'] });
  expect([expectedOf(freeze, abroad), expectedOf(freeze, home)]).toEqual(['frozen', 'works']);
  const spared = under({ technique: 'freeze-packets', packets: 25, exceptNames: ['cloud-*'] });
  expect(expectedOf(spared, abroad)).toBe('works');
  const removed = under({
    technique: 'dns-remove',
    addresses: ['192.0.2.53'],
    names: ['city-library.example'],
  });
  expect([expectedOf(removed, abroad), expectedOf(removed, home)]).toEqual(['works', 'name-removed']);
  const elsewhere = under({ technique: 'dns-remove', addresses: ['198.51.100.53'] });
  expect(expectedOf(elsewhere, abroad)).toBe('works');
  const cut = under({ technique: 'border-cut' });
  const opening = under({ technique: 'border-cut', handshake: 'passes' });
  expect([expectedOf(cut, abroad), expectedOf(opening, abroad), expectedOf(opening, home)]).toEqual([
    'relay-down',
    'silent-after-hello',
    'works',
  ]);
  const ports = under({ technique: 'address-block', exceptPorts: [53, 80, 443] });
  expect([expectedOf(ports, abroad), expectedOf(ports, { ...abroad, port: 8443 })]).toEqual([
    'works',
    'relay-down',
  ]);
});

test('where a whole exchange may pass before the silence, it may be called either', () => {
  const after = (furtherPackets: number): ReturnType<typeof expectedOfAll> =>
    expectedOfAll(under({ technique: 'name-blackhole', names: ['cloud-*'], furtherPackets }), [abroad, home]);
  expect(after(0)).toEqual([['silent-after-hello'], ['works']]);
  expect(after(4)).toEqual([['silent-after-hello'], ['works']]);
  expect(after(5)).toEqual([['silent-after-hello', 'frozen'], ['works']]);
});

test('what stops a connection earlier hides what would stop it later', () => {
  const both = under(
    { technique: 'freeze-packets', packets: 25 },
    { technique: 'name-blackhole', names: ['cloud-notes.example'] },
  );
  expect(expectedOf(both, abroad)).toBe('silent-after-hello');
  expect([...expectedOverall([['works'], ['reset'], ['frozen'], ['frozen']])]).toEqual(['frozen']);
  expect([...expectedOverall([['reset'], ['frozen']])]).toEqual(['reset', 'frozen']);
  expect([...expectedOverall([['works'], ['works']])]).toEqual(['works']);
  expect([...expectedOverall([['works'], ['banned', 'silent-after-hello']])]).toEqual([
    'banned',
    'silent-after-hello',
  ]);
});

test('where nobody at all is to be heard, it is the border as long as names are told, and no network after that', () => {
  const library = { technique: 'address-block', scope: 'all', addresses: ['192.0.2.50'] };
  const both = [abroad, home];
  const said = (...rules: readonly Record<string, unknown>[]): readonly string[] =>
    expectedOfAll(under(...rules), both).map(([cause]) => cause);
  expect(said({ technique: 'border-cut' })).toEqual(['relay-down', 'works']);
  expect(said({ technique: 'border-cut' }, library)).toEqual(['border-cut', 'border-cut']);
  expect(said({ technique: 'address-block', scope: 'all' })).toEqual(['no-network', 'no-network']);
  expect(said({ technique: 'address-block', scope: 'all', protocols: 'tcp' })).toEqual([
    'border-cut',
    'border-cut',
  ]);
  expect(said({ technique: 'border-cut' }, { ...library, action: 'reset' })).toEqual([
    'relay-down',
    'relay-down',
  ]);
  expect(said({ technique: 'border-cut', handshake: 'passes' }, library)).toEqual([
    'silent-after-hello',
    'relay-down',
  ]);
  expect(expectedOfAll(under({ technique: 'border-cut' }), [abroad])).toEqual([['relay-down']]);
});

test('a ban is what the book of the censor says, and after fewer hellos than are known to be counted nobody can tell', () => {
  const policy = under({ technique: 'siberian', reading: 'count' });
  const ban = { what: 'name', value: abroad.name, hellos: 3, during: false } as const;
  const said = (...bans: readonly MetBan[]): unknown => expectedOfAll(policy, [abroad, home], bans);
  expect(said()).toEqual([['works'], ['works']]);
  expect(said(ban)).toEqual([['banned'], ['works']]);
  expect(said({ ...ban, value: 'garden-photos.example' })).toEqual([['works'], ['works']]);
  expect(said({ ...ban, what: 'address', value: '203.0.113.10' })).toEqual([['banned'], ['works']]);
  expect(said({ ...ban, hellos: 2 })).toEqual([['banned', 'silent-after-hello'], ['works']]);
  expect(said({ ...ban, during: true })).toEqual([['works', 'banned'], ['works']]);
  const reset = under({ technique: 'name-reset' });
  expect(expectedOfAll(reset, [abroad], [ban])).toEqual([['reset']]);
  const freeze = under({ technique: 'freeze-packets', packets: 25 });
  expect(expectedOfAll(freeze, [abroad], [ban])).toEqual([['banned', 'frozen']]);
});

test('a matrix counts what was said for what was so', () => {
  const one = { scenario: 'x', seed: 1, who: 'a', way: 'w', by: '' };
  const judgements: readonly Judgement[] = [
    { ...one, expected: ['frozen'], said: 'frozen' },
    { ...one, expected: ['frozen', 'reset'], said: 'reset' },
    { ...one, seed: 2, expected: ['reset'], said: 'works' },
  ];
  const tally = tallyOf(judgements);
  expect([tally.right, tally.judgements]).toEqual([2, 3]);
  expect(tally.counts.get('reset')?.get('works')).toBe(1);
  expect(matrixOf(tally)).toContain('2 of 3 right (66.7 %)');
});

test('odd seeds that nobody has looked at are held out', () => {
  const seeds = [1, 31, 41, 55, 56, 57, 58, 59];
  expect(seeds.filter((seed) => isHeldOut({ seed }))).toEqual([57, 59]);
});

test('what a diagnosis took is told by what was opened since, and by the worst of all', () => {
  const amount = (bytes: number): Amount => ({ packets: 1, bytes });
  const flow = (localPort: number, bytes: number): FlowTraffic => {
    const remote = { remote: '203.0.113.10', remotePort: 443 };
    return { protocol: 'tcp', localPort, ...remote, sent: amount(bytes), received: amount(2 * bytes) };
  };
  const traffic = (...flows: readonly FlowTraffic[]): Traffic => ({
    sent: amount(0),
    received: amount(0),
    flows,
  });
  const before = traffic(flow(1, 100));
  expect(spentBetween(before, traffic(flow(1, 900), flow(2, 1000), flow(3, 500)))).toEqual({
    billed: 4500,
    bytes: 4500 - 4 * 52,
  });
  const about = { scenario: 'x', who: 'a' };
  const all = [
    { ...about, seed: 1, seconds: 29.9, bytes: 65_536, billed: 70_000 },
    { ...about, seed: 2, seconds: 30.1, bytes: 10, billed: 62 },
    { ...about, seed: 3, seconds: 1, bytes: 65_537, billed: 71_680 },
  ];
  expect(all.map(isOverspent)).toEqual([false, true, true]);
  expect(wordsOfSpending(all)).toBe(
    'the command took at most 30.1 s of 30 (x seed 2 a) and 64.0 KiB of 64, 70.0 with headers of packets (x seed 3 a); 2 of 3 calls were over a limit',
  );
});

/** All that a run takes from a scenario but its controls: what is drawn, what bites, what should be found. */
function meaning(scenario: Scenario): string {
  return JSON.stringify(
    [1, 2, 3, 4].map((seed) => {
      const policies = drawPolicies(scenario, { seed });
      return ispNames.map((isp) => [
        policies[isp],
        describePolicy(policies[isp]),
        [abroad, home].map((way) => expectedOf(policies[isp], way)),
      ]);
    }),
  );
}

test('scenarios that swap their names mean what they meant: only their rules count', async () => {
  const texts = await Promise.all(
    [...(await catalogueFiles()), ...(await variantFiles()), ...(await examFiles())].map(async (path) =>
      readFile(path, 'utf8'),
    ),
  );
  const scenarios = texts.map(decodeScenario);
  for (const [at, text] of texts.entries()) {
    const other = scenarios[(at + 1) % scenarios.length];
    if (other === undefined) throw new Error('no other scenario');
    const { id, title, source, about } = other;
    const fields = JSON.parse(text) as Record<string, unknown>;
    const swapped = decodeScenario(JSON.stringify({ ...fields, id, title, source, about }));
    const mine = decodeScenario(text);
    expect(meaning(swapped)).toBe(meaning(mine));
    for (const [place, control] of mine.controls.entries())
      expect(verdictOn(swapped.controls[place] ?? control, ['whole'], 'a')).toBe(
        verdictOn(control, ['whole'], 'a'),
      );
  }
  expect(new Set(scenarios.map(meaning)).size).toBe(scenarios.length);
});

test('no scenario’s name reaches a program: whatever starts one is given rules, and no word of the command line', () => {
  const src = resolve(import.meta.dirname, '../src');
  const starters = ['run/stage.ts', ...globSync('{subjects,programs}/*.ts', { cwd: src })];
  expect(starters.length).toBeGreaterThan(12);
  for (const path of starters) {
    const text = readFileSync(resolve(src, path), 'utf8').replaceAll(/^(?:import|\} from) .*$/gmu, '');
    expect([path, /\bscenario\b(?:\.|\)|:)/u.test(text)]).toEqual([path, false]);
  }
  const own = { PATH: '/bin', LANG: 'C', npm_lifecycle_script: 'lab --scenario S08', SCENARIO: 'S08' };
  expect(plainEnvironment(own)).toEqual({ PATH: '/bin', LANG: 'C' });
});
