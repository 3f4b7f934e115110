import type { RelayId, World } from '@tern/protocol';
import type { WayBookRecord } from '@tern/reach';
import { expect, test } from 'vitest';
import { keepWays } from '../src/kept-ways.ts';
import { memoryStore, type ClientStore } from '../src/index.ts';

const relay = 'a'.repeat(52) as RelayId;
const place = { table: 'ways', partition: '' };
const { signal } = new AbortController();

function learner(endpoints: readonly string[] = []): {
  readonly dialer: Parameters<typeof keepWays>[0]['dialer'];
  readonly loaded: WayBookRecord[];
  learn(): void;
} {
  let call: () => void = () => undefined;
  const loaded: WayBookRecord[] = [];
  return {
    loaded,
    learn: () => call(),
    dialer: {
      load: (record) => loaded.push(record),
      record: () => ({ pages: new Map(), cards: new Map([[relay, { number: 1, endpoints }]]) }),
      onLearnt(next) {
        call = next;
      },
    },
  };
}

/** Waits end when the test says so. */
function patientWorld(): World & {
  now: () => number;
  pass(ms?: number): void;
  readonly waits: readonly number[];
} {
  let waiting: PromiseWithResolvers<void> = Promise.withResolvers();
  const waits: number[] = [];
  let now = 1_794_000_000_000;
  return {
    waits,
    now: () => now,
    randomBytes: (length) => new Uint8Array(length),
    wait(ms, options) {
      waits.push(ms);
      return Promise.race([
        waiting.promise,
        new Promise<never>((_resolve, reject) => {
          options.signal.addEventListener('abort', () => reject(options.signal.reason as Error));
        }),
      ]);
    },
    pass(ms = 0) {
      now += ms;
      waiting.resolve();
      waiting = Promise.withResolvers();
    },
  };
}

const kept = (store: ClientStore): Promise<Uint8Array | undefined> =>
  store.read((view) => view.get(place, 'book'));

test('what one process learnt the next one knows', async () => {
  const world = patientWorld();
  await using store = memoryStore({ world });
  const first = learner(['https://two.example']);
  const keeping = await keepWays({ store, world, dialer: first.dialer });
  expect(first.loaded).toEqual([]);
  first.learn();
  await keeping[Symbol.asyncDispose]();
  const second = learner();
  await using _ = await keepWays({ store, world, dialer: second.dialer });
  const cards = second.loaded.map((record) => [...record.cards]);
  expect(cards).toEqual([[[relay, { number: 1, endpoints: ['https://two.example'] }]]]);
});

test('nothing is written where nothing was learnt, and what is learnt often is written once', async () => {
  const world = patientWorld();
  await using store = memoryStore({ world });
  const { dialer, learn } = learner();
  let written = 0;
  const counting: ClientStore = {
    ...store,
    read: (work) => store.read(work),
    changes: (until) => store.changes(until),
    change(work, options) {
      written += 1;
      return store.change(work, options);
    },
  };
  const keeping = await keepWays({ store: counting, world, dialer });
  expect(written).toBe(0);
  for (let times = 0; times < 100; times += 1) learn();
  world.pass();
  const changes = store.changes(signal)[Symbol.asyncIterator]();
  await changes.next();
  expect(written).toBe(1);
  await keeping[Symbol.asyncDispose]();
  expect(written).toBe(1);
});

test('what is learnt after a quiet minute others soon know, and never more often than once in one', async () => {
  const world = patientWorld();
  await using store = memoryStore({ world });
  const { dialer, learn } = learner();
  await using _ = await keepWays({ store, world, dialer });
  const changes = store.changes(signal)[Symbol.asyncIterator]();
  const saved = async (ms: number): Promise<void> => {
    world.pass(ms);
    await changes.next();
    await new Promise<void>((resolve) => setImmediate(resolve));
  };
  learn();
  await saved(3000);
  world.pass(20_000);
  learn();
  await saved(40_000);
  world.pass(80_000);
  learn();
  await saved(3000);
  // a clock that is set back makes nobody wait for longer
  world.pass(-3_600_000);
  learn();
  expect(world.waits).toEqual([3000, 40_000, 3000, 60_000]);
});

test('a book that cannot be read is begun anew', async () => {
  const world = patientWorld();
  await using store = memoryStore({ world });
  await store.change(async (change) => change.put(place, 'book', new Uint8Array([1, 2, 3])));
  const { dialer, loaded, learn } = learner();
  const keeping = await keepWays({ store, world, dialer });
  expect(loaded).toEqual([]);
  learn();
  await keeping[Symbol.asyncDispose]();
  expect(await kept(store)).not.toEqual(new Uint8Array([1, 2, 3]));
});
