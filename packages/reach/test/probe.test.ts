import { describe, expect, test } from 'vitest';
import {
  diagnose,
  probe,
  probeLimits,
  type Cause,
  type Observation,
  type ProbeParts,
  type ProbePort,
  type Way,
} from '@tern/reach/diagnosis';
import { spentBytes } from '../src/diagnosis/spent-bytes.ts';
import { chanceOf } from './synthetic/chance.ts';
import { attempt, harbour, helloLost, island, literal } from './synthetic/hand-made.ts';
import { attemptOver, type Hindrance, type Line } from './synthetic/simulated-line.ts';
import { timedWorld } from '@tern/relay/testing';

const line: Line = { roundTripMs: 60, jitter: 0.3, loss: 0.002, upBits: 8e6, downBits: 2e7 };
const hops: Way = { ...harbour, key: 'harbour-socket', name: 'second.example' };

interface Probed {
  readonly made: readonly Observation[];
  readonly cause: (way: Way) => Cause['kind'] | undefined;
  readonly network: Cause['kind'];
  readonly tookMs: number;
}

/** Probes a network on which each way is hindered as told. */
async function probed(
  hindrances: Readonly<Record<string, Hindrance>>,
  {
    ways = [harbour, island, literal],
    known = [],
    earlier,
    seed = 1,
    keeps = false,
  }: {
    readonly ways?: readonly Way[];
    readonly known?: readonly Observation[];
    readonly earlier?: ProbeParts['earlier'];
    readonly seed?: number;
    /** it is a port that can ask for more on a connection */
    readonly keeps?: boolean;
  } = {},
): Promise<Probed> {
  const world = timedWorld();
  const chance = chanceOf(seed);
  const start = world.now();
  const now = (): number => world.now() - start + 120_000;
  const kept = new Map<string, NonNullable<Parameters<typeof attemptOver>[1]['on']>>();
  const over = async (
    way: Way,
    downBytes: number,
    stage?: 'dial' | 'hello' | 'kept',
  ): Promise<Observation> => {
    const hindrance = hindrances[way.key] ?? {};
    const on = stage === 'kept' ? kept.get(way.key) : undefined;
    kept.delete(way.key);
    const made = attemptOver(
      line,
      {
        way,
        beganAt: now(),
        ...(on !== undefined && { on }),
        upBytes: stage === undefined || stage === 'kept' ? 400 : 0,
        downBytes,
        bulk: downBytes > 2000,
        hindrance,
        blind: false,
      },
      chance,
    );
    const { endedAt, beganAt } = made;
    await world.wait(Math.min(endedAt - beganAt, 9000), { signal: new AbortController().signal });
    const enough =
      stage === 'dial' ? made.connectedAfterMs : stage === 'hello' ? made.helloAnsweredAfterMs : undefined;
    const { connection, firstByteAfterMs, lastByteAfterMs } = made;
    if (keeps && made.end === 'answered' && connection !== undefined)
      kept.set(way.key, { ...connection, exchanges: connection.exchangesBefore + 1, drained: made.bulk });
    const flow =
      on !== undefined && firstByteAfterMs !== undefined && lastByteAfterMs !== undefined
        ? { flow: { bytes: made.downBytes, ms: Math.max(0, lastByteAfterMs - firstByteAfterMs - 60) } }
        : {};
    return {
      ...made,
      ...flow,
      endedAt: Math.min(endedAt, beganAt + 9000),
      ...(enough !== undefined && { end: 'cancelled' }),
    };
  };
  const port: ProbePort = {
    now,
    dial: (way) => over(way, 100, 'dial'),
    hello: (way) => over(way, 100, 'hello'),
    exchange: (way, { bytes, kept: on }) => over(way, bytes, on === true ? 'kept' : undefined),
    stands: (way) => kept.has(way.key),
  };
  const made: Observation[] = [];
  await world.run(
    (async () => {
      const parts = { port, world, ways, known, ...(earlier !== undefined && { earlier }) };
      for await (const one of probe(parts, { signal: new AbortController().signal })) made.push(one);
    })(),
  );
  const [network, ...each] = diagnose([...known, ...made], { now: now() });
  return {
    made,
    cause: (way) => each.find((one) => one.way?.key === way.key)?.cause.kind,
    network: network.cause.kind,
    tookMs: world.now() - start,
  };
}

describe('probes make the attempts that a diagnosis lacks', () => {
  test('a network where all is well is looked at with a few small requests and a large one to each relay', async () => {
    const { network, made } = await probed({});
    expect([network, made.length <= 6, made.filter(({ bulk }) => bulk).length]).toEqual(['works', true, 3]);
  });

  const cases: readonly (readonly [Cause['kind'], Hindrance])[] = [
    ['silent-after-hello', { hello: 'silent' }],
    ['reset', { hello: 'reset' }],
    ['wrong-address', { hello: 'wrong-certificate' }],
    ['relay-down', { connecting: 'silent' }],
    ['name-removed', { resolving: { afterMs: 4, failed: 'no-such-name', by: 'system' } }],
    ['frozen', { bytes: 12_000 }],
    ['throttled', { police: { bits: 140_000, burstBytes: 4000 } }],
  ];
  test.for(cases)('%s is found out from nothing', async ([kind, hindrance]) => {
    for (const seed of [2, 4, 6, 8])
      for (const keeps of [false, true]) {
        const { cause } = await probed({ harbour: hindrance }, { seed, keeps });
        expect([seed, keeps, cause(harbour)]).toEqual([seed, keeps, kind]);
      }
  });

  test('on connections that are kept, what freezes two of three relays is found at both', async () => {
    for (const hindrance of [{ bytes: 17_000 }, { packets: 25 }])
      for (const seed of [2, 4, 6, 8]) {
        const { cause } = await probed({ harbour: hindrance, literal: hindrance }, { seed, keeps: true });
        expect([seed, cause(harbour), cause(island), cause(literal)]).toEqual([
          seed,
          'frozen',
          'works',
          'frozen',
        ]);
      }
  });

  test('where an app knows of one relay what becomes of much, more is asked of the others', async () => {
    const hindrance = { bytes: 24_000 };
    for (const seed of [2, 4, 6, 8])
      for (const [settled, stops] of [
        [[], 0],
        [['harbour'], 1],
      ] as const) {
        const earlier = { hellos: [], settled: new Set<string>(settled) };
        const { made } = await probed({ literal: hindrance }, { seed, keeps: true, earlier });
        const stopped = made.filter(({ way, end }) => way.key === 'literal' && end === 'silent');
        expect([seed, settled, stopped.length]).toEqual([seed, settled, stops]);
      }
  });

  test('an app’s hellos of a while ago count for the pace, and for nothing else', async () => {
    const hellos = [100, 105, 110].map((at) => attempt(harbour, at));
    const { made, cause } = await probed({}, { earlier: { hellos, settled: new Set() } });
    expect(made.filter(({ way }) => way.name === harbour.name).map(({ beganAt }) => beganAt)).toEqual([]);
    expect([cause(harbour), cause(island)]).toEqual([undefined, 'works']);
    const fewer = await probed({}, { earlier: { hellos: hellos.slice(0, 2), settled: new Set() } });
    expect(fewer.cause(harbour)).toBe('works');
  });

  test('so do hellos of which no more is known than when they left', async () => {
    const hellos = [100, 105].map((at) => attempt(harbour, at));
    const made = async (times: readonly number[]): Promise<number> => {
      const starts = new Map([['harbour.example', times]]);
      const { made: all } = await probed({}, { earlier: { hellos, starts, settled: new Set() } });
      return all.filter(({ way }) => way.name === harbour.name).length;
    };
    expect(harbour.name).toBe('harbour.example');
    expect(await made([])).toBe(1);
    expect(await made([110_000])).toBe(0);
  });

  test('nothing leaves for a name that an app keeps silent about because it met a ban', async () => {
    const made = async (until: number): Promise<readonly string[]> => {
      const bans = new Map([['harbour.example', until]]);
      const { made: all } = await probed({}, { earlier: { hellos: [], bans, settled: new Set() } });
      return [...new Set(all.map(({ way }) => way.key))].toSorted();
    };
    expect(await made(160_000)).toEqual([island, literal].map(({ key }) => key).toSorted());
    expect(await made(119_999)).toEqual([harbour, island, literal].map(({ key }) => key).toSorted());
  });

  test('what ends within the time is waited for', async () => {
    const bans = new Map([['harbour.example', 130_000]]);
    const { made, cause } = await probed({}, { earlier: { hellos: [], bans, settled: new Set() } });
    const [first] = made.filter(({ way }) => way.key === harbour.key);
    expect(first?.beganAt).toBeGreaterThanOrEqual(130_000);
    expect(cause(harbour)).toBe('works');
  });

  test('a relay that the pace keeps waiting is left enough to be tried all the same', async () => {
    const hellos = [70, 80, 90].map((at) => attempt(harbour, at));
    const fourth: Way = { ...island, key: 'fourth', name: 'fourth.example', relay: 'f' };
    const { cause } = await probed(
      { harbour: { hello: 'reset' } },
      { ways: [harbour, island, literal, fourth], earlier: { hellos, settled: new Set() }, keeps: true },
    );
    expect([harbour, island, literal, fourth].map(cause)).toEqual(['reset', 'works', 'works', 'works']);
  });

  test('a border that is closed is told by a few attempts', async () => {
    const resolved = { afterMs: 4, addresses: ['198.51.100.7'], by: 'system' } as const;
    const shut = { connecting: 'silent', resolving: resolved } as const;
    const { network } = await probed({ harbour: shut, island: shut, literal: { connecting: 'silent' } });
    expect(network).toBe('border-cut');
  });

  test('within 30 s, 64 KiB and three hellos to a name in a minute, whatever happens', async () => {
    const wild: readonly Hindrance[] = [
      {},
      { hello: 'silent' },
      { answer: 'silent' },
      { bytes: 30_000 },
      { packets: 25 },
      { answer: 'reset' },
      { police: { bits: 6000, burstBytes: 2000 } },
    ];
    for (let seed = 0; seed < 60; seed += 1) {
      const chance = chanceOf(seed);
      const some = (): Hindrance => wild[chance.whole(0, wild.length - 1)] ?? {};
      const ways = [harbour, { ...harbour, key: 'again' }, hops, island, literal];
      const before = chance.odds(0.5) ? [100, 110].map((at) => attempt(harbour, at)) : [];
      const [known, hellos] = chance.odds(0.5) ? [before, []] : [[], before];
      const { made, tookMs } = await probed(
        { harbour: some(), again: some(), 'harbour-socket': some(), island: some(), literal: some() },
        { ways, known, earlier: { hellos, settled: new Set() }, seed, keeps: chance.odds(0.5) },
      );
      // of the exchanges on one connection, the last has counted all
      const last = made.filter(
        ({ way }, at) =>
          made.slice(at + 1).find((one) => one.way.key === way.key)?.connection?.fresh !== false,
      );
      const bytes = last.reduce((sum, one) => sum + spentBytes(one), 0);
      expect(tookMs).toBeLessThanOrEqual(probeLimits.ms + 9000);
      expect(bytes).toBeLessThanOrEqual(probeLimits.bytes);
      const began = [...before, ...made]
        .filter(({ way, connectedAfterMs }) => way.name === harbour.name && connectedAfterMs !== undefined)
        .map(({ beganAt }) => beganAt);
      for (const at of began)
        expect(began.filter((one) => one <= at && one > at - 60_000).length).toBeLessThanOrEqual(3);
      const waits = began
        .toSorted((a, b) => a - b)
        .map((at, place, all) => at - (all[place - 1] ?? -Infinity));
      expect(Math.min(...waits, Infinity)).toBeGreaterThanOrEqual(1500);
    }
  });

  test('where a ban is suspected, nobody knocks', async () => {
    const known = [...[60, 70, 80, 90].map((at) => attempt(harbour, at)), helloLost(harbour, 100)];
    const { made, cause } = await probed({ harbour: { hello: 'silent' } }, { known });
    expect(made.filter(({ way }) => way.name === harbour.name)).toEqual([]);
    expect(cause(harbour)).toBe('banned');
  });

  test('whoever stops them is obeyed', async () => {
    const world = timedWorld();
    const stop = new AbortController();
    stop.abort();
    const port = { now: () => 0, dial: refuse, hello: refuse, exchange: refuse };
    const made: Observation[] = [];
    for await (const one of probe({ port, world, ways: [harbour], known: [] }, stop)) made.push(one);
    expect(made).toEqual([]);
  });
});

function refuse(): Promise<Observation> {
  throw new Error('nobody was to be asked');
}
