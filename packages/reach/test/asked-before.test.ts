import type { Hint } from '@tern/protocol';
import { timedWorld, type TimedWorld } from '@tern/relay/testing';
import { expect, test } from 'vitest';
import type { AskedBefore, EarlierStart, LeftIdle } from '../src/dialer/asked-before.ts';
import { ConnectionPool, type Held } from '../src/dialer/connection-pool.ts';
import { dialRules } from '../src/dialer/dial-rules.ts';
import { openDialer } from '../src/dialer/dialer.ts';
import { mayStartAt } from '../src/dialer/pace.ts';
import { WayBook } from '../src/dialer/way-book.ts';
import { requestFor, SimulatedNetwork } from '../src/testing/simulated-network.ts';
import { carry } from './dialer-scene.ts';
import { hint, way } from './plain-way.ts';

const { signal } = new AbortController();
const text = { upBytes: 700, bulk: false, held: false };
const textStart = { bulk: false, named: true, others: 'unknown' } as const;
const load = { exchanges: 1, upBytes: 700, downBytes: 300 };

/** What others did, and do while a test goes on. */
class Others implements AskedBefore {
  readonly #starts: readonly EarlierStart[];
  #listener: Parameters<AskedBefore['tell']>[0] | undefined;

  constructor(starts: readonly EarlierStart[] = []) {
    this.#starts = starts;
  }

  tell(listener: Parameters<AskedBefore['tell']>[0]): void {
    this.#listener = listener;
    for (const start of this.#starts) listener.started(start);
  }

  start(at: number): void {
    this.#listener?.started({ to: hint, at, answered: false });
  }

  doubt(to: Hint): void {
    this.#listener?.doubted(to);
  }

  leave(idle: Partial<LeftIdle> & Pick<LeftIdle, 'usedAt'>): void {
    this.#listener?.left({ to: hint, load, openedAt: idle.usedAt, unsure: false, ...idle });
  }
}

interface Scene {
  readonly world: TimedWorld;
  readonly pool: ConnectionPool;
  readonly book: WayBook;
  take(): Promise<Held>;
}

function scene(others: (world: TimedWorld) => Others): Scene {
  const world = timedWorld();
  const book = new WayBook(() => 'home');
  const https = new SimulatedNetwork(world, {}, { blind: true });
  const pool = new ConnectionPool({ carriers: { https }, book, world });
  pool.inherit(others(world));
  return { world, pool, book, take: () => pool.take(way, text, { signal, reached: () => undefined }) };
}

test('connections that others began count as if they were the own ones', () => {
  const { world, book, pool } = scene(
    (now) =>
      new Others([
        { to: hint, at: now.now() - 9000, answered: true },
        { to: hint, at: now.now() - 5000, answered: true },
        { to: hint, at: now.now() - 200, answered: false },
        { to: { ...hint, address: '192.0.2.1' }, at: now.now(), answered: true },
        { to: { ...hint, tls: false }, at: now.now(), answered: true },
      ]),
  );
  const pace = book.pace(way);
  expect(pace).toMatchObject({ rule: 'careful', answered: 2, unanswered: 0 });
  expect(pace.starts).toEqual([9000, 5000, 200].map((ago) => world.now() - ago));
  expect(mayStartAt(pace, textStart, world.now())).toBe(world.now() - 9000 + dialRules.startWindowMs);
  // a watch does not try whether anybody counts
  expect(pool.waitMs(way, { ...text, held: true })).toBe(dialRules.startWindowMs - 9000);
  const address = { ...way, host: '192.0.2.1', serverName: '', by: 'literal' } as const;
  expect(book.pace(address)).toMatchObject({ answered: 1, starts: [world.now()] });
});

test('of three answered hellos of others a text goes on as of own ones: it finds out whether they are counted', () => {
  const { pool, book } = scene(
    (now) => new Others([9000, 5000, 900].map((ago) => ({ to: hint, at: now.now() - ago, answered: true }))),
  );
  expect(pool.waitMs(way, text)).toBe(0);
  book.paced(way, { ...book.pace(way), answered: 2 });
  expect(pool.waitMs(way, text)).toBe(dialRules.startWindowMs - 9000);
});

test('what others begin and leave while the dialer is there is counted and used too', async () => {
  const others = new Others();
  const { world, pool, book, take } = scene(() => others);
  others.start(world.now());
  expect(book.pace(way).starts).toEqual([world.now()]);
  await world.pass(dialRules.gapMs + dialRules.gapJitterMs);
  expect(pool.hasFree(way, text)).toBe(false);
  others.leave({ usedAt: world.now(), load: { ...load, exchanges: 2 } });
  expect(pool.hasFree(way, text)).toBe(true);
  const held = await world.run(take());
  expect([held.load.exchanges, held.unseen?.unsure, held.closes]).toEqual([2, false, false]);
  expect(book.pace(way).starts).toHaveLength(1);
});

test('what others left may be gone, and then tells nothing', async () => {
  const others = new Others();
  const { world, pool, take } = scene(() => others);
  others.leave({ usedAt: world.now(), unsure: true });
  expect(pool.hasFree(way, text)).toBe(false);
  const held = await world.run(take());
  expect([held.unseen?.unsure, held.closes]).toEqual([true, true]);
  others.leave({ usedAt: world.now() - dialRules.goneMs - 1 });
  await world.pass(dialRules.gapMs + dialRules.gapJitterMs);
  expect((await world.run(take())).unseen).toMatchObject({ load: { exchanges: 0 }, unsure: false });
});

test('what others left is not sure any more once nobody answered them there', async () => {
  const others = new Others();
  const { world, pool, take } = scene(() => others);
  others.leave({ usedAt: world.now() });
  others.doubt({ ...hint, address: 'two.example' });
  expect(pool.hasFree(way, text)).toBe(true);
  others.doubt(hint);
  expect(pool.hasFree(way, text)).toBe(false);
  const held = await world.run(take());
  expect([held.unseen?.unsure, held.closes]).toEqual([true, true]);
});

test('whoever waits for a start takes what others leave', async () => {
  const others = new Others();
  const { world, book, take } = scene(() => others);
  for (let count = 0; count < dialRules.carefulStarts; count += 1) others.start(world.now());
  const taking = take();
  await world.pass(dialRules.gapMs + dialRules.gapJitterMs + 1);
  others.leave({ usedAt: world.now() });
  const began = world.now();
  expect((await world.run(taking)).load.exchanges).toBe(1);
  expect([world.now() - began, book.pace(way).starts.length]).toEqual([0, dialRules.carefulStarts]);
});

test('hellos of others and those of the dialer together are no more in a minute than is safe where they are counted', async () => {
  const world = timedWorld();
  const network = new SimulatedNetwork(world, { rttMs: 80, ban: 'count' }, { blind: true });
  const others = new Others(
    [4000, 3000, 2000].map((ago) => ({ to: hint, at: world.now() - ago, answered: false })),
  );
  for (const ago of [4000, 3000, 2000]) network.hellos.push({ name: hint.address, at: world.now() - ago });
  const parts = { world, https: network, choosesAddress: false, network: () => 'home' };
  const dialer = openDialer({ ...parts, askedBefore: others });
  const asked = [0, 1, 2].map(() => carry({ dialer }, requestFor(300), { to: hint }));
  await world.run(Promise.allSettled(asked));
  expect(network.bans).toEqual([]);
  const ats = network.hellos.map(({ at }) => at);
  for (const at of ats) expect(ats.filter((one) => one >= at && one - at < 60_000).length).toBeLessThan(4);
});
