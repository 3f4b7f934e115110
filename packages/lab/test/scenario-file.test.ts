import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { MalformedError, UsageError } from '@tern/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { catalogueFiles, examFiles, loadScenario, variantFiles } from '../src/scenario/catalogue.ts';
import { decodeScenario, drawPolicies } from '../src/scenario/scenario.ts';
import { scenarioText } from './support/watched-wire.ts';

const freeze = { technique: 'freeze-packets', packets: { from: 20, to: 30 } };

/** What is said of a file that differs from a good one. */
function complaint(rules: readonly Record<string, unknown>[], other: Record<string, unknown> = {}): string {
  try {
    decodeScenario(scenarioText(rules, other));
  } catch (error) {
    expect(error).toBeInstanceOf(MalformedError);
    return error instanceof Error ? error.message : '';
  }
  return '';
}

test('a good file is read, with what it leaves out filled in', () => {
  const scenario = decodeScenario(scenarioText([freeze]));
  const { rules } = drawPolicies(scenario, { seed: 1 })['isp-1'];
  expect(rules).toMatchObject([
    { technique: 'freeze-packets', scope: 'border', protocols: 'any', count: 'both', probability: 1 },
  ]);
  expect(drawPolicies(scenario, { seed: 1 }).hosting).toEqual({ rules: [] });
});

test('people change their networks when a block begins, unless the file says that nothing changes', () => {
  expect(decodeScenario(scenarioText([freeze])).change).toBe('network');
  expect(decodeScenario(scenarioText([freeze], { change: 'none' })).change).toBe('none');
  expect(complaint([freeze], { change: 'all' })).toBe('change must be one of network, none, not "all"');
});

test('a wrong rule is said with the path of the wrong field and what may stand there', () => {
  const rule = 'isps.isp-1.rules[0]';
  expect(complaint([{ technique: 'freze' }])).toMatch(
    /^isps\.isp-1\.rules\[0\]\.technique must be one of .*freeze-packets.*, not "freze"$/u,
  );
  expect(complaint([{ technique: 'freeze-packets' }])).toBe(`${rule}.packets is missing`);
  expect(complaint([{ ...freeze, pakets: 3 }])).toMatch(
    /^isps\.isp-1\.rules\[0\]\.pakets is not known here; there are technique, .*packets/u,
  );
  expect(complaint([{ ...freeze, packets: 0 }])).toBe(
    `${rule}.packets must be a whole number from 1 to 100000, not 0`,
  );
  expect(complaint([{ ...freeze, packets: { from: 30, to: 20 } }])).toBe(
    `${rule}.packets goes from 30 down to 20`,
  );
  expect(complaint([{ ...freeze, packets: { of: [25, 'many'] } }])).toBe(
    `${rule}.packets.of[1] must be a whole number from 1 to 100000, not "many"`,
  );
  expect(complaint([{ ...freeze, packets: { of: [] } }])).toBe(
    `${rule}.packets.of must be a list of choices, not []`,
  );
  expect(complaint([{ ...freeze, packets: { from: 1 } }])).toMatch(/packets\.to must be .*, not nothing$/u);
  expect(complaint([{ ...freeze, count: 'all' }])).toBe(`${rule}.count must be one of both, each, not "all"`);
  expect(complaint([{ ...freeze, openedInside: 'yes' }])).toBe(
    `${rule}.openedInside must be true or false, not "yes"`,
  );
  expect(complaint([{ ...freeze, addresses: ['203.0.113.0/33'] }])).toBe(
    `${rule}.addresses[0] is no IPv4 address or network: "203.0.113.0/33"`,
  );
  expect(complaint([{ ...freeze, names: ['Big.Example'] }])).toBe(
    `${rule}.names[0] is no name in lower case: "Big.Example"`,
  );
  expect(complaint([{ ...freeze, names: ['@nobody'] }])).toBe(
    `${rule}.names[0] names the list "@nobody", which the file does not have`,
  );
  expect(complaint([{ ...freeze, names: ['@list'] }], { lists: { list: ['ok.example', '?'] } })).toBe(
    `${rule}.names[0] (list @list) is no name in lower case: "?"`,
  );
  expect(complaint([{ ...freeze, names: { some: 3, of: ['a.example'] } }])).toBe(
    `${rule}.names.some must be a whole number from 0 to 1, not 3`,
  );
  expect(complaint([{ ...freeze, ports: [443, 0] }])).toBe(
    `${rule}.ports[1] must be a port from 1 to 65535, not 0`,
  );
  expect(complaint([{ technique: 'udp-filter', kinds: ['quick'] }])).toBe(
    `${rule}.kinds[0] must be one of quic, stun, dtls, any, not "quick"`,
  );
});

test('so is everything around the rules', () => {
  expect(complaint([], { format: 2 })).toBe('format must be 1, not 2');
  expect(complaint([], { id: 'a b' })).toMatch(/^id must be a word/u);
  expect(complaint([], { title: undefined })).toBe('title must be a text, not nothing');
  expect(complaint([], { extra: 1 })).toMatch(/^extra is not known here; there are format, id/u);
  expect(complaint([], { isps: { 'isp-1': { rules: [] } } })).toBe(
    'isps.isp-2 must be an object with rules, not nothing',
  );
  expect(
    complaint([], { isps: { 'isp-1': { rules: [] }, 'isp-2': { rules: [] }, 'isp-3': { rules: [] } } }),
  ).toMatch(/^isps\.isp-3 is not known/u);
  expect(complaint([], { target: { level: 'D' } })).toBe('target.level must be one of A, B, C, F, not "D"');
  expect(complaint([], { target: { level: 'A', burned: -1 } })).toBe(
    'target.burned must be a whole number, not -1',
  );
  expect(complaint([], { target: { level: 'A', retries: 0.5 } })).toBe(
    'target.retries must be a whole number, not 0.5',
  );
  const control = { host: 'a.example', fails: ['reset'] };
  expect(complaint([], { controls: [{ ...control, fails: [] }] })).toMatch(
    /^controls\[0\]\.fails must be a list of ways to fail/u,
  );
  expect(complaint([], { controls: [control, { ...control, fails: ['reset', 'sad'] }] })).toMatch(
    /^controls\[1\]\.fails\[1\] must be one of no-such-name/u,
  );
  expect(complaint([], { controls: [{ ...control, port: 70_000 }] })).toBe(
    'controls[0].port must be a whole number from 0 to 65535, not 70000',
  );
  expect(complaint([], { controls: [{ ...control, mostWhole: 2 }] })).toBe(
    'controls[0].mostWhole must be a number from 0 to 1, not 2',
  );
  expect(() => decodeScenario('{"format":')).toThrow(/^the file is no JSON/u);
  expect(() => decodeScenario('[]')).toThrow('the file must be an object, not []');
});

test('any JSON is a scenario or is refused as malformed', () => {
  const pieces = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom(
      'police',
      'freeze-bytes',
      '@list',
      { from: 1, to: 2 },
      { of: [1] },
      { some: 1, of: ['a'] },
    ),
  );
  const rule = fc.dictionary(
    fc.constantFrom(
      'technique',
      'names',
      'addresses',
      'ports',
      'packets',
      'bytes',
      'kilobitsPerSecond',
      'scope',
    ),
    pieces,
  );
  fc.assert(
    fc.property(
      fc.array(rule, { maxLength: 3 }),
      fc.jsonValue(),
      fc.jsonValue(),
      (rules, target, controls) => {
        try {
          decodeScenario(scenarioText(rules, { target, controls }));
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedError);
        }
      },
    ),
  );
});

test('the same seed draws the same, another one something else, and a new name changes nothing', () => {
  const rules = [
    { ...freeze, names: { always: ['a.example'], some: 1, of: ['b.example', 'c.example'] } },
    { technique: 'police', kilobitsPerSecond: { from: 130, to: 150 } },
  ];
  const scenario = decodeScenario(scenarioText(rules));
  const renamed = decodeScenario(
    scenarioText(rules, { id: 'other', title: 'renamed', about: 'other words', source: 'elsewhere' }),
  );
  const drawn = Array.from({ length: 50 }, (_, seed) => JSON.stringify(drawPolicies(scenario, { seed })));
  const again = Array.from({ length: 50 }, (_, seed) => JSON.stringify(drawPolicies(renamed, { seed })));
  expect(again).toEqual(drawn);
  expect(new Set(drawn).size).toBe(50);
});

test('a range is used from end to end, a choice wholly, and the two networks draw for themselves', () => {
  const rules = [{ ...freeze, count: { of: ['both', 'each'] } }];
  const isps = { 'isp-1': { rules }, 'isp-2': { rules } };
  const scenario = decodeScenario(scenarioText([], { isps }));
  const draws = Array.from({ length: 300 }, (_, seed) => drawPolicies(scenario, { seed }));
  const packets = draws.map((policies) => {
    const [rule] = policies['isp-1'].rules;
    return rule?.technique === 'freeze-packets' ? rule.packets : 0;
  });
  expect([...new Set(packets)].sort((one, other) => one - other)).toEqual([
    20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30,
  ]);
  expect(
    draws.filter((policies) => JSON.stringify(policies['isp-1']) === JSON.stringify(policies['isp-2']))
      .length,
  ).toBeLessThan(60);
});

test('a policy is plain data: it survives JSON', () => {
  const policies = drawPolicies(
    decodeScenario(scenarioText([freeze, { technique: 'siberian', reading: 'run' }])),
    { seed: 4 },
  );
  expect(JSON.parse(JSON.stringify(policies))).toEqual(policies);
});

test('only bans and residuals of half a minute and more are ever shortened', () => {
  const rules = [
    { technique: 'siberian', reading: 'run' },
    { technique: 'name-reset', residualSeconds: 20 },
    { technique: 'name-blackhole', residualSeconds: 60, endSeconds: 60 },
    { technique: 'age-limit', seconds: 60 },
  ];
  const policies = drawPolicies(decodeScenario(scenarioText(rules)), { seed: 1, scale: 0.1 });
  expect(policies['isp-1'].rules).toMatchObject([
    { banSeconds: 12, longBanSeconds: 60, windowSeconds: 60, gapMs: 400 },
    { residualSeconds: 20 },
    { residualSeconds: 6, endSeconds: 60 },
    { seconds: 60 },
  ]);
});

test('a scenario is found by its number, its name or its path; a foreign file too, and an error names it', async () => {
  expect(await loadScenario('S08')).toMatchObject({ id: 'S08' });
  expect(await loadScenario('s08-freeze')).toMatchObject({ id: 'S08' });
  await expect(loadScenario('S99')).rejects.toThrow(UsageError);
  await expect(loadScenario('/nowhere/s.json')).rejects.toThrow(
    'the scenario /nowhere/s.json cannot be read',
  );
  const folder = await mkdtemp(join(tmpdir(), 'tern-scenario-'));
  const path = join(folder, 'mine.json');
  await writeFile(path, scenarioText([freeze], { id: 'mine' }));
  expect(await loadScenario(path)).toMatchObject({ id: 'mine' });
  await writeFile(path, scenarioText([{ ...freeze, packets: 'few' }]));
  await expect(loadScenario(path)).rejects.toThrow(`${path}: isps.isp-1.rules[0].packets must be`);
  await rm(folder, { recursive: true });
});

test('every file of the catalogue, of its variants and of the exam can be read and drawn, and its id begins its name', async () => {
  const files = [...(await catalogueFiles()), ...(await variantFiles()), ...(await examFiles())];
  expect(files.length).toBeGreaterThanOrEqual(19);
  const ids = await Promise.all(
    files.map(async (path) => {
      const scenario = await loadScenario(path);
      expect(path.split('/').at(-1)?.startsWith(`${scenario.id}-`)).toBe(true);
      expect(scenario.controls.length).toBeGreaterThan(0);
      for (const seed of [1, 2, 3, 4, 5]) {
        const policies = drawPolicies(scenario, { seed });
        expect(policies['isp-1'].rules.length).toBeGreaterThan(0);
        expect(policies['isp-2'].rules.length).toBeGreaterThan(0);
        expect(policies['isp-1']).not.toEqual(policies['isp-2']);
      }
      return scenario.id;
    }),
  );
  expect(new Set(ids).size).toBe(files.length);
});
