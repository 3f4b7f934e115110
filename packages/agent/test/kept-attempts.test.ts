import { memoryStore, type ClientStore } from '@tern/core';
import type { Hint, World } from '@tern/protocol';
import type { Observation } from '@tern/reach/diagnosis';
import { expect, test } from 'vitest';
import { keepAttempts, keptAttempts } from '../src/kept-attempts.ts';

const start = 1_794_000_000_000;
const host: Hint = { address: 'harbour.example', port: 443, tls: true, path: 'secret' };

/** One that was answered or not, by a clock of its own. */
function attempt(endedAt: number, end: Observation['end'] = 'silent'): Observation {
  const way = {
    key: 'https:system:harbour.example:443',
    kind: 'https',
    name: 'harbour.example',
    port: 443,
  } as const;
  return {
    way,
    beganAt: endedAt - 50,
    endedAt,
    connection: { fresh: true, exchangesBefore: 0, upBytes: 500, downBytes: 0, ageMs: 50 },
    upBytes: 500,
    downBytes: 0,
    held: false,
    end,
    bulk: false,
  };
}

/** A device whose time passes when the test says so. */
function device(): {
  readonly world: World;
  pass(ms: number): Promise<void>;
  network: string;
  keeping(client: { seen: Observation[]; hindered: boolean }, store: ClientStore): AsyncDisposable;
  kept(store: ClientStore): Promise<readonly number[]>;
} {
  let now = start;
  let turn = Promise.withResolvers<void>();
  const world: World = {
    now: () => now,
    randomBytes: (length) => new Uint8Array(length),
    wait: (_ms, { signal }) =>
      Promise.race([
        turn.promise,
        new Promise<never>((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error));
        }),
      ]),
  };
  const own = {
    world,
    network: 'here',
    async pass(ms: number) {
      now += ms;
      turn.resolve();
      turn = Promise.withResolvers();
      await new Promise((resolve) => setImmediate(resolve));
    },
    keeping: (client: { seen: Observation[]; hindered: boolean }, store: ClientStore) =>
      keepAttempts({
        store,
        world,
        transport: { vantage: () => ({ network: own.network, through: '' }) },
        client: {
          hosts: async () => [host],
          hindered: () => client.hindered,
          // a clock of its own, which begins with 0
          observations: () => ({ now: now - start, observations: client.seen }),
        },
      }),
    kept: async (store: ClientStore) =>
      (await keptAttempts(store, { network: own.network, now })).map(({ endedAt }) => endedAt - start),
  };
  return own;
}

test('what hindered one process another one knows, also while the first goes on', async () => {
  const own = device();
  await using store = memoryStore({ world: own.world });
  const client = { seen: [attempt(-2000), attempt(-1000)], hindered: true };
  const keeping = own.keeping(client, store);
  expect(await own.kept(store)).toEqual([]);
  await own.pass(60_000);
  expect(await own.kept(store)).toEqual([-2000, -1000]);
  await own.pass(2000);
  client.seen.push(attempt(62_000));
  await keeping[Symbol.asyncDispose]();
  expect(await own.kept(store)).toEqual([-2000, -1000, 62_000]);
  await own.keeping({ seen: [attempt(61_500, 'answered')], hindered: false }, store)[Symbol.asyncDispose]();
  expect(await own.kept(store)).toEqual([-2000, -1000, 61_500, 62_000]);
});

test('where all is well nothing is kept, and what is too old is deleted', async () => {
  const own = device();
  await using store = memoryStore({ world: own.world });
  const raw = (): Promise<Uint8Array | undefined> =>
    store.read((view) => view.get({ table: 'attempts', partition: '' }, 'last'));
  await own.keeping({ seen: [attempt(0, 'answered')], hindered: false }, store)[Symbol.asyncDispose]();
  expect(await raw()).toBeUndefined();
  await own.keeping({ seen: [attempt(0)], hindered: true }, store)[Symbol.asyncDispose]();
  expect((await raw())?.length).toBeGreaterThan(50);
  await own.pass(700_000);
  await own.keeping({ seen: [], hindered: false }, store)[Symbol.asyncDispose]();
  expect(await own.kept(store)).toEqual([]);
  await own.keeping({ seen: [attempt(699_000, 'answered')], hindered: false }, store)[Symbol.asyncDispose]();
  expect(await raw()).toBeUndefined();
});

test('what was seen in another network, or by a clock that was set back since, is not told', async () => {
  const own = device();
  await using store = memoryStore({ world: own.world });
  await own.keeping({ seen: [attempt(0)], hindered: true }, store)[Symbol.asyncDispose]();
  own.network = 'there';
  expect(await own.kept(store)).toEqual([]);
  own.network = 'here';
  await own.pass(-3_600_000);
  expect(await own.kept(store)).toEqual([]);
  await own.pass(3_600_001);
  expect(await own.kept(store)).toEqual([0]);
});

test('what lies there and is none of it is passed over, and written anew', async () => {
  const own = device();
  await using store = memoryStore({ world: own.world });
  await store.change(async (change) =>
    change.put({ table: 'attempts', partition: '' }, 'last', Uint8Array.of(1, 2, 3)),
  );
  expect(await own.kept(store)).toEqual([]);
  await own.keeping({ seen: [attempt(0)], hindered: true }, store)[Symbol.asyncDispose]();
  expect(await own.kept(store)).toEqual([0]);
});
