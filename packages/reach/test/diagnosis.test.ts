import { describe, expect, test } from 'vitest';
import { diagnose, networkRules, wayRules, type Diagnosis, type Observation } from '@tern/reach/diagnosis';
import { confusion } from './synthetic/confusion.ts';
import {
  attempt,
  carried,
  harbour,
  helloLost,
  island,
  literal,
  stopped,
  unconnected,
} from './synthetic/hand-made.ts';

const gone = { afterMs: 5, failed: 'no-such-name', by: 'system' } as const;

/** @returns what is said of the harbour, and of the network */
function said(
  observations: readonly Observation[],
  now = 60_000,
): { readonly way: Diagnosis; readonly network: Diagnosis } {
  const [network, ...ways] = diagnose(observations, { now });
  const way = ways.find((one) => one.way?.key === harbour.key);
  if (way === undefined) throw new Error('nothing is said of the harbour');
  return { way, network };
}

describe('what a client sees tells what hinders it', () => {
  test('where all is well, nothing is found', () => {
    const { way, network } = said([attempt(harbour, 1), attempt(harbour, 9), attempt(island, 12)]);
    expect([way.cause, network.cause, way.passes]).toEqual([{ kind: 'works' }, { kind: 'works' }, 'text']);
  });

  test('nothing was seen: nothing is said', () => {
    const [network, ...ways] = diagnose([], { now: 0 });
    expect([network.cause.kind, network.passes, ways]).toEqual(['unclear', 'unknown', []]);
    expect(diagnose([attempt(harbour, 1)], { now: 700_000 })).toHaveLength(1);
  });

  test('a name that the network’s resolver denies was removed, unless an encrypted resolver denies it too', () => {
    const removed = [unconnected(harbour, 1, { resolved: gone }), attempt(island, 3)];
    expect(said(removed).way.cause).toEqual({ kind: 'name-removed' });
    expect(said(removed).way.evidence.control).toMatchObject({ key: 'island', arm: 'relay', answered: true });
    const dead = {
      ...unconnected(harbour, 5, { resolved: { ...gone, by: 'https' } }),
      way: { ...harbour, key: 'h-doh' },
    };
    expect(said([...removed, dead]).way.cause).toEqual({ kind: 'relay-down' });
  });

  test('a name that leads to nobody’s address, or to another than elsewhere, or a stranger’s certificate, is a wrong address', () => {
    const told = (address: string): NonNullable<Observation['resolved']> => ({
      afterMs: 3,
      addresses: [address],
      by: 'system',
    });
    const nobody = unconnected(harbour, 1, { resolved: told('10.10.34.34') });
    expect(said([nobody]).way.evidence.address).toBe('10.10.34.34');
    expect(said([nobody]).way.cause).toEqual({ kind: 'wrong-address' });
    const other = helloLost(harbour, 1, 'reset');
    const remembered = {
      ...attempt({ ...harbour, key: 'm' }, 4),
      resolved: { afterMs: 0, addresses: ['198.51.100.7'], by: 'memory' as const },
    };
    expect(said([{ ...other, resolved: told('192.0.2.1') }, remembered]).way.cause).toEqual({
      kind: 'wrong-address',
    });
    expect(said([helloLost(harbour, 1, 'wrong-certificate')]).way.cause).toEqual({ kind: 'wrong-address' });
    expect(said([{ ...attempt(harbour, 1), resolved: told('10.0.0.4') }]).way.cause).toEqual({
      kind: 'works',
    });
  });

  test('one reset is a hiccup, two are a cause', () => {
    expect(said([helloLost(harbour, 1, 'reset'), attempt(island, 2)]).way.cause).toEqual({ kind: 'unclear' });
    const { way } = said([
      helloLost(harbour, 1, 'reset'),
      helloLost(harbour, 4, 'reset'),
      attempt(island, 2),
    ]);
    expect(way.cause).toEqual({ kind: 'reset' });
    expect(way.evidence).toMatchObject({ alike: 2, afterMs: 100, roundTripMs: 50 });
  });

  test('hellos that are never answered while another relay’s are', () => {
    const lost = [helloLost(harbour, 1), helloLost(harbour, 30)];
    expect(said([...lost, attempt(island, 32)]).way.cause).toEqual({ kind: 'silent-after-hello' });
    expect(said(lost).way.cause).toEqual({ kind: 'unclear' });
  });

  test('after many connections in a minute the same silence is a ban, and says how long to be quiet', () => {
    const many = [1, 8, 15, 22].map((at) => attempt(harbour, at));
    const { way } = said([...many, helloLost(harbour, 30), attempt(island, 34)], 40_000);
    expect(way.cause).toEqual({ kind: 'banned', seconds: 124 });
    const stood = { fresh: false, exchangesBefore: 3, upBytes: 4000, downBytes: 9000, ageMs: 20_000 };
    const silenced = [30, 31, 33].map((at) =>
      attempt(harbour, at, { end: 'silent', downBytes: 0, connection: stood, endedAt: at * 1000 + 3000 }),
    );
    const cut = [...many, helloLost(harbour, 30), ...silenced, attempt(island, 34)];
    expect(said(cut, 40_000).way.cause).toEqual({ kind: 'banned', seconds: 124 });
    const reset = [...many, helloLost(harbour, 30, 'reset'), attempt(island, 34)];
    expect(said(reset, 40_000).way.cause.kind).not.toBe('banned');
    const few = [attempt(harbour, 1), helloLost(harbour, 30), helloLost(harbour, 40), attempt(island, 42)];
    expect(said(few).way.cause).toEqual({ kind: 'silent-after-hello' });
  });

  test('two connections that stop at the same count are frozen, if small requests pass', () => {
    const stops = [stopped(harbour, 1, 13_400), stopped(harbour, 8, 13_100)];
    const { way, network } = said([...stops, attempt(harbour, 12), attempt(island, 14)]);
    expect(way.cause).toMatchObject({ kind: 'frozen', bytes: 16_500 });
    expect(way.cause.kind === 'frozen' && Math.abs(way.cause.packetsEstimate - 25) <= 4).toBe(true);
    expect([way.passes, network.cause.kind]).toEqual(['text', 'frozen']);
    expect(said(stops).way.cause.kind).not.toBe('frozen');
    const anywhere = [stopped(harbour, 1, 60_000), stopped(harbour, 8, 9000), attempt(harbour, 12)];
    expect(said(anywhere).way.cause.kind).not.toBe('frozen');
  });

  test('a slow way is throttled only if another was five times as fast in the same minute', () => {
    const slow = [
      carried(harbour, 1, { downBytes: 40_000, ms: 2300 }),
      carried(harbour, 8, { downBytes: 40_000, ms: 2250 }),
    ];
    const fast = carried(island, 15, { downBytes: 40_000, ms: 200 });
    const { way, network } = said([...slow, fast]);
    expect(way.cause).toMatchObject({ kind: 'throttled' });
    expect(way.evidence.control).toMatchObject({ key: 'island', arm: 'relay' });
    expect([way.passes, network.cause.kind]).toEqual(['text', 'throttled']);
    expect(said(slow).way.cause).toEqual({ kind: 'unclear' });
    expect(said([...slow, { ...fast, beganAt: 90_000, endedAt: 90_400 }], 91_000).way.cause).toEqual({
      kind: 'unclear',
    });
    const alike = carried(island, 15, { downBytes: 40_000, ms: 1900 });
    expect(said([...slow, alike]).way.cause).toEqual({ kind: 'slow-network' });
  });

  test('one slow answer does not hide that hellos are reset or unanswered since', () => {
    const slow = carried(harbour, 1, { downBytes: 40_000, ms: 2300 });
    const lost = [helloLost(harbour, 20, 'reset'), helloLost(harbour, 24, 'reset'), attempt(island, 90)];
    expect(said([slow, ...lost], 95_000).way.cause).toEqual({ kind: 'reset' });
  });

  test('a socket that is refused where requests are served is a matter of its protocol', () => {
    const socket = { ...harbour, kind: 'websocket' } as const;
    const refusals = [4, 9].map((at) => attempt(socket, at, { end: 'not-a-relay', downBytes: 0 }));
    const requests = attempt({ ...harbour, key: 'plain' }, 1);
    expect(said([requests, ...refusals]).way.cause).toEqual({ kind: 'protocol-refused' });
  });

  test('a hello that is reset, and then a door that is shut, is a reset; a relay that goes away in between answered its hello', () => {
    const shut = [helloLost(harbour, 1, 'reset'), unconnected(harbour, 6), attempt(island, 8)];
    expect(said(shut).way.cause).toEqual({ kind: 'reset' });
    const refused = unconnected(harbour, 6, { end: 'refused-connection' });
    expect(said([helloLost(harbour, 1, 'reset'), refused, attempt(island, 8)]).way.cause.kind).toBe('reset');
    const left = attempt(harbour, 1, { end: 'reset', downBytes: 0 });
    expect(said([left, refused, refused, attempt(island, 8)]).way.cause.kind).not.toBe('reset');
  });

  test('who is sent to a wrong place by every name says nothing of the border', () => {
    const resolved = { afterMs: 3, addresses: ['10.10.34.34'], by: 'system' } as const;
    const astray = [harbour, island, { ...literal, name: 'third.example' }].map((way, at) =>
      unconnected(way, at, { resolved }),
    );
    expect(said(astray).network.cause.kind).toBe('wrong-address');
  });

  test('the same count on another way is the second time', () => {
    const stops = [stopped(harbour, 10, 14_000), stopped(island, 16, 14_500)];
    const small = [attempt(harbour, 1), attempt(island, 2)];
    expect(said([...small, ...stops]).way.cause.kind).toBe('frozen');
    expect(said([...small, ...stops.slice(0, 1)]).way.cause.kind).not.toBe('frozen');
  });

  test('a hello that is swallowed once is so twice where another to the same relay is, none there is answered, and another relay is meanwhile', () => {
    const second = { ...harbour, key: 'second', name: 'second.example' };
    const { name: _name, ...bare } = { ...harbour, key: 'number', address: '203.0.113.9' };
    const lost = [helloLost(second, 4), helloLost(bare, 6)];
    const kind = (...some: readonly Observation[]): string =>
      said(some.toSorted((a, b) => a.beganAt - b.beganAt)).way.cause.kind;
    const first = helloLost(harbour, 1);
    const other = attempt(island, 2);
    expect(kind(first, other)).toBe('unclear');
    for (const one of lost) expect(kind(first, one, other)).toBe('silent-after-hello');
    expect(kind(first, ...lost)).not.toBe('silent-after-hello');
    expect(kind(first, ...lost, attempt(bare, 9), other)).toBe('unclear');
    expect(kind(first, helloLost(literal, 4), other)).toBe('unclear');
    expect(kind(first, other, helloLost(second, 90), attempt(island, 91))).toBe('unclear');
    // a tunnel: whoever answers does so when it is over
    expect(kind(first, helloLost(second, 1.2), helloLost(island, 1.3), attempt(island, 30))).toBe('unclear');
  });

  test('a limit that was met once on a way is one where another name of the relay has the same, and something else in that minute is quick', () => {
    const second = { ...harbour, key: 'second', name: 'second.example' };
    const slow = (way: typeof harbour, at: number): Observation =>
      carried(way, at, { downBytes: 30_000, ms: 1600 });
    const up = (way: typeof harbour): Observation =>
      attempt(way, 4, { upBytes: 40_000, downBytes: 300, bulk: true });
    const kind = (...some: readonly Observation[]): string => said(some).way.cause.kind;
    expect(kind(slow(harbour, 10), slow(second, 6), slow(second, 8), up(island))).toBe('throttled');
    // small exchanges follow one another quickly, and undo nothing
    const texts = Array.from({ length: 20 }, (_, at) => attempt(harbour, 14 + at));
    expect(kind(slow(harbour, 10), slow(second, 6), slow(second, 8), up(island), ...texts)).toBe('throttled');
    expect(kind(slow(harbour, 10), up(island))).not.toBe('throttled');
    expect(kind(slow(harbour, 10), slow(second, 6), slow(second, 8))).not.toBe('throttled');
    // a relay at home takes much and sends little
    expect(kind(slow(harbour, 10), slow(second, 6), slow(second, 8), up(second))).not.toBe('throttled');
    const faster = carried(second, 6, { downBytes: 30_000, ms: 400 });
    expect(kind(slow(harbour, 10), faster, up(island))).not.toBe('throttled');
  });

  test('a line that carries little up and much down is not throttled', () => {
    const up = (way: typeof harbour, at: number): Observation =>
      attempt(way, at, {
        upBytes: 60_000,
        downBytes: 300,
        bulk: true,
        firstByteAfterMs: 770,
        lastByteAfterMs: 771,
        endedAt: at * 1000 + 771,
      });
    const down = (way: typeof harbour, at: number): Observation =>
      carried(way, at, { downBytes: 60_000, ms: 40 });
    const all = [harbour, island, literal].flatMap((way, at) => [
      down(way, at),
      ...[5, 10, 15].map((later) => up(way, at + later)),
    ]);
    const { way, network } = said(all.toSorted((a, b) => a.beganAt - b.beganAt));
    expect([way.cause.kind, network.cause.kind]).not.toContain('throttled');
  });

  test('a relay that is off is told from a border that is closed, and that from no network', () => {
    const resolved = { afterMs: 5, addresses: ['198.51.100.7'], by: 'system' } as const;
    const away = [unconnected(harbour, 1, { resolved }), unconnected(harbour, 6, { resolved })];
    expect(said([...away, attempt(island, 8)]).way.cause).toEqual({ kind: 'relay-down' });
    const closed = said([...away, unconnected(island, 8, { resolved }), unconnected(literal, 10)]);
    expect([closed.way.cause.kind, closed.network.cause.kind]).toEqual(['border-cut', 'border-cut']);
    const handedOn = { ...unconnected(harbour, 9), way: { ...harbour, key: 'f', kind: 'forward' as const } };
    expect(
      said([...away, unconnected(island, 8, { resolved }), { ...handedOn, connection: undefined }]).network
        .cause.kind,
    ).toBe('border-cut');
    const mute = { afterMs: 4000, failed: 'no-answer', by: 'system' } as const;
    const dead = [unconnected(harbour, 1, { resolved: mute }), unconnected(literal, 3)];
    expect(said(dead).network.cause).toEqual({ kind: 'no-network' });
    expect(said([unconnected(harbour, 1, { end: 'no-network' })]).way.cause).toEqual({ kind: 'no-network' });
  });

  test('what was given up by ourselves, and a kept answer that a sleeping device lost, say nothing', () => {
    const asleep = attempt(harbour, 3, {
      held: true,
      end: 'silent',
      downBytes: 0,
      connection: { fresh: false, exchangesBefore: 9, upBytes: 9000, downBytes: 9000, ageMs: 9e5 },
    });
    const { way } = said([attempt(harbour, 1), asleep, asleep, attempt(harbour, 9, { end: 'cancelled' })]);
    expect([way.cause.kind, way.evidence.attempts]).toEqual(['works', 1]);
  });

  test('every rule says why', () => {
    for (const { name, reason } of [...wayRules, ...networkRules]) {
      expect(name.length).toBeGreaterThan(5);
      expect(reason.length).toBeGreaterThan(20);
    }
  });
});

test('on seeds that nobody looked at, at least 95 of 100 synthetic sessions are told right', () => {
  const { sessions, right, rightOverall, counts } = confusion({ sessions: 1400, odd: true });
  expect(right / sessions).toBeGreaterThanOrEqual(0.95);
  expect(rightOverall / sessions).toBeGreaterThanOrEqual(0.95);
  // throttling is never claimed where it is not
  const claimed = [...counts]
    .filter(([truth]) => truth !== 'throttled')
    .map(([, row]) => row.get('throttled') ?? 0);
  expect(Math.max(...claimed)).toBeLessThanOrEqual(1);
});

describe('what flows on a connection that stands', () => {
  /** so much of an answer in so long beyond round trips, and whether it was left in a pause */
  const flowed = (
    way: Observation['way'],
    seconds: number,
    { bytes, ms, paused = false }: { readonly bytes: number; readonly ms: number; readonly paused?: boolean },
  ): Observation => ({
    ...attempt(way, seconds, {
      downBytes: bytes,
      bulk: bytes > 8000,
      end: paused ? 'cancelled' : 'answered',
    }),
    connection: { fresh: false, exchangesBefore: 1, upBytes: 3600, downBytes: 4000 + bytes, ageMs: 1000 },
    flow: { bytes, ms },
  });
  const control = flowed(island, 4, { bytes: 12_000, ms: 0 });
  const paused = flowed(harbour, 2, { bytes: 7000, ms: 150, paused: true });

  test('a pause that is over when more is asked for was the line’s; one that goes on is a limit', () => {
    const small = [attempt(harbour, 1), attempt(island, 1)];
    const over = flowed(harbour, 3, { bytes: 12_000, ms: 20 });
    expect(said([...small, paused, over, control]).way.cause.kind).toBe('works');
    const goesOn = flowed(harbour, 3, { bytes: 12_000, ms: 680 });
    expect(said([...small, paused, goesOn, control]).way.cause).toEqual({
      kind: 'throttled',
      bitsPerSecond: 141_176,
    });
    expect(said([...small, paused, goesOn]).way.cause.kind).not.toBe('throttled');
  });

  test('a pause that was seen once is a limit where another way was slow too, and a third quick', () => {
    const small = [attempt(harbour, 1), attempt(island, 1), attempt(literal, 1)];
    const elsewhere = flowed(literal, 3, { bytes: 8000, ms: 180, paused: true });
    const { way } = said([...small, paused, elsewhere, control]);
    expect(way.cause.kind).toBe('throttled');
    expect(way.evidence.control?.key).toBe('island');
    const line = said([...small, paused, elsewhere]).way;
    expect(line.cause.kind).not.toBe('throttled');
    // it went quickly there as well: the line loses something now and then
    const quick = flowed(literal, 4, { bytes: 8000, ms: 20 });
    expect(said([...small, paused, elsewhere, quick, control]).way.cause.kind).not.toBe('throttled');
    // all of it came, as soon as a loss is repaired: one other alike is not enough to call that a limit
    const repaired = flowed(harbour, 2, { bytes: 9000, ms: 300 });
    expect(said([...small, repaired, elsewhere, control]).way.cause.kind).toBe('works');
    const again = flowed(literal, 4, { bytes: 6000, ms: 300 });
    expect(said([...small, repaired, elsewhere, again, control]).way.cause.kind).toBe('throttled');
  });

  test('what stops there for good, at two relays after the same, is frozen, although nothing more came of what was asked last', () => {
    const silent = (way: Observation['way'], seconds: number, downBytes: number): Observation => {
      const { firstByteAfterMs: _first, lastByteAfterMs: _last, ...rest } = attempt(way, seconds);
      const connection = { fresh: false, exchangesBefore: 2, upBytes: 4500, downBytes, ageMs: 7000 };
      return {
        ...rest,
        connection,
        end: 'silent',
        downBytes: 0,
        upBytes: 900,
        endedAt: seconds * 1000 + 6000,
      };
    };
    const { way } = said([
      attempt(harbour, 1),
      attempt(literal, 1),
      paused,
      silent(harbour, 3, 11_000),
      silent(literal, 10, 11_600),
      control,
    ]);
    expect(way.cause).toMatchObject({ kind: 'frozen', bytes: 15_500 });
  });
});
