import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { base32, chunkIdOf, limits, type Result } from '@tern/protocol';
import { nodePrimitives as primitives } from '@tern/reach/node';
import { describe, expect, test } from 'vitest';
import { openLmdbStore, openMemoryStore, type RelayStore } from '../src/index.ts';
import { quietPort, smallEntry, TestClient, type Ask } from '../src/testing/index.ts';
import { appendTo, collect, days, deferred, entriesOf, keepIt, pass, round } from './deferring.ts';
import { contentBytes } from './setting.ts';
import { at, from, openly, openTwo, stand } from './two-relays.ts';

const { signal } = new AbortController();

describe('a request that is kept for another relay', () => {
  test('rule 30: is kept by courier, then stored once the far answer was collected, and has its effect once', async () => {
    await using two = await openTwo();
    const kept = deferred(two, [appendTo(two), appendTo(two)]);
    const ticket = await keepIt(two.client, kept);
    expect((await collect(two.client, ticket)).last).toEqual({ kind: 'kept', ticket });
    expect(await entriesOf(two)).toBe(0);
    await round(two.near);
    const { bytes } = await collect(two.client, ticket);
    expect(kept.open(bytes)).toEqual([
      { kind: 'stored', seq: 1 },
      { kind: 'stored', seq: 2 },
    ]);
    expect((await collect(two.client, ticket)).bytes).toEqual(bytes);
    await round(two.near);
    expect(await entriesOf(two)).toBe(2);
    expect(await two.client.one({ kind: 'forget', ticket })).toEqual({ kind: 'done' });
    expect((await collect(two.client, ticket)).last).toEqual({ kind: 'refused' });
    expect(await two.client.one({ kind: 'forget', ticket })).toEqual({ kind: 'done' });
  });

  test('rule 30: a put is kept like an append', async () => {
    await using two = await openTwo();
    const { log, seeds } = two.made;
    const bytes = new Uint8Array(40_000).fill(7);
    const chunk = chunkIdOf(primitives, bytes);
    const operation = { kind: 'put', log, number: 0, chunk, length: bytes.length, offset: 0, bytes } as const;
    const kept = deferred(two, [{ operation, seeds: [seeds.append] }]);
    const ticket = await keepIt(two.client, kept);
    await round(two.near);
    expect(kept.open((await collect(two.client, ticket)).bytes)).toMatchObject([
      { kind: 'put', complete: true },
    ]);
  });

  test('rule 30: waits for a far relay that is away, ever more seldom, and reaches it when it is back', async () => {
    let resolved = 0;
    const resolve = async (): Promise<readonly string[]> => {
      resolved += 1;
      return ['127.0.0.1'];
    };
    await using two = await openTwo({
      near: { forwarder: { ...openly, resolve }, limits: { farFailureSeconds: 0 } },
    });
    const kept = deferred(two, [appendTo(two)]);
    await two.far.stop();
    const ticket = await keepIt(two.client, kept);
    for (let minutes = 0; minutes < 24 * 60; minutes += 15) {
      await round(two.near);
      pass(two, 15 * 60);
    }
    expect(resolved).toBeGreaterThan(5);
    expect(resolved).toBeLessThan(20);
    expect((await collect(two.client, ticket)).last.kind).toBe('kept');
    const { port } = two.far.server;
    const { store, world } = two.far;
    await using far = await stand({ seed: 'back', port, store, world });
    pass(two, 8 * 3600);
    await round(two.near);
    expect(kept.open((await collect(two.client, ticket)).bytes)).toEqual([{ kind: 'stored', seq: 1 }]);
    expect(await entriesOf({ ...two, far })).toBe(1);
  });

  test('rule 30: is taken once by the far relay, however often it is handed on', async () => {
    const store = openMemoryStore();
    let losing = false;
    const forgetful: RelayStore = {
      ...store,
      async write(judge) {
        // the far answer is here, and the near relay dies before it is on its disk
        if (losing) throw new Error('died');
        return store.write(judge);
      },
    };
    await using two = await openTwo({ near: { store: forgetful } });
    const kept = deferred(two, [appendTo(two)]);
    const ticket = await keepIt(two.client, kept);
    for (let times = 0; times < 3; times += 1) {
      losing = true;
      await expect(round(two.near)).rejects.toThrow('died');
      losing = false;
    }
    expect(await entriesOf(two)).toBe(1);
    pass(two, 19 * days);
    await round(two.near);
    expect(kept.open((await collect(two.client, ticket)).bytes)).toEqual([{ kind: 'stored', seq: 1 }]);
    expect(await entriesOf(two)).toBe(1);
  });

  test('rules 6 and 30: the same again is the same ticket and is kept once, in the same batch or another', async () => {
    await using two = await openTwo({ near: { limits: { keptBytesOfPath: 10_000 } } });
    const { defer } = deferred(two, [appendTo(two)], { seconds: days });
    const plaintext = two.client.batch([{ operation: defer }]);
    const results = [
      ...(await two.client.send(plaintext)).results,
      ...(await two.client.send(plaintext)).results,
      await two.client.one(defer),
    ];
    expect(results.map(({ kind }) => kind)).toEqual(['kept', 'kept', 'kept']);
    expect(new Set(results.map((one) => (one.kind === 'kept' ? base32(one.ticket) : '')))).toHaveLength(1);
  });
});

describe('on the disk of the near relay', () => {
  test('rule 30: what is kept outlives the relay, and is handed on by the next one', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'tern-defer-'));
    try {
      await using far = await openTwo();
      const store = await openLmdbStore({ dir });
      const near = await stand({ seed: 'one', store });
      const kept = deferred(far, [appendTo(far)]);
      const ticket = await keepIt(new TestClient(at(near), primitives, near.world), kept);
      await near.stop();
      await store[Symbol.asyncDispose]();
      await using again = await openLmdbStore({ dir });
      await using next = await stand({ seed: 'two', store: again });
      const client = new TestClient(at(next), primitives, next.world);
      expect((await collect(client, ticket)).last.kind).toBe('kept');
      await round(next);
      expect(kept.open((await collect(client, ticket)).bytes)).toEqual([{ kind: 'stored', seq: 1 }]);
    } finally {
      await rm(dir, { recursive: true });
    }
  });

  test('rule 30: kept is never said before it is on the disk', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'tern-defer-'));
    try {
      await using far = await openTwo();
      const flushed = Promise.withResolvers<void>();
      let holding = false;
      const reached = Promise.withResolvers<void>();
      await using store = await openLmdbStore({
        dir,
        async aroundFlush(flush) {
          if (holding) {
            reached.resolve();
            await flushed.promise;
          }
          await flush();
        },
      });
      await using near = await stand({ seed: 'one', store });
      const client = new TestClient(at(near), primitives, near.world);
      let said = false;
      holding = true;
      const answer = client.one(deferred(far, [appendTo(far)]).defer).finally(() => (said = true));
      await reached.promise;
      await new TestClient(at(near), primitives, near.world).one({ kind: 'hello' });
      expect(said).toBe(false);
      flushed.resolve();
      expect((await answer).kind).toBe('kept');
    } finally {
      await rm(dir, { recursive: true });
    }
  });

  test('rules 18 and 30: nobody finds a request, an answer or a far address in clear, and after not-after nothing is left', async () => {
    const store = openMemoryStore();
    await using two = await openTwo({ near: { store } });
    const kept = deferred(two, [appendTo(two)]);
    const all = async (): Promise<Buffer> =>
      store.read((view) =>
        Buffer.concat(
          view
            .keys(new Uint8Array([1]), new Uint8Array([255]), 1000)
            .flatMap((key) => [key, view.get(key) ?? new Uint8Array()]),
        ),
      );
    const before = (await all()).length;
    const ticket = await keepIt(two.client, kept);
    const { to, request } = kept.defer;
    expect((await all()).includes(Buffer.from(request.subarray(100, 132)))).toBe(false);
    expect((await all()).includes(to.address)).toBe(false);
    expect((await all()).includes(to.path)).toBe(false);
    await round(two.near);
    const { bytes } = await collect(two.client, ticket);
    expect((await all()).includes(Buffer.from(bytes.subarray(100, 132)))).toBe(false);
    expect((await all()).length).toBeGreaterThan(before);
    pass(two, 20 * days);
    expect((await collect(two.client, ticket)).last).toEqual({ kind: 'refused' });
    await two.near.relay.sweep();
    expect((await all()).length).toBe(before);
    expect(await contentBytes(store)).toBe(0);
  });
});

describe('what may be kept', () => {
  test('rule 30: commits and everything else but appends and puts are refused by the far relay, by its clock', async () => {
    await using two = await openTwo();
    const { made, far } = two;
    const { log, seeds, signed } = made;
    const overPeer = new TestClient(at(far, far.peerHint.path), primitives, far.world);
    const later = (seconds: number): { readonly notAfter: number } => ({
      notAfter: Math.floor(far.world.now() / 1000) + seconds,
    });
    const fine = appendTo(two);
    const commit: Ask = {
      operation: { kind: 'append', log, number: 0, entry: smallEntry(far.world), next: signed },
      seeds: [seeds.append],
    };
    const erase: Ask = { operation: { kind: 'erase', log, number: 0, seqs: [1] }, seeds: [seeds.change] };
    const amend: Ask = { operation: { kind: 'amend', log, policy: signed } };
    const hello: Ask = { operation: { kind: 'hello' } };
    for (const wrong of [commit, erase, amend, hello])
      for (const asks of [[wrong], [fine, wrong]])
        expect((await overPeer.ask(asks, later(2 * days))).problem).toBe('clock');
    expect((await overPeer.ask([fine], later(28 * days + 1))).problem).toBe('clock');
    expect((await new TestClient(at(far), primitives, far.world).ask([fine], later(2 * days))).problem).toBe(
      'clock',
    );
    expect(await entriesOf(two)).toBe(0);
    expect((await overPeer.ask([fine], later(28 * days))).results).toEqual([{ kind: 'stored', seq: 1 }]);
  });

  test('rule 30: what is sealed under a ticket, is late, is for too long, or for the relay itself is refused', async () => {
    await using two = await openTwo();
    const { defer } = deferred(two, [appendTo(two)]);
    const second = Math.floor(two.near.world.now() / 1000);
    const underTicket = defer.request.slice();
    underTicket[1] = 2;
    const ask = async (changes: Partial<typeof defer>): Promise<Result> =>
      two.client.one({ ...defer, ...changes });
    expect(await ask({ request: underTicket })).toEqual({ kind: 'malformed' });
    expect(await ask({ notAfter: second })).toEqual({ kind: 'expired' });
    expect(await ask({ notAfter: second + limits.deferSeconds + 1 })).toEqual({ kind: 'quota' });
    expect(await ask({ to: two.near.peerHint })).toEqual({ kind: 'unreachable', because: 'address' });
    expect((await ask({ notAfter: second + limits.deferSeconds })).kind).toBe('kept');
  });

  test('rules 30 and 33: a path may keep 10 MiB, everybody together so much, and the disk has an end: more is refused', async () => {
    await using two = await openTwo({
      near: {
        limits: { keptBytesOfPath: 20_000, keptBytes: 30_000 },
        store: openMemoryStore({ roomBytes: 26_000 }),
      },
    });
    const on = (path: string): TestClient =>
      new TestClient(
        { id: two.near.relay.id, answer: (bytes) => two.near.relay.answer(bytes, { signal, path }) },
        primitives,
        two.near.world,
      );
    const [one, other] = [on('one'), on('other')];
    const ask = async (client: TestClient): Promise<Result> =>
      client.one(deferred(two, [appendTo(two)], { seconds: 3600 }).defer);
    const first = await ask(one);
    expect([first.kind, (await ask(one)).kind, (await ask(one)).kind]).toEqual(['kept', 'kept', 'quota']);
    expect((await ask(other)).kind).toBe('kept');
    const fourth = await ask(other);
    expect(fourth.kind).toBe('quota');
    if (first.kind !== 'kept') throw new Error('not kept');
    expect((await collect(other, first.ticket)).last).toEqual({ kind: 'refused' });
    await other.one({ kind: 'forget', ticket: first.ticket });
    expect((await collect(one, first.ticket)).last.kind).toBe('kept');
    await one.one({ kind: 'forget', ticket: first.ticket });
    expect((await ask(one)).kind).toBe('kept');
    expect((await ask(other)).kind).toBe('quota');
  });

  test('rules 30 and 33: one source has so much kept anew in a day, beyond which it is refused while others go on', async () => {
    await using two = await openTwo({ near: { limits: { keptBytesOfOne: 20_000 } } });
    const [one, other] = [from(two.near, '192.0.2.1'), from(two.near, '192.0.2.2')];
    const keeps = async (client: TestClient): Promise<string> =>
      (await client.one(deferred(two, [appendTo(two)]).defer)).kind;
    const { defer } = deferred(two, [appendTo(two)]);
    // what is kept already costs nothing
    for (let times = 0; times < 3; times += 1) expect((await one.one(defer)).kind).toBe('kept');
    expect([await keeps(one), await keeps(one), await keeps(other)]).toEqual(['kept', 'quota', 'kept']);
    pass(two, days);
    expect(await keeps(one)).toBe('kept');
  });

  test('rule 30: the less room is free the shorter something may be kept, longer is refused, and room comes back the sooner', async () => {
    const room = 10 * 8192;
    await using two = await openTwo({ near: { limits: { keptBytesOfPath: room } } });
    const keeps = async (seconds: number): Promise<string> =>
      (await two.client.one(deferred(two, [appendTo(two)], { seconds }).defer)).kind;
    for (let tenths = 1; tenths <= 5; tenths += 1) expect(await keeps(28 * days)).toBe('kept');
    for (const longest of [14, 7, 3.5, 1.75, 0.875])
      expect([await keeps(longest * days + 1), await keeps(longest * days)]).toEqual(['quota', 'kept']);
    expect(await keeps(60)).toBe('quota');
    pass(two, 0.875 * days);
    await two.near.relay.sweep();
    expect([await keeps(0.875 * days), await keeps(60)]).toEqual(['kept', 'quota']);
    pass(two, 14 * days);
    await two.near.relay.sweep();
    expect(await keeps(14 * days)).toBe('kept');
  });

  test('rule 30: what everybody has kept shortens it in the same way: longer is refused', async () => {
    await using two = await openTwo({ near: { limits: { keptBytes: 2 * 8192 } } });
    const keeps = async (seconds: number): Promise<string> =>
      (await two.client.one(deferred(two, [appendTo(two)], { seconds }).defer)).kind;
    expect([await keeps(28 * days), await keeps(days), await keeps(days / 2)]).toEqual([
      'kept',
      'quota',
      'kept',
    ]);
  });

  test('rule 33: a full disk is said to be full, and who has kept too many bytes in an hour is refused', async () => {
    await using full = await openTwo({ near: { store: openMemoryStore({ roomBytes: 8000 }) } });
    expect((await full.client.one(deferred(full, [appendTo(full)]).defer)).kind).toBe('full');
    await using two = await openTwo({ near: { limits: { forwardBytesOfPath: 3000 } } });
    const kinds: string[] = [];
    while (kinds.at(-1) !== 'quota' && kinds.length < 9)
      kinds.push((await two.client.one(deferred(two, [appendTo(two)]).defer)).kind);
    expect(kinds.length).toBeLessThan(4);
  });

  test('rule 33: what has others asked who they are is bounded where something is kept, too: refused', async () => {
    await using two = await openTwo({ near: { limits: { farsOfPath: 2 } } });
    const { defer } = deferred(two, [appendTo(two)]);
    const kinds: string[] = [];
    for (const path of ['a', 'b', 'c'])
      kinds.push((await two.client.one({ ...defer, to: { ...defer.to, path } })).kind);
    expect(kinds).toEqual(['kept', 'kept', 'quota']);
  });

  test('rules 30 and 33: a far relay remembers so many results for days, and has the others sent again later: refused', async () => {
    await using two = await openTwo({ far: { limits: { deferredBytes: 100 } } });
    const [one, other] = [
      deferred(two, [appendTo(two)], { seed: 1 }),
      deferred(two, [appendTo(two)], { seed: 2 }),
    ];
    const tickets = [await keepIt(two.client, one), await keepIt(two.client, other)];
    const answered = async (): Promise<number> => {
      await round(two.near);
      const all = await Promise.all(
        tickets.map(async (ticket) => (await collect(two.client, ticket)).last.kind),
      );
      return all.filter((kind) => kind === 'forwarded').length;
    };
    expect(await answered()).toBe(1);
    pass(two, 3600);
    expect(await answered()).toBe(2);
    expect(await entriesOf(two)).toBe(2);
  });

  test('rule 30: a far answer that is too long is never kept, and the request is not handed on again', async () => {
    await using two = await openTwo({ near: { limits: { keptAnswerBytes: 300 } } });
    const ticket = await keepIt(two.client, deferred(two, [appendTo(two)]));
    await round(two.near);
    expect((await collect(two.client, ticket)).last).toEqual({ kind: 'unreachable', because: 'too-long' });
    const opened = two.far.relay.held().sessions;
    pass(two, days);
    await round(two.near);
    expect(two.far.relay.held().sessions).toBe(opened);
  });

  test('rule 30: what did not reach its relay by its not-after is let go of: refused', async () => {
    await using two = await openTwo();
    const { defer } = deferred(two, [appendTo(two)], { seconds: 3600 });
    const gone = { ...defer, to: { ...defer.to, port: await quietPort() } };
    const result = await two.client.one(gone);
    if (result.kind !== 'kept') throw new Error(`not kept: ${result.kind}`);
    await round(two.near);
    pass(two, 3599);
    expect((await collect(two.client, result.ticket)).last.kind).toBe('kept');
    pass(two, 1);
    expect((await collect(two.client, result.ticket)).last).toEqual({ kind: 'refused' });
    await round(two.near);
    expect(await contentBytes(two.near.store)).toBe(0);
  });
});
