import { expect, test } from 'vitest';
import { noblePrimitives as primitives } from '@tern/protocol';
import { openMemoryStore, openRelay } from '../src/index.ts';
import { firstPolicy, smallEntry, TestClient, testWorld } from '../src/testing/index.ts';

test('a log is begun, written to and followed', async () => {
  const world = testWorld();
  await using store = openMemoryStore();
  await using relay = await openRelay({ store, world, primitives });
  const right = await relay.newRight();
  const client = new TestClient(relay, primitives, world);
  const first = firstPolicy({ primitives, world, relay });
  const { log, seeds } = first;
  const entry = smallEntry(world);

  expect(await client.one({ kind: 'create', policy: first.signed, right })).toEqual({ kind: 'done' });
  expect(await client.one({ kind: 'create', policy: first.signed, right })).toEqual({
    kind: 'duplicate',
    seq: 0,
  });
  expect(await client.one({ kind: 'append', log, number: 0, entry }, seeds.append)).toEqual({
    kind: 'stored',
    seq: 1,
  });
  expect(await client.one({ kind: 'append', log, number: 0, entry }, seeds.append)).toEqual({
    kind: 'duplicate',
    seq: 1,
  });
  const answer = await client.ask([
    {
      operation: { kind: 'watch', add: [{ log, after: 0, number: 0 }], drop: [], waitSeconds: 0 },
      seeds: [seeds.read],
    },
  ]);
  expect(answer.results).toMatchObject([
    { kind: 'entry', log, seq: 1, number: 0, entry },
    { kind: 'watched', more: false },
  ]);
});
