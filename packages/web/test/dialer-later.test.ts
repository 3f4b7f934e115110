import { UnreachableError, type Hint } from '@tern/protocol';
import type { Dialer, Transport } from '@tern/reach';
import { timedWorld, type TimedWorld } from '@tern/relay/testing';
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
  readonly world: TimedWorld;
  readonly fetched: () => number;
  readonly told: string[];
  ask(): Promise<string>;
}

/** A plain way and a dialer that is fetched. */
function scene(plain: Transport, options: { readonly fails?: number } = {}): Scene {
  const world = timedWorld();
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
    async fetch(askedBefore) {
      fetches += 1;
      if (fetches <= (options.fails ?? 0)) throw new TypeError('no network');
      askedBefore.tell({
        started: ({ to, answered }) => told.push(`began ${to.address} ${answered ? 'answered' : 'open'}`),
        left: ({ load, unsure }) => told.push(`left ${load.exchanges}${unsure ? ' perhaps' : ''}`),
        doubted: ({ address }) => told.push(`doubted ${address}`),
      });
      return dialer;
    },
    world,
  });
  const ask = async (): Promise<string> => {
    let all = '';
    for await (const piece of later.carry(hint, new Uint8Array(), { signal }))
      all += new TextDecoder().decode(piece);
    return all;
  };
  return { later, world, told, fetched: () => fetches, ask: () => world.run(ask()) };
}

test('the first exchanges go the plain way, and the dialer is fetched behind them and told everything', async () => {
  const { later, world, ask, told, fetched } = scene(answering('plain', soon));
  later.learnCard('relay' as never, { number: 1, endpoints: [] });
  later.onLearnt(() => undefined);
  expect([later.budget(hint), later.socketPlace(hint), fetched()]).toEqual([
    { upBytes: 4096, downBytes: 8192 },
    undefined,
    0,
  ]);
  expect([await ask(), await ask(), fetched()]).toEqual(['plain', 'plain', 0]);
  await world.pass(10_000);
  expect([await ask(), fetched()]).toEqual(['dialer', 1]);
  expect([later.budget(hint), later.socketPlace(hint)]).toEqual([{ upBytes: 1, downBytes: 2 }, hint]);
  expect(told).toEqual(['began one.example answered', 'left 2', 'card', 'learnt']);
});

test('where the plain way says nothing the dialer takes over', async () => {
  const { ask, world, told } = scene(answering('plain', never));
  const began = world.now();
  expect([await ask(), world.now() - began]).toEqual(['dialer', 1500]);
  expect(told).toEqual(['began one.example open', 'doubted one.example']);
});

test('whoever was here before goes by the dialer from the start', async () => {
  const { later, ask, told } = scene(answering('plain', never));
  const page = { ways: new Map(), paces: new Map(), addresses: new Map() };
  later.load({ pages: new Map([['home', page]]), cards: new Map() });
  expect(await ask()).toBe('dialer');
  expect(told).toEqual(['load']);
});

test('while the dialer cannot be fetched the plain way goes on, and it is tried again', async () => {
  const { ask, fetched, world } = scene(answering('plain', soon), { fails: 2 });
  for (const fetches of [1, 2]) {
    expect(await ask()).toBe('plain');
    await world.pass(10_000);
    expect(fetched()).toBe(fetches);
  }
  expect(await ask()).toBe('plain');
  await world.pass(10_000);
  expect([await ask(), fetched()]).toEqual(['dialer', 3]);
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
