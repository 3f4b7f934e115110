import { describe, expect, test } from 'vitest';
import {
  asProbed,
  countedHellos,
  diagnose,
  diagnoseAgain,
  settledBy,
  unseenStarts,
  type Observation,
  type Way,
} from '@tern/reach/diagnosis';
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

const ways: readonly Way[] = [harbour, island, literal];
const now = 300_000;

function said(
  observations: readonly Observation[],
  made: readonly Observation[],
  pieces: readonly Way[] = [],
): Readonly<Record<string, string | undefined>> {
  const earlier = { observations, pieces: new Set(pieces.map(({ key }) => key)) };
  const [network, ...each] = diagnoseAgain({ ways, earlier, made }, { now });
  const told = each.map(({ way, cause, evidence }): [string, string] => [
    way?.key ?? '',
    `${cause.kind}${evidence.earlier === true ? ' earlier' : ''}`,
  ]);
  return { network: network.cause.kind, ...Object.fromEntries<string>(told) };
}

function settled(observations: readonly Observation[], at = { now }): ReadonlySet<string> {
  return settledBy(ways, { observations, pieces: new Set() }, at);
}

const answersNow = [attempt(harbour, 280), attempt(island, 281), attempt(literal, 282)];
/** What an app saw of a way that freezes. */
const froze = [attempt(harbour, 100), stopped(harbour, 110, 15_000), stopped(harbour, 120, 15_200)];

test('an app’s attempts become those of the probes: their names, their clock, the bytes of a whole connection', () => {
  const plain: Way = { ...harbour, key: 'https:system:harbour.example:443', address: '203.0.113.7' };
  const byNumber: Way = { ...literal, key: 'https:literal:203.0.113.10:443()' };
  const others: readonly Way[] = [
    { ...plain, key: 'https:doh:harbour.example:443' },
    { ...plain, key: 'https:system:harbour.example:443()' },
    { ...plain, key: 'https:system:harbour.example:8443', port: 8443 },
    { ...plain, key: 'websocket:system:harbour.example:443', kind: 'websocket' },
    { ...plain, key: 'https:system:second.example:443', name: 'second.example' },
  ];
  const seen = [plain, byNumber, ...others].map((way) => attempt(way, 20));
  const probed = asProbed(ways, seen, 5000);
  expect(probed.map(({ way }) => way.key)).toEqual(['harbour', 'literal', ...others.map(({ key }) => key)]);
  const [before, after] = [seen[0], probed[0]];
  expect(after).toMatchObject({ beganAt: 25_000, endedAt: (before?.endedAt ?? 0) + 5000 });
  expect(after?.connection?.downBytes).toBeGreaterThan(3000 + (before?.connection?.downBytes ?? 0));
  const lost = asProbed(ways, [helloLost(plain, 20)], 0);
  expect(lost[0]?.connection).toMatchObject({ upBytes: 0, downBytes: 0 });
});

describe('what an app saw a while ago', () => {
  test('is told where attempts of now do not reach as far, and said to be of then', () => {
    expect(said([], answersNow)).toMatchObject({ network: 'works', harbour: 'works' });
    expect(said(froze, answersNow)).toEqual({
      network: 'frozen',
      harbour: 'frozen earlier',
      island: 'works',
      literal: 'works',
    });
    const slow = [
      carried(harbour, 100, { downBytes: 40_000, ms: 2400 }),
      carried(harbour, 110, { downBytes: 40_000, ms: 2500 }),
      carried(island, 115, { downBytes: 40_000, ms: 60 }),
    ];
    expect(said(slow, answersNow)).toMatchObject({ harbour: 'throttled earlier', island: 'works' });
  });

  test('counts for nothing where an attempt of now carried more', () => {
    const whole = carried(harbour, 285, { downBytes: 30_000, ms: 60 });
    expect(said(froze, [...answersNow, whole])).toMatchObject({ network: 'works', harbour: 'works' });
    const less = carried(harbour, 285, { downBytes: 10_000, ms: 60 });
    expect(said(froze, [...answersNow, less])).toMatchObject({ harbour: 'frozen earlier' });
  });

  test('of what shows at once, attempts of now say more', () => {
    const resets = [attempt(harbour, 100, { end: 'reset' }), attempt(harbour, 110, { end: 'reset' })];
    expect(said(resets, answersNow)).toMatchObject({ network: 'works', harbour: 'works' });
    const other = [helloLost(harbour, 280), helloLost(harbour, 284), attempt(island, 282)];
    expect(said(resets, other)).toMatchObject({ harbour: 'silent-after-hello' });
  });

  test('is told where nothing could be tried now, or what was tried was not enough', () => {
    const swallowed = [helloLost(harbour, 100), helloLost(harbour, 110), attempt(island, 112)];
    expect(said(swallowed, [attempt(island, 281)])).toMatchObject({ harbour: 'silent-after-hello earlier' });
    const once = [helloLost(harbour, 280), attempt(island, 281)];
    expect(said([], once)).toMatchObject({ harbour: 'unclear' });
    expect(said(swallowed, once)).toMatchObject({ harbour: 'silent-after-hello earlier' });
  });

  test('of a hello that was lost makes one that is lost now the second time, unless it was answered since', () => {
    const before = [attempt(harbour, 150), helloLost(harbour, 152), attempt(island, 154)];
    const made = [helloLost(harbour, 280), attempt(island, 281)];
    expect(said([], made)).toMatchObject({ harbour: 'unclear' });
    expect(said(before, [attempt(island, 281)])).toMatchObject({ harbour: 'unclear' });
    expect(said(before, made)).toMatchObject({ harbour: 'silent-after-hello', island: 'works' });
    expect(said([...before, attempt(harbour, 200)], made)).toMatchObject({ harbour: 'unclear' });
    expect(said(before, [attempt(harbour, 280), attempt(island, 281)])).toMatchObject({ harbour: 'works' });
  });

  test('of silences soon after the hello is told where no more was carried now than had passed then', () => {
    // the hello was answered, and nothing after it
    const early = [100, 110].map((at): Observation => {
      const { firstByteAfterMs: _first, lastByteAfterMs: _last, ...one } = stopped(harbour, at, 0);
      return one;
    });
    const seen = [...early, attempt(island, 112)];
    expect(said([], seen)).toMatchObject({ harbour: 'silent-after-hello' });
    const small = [attempt(harbour, 280, { downBytes: 100 }), attempt(island, 281)];
    expect(said(seen, small)).toMatchObject({ harbour: 'silent-after-hello earlier', island: 'works' });
    const more = [...small, carried(harbour, 285, { downBytes: 10_000, ms: 60 })];
    expect(said(seen, more)).toMatchObject({ harbour: 'works' });
  });

  test('of resets is told where TCP does not even stand now: who resets by name keeps the pair shut for minutes', () => {
    const resets = [100, 110].map((at) => attempt(harbour, at, { end: 'reset' }));
    const shut = [280, 284].map((at) => unconnected(harbour, at, { end: 'refused-connection' }));
    const others = [attempt(island, 281), attempt(island, 285)];
    expect(said([], [...shut, ...others])).toMatchObject({ harbour: 'relay-down' });
    expect(said(resets, [...shut, ...others])).toMatchObject({ harbour: 'reset earlier' });
    expect(said([attempt(harbour, 100)], [...shut, ...others])).toMatchObject({ harbour: 'relay-down' });
  });

  test('of one way makes what stops on another now the second time', () => {
    const made = [attempt(harbour, 280), attempt(island, 281), stopped(island, 283, 15_500)];
    expect(said([], made)).toMatchObject({ island: 'unclear' });
    expect(said(froze, made)).toMatchObject({
      network: 'frozen',
      harbour: 'frozen earlier',
      island: 'frozen',
    });
  });

  test('is believed where it went on in small pieces, with what had passed when it stopped', () => {
    const kin: Way = { ...harbour, key: 'other', name: 'second.example' };
    const stop = attempt(kin, 110, {
      end: 'silent',
      held: true,
      downBytes: 0,
      connection: { fresh: false, exchangesBefore: 6, upBytes: 5000, downBytes: 11_000, ageMs: 900 },
    });
    const seen = [attempt(harbour, 100), attempt(kin, 108), stop];
    expect(said(seen, answersNow)).toMatchObject({ harbour: 'works' });
    expect(said(seen, answersNow, [harbour])).toMatchObject({ harbour: 'frozen earlier', island: 'works' });
    const once = stopped(island, 283, 15_500);
    expect(said(seen, [...answersNow, once], [harbour])).toMatchObject({ island: 'frozen' });
    // nothing is made up: where no stop was kept, nothing is told
    expect(said([attempt(harbour, 100)], answersNow, [harbour])).toMatchObject({ harbour: 'works' });
    // not even hellos were answered there after it
    const shut = [...seen, helloLost(kin, 112)];
    expect(said(shut, answersNow, [harbour])).toMatchObject({ harbour: 'works' });
    const left = { ...helloLost(kin, 112), end: 'cancelled' as const };
    expect(said([...seen, left], answersNow, [harbour])).toMatchObject({ harbour: 'frozen earlier' });
    expect(said([...shut, attempt(kin, 114)], answersNow, [harbour])).toMatchObject({
      harbour: 'frozen earlier',
    });
    const whole = carried(harbour, 285, { downBytes: 40_000, ms: 60 });
    expect(said(seen, [...answersNow, whole], [harbour])).toMatchObject({ harbour: 'works' });
  });

  test('of a border that is cut is not told where somebody answers now', () => {
    const resolved = { afterMs: 5, addresses: ['198.51.100.7'], by: 'system' } as const;
    const cut = [harbour, island, literal].map((way, at) => unconnected(way, 100 + at, { resolved }));
    expect(said(cut, [])).toMatchObject({ harbour: 'border-cut earlier' });
    expect(said(cut, [attempt(island, 281)])).toEqual({ network: 'works', island: 'works' });
  });

  test('is forgotten after ten minutes', () => {
    const long = { now: now + 600_000 };
    const made = answersNow.map((one) => ({
      ...one,
      beganAt: one.beganAt + 600_000,
      endedAt: one.endedAt + 600_000,
    }));
    const [network] = diagnoseAgain(
      { ways, earlier: { observations: froze, pieces: new Set() }, made },
      long,
    );
    expect(network.cause.kind).toBe('works');
    expect(settled(froze, long).size).toBe(0);
  });

  test('of a ban is told of every way with that name', () => {
    const kin: Way = { ...harbour, key: 'https:remembered:harbour.example:443', address: '203.0.113.7' };
    const met = [250, 258, 266, 274].map((at) => attempt(kin, at));
    const seen = [...met, helloLost(kin, 282), attempt(island, 284)];
    expect(said(seen, [attempt(island, 290)])).toMatchObject({ harbour: 'banned earlier', island: 'works' });
    const before = [attempt(harbour, 240), attempt(harbour, 244), ...seen];
    expect(said(before, [attempt(island, 290)])).toMatchObject({ harbour: 'banned earlier' });
    const again = [...before, attempt({ ...kin, key: 'https:doh:harbour.example:443' }, 286)];
    expect(said(again, [attempt(island, 290)])).toMatchObject({ harbour: 'works' });
    expect(said(seen, [attempt(harbour, 291), attempt(island, 290)])).toMatchObject({ harbour: 'works' });
  });

  test('alone, without a single attempt of now, is still told', () => {
    expect(said(froze, [])).toEqual({ network: 'frozen', harbour: 'frozen earlier' });
    expect(said([], [])).toEqual({ network: 'unclear' });
  });

  test('without anything earlier, it is the diagnosis of now', () => {
    const made = [...froze, attempt(island, 121), helloLost(literal, 122), helloLost(literal, 124)];
    expect(diagnoseAgain({ ways, earlier: { observations: [], pieces: new Set() }, made }, { now })).toEqual(
      diagnose(made, { now }),
    );
  });
});

test('settled is what is known of large exchanges, and of nothing else', () => {
  expect([...settled(froze)]).toEqual(['harbour']);
  const resets = [attempt(harbour, 100, { end: 'reset' }), attempt(harbour, 110, { end: 'reset' })];
  expect([...settled(resets)]).toEqual([]);
});

test('an app’s hellos count for the pace, unless more than are counted were answered', () => {
  const at = (seconds: number): Observation => attempt(harbour, seconds);
  expect(countedHellos([at(10), at(20), at(30)])).toHaveLength(3);
  expect(countedHellos([at(10), at(30), at(60), at(80)])).toHaveLength(4);
  expect(countedHellos([at(10), at(20), at(30), at(40)])).toEqual([]);
  expect(countedHellos([at(10), at(20), at(30), helloLost(harbour, 40)])).toHaveLength(4);
  expect(countedHellos([at(10), at(20), at(30), at(40), attempt(island, 5)])).toHaveLength(1);
});

test('a start of which an app left an attempt is told by that, also where no hello left', () => {
  const starts = new Map([
    ['harbour.example', [100_002, 110_000, 150_000]],
    ['second.example', [100_002]],
  ]);
  const unseen = unseenStarts(starts, [
    attempt(harbour, 100),
    unconnected(harbour, 110),
    attempt(island, 150),
  ]);
  expect([...unseen]).toEqual([
    ['harbour.example', [150_000]],
    ['second.example', [100_002]],
  ]);
  expect(unseenStarts(starts, [])).toEqual(starts);
});
