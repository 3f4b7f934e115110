import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import {
  base32,
  decodeBatch,
  encodeBatch,
  openCard,
  sealRequest,
  type BatchId,
  type Primitives,
} from '@tern/protocol';
import { openMemoryStore, openRelay } from '../src/index.ts';
import { smallEntry, TestClient, testWorld } from '../src/testing/index.ts';
import { follow, only, openSetting, primitives } from './setting.ts';

const { signal } = new AbortController();

test('rule 6: a batch that comes again has the same result, sealed freshly, also after a restart', async () => {
  const store = openMemoryStore();
  await using setting = await openSetting({ store });
  const { client, made, world } = setting;
  const { log, seeds } = made;
  const batch = client.batch([
    { operation: { kind: 'append', log, number: 0, entry: smallEntry(world) }, seeds: [seeds.append] },
    { operation: { kind: 'append', log, number: 0, entry: smallEntry(world) }, seeds: [seeds.read] },
  ]);
  const once = await client.send(batch);
  expect(once.results).toEqual([{ kind: 'stored', seq: 1 }, { kind: 'refused' }]);
  const again = await client.send(batch);
  expect(again.results).toEqual(once.results);
  expect(Buffer.compare(again.bytes, once.bytes)).not.toBe(0);
  await using restarted = await openRelay({ store, world, primitives });
  const other = new TestClient(restarted, primitives, world);
  expect((await other.send(batch)).results).toEqual(once.results);
  expect(only(await follow(client, made), 'entry').length).toBe(1);
});

test('rule 6: the same batch sent ten times at once happens once', async () => {
  await using setting = await openSetting();
  const { client, made, world } = setting;
  const batch = client.batch([
    {
      operation: { kind: 'append', log: made.log, number: 0, entry: smallEntry(world) },
      seeds: [made.seeds.append],
    },
  ]);
  const answers = await Promise.all(Array.from({ length: 10 }, () => setting.another().send(batch)));
  for (const { results } of answers) expect(results).toEqual([{ kind: 'stored', seq: 1 }]);
});

test('rule 6: the same id with other content, and a not-after outside of the next hour, are not looked at', async () => {
  await using setting = await openSetting();
  const { client, made, world } = setting;
  const { log, seeds } = made;
  const id = base32(world.randomBytes(16)) as BatchId;
  const second = Math.floor(world.now() / 1000);
  const ask = () => [
    {
      operation: { kind: 'append', log, number: 0, entry: smallEntry(world) } as const,
      seeds: [seeds.append],
    },
  ];
  expect((await client.ask(ask(), { id })).results).toEqual([{ kind: 'stored', seq: 1 }]);
  expect(await client.ask(ask(), { id })).toMatchObject({ problem: 'mismatch', results: [] });
  expect(await client.ask(ask(), { id, notAfter: second + 3599 })).toMatchObject({ problem: 'mismatch' });
  for (const notAfter of [0, second - 1, second, second + 3601]) {
    const answer = await client.ask(ask(), { notAfter });
    expect(answer).toMatchObject({ problem: 'clock', results: [], time: world.now() });
  }
  expect((await client.ask(ask(), { notAfter: second + 3600 })).results).toEqual([
    { kind: 'stored', seq: 2 },
  ]);
  expect((await client.ask(ask(), { notAfter: second + 1 })).results).toEqual([{ kind: 'stored', seq: 3 }]);
});

test('rule 6: a batch is forgotten after its not-after, when nobody may repeat it', async () => {
  await using setting = await openSetting();
  const { client, made, relay, world } = setting;
  const batch = client.batch([
    {
      operation: { kind: 'append', log: made.log, number: 0, entry: smallEntry(world) },
      seeds: [made.seeds.append],
    },
  ]);
  await client.send(batch);
  expect((await relay.sweep()).batches).toBe(0);
  world.pass(2 * 3600 * 1000);
  expect((await relay.sweep()).batches).toBeGreaterThan(0);
  expect(await client.send(batch)).toMatchObject({ problem: 'clock' });
});

test('rule 6: bytes that are no batch, in an envelope that opens, are answered as such', async () => {
  await using setting = await openSetting();
  const { client } = setting;
  expect(await client.send(new Uint8Array([1, 2, 3]))).toMatchObject({ problem: 'malformed', results: [] });
  const plain = client.batch([]);
  expect(await client.send(plain.subarray(0, plain.length - 1))).toMatchObject({ problem: 'malformed' });
  const { operations, ...header } = decodeBatch(plain);
  expect((await client.send(encodeBatch({ ...header, operations }))).results).toEqual([]);
});

test('rule 7: 10,000 repeated requests never show one pair of key and nonce twice', async () => {
  const world = testWorld();
  const pairs = new Set<string>();
  const repeated = new Set<string>();
  let watching = false;
  const watched: Primitives = {
    ...primitives,
    seal(key, nonce, plaintext, associated) {
      if (watching) {
        const pair = createHash('sha256').update(key).update(nonce).digest('base64');
        if (pairs.has(pair)) repeated.add(pair);
        pairs.add(pair);
      }
      return primitives.seal(key, nonce, plaintext, associated);
    },
  };
  await using relay = await openRelay({
    store: openMemoryStore(),
    world,
    primitives: watched,
    limits: { opensPerSecond: 1e9 },
  });
  const card = openCard(primitives, relay.card())?.card;
  const [key] = card?.keys ?? [];
  if (key === undefined) throw new Error('no key');
  const plaintext = new TestClient(relay, primitives, world).batch([]);
  const { bytes } = sealRequest(primitives, plaintext, { relay: relay.id, key, seed: world.randomBytes(32) });
  watching = true;
  for (let count = 0; count < 10_000; count += 1) await relay.answer(bytes, { signal });
  expect(repeated.size).toBe(0);
  expect(pairs.size).toBeGreaterThanOrEqual(10_000);
});

test('rule 8: a response brings two tickets, each good for one batch; an unknown one says only that', async () => {
  await using setting = await openSetting();
  const { client } = setting;
  const other = setting.another();
  await other.ask([{ operation: { kind: 'hello' } }]);
  expect(other.tickets.length).toBe(2);
  const [ticket] = other.tickets;
  if (ticket === undefined) throw new Error('no ticket');
  other.tickets = [ticket];
  expect((await other.ask([{ operation: { kind: 'hello' } }])).results).toMatchObject([{ kind: 'card' }]);
  other.tickets = [ticket];
  await expect(other.ask([{ operation: { kind: 'hello' } }])).rejects.toThrow('unknown-ticket');
  expect((await other.ask([{ operation: { kind: 'hello' } }])).results).toMatchObject([{ kind: 'card' }]);
  client.tickets = [{ ...ticket, id: new Uint8Array(16) }];
  await expect(client.ask([{ operation: { kind: 'hello' } }])).rejects.toThrow('unknown-ticket');
});

test('rule 8: a relay that started again knows no ticket, and the session begins anew', async () => {
  const store = openMemoryStore();
  await using setting = await openSetting({ store });
  const { client, world } = setting;
  await using restarted = await openRelay({ store, world, primitives });
  const other = new TestClient(restarted, primitives, world);
  other.tickets = client.tickets.slice(-1);
  await expect(other.ask([{ operation: { kind: 'hello' } }])).rejects.toThrow('unknown-ticket');
  expect((await other.ask([{ operation: { kind: 'hello' } }])).results).toMatchObject([{ kind: 'card' }]);
});

test('rule 9: a proof is worth nothing in another batch, for another operation, or at another relay', async () => {
  await using setting = await openSetting();
  const { client, made, world } = setting;
  const { log, seeds } = made;
  const append = () => ({ kind: 'append', log, number: 0, entry: smallEntry(world) }) as const;
  const one = decodeBatch(client.batch([{ operation: append(), seeds: [seeds.append] }]));
  const two = decodeBatch(client.batch([{ operation: append(), seeds: [seeds.append] }]));
  const [operation, other] = [one.operations[0], two.operations[0]];
  if (operation === undefined || other === undefined) throw new Error('no operation');
  const moved = await client.send(encodeBatch({ ...two, operations: [operation] }));
  expect(moved.results).toEqual([{ kind: 'refused' }]);
  const swapped = { ...other, proofs: operation.proofs };
  expect((await client.send(encodeBatch({ ...one, operations: [swapped] }))).results).toEqual([
    { kind: 'refused' },
  ]);
  const elsewhere = new TestClient(
    { answer: (...all) => setting.relay.answer(...all), id: base32(new Uint8Array(32)) as never },
    primitives,
    world,
  );
  const foreign = elsewhere.batch([{ operation: append(), seeds: [seeds.append] }]);
  expect((await client.send(foreign)).results).toEqual([{ kind: 'refused' }]);
  expect((await client.send(encodeBatch(one))).results).toEqual([{ kind: 'stored', seq: 1 }]);
});

test('rule 1: an unknown key is answered with the card, which brings the right one', async () => {
  await using setting = await openSetting();
  const { relay, world } = setting;
  const key = { id: new Uint8Array(8), publicKey: primitives.x25519PublicKey(world.randomBytes(32)) };
  const { bytes } = sealRequest(primitives, setting.client.batch([]), {
    relay: relay.id,
    key,
    seed: world.randomBytes(32),
  });
  const answer = await relay.answer(bytes, { signal });
  expect(answer[1]).toBe(2);
  expect(openCard(primitives, answer.subarray(2))?.relay).toBe(relay.id);
});

test('what does not open is malformed, and nothing else', async () => {
  await using setting = await openSetting();
  const { relay } = setting;
  for (const request of [new Uint8Array([1]), new Uint8Array([9, 9, 9]), new Uint8Array(100).fill(1, 0, 1)]) {
    await expect(relay.answer(request, { signal })).rejects.toThrow(
      expect.objectContaining({ code: 'malformed' }),
    );
  }
});
