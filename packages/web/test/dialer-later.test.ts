import { UnreachableError, type Hint } from '@tern/protocol';
import type { Dialer, Transport } from '@tern/reach';
import { timedWorld } from '@tern/relay/testing';
import { expect, test } from 'vitest';
import { LaterDialer } from '../src/engine/dialer-later.ts';

const hint: Hint = { address: 'one.example', port: 443, tls: true, path: 'secret' };
const { signal } = new AbortController();

function answering(name: string, answer: (aborted: AbortSignal) => Promise<void>): Transport {
  return {
    name,
    async *carry(_to, _request, options) {
      await answer(options.signal);
      yield new TextEncoder().encode(name);
    },
  };
}

const soon = (): Promise<void> => Promise.resolve();
const never = (aborted: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    aborted.addEventListener('abort', () => reject(aborted.reason as Error), { once: true });
  });

interface Scene {
  readonly later: LaterDialer;
  readonly fetched: () => number;
  readonly told: string[];
  ask(): Promise<string>;
}

function scene(
  plain: Transport,
  options: {
    readonly fails?: number;
    readonly patience?: () => Promise<void>;
    /** until somebody who has just come may have said their first words */
    readonly firstWords?: Promise<void>;
  } = {},
): Scene {
  let fetches = 0;
  const told: string[] = [];
  const dialer: Dialer = {
    ...answering('dialer', soon),
    direct: answering('direct', soon),
    budget: () => ({ upBytes: 1, downBytes: 2 }),
    vantage: () => ({ network: 'home', through: '' }),
    holdMs: () => 40_000,
    learnCard: () => told.push('card'),
    forwardThrough: () => told.push('forward'),
    socketPlace: (to) => to,
    openings: () => [],
    socketFroze: () => told.push('froze'),
    reports: () => [],
    load: () => told.push('load'),
    record: () => ({ pages: new Map(), cards: new Map() }),
    onLearnt: () => told.push('learnt'),
    [Symbol.dispose]: () => told.push('closed'),
  };
  const later = new LaterDialer({
    plain: {
      ...plain,
      async *carry(to, request, options) {
        let whole = false;
        try {
          yield* plain.carry(to, request, options);
          whole = true;
        } finally {
          options.left?.(whole);
        }
      },
    },
    async fetch({ plainAsked }) {
      fetches += 1;
      if (fetches <= (options.fails ?? 0)) throw new TypeError('no network');
      if (plainAsked()) told.push('asked before');
      return dialer;
    },
    world: {
      now: () => 0,
      randomBytes: (length) => new Uint8Array(length),
      wait: (ms, { signal: ended }) => {
        if (ms > 5000) return options.firstWords ?? soon();
        return ms === 1500 ? (options.patience?.() ?? never(ended)) : soon();
      },
    },
  });
  return {
    later,
    told,
    fetched: () => fetches,
    async ask() {
      let all = '';
      for await (const piece of later.carry(hint, new Uint8Array(), { signal }))
        all += new TextDecoder().decode(piece);
      return all;
    },
  };
}

test('the first exchanges go the plain way, and the dialer is fetched behind them and told everything', async () => {
  const firstWords = Promise.withResolvers<void>();
  const { later, ask, told, fetched } = scene(answering('plain', soon), { firstWords: firstWords.promise });
  later.learnCard('relay' as never, { number: 1, endpoints: [] });
  later.onLearnt(() => undefined);
  expect([later.budget(hint), later.socketPlace(hint), fetched()]).toEqual([
    { upBytes: 4096, downBytes: 8192 },
    undefined,
    0,
  ]);
  expect([await ask(), await ask(), fetched()]).toEqual(['plain', 'plain', 0]);
  firstWords.resolve();
  await expect.poll(ask).toBe('dialer');
  expect([later.budget(hint), later.socketPlace(hint), fetched()]).toEqual([
    { upBytes: 1, downBytes: 2 },
    hint,
    1,
  ]);
  expect(told).toEqual(['asked before', 'card', 'learnt']);
});

test('exchanges of the plain way with one name keep the distance that whoever counts connections asks for', async () => {
  const began: { readonly address: string; readonly at: number; readonly last: boolean | undefined }[] = [];
  const world = timedWorld();
  const beganAt = world.now();
  const later = new LaterDialer({
    plain: {
      name: 'plain',
      async *carry({ address }, _request, { last, left }) {
        began.push({ address, at: world.now() - beganAt, last });
        try {
          yield new Uint8Array(1);
        } finally {
          left?.(true);
        }
      },
    },
    fetch: () => never(signal),
    world,
  });
  const ask = async (address: string): Promise<void> => {
    // whoever reads an answer leaves when it is complete
    for await (const _ of later.carry({ ...hint, address }, new Uint8Array(), { signal })) break;
  };
  // one connection carries three, and then its relay closes it: the fourth begins another
  for (let exchange = 0; exchange < 4; exchange += 1) await world.run(ask('three.example'));
  expect(began.map(({ last }) => last)).toEqual([false, false, true, false]);
  expect(began.slice(0, 3).map(({ at }) => at)).toEqual([0, 0, 0]);
  expect(began[3]?.at).toBeGreaterThanOrEqual(600);

  const startedAt = world.now() - beganAt;
  const others = Array.from({ length: 4 }, () => ask('one.example'));
  await ask('two.example');
  await world.run(Promise.all(others));
  const times = began.filter(({ address }) => address === 'one.example').map(({ at }) => at);
  const gaps = times.slice(1).map((at, place) => at - (times[place] ?? 0));
  expect(times[0]).toBe(startedAt);
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(600);
  expect(began).toContainEqual({ address: 'two.example', at: startedAt, last: false });
});

test('where the plain way says nothing the dialer takes over', async () => {
  const { ask } = scene(answering('plain', never), { patience: soon });
  expect(await ask()).toBe('dialer');
});

test('whoever was here before goes by the dialer from the start', async () => {
  const { later, ask, told } = scene(answering('plain', never));
  const page = { ways: new Map(), paces: new Map(), addresses: new Map() };
  later.load({ pages: new Map([['home', page]]), cards: new Map() });
  expect(await ask()).toBe('dialer');
  expect(told).toEqual(['load']);
});

test('while the dialer cannot be fetched the plain way goes on, and it is tried again', async () => {
  const { ask, fetched } = scene(answering('plain', soon), { fails: 2 });
  const said = [await ask(), await ask(), await ask()];
  expect([said, await ask(), fetched()]).toEqual([['plain', 'plain', 'plain'], 'dialer', 3]);
});

test('where the plain way fails the dialer takes over, unless something of an answer came', async () => {
  const unreachable = async (): Promise<never> => {
    throw new UnreachableError('cut', { code: 'cut' });
  };
  expect(await scene(answering('plain', unreachable)).ask()).toBe('dialer');
  await expect(scene(answering('plain', unreachable), { fails: 1 }).ask()).rejects.toMatchObject({
    code: 'cut',
  });
  const begun: Transport = {
    name: 'plain',
    async *carry() {
      yield new Uint8Array(1);
      await unreachable();
    },
  };
  const { ask, fetched } = scene(begun);
  await expect(ask()).rejects.toMatchObject({ code: 'cut' });
  expect(fetched()).toBe(0);
});
