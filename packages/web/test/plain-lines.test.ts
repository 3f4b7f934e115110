import { UnreachableError, type Hint } from '@tern/protocol';
import type { EarlierStart, LeftIdle } from '@tern/reach/browser';
import { openDialer, SimulatedNetwork, type NetworkRules } from '@tern/reach/testing';
import { timedWorld, type TimedWorld } from '@tern/relay/testing';
import { expect, test } from 'vitest';
import { LaterDialer, type LaterParts } from '../src/engine/dialer-later.ts';
import { PlainLines } from '../src/engine/plain-lines.ts';

const hint: Hint = { address: 'one.example', port: 443, tls: true, path: 'secret' };
const { signal } = new AbortController();
const nothing = { upBytes: 0, downBytes: 0 };

/** One exchange as the plain way made it. */
interface Asked {
  readonly address: string;
  /** ms since the beginning */
  readonly at: number;
  readonly last: boolean | undefined;
}

interface Scene {
  readonly world: TimedWorld;
  readonly asked: Asked[];
  /** when the dialer was fetched, ms since the beginning */
  readonly fetches: number[];
  /** @returns `plain` or `dialer`, and when it was answered */
  ask(options?: { readonly address?: string; readonly answersAfterMs?: number }): Promise<string>;
  now(): number;
}

/** @param fetch what comes of fetching the dialer */
function scene(fetch: (world: TimedWorld) => Promise<void>): Scene {
  const world = timedWorld();
  const beganAt = world.now();
  const now = (): number => world.now() - beganAt;
  const [asked, fetches]: [Asked[], number[]] = [[], []];
  const answer = new TextEncoder();
  const plain: LaterParts['plain'] = {
    name: 'plain',
    async *carry({ address }, request, { last, left, signal: ended }) {
      asked.push({ address, at: now(), last });
      const takesMs = new DataView(request.buffer).getUint32(0);
      let whole = false;
      try {
        if (takesMs > 0) await world.wait(takesMs, { signal: ended });
        whole = true;
        yield answer.encode('plain');
      } finally {
        left?.(whole);
      }
    },
  };
  const later = new LaterDialer({
    plain,
    async fetch() {
      fetches.push(now());
      await fetch(world);
      return {
        async *carry() {
          yield answer.encode('dialer');
        },
      } as never;
    },
    world,
  });
  return {
    world,
    asked,
    fetches,
    now,
    async ask({ address = hint.address, answersAfterMs = 0 } = {}) {
      const request = new Uint8Array(4);
      new DataView(request.buffer).setUint32(0, answersAfterMs);
      // its silence is no reason to look for the dialer
      const asking = later.carry({ ...hint, address }, request, { signal, heldMs: 40_000 });
      // whoever reads an answer leaves when it is complete
      for await (const piece of asking) return `${new TextDecoder().decode(piece)} ${now()}`;
      return '';
    },
  };
}

const notThere = async (): Promise<never> => {
  throw new TypeError('no network');
};

test('exchanges of the plain way with one name keep the distance that whoever counts connections asks for', async () => {
  const { world, asked, ask } = scene(notThere);
  const three = [0, 1, 2].map(() => ask({ answersAfterMs: 4000 }));
  await world.run(Promise.all([...three, ask({ address: 'two.example' })]));
  const [first = -1, second = 0, third = 0] = asked.flatMap(({ address, at }) =>
    address === hint.address ? [at] : [],
  );
  expect([first, second >= 600 && second <= 800, third - second >= 600]).toEqual([0, true, true]);
  expect(asked).toContainEqual({ address: 'two.example', at: 0, last: false });
});

test('one connection carries three exchanges, and then its relay closes it', async () => {
  const { world, asked, ask } = scene(notThere);
  for (let exchange = 0; exchange < 4; exchange += 1) await world.run(ask());
  expect(asked.map(({ last }) => last)).toEqual([false, false, true, false]);
  expect(asked.slice(0, 3).map(({ at }) => at)).toEqual([0, 0, 0]);
  expect(asked[3]?.at).toBeGreaterThanOrEqual(600);
});

test('who would begin a fourth connection with a name within a minute has the dialer come', async () => {
  const { world, asked, ask, fetches } = scene((now) => now.wait(700, { signal }));
  const went = await world.run(Promise.all([0, 1, 2, 3, 4].map(() => ask({ answersAfterMs: 9000 }))));
  expect(asked).toHaveLength(3);
  const [fetchedAt = 0] = fetches;
  expect(fetches).toHaveLength(1);
  expect(fetchedAt).toBeLessThan(2000);
  expect(went.slice(3)).toEqual([`dialer ${fetchedAt + 700}`, `dialer ${fetchedAt + 700}`]);
});

test('where the dialer cannot be fetched the fourth connection waits for the minute to pass', async () => {
  const { world, asked, ask, fetches } = scene(notThere);
  await world.run(Promise.all([0, 1, 2, 3].map(() => ask({ answersAfterMs: 90_000 }))));
  expect(asked.map(({ at }) => at).at(-1)).toBe(65_000);
  expect(fetches.length).toBeGreaterThan(10); // it is looked for again all the time
});

test('whoever waits goes on when the dialer can be fetched after all', async () => {
  let tries = 0;
  const { world, asked, ask } = scene(() => (++tries < 3 ? notThere() : Promise.resolve()));
  const went = await world.run(Promise.all([0, 1, 2, 3].map(() => ask({ answersAfterMs: 20_000 }))));
  const [way, at] = (went[3] ?? '').split(' ');
  expect([asked.length, way]).toEqual([3, 'dialer']);
  expect(Number(at)).toBeLessThan(13_000);
});

test('whoever waits takes a connection that was left meanwhile', async () => {
  const { world, asked, ask } = scene(() => new Promise(() => undefined));
  await world.run(Promise.all([0, 1, 2, 3].map(() => ask({ answersAfterMs: 3000 }))));
  expect(asked.map(({ at }) => at).at(-1)).toBe(3000);
});

test('connections without a name in their hello are not counted', async () => {
  const { world, asked, ask } = scene(notThere);
  const address = '192.0.2.7';
  await world.run(Promise.all([0, 1, 2, 3].map(() => ask({ address, answersAfterMs: 90_000 }))));
  expect(asked.at(-1)?.at).toBeLessThan(3000);
});

test('what rested for long may be gone: whoever asks over it may begin another, and its relay closes it', async () => {
  const { world, asked, ask } = scene(notThere);
  await world.run(ask());
  await world.pass(40_000);
  await world.run(ask());
  expect(asked.map(({ last }) => last)).toEqual([false, false]);
  await world.pass(50_001);
  await world.run(ask());
  expect(asked.at(-1)?.last).toBe(true);
});

test('a clock that was set back keeps nobody waiting', async () => {
  let now = 9_000_000;
  const lines = new PlainLines({
    now: () => now,
    randomBytes: (length) => new Uint8Array(length),
    wait: () => new Promise(() => undefined),
  });
  const options = { signal, wanted: () => true, full: () => undefined };
  for (let start = 0; start < 3; start += 1) {
    await lines.turn(hint, options);
    now += 1000;
  }
  now -= 3_600_000;
  expect(await lines.turn(hint, options)).toMatchObject({ last: false });
});

test('whoever waits and is not wanted any more, or leaves, holds up nobody', async () => {
  const world = timedWorld();
  const lines = new PlainLines(world);
  let wanted = true;
  const options = { wanted: () => wanted, full: () => undefined };
  await lines.turn(hint, { ...options, signal });
  const leaving = new AbortController();
  const left = lines.turn(hint, { ...options, signal: leaving.signal });
  const over = lines.turn(hint, { ...options, signal });
  const reason = new UnreachableError('left');
  leaving.abort(reason);
  await expect(left).rejects.toBe(reason);
  wanted = false;
  lines.wake();
  expect(await over).toBeUndefined();
});

test('the dialer learns which connections there were, which are left, and what becomes of the others', async () => {
  const world = timedWorld();
  const beganAt = world.now();
  const lines = new PlainLines(world);
  const turn = async (to = hint): ReturnType<PlainLines['turn']> =>
    world.run(lines.turn(to, { signal, wanted: () => true, full: () => undefined }));
  const elsewhere = { ...hint, address: 'two.example' };
  const [one, two, other] = [await turn(), await turn(), await turn(elsewhere)];
  one?.answered();
  one?.left(true, { upBytes: 700, downBytes: 300 });
  const again = await turn();
  again?.answered();
  again?.left(true, { upBytes: 500, downBytes: 100 });
  other?.left(true, nothing);
  (await turn(elsewhere))?.failed();
  const [started, left, doubted]: [EarlierStart[], LeftIdle[], Hint[]] = [[], [], []];
  lines.tell({
    started: (start) => started.push(start),
    left: (idle) => left.push(idle),
    doubted: (to) => doubted.push(to),
  });
  const secondAt = started[1]?.at ?? 0;
  expect(secondAt - beganAt).toBeGreaterThanOrEqual(600);
  expect(started).toEqual([
    { to: hint, at: beganAt, answered: true },
    { to: hint, at: secondAt, answered: false },
    { to: elsewhere, at: secondAt, answered: false },
  ]);
  const load = { exchanges: 2, upBytes: 1200, downBytes: 400 };
  const idle = { to: hint, openedAt: beganAt, usedAt: secondAt, unsure: false };
  expect(left).toEqual([{ ...idle, load }]);
  two?.left(true, nothing);
  expect(left.at(-1)).toEqual({ ...idle, openedAt: secondAt, load: { ...nothing, exchanges: 1 } });
  await world.pass(1000);
  const third = await turn();
  const fourth = await turn();
  expect([third?.last, fourth?.last, started.length]).toEqual([false, true, 3]);
  expect(doubted).toEqual([]);
  third?.failed();
  expect(doubted).toEqual([hint]);
});

/** A newcomer who asks much from the first moment on, each side of a network with the same browser. @returns the hellos of any minute */
async function newcomer(rules: NetworkRules, seed: number): Promise<readonly number[]> {
  const world = timedWorld(seed);
  const network = new SimulatedNetwork(world, { rttMs: 80, ...rules }, { blind: true });
  const way = (to: Hint): Parameters<SimulatedNetwork['open']>[0] => ({
    carrier: 'https',
    by: 'system',
    host: to.address,
    port: to.port,
    tls: to.tls,
    serverName: to.address,
    hint: to,
    names: [to.address],
  });
  const later = new LaterDialer({
    plain: {
      name: 'plain',
      async *carry(to, request, { last = false, left, heldMs = 0, signal: ended }) {
        const connection = await network.open(way(to), {
          signal: ended,
          small: true,
          reached: () => undefined,
        });
        let whole = false;
        try {
          yield* connection.exchange(request, { signal: ended, heldMs, bulk: false, last });
          whole = true;
        } finally {
          left?.(whole);
        }
      },
    },
    async fetch(askedBefore) {
      await world.wait(700, { signal });
      return openDialer({ world, https: network, choosesAddress: false, network: () => 'home', askedBefore });
    },
    world,
  });
  const request = (): Uint8Array => {
    const bytes = new Uint8Array(700);
    new DataView(bytes.buffer).setUint32(0, 300); // bytes of the answer
    return bytes;
  };
  const ask = async (heldMs: number): Promise<void> => {
    try {
      for await (const piece of later.carry(hint, request(), { signal, heldMs })) void piece;
    } catch (error) {
      if (!(error instanceof UnreachableError)) throw error;
    }
  };
  const pausesMs = [0, 300, 900, 4000];
  const asking: Promise<void>[] = [];
  await world.run(
    (async () => {
      for (let round = 0; round < 25; round += 1) {
        const [chance = 0] = world.randomBytes(1);
        // what is held tries nothing out: nobody may learn from it that connections are not counted
        asking.push(ask(chance % 3 === 0 ? 2000 : 30_000));
        await world.wait(pausesMs[chance % pausesMs.length] ?? 0, { signal });
      }
    })(),
  );
  await world.pass(300_000);
  await Promise.all(asking);
  expect([seed, network.bans]).toEqual([seed, []]);
  return network.hellos.map(
    ({ at }) => network.hellos.filter((one) => one.at >= at && one.at - at < 60_000).length,
  );
}

test.each([{ ban: 'count' }, { ban: 'count', freeze: () => ({ packets: 25 }) }] satisfies NetworkRules[])(
  'a newcomer says a name three times in any minute at most, with the plain way and the dialer together',
  async (rules) => {
    for (let seed = 1; seed <= 12; seed += 1) {
      const inMinutes = await newcomer(rules, seed);
      expect([seed, Math.max(...inMinutes)]).toEqual([seed, 3]);
    }
  },
);
