import { expect, test } from 'vitest';
import { parseAddress } from '../src/net/address.ts';
import type { Measures } from '../src/run/measures.ts';
import type { Outcome, RunRecord } from '../src/run/results.ts';
import { limitsOf, wordsOfThrottled, type Throttled } from '../src/run/throttles.ts';
import { hosts, WatchedWire } from './support/watched-wire.ts';

const client = parseAddress(hosts.client);

test('a limit is met with the first packet that it drops, of whoever it is, and other rules are none', () => {
  const wire = WatchedWire.blocked(
    { technique: 'name-reset', names: ['river-maps.example'] },
    { technique: 'police', names: ['cloud-notes*'], kilobitsPerSecond: 100, burstBytes: 4000 },
  );
  const limits = limitsOf(wire.policy, wire.memory, client);
  const others = limitsOf(wire.policy, wire.memory, parseAddress(hosts.otherClient));
  wire.tls('river-maps.example');
  wire.wait(500);
  const connection = wire.tls('cloud-notes.example');
  connection.answer(1200);
  expect(limits.metAt()).toBeUndefined();
  wire.wait(10);
  for (let packets = 0; packets < 5; packets += 1) connection.answer(1200);
  const metAt = wire.nowMs;
  wire.wait(100);
  for (let packets = 0; packets < 5; packets += 1) connection.answer(1200);
  expect(limits.metAt()).toBe(metAt);
  expect(others.metAt()).toBeUndefined();
  const names = ['cloud-notes.example', 'river-maps.example'];
  expect(names.map((name) => limits.has(name))).toEqual([true, false]);
});

test('a limit without names is on every name, and where there is none nobody meets one', () => {
  const crawl = WatchedWire.blocked({ technique: 'crawl', bytesPerSecond: 700 });
  expect(limitsOf(crawl.policy, crawl.memory, client).has('any.example')).toBe(true);
  const free = WatchedWire.blocked();
  const limits = limitsOf(free.policy, free.memory, client);
  free.tls('cloud-notes.example').answer(100_000);
  expect([limits.has('cloud-notes.example'), limits.metAt()]).toEqual([false, undefined]);
});

test('a line says who called a limit so, and who met one and did not', () => {
  const measures: Measures = {
    text: 1,
    eventual: 1,
    ttr: 3,
    media: 8,
    voice: 2,
    cold: 4,
    quiet: 0,
    retries: 0,
    wrong: 0,
  };
  const run = (throttled?: readonly Throttled[]): RunRecord => {
    const outcome: Outcome = {
      subject: 'tern',
      kind: 'measured',
      measures,
      level: 'A',
      ...(throttled !== undefined && { throttled }),
    };
    const lagMs = { engine: 1, programs: 5 };
    const about = { scenario: 'S05', digest: 'one', seed: 2, profile: 'quick', sources: 'x' } as const;
    return { ...about, outcomes: [outcome], lagMs, seconds: 60, watchedSeconds: 40 };
  };
  const met: readonly Throttled[] = [
    { who: 'a', metSeconds: 4.1, saidSeconds: 9.3 },
    { who: 'b', metSeconds: 5, saidSeconds: null },
  ];
  expect(wordsOfThrottled([run(), run(met)])).toEqual([
    'called throttled after the block: S05 tern seed 2 a 9.3 s (met at 4.1 s), S05 tern seed 2 b never (met at 5 s)',
  ]);
  expect(wordsOfThrottled([run()])).toEqual([]);
});
