import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openCard, sealRequest, TernError } from '@tern/protocol';
import { openRelay, relayLimits, type LogEvent } from '../src/index.ts';
import { smallEntry, TestClient, testWorld } from '../src/testing/index.ts';
import { Wakers } from '../src/wakers.ts';
import { openSetting, primitives } from './setting.ts';
import { from } from './two-relays.ts';

const { signal } = new AbortController();
/** whatever can happen without time passing has happened */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('rule 33: every limit has a default, a unit, an error and a sentence', () => {
  const rows = Object.entries(relayLimits);
  expect(rows.length).toBeGreaterThan(15);
  for (const [, row] of rows) {
    expect(row.default).toBeGreaterThan(0);
    expect([row.unit, row.error, row.what].every((text) => text.length > 0)).toBe(true);
  }
});

test('rule 33: first batches are rationed, to one source and to all; tickets are not', async () => {
  await using setting = await openSetting({ limits: { opensPerSecond: 6, opensPerSecondOfOne: 2 } });
  const { client, relay, world } = setting;
  world.pass(10_000);
  const [key] = openCard(primitives, relay.card())?.card.keys ?? [];
  if (key === undefined) throw new Error('no key');
  const knock = async (source: string): Promise<string> => {
    const sealed = sealRequest(primitives, client.batch([]), {
      relay: relay.id,
      key,
      seed: world.randomBytes(32),
    });
    return relay.answer(sealed.bytes, { signal, source }).then(
      () => 'opened',
      (cause: unknown) => (cause instanceof TernError ? cause.code : 'unknown'),
    );
  };
  expect([await knock('a'), await knock('a'), await knock('a')]).toEqual(['opened', 'opened', 'busy']);
  expect([await knock('b'), await knock('b'), await knock('c')]).toEqual(['opened', 'opened', 'opened']);
  expect([await knock('c'), await knock('d')]).toEqual(['opened', 'busy']);
  expect((await client.ask([{ operation: { kind: 'hello' } }])).results.length).toBe(1);
  world.pass(1000);
  expect([await knock('a'), await knock('d')]).toEqual(['opened', 'opened']);
});

test('rule 33: a right begins as many logs as it may, and another right goes on', async () => {
  await using setting = await openSetting({ limits: { logsOfRight: 2 } });
  const { client, relay, right } = setting;
  const create = (by: Uint8Array) =>
    client.one({ kind: 'create', policy: setting.anotherPolicy().signed, right: by });
  expect(await create(right)).toEqual({ kind: 'done' });
  expect(await create(right)).toEqual({ kind: 'quota' });
  expect(await create(await relay.newRight())).toEqual({ kind: 'done' });
});

test('rule 33: sessions beyond the limit are forgotten, the longest silent first', async () => {
  await using setting = await openSetting({ limits: { sessions: 3 } });
  const { relay } = setting;
  const clients = [setting.client, setting.another(), setting.another(), setting.another()];
  for (const client of clients) await client.ask([{ operation: { kind: 'hello' } }]);
  expect(relay.held().sessions).toBe(3);
  await expect(setting.client.ask([{ operation: { kind: 'hello' } }])).rejects.toThrow('unknown-ticket');
  expect((await clients[3]?.ask([{ operation: { kind: 'hello' } }]))?.results.length).toBe(1);
});

test('rule 33: watch sets beyond the limit are forgotten, and are unknown', async () => {
  await using setting = await openSetting({ limits: { watchSetsOfSession: 2 } });
  const { client, relay } = setting;
  const begin = async (): Promise<Uint8Array> => {
    const watched = await client.one({ kind: 'watch', add: [], drop: [], waitSeconds: 0 });
    return watched.kind === 'watched' ? watched.token : new Uint8Array();
  };
  const tokens = [await begin(), await begin(), await begin()];
  expect(relay.held().watchSets).toBe(2);
  const kinds: string[] = [];
  for (const token of tokens) {
    kinds.push((await client.one({ kind: 'watch', token, add: [], drop: [], waitSeconds: 0 })).kind);
  }
  expect(kinds).toEqual(['watch-unknown', 'watched', 'watched']);
});

test('rule 33: as many watches wait as may, and the next is answered at once', async () => {
  await using setting = await openSetting({ limits: { waiting: 1 } });
  const { relay } = setting;
  const wait = (client: TestClient) => client.one({ kind: 'watch', add: [], drop: [], waitSeconds: 30 });
  const first = wait(setting.another());
  while (relay.held().waiting === 0) await Promise.resolve();
  expect(await wait(setting.another())).toMatchObject({ kind: 'watched', more: false });
  relay.hurry();
  expect(await first).toMatchObject({ kind: 'watched' });
});

test('rule 33: whoever has many watches waiting leaves places for others, who wait', async () => {
  await using setting = await openSetting({ limits: { waiting: 20, waitingOfOne: 8 } });
  const { relay } = setting;
  const watch = { kind: 'watch', add: [], drop: [], waitSeconds: 30 } as const;
  const asked: Promise<unknown>[] = [];
  for (const source of ['192.0.2.1', '192.0.2.2', '192.0.2.3']) {
    for (let count = 0; count < 10; count += 1) {
      const state = { answered: false };
      const before = relay.held().waiting;
      const one = from(setting, source).one(watch);
      asked.push(one.finally(() => (state.answered = true)));
      while (relay.held().waiting === before && !state.answered)
        await new Promise((done) => setImmediate(done));
    }
  }
  // 6, then 4 of what is left, then 3
  expect(relay.held().waiting).toBe(13);
  const another = from(setting, '198.51.100.1').one(watch);
  while (relay.held().waiting === 13) await new Promise((done) => setImmediate(done));
  relay.hurry();
  expect(await another).toMatchObject({ kind: 'watched' });
  await Promise.all(asked);
});

test('rule 33: who has waited longest gives its place to the next where all are taken, and nobody before 40 s', async () => {
  await using setting = await openSetting({ limits: { waiting: 2 } });
  const { relay, world } = setting;
  const answered: string[] = [];
  const wait = async (name: string): Promise<void> => {
    await setting.another().one({ kind: 'watch', add: [], drop: [], waitSeconds: 900 });
    answered.push(name);
  };
  const waits = [wait('first')];
  while (relay.held().waiting < 1) await Promise.resolve();
  world.pass(10_000);
  waits.push(wait('second'));
  while (relay.held().waiting < 2) await Promise.resolve();
  world.pass(29_999);
  await wait('too soon');
  world.pass(1);
  waits.push(wait('third'));
  await waits[0];
  await wait('too soon again');
  world.pass(10_000);
  waits.push(wait('fourth'));
  await waits[1];
  expect(answered).toEqual(['too soon', 'first', 'too soon again', 'second']);
  while (relay.held().waiting < 2) await Promise.resolve();
  relay.hurry();
  await Promise.all(waits);
});

test('rule 33: a source that has more than a share that shrank meanwhile hands its places on to itself, and loses none', async () => {
  const world = testWorld();
  const wakers = new Wakers({ waiting: 100, waitingOfOne: 20, watchSureSeconds: 40 });
  const ended: string[] = [];
  const turnedAway: string[] = [];
  const wait = (name: string, source: string): void => {
    const listening = wakers.listen([], {});
    const waiting = listening.wait(900_000, { world, signal, source });
    void waiting.then((waited) => {
      (waited ? ended : turnedAway).push(name);
      listening[Symbol.dispose]();
    });
  };
  const names = (of: string, count: number): string[] =>
    Array.from({ length: count }, (_, at) => `${of} ${at}`);
  for (const name of names('old', 10)) wait(name, 'one');
  for (const name of names('other', 90)) wait(name, name);
  await settled();
  expect(wakers.waiting).toBe(100);
  world.pass(40_000);
  for (const name of names('new', 6)) {
    wait(name, 'one');
    await settled();
    expect(wakers.waiting).toBe(100);
  }
  expect(turnedAway).toEqual([]);
  expect(ended).toEqual(names('old', 6));
  // nothing was counted twice
  wakers.close();
  await settled();
  expect(wakers.waiting).toBe(0);
  expect(ended.length).toBe(106);
});

test('rule 33: however long places are kept, the next finds none only where as many came in the last 40 s', async () => {
  const most = 5;
  const ask = fc.record({ afterMs: fc.nat(30_000), waitMs: fc.integer({ min: 1, max: 900_000 }) });
  await fc.assert(
    fc.asyncProperty(fc.array(ask, { maxLength: 40 }), async (asks) => {
      const world = testWorld();
      const wakers = new Wakers({ waiting: most, waitingOfOne: most, watchSureSeconds: 40 });
      let began: readonly number[] = [];
      for (const { afterMs, waitMs } of asks) {
        world.pass(afterMs);
        await settled();
        const now = world.now();
        began = began.filter((at) => now - at < 40_000);
        const before = wakers.waiting;
        const listening = wakers.listen([], {});
        const waiting = listening.wait(waitMs, { world, signal, source: undefined });
        const waits = await Promise.race([waiting.then(() => false), settled().then(() => true)]);
        if (before < most || began.length < most) expect(waits).toBe(true);
        expect(wakers.waiting).toBeLessThanOrEqual(most);
        if (waits) began = [...began, now];
        void waiting.then(() => listening[Symbol.dispose]());
      }
      wakers.close();
    }),
    { numRuns: 200 },
  );
});

test('rule 33: a watch waits no longer than the relay lets it', async () => {
  await using setting = await openSetting({ limits: { watchSeconds: 50 } });
  const { relay, world } = setting;
  const waiting = setting.another().one({ kind: 'watch', add: [], drop: [], waitSeconds: 900 });
  while (relay.held().waiting === 0) await Promise.resolve();
  world.pass(49_999);
  await settled();
  expect(relay.held().waiting).toBe(1);
  world.pass(1);
  expect(await waiting).toMatchObject({ kind: 'watched', more: false });
});

test('rule 33: a relay that judges as much as it may says that it is busy', async () => {
  await using setting = await openSetting();
  const busy = await openRelay({
    store: setting.store,
    world: setting.world,
    primitives,
    limits: { batches: 0 },
  });
  const client = new TestClient(busy, primitives, setting.world);
  expect(await client.ask([{ operation: { kind: 'hello' } }])).toMatchObject({ problem: 'busy' });
});

test('logs name events and numbers, and nothing that was said or by whom', async () => {
  const lines: LogEvent[] = [];
  await using setting = await openSetting();
  const relay = await openRelay({
    store: setting.store,
    world: setting.world,
    primitives,
    log: (event) => lines.push(event),
  });
  const client = new TestClient(relay, primitives, setting.world);
  const { log, seeds } = setting.made;
  await client.one({ kind: 'append', log, number: 0, entry: smallEntry(setting.world) }, seeds.append);
  await relay.sweep();
  await relay[Symbol.asyncDispose]();
  expect(lines.map(({ event }) => event)).toEqual(['opened', 'swept', 'closed']);
  expect(JSON.stringify(lines)).not.toMatch(/[a-z2-7]{20,}/);
});
