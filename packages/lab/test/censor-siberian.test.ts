import { describe, expect, test } from 'vitest';

import { burnedOf } from '../src/censor/memory.ts';
import { parseAddress } from '../src/net/address.ts';
import { hosts, kindOf, kindsOf, WatchedWire } from './support/watched-wire.ts';

const rule = { technique: 'siberian', reading: 'run' };
const name = 'cloud-notes.example';

/** Opens connections so many milliseconds apart; for each whether its hello passed. */
function opened(
  wire: WatchedWire,
  gaps: readonly number[],
  names: readonly (string | undefined)[] = [name],
): readonly string[] {
  return gaps.map((gap, place) => {
    wire.wait(gap);
    wire.tls(names[place % names.length]);
    return kindsOf(wire.verdicts).at(-1) ?? '';
  });
}

describe('counted in a row', () => {
  test('three connections close together pass, the fourth is silent, and so is the name for two minutes', () => {
    const wire = WatchedWire.blocked(rule);
    expect(opened(wire, [0, 399, 399, 399])).toEqual(['pass', 'pass', 'pass', 'drop']);
    expect(opened(wire, [60_000, 59_990])).toEqual(['drop', 'drop']);
    expect(opened(wire, [20])).toEqual(['pass']);
    expect(burnedOf(wire.memory)).toEqual([
      { rule: 0, client: parseAddress(hosts.client), what: 'name', value: name, at: 2197, until: 122_197 },
    ]);
  });

  test('a gap of 400 ms anywhere ends the row', () => {
    const wire = WatchedWire.blocked(rule);
    expect(opened(wire, [0, 300, 300, 400, 300, 300, 400, 300])).not.toContain('drop');
    expect(opened(wire, [300, 300])).toEqual(['pass', 'drop']);
  });

  test('TCP still opens under the ban, a hello’s first segment passes and its rest does not', () => {
    const wire = WatchedWire.blocked(rule);
    opened(wire, [0, 1, 1, 1]);
    const connection = wire.tcp();
    expect(kindsOf(connection.open())).toEqual(['pass', 'pass', 'pass']);
    const plan = { name, extensions: [[21, Array.from({ length: 1500 }, () => 0)]] } as const;
    expect(kindsOf(connection.helloInPieces(plan, 1400))).toEqual(['pass', 'drop']);
    expect(kindOf(connection.answer(10))).toBe('drop');
  });

  test('connections of that name that stood before go silent with it, or are spared', () => {
    for (const [established, kind] of [
      ['cut', 'drop'],
      ['spare', 'pass'],
    ] as const) {
      const wire = WatchedWire.blocked({ ...rule, established });
      const before = wire.tls(name);
      wire.wait(5000);
      expect(opened(wire, [0, 1, 1, 1]).at(-1)).toBe('drop');
      expect(kindOf(before.answer(100))).toBe(kind);
    }
  });

  test('other names, another client, and hellos without a name are not counted', () => {
    const wire = WatchedWire.blocked(rule);
    const names = [
      'cloud-notes.example',
      'garden-photos.example',
      'paper-boats.example',
      'river-maps.example',
    ];
    expect(
      opened(
        wire,
        Array.from({ length: 12 }, () => 50),
        names,
      ),
    ).not.toContain('drop');
    expect(
      opened(
        wire,
        Array.from({ length: 12 }, () => 50),
        [undefined],
      ),
    ).not.toContain('drop');
    wire.wait(60_000);
    opened(wire, [0, 1, 1, 1]);
    wire.tls(name, { from: hosts.otherClient });
    expect(kindsOf(wire.verdicts).at(-1)).toBe('pass');
  });

  test('another name between them ends the row where the box is so simple', () => {
    const other = [name, 'random-1.example'];
    const gaps = Array.from({ length: 12 }, () => 10);
    expect(opened(WatchedWire.blocked({ ...rule, otherNameResets: true }), gaps, other)).not.toContain(
      'drop',
    );
    expect(opened(WatchedWire.blocked(rule), gaps, other)).toContain('drop');
  });
});

test('counted in a window: more than three in sixty seconds, however far apart', () => {
  const wire = WatchedWire.blocked({ ...rule, reading: 'count' });
  expect(opened(wire, [0, 15_000, 15_000, 15_000])).toEqual(['pass', 'pass', 'pass', 'drop']);
  const spaced = WatchedWire.blocked({ ...rule, reading: 'count' });
  expect(opened(spaced, [0, 20_001, 20_001, 20_001, 20_001, 20_001])).not.toContain('drop');
});

test('counted both ways: more than three in the window and two of them close together', () => {
  const mixed = { ...rule, reading: 'mixed' };
  expect(opened(WatchedWire.blocked(mixed), [0, 10_000, 10_000, 10_000, 10_000, 10_000])).not.toContain(
    'drop',
  );
  expect(opened(WatchedWire.blocked(mixed), [0, 10_000, 100, 10_000])).toEqual([
    'pass',
    'pass',
    'pass',
    'drop',
  ]);
});

test('counted by address: several names on one address count together, and the address is burned', () => {
  const wire = WatchedWire.blocked({ ...rule, key: 'address' });
  const names = ['cloud-notes.example', 'garden-photos.example'];
  expect(opened(wire, [0, 1, 1, 1], names)).toEqual(['pass', 'pass', 'pass', 'drop']);
  wire.tls('cloud-notes.example', { to: hosts.otherAbroad });
  expect(kindsOf(wire.verdicts).at(-1)).toBe('pass');
  expect(burnedOf(wire.memory)).toMatchObject([{ what: 'address', value: hosts.abroad }]);
});

test('another fingerprint under the ban makes it ten minutes', () => {
  const wire = WatchedWire.blocked(rule);
  opened(wire, [0, 1, 1, 1]);
  wire.wait(10_000);
  wire.tls(name, { alpn: ['h2'] });
  expect(opened(wire, [599_000])).toEqual(['drop']);
  expect(opened(wire, [1_001])).toEqual(['pass']);
});

test('hellos under the ban start it anew only where that is set', () => {
  expect(opened(WatchedWire.blocked(rule), [0, 1, 1, 1, 100_000, 20_001]).slice(-2)).toEqual([
    'drop',
    'pass',
  ]);
  const anew = WatchedWire.blocked({ ...rule, restarts: true });
  expect(opened(anew, [0, 1, 1, 1, 100_000, 20_001, 120_001]).slice(-3)).toEqual(['drop', 'drop', 'pass']);
});

test('only hellos of the kind that counts are counted', () => {
  const browser = WatchedWire.blocked({ ...rule, prints: 'browser' });
  expect(opened(browser, [0, 1, 1, 1])).not.toContain('drop');
  for (let round = 0; round < 4; round += 1)
    browser.tls(name, { ciphers: [0x1301], extensions: [[0x2a2a, []]] });
  expect(kindsOf(browser.verdicts).at(-1)).toBe('drop');
  expect(opened(WatchedWire.blocked({ ...rule, prints: 'program' }), [0, 1, 1, 1]).at(-1)).toBe('drop');
});
