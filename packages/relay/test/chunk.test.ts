import { expect, test } from 'vitest';
import {
  chunkIdOf,
  encodeEntry,
  leafCount,
  verifyRange,
  type ChunkId,
  type Put,
  type Result,
} from '@tern/protocol';
import { nextPolicy, smallEntry } from '../src/testing/index.ts';
import { contentBytes, follow, only, openSetting, primitives, type Setting } from './setting.ts';

function chunkOf(setting: Setting, length: number): { readonly content: Uint8Array; readonly id: ChunkId } {
  const content = setting.world.randomBytes(length);
  return { content, id: chunkIdOf(primitives, content) };
}

function put(
  setting: Setting,
  chunk: { readonly content: Uint8Array; readonly id: ChunkId },
  range: readonly [from: number, to: number],
  changes: Partial<Put> = {},
): Promise<Result> {
  const { client, made } = setting;
  const [from, to] = range;
  return client.one(
    {
      kind: 'put',
      log: made.log,
      number: 0,
      chunk: chunk.id,
      length: chunk.content.length,
      offset: from,
      bytes: chunk.content.subarray(from, to),
      ...changes,
    },
    made.seeds.append,
  );
}

function get(setting: Setting, chunk: ChunkId, fromLeaf: number, leaves: number): Promise<Result> {
  const { client, made } = setting;
  return client.one({ kind: 'get', log: made.log, number: 0, chunk, fromLeaf, leaves }, made.seeds.read);
}

test('rule 16: a chunk is put in any pieces and order, and got by leaves that each verify alone', async () => {
  await using setting = await openSetting();
  const chunk = chunkOf(setting, 5000);
  expect(await put(setting, chunk, [3000, 5000])).toEqual({
    kind: 'put',
    have: [[3000, 5000]],
    complete: false,
  });
  expect(await put(setting, chunk, [0, 100])).toEqual({
    kind: 'put',
    have: [
      [0, 100],
      [3000, 5000],
    ],
    complete: false,
  });
  expect(await get(setting, chunk.id, 0, 1)).toEqual({ kind: 'missing-chunk' });
  expect(await put(setting, chunk, [50, 4000])).toEqual({ kind: 'put', have: [[0, 5000]], complete: true });
  expect(await put(setting, chunk, [0, 10])).toEqual({ kind: 'put', have: [[0, 5000]], complete: true });
  for (let from = 0; from < leafCount(5000); from += 2) {
    const range = await get(setting, chunk.id, from, 2);
    if (range.kind !== 'range') throw new Error(`got ${range.kind}`);
    const whole = { id: chunk.id, length: range.length };
    const part = { range: { from, to: Math.min(from + 2, 5) }, bytes: range.bytes, proof: range.proof };
    expect(verifyRange(primitives, whole, part)).toBe(true);
    const wrong = Uint8Array.from(range.bytes, (byte, at) => (at === 0 ? byte ^ 1 : byte));
    expect(verifyRange(primitives, whole, { ...part, bytes: wrong })).toBe(false);
  }
  expect(await get(setting, chunk.id, 5, 1)).toEqual({ kind: 'malformed' });
});

test('rule 16: a chunk whose root is wrong is dropped whole, and may be put again', async () => {
  await using setting = await openSetting();
  const chunk = chunkOf(setting, 3000);
  const bytes = new Uint8Array(1500);
  const used = await contentBytes(setting.store);
  expect(await put(setting, chunk, [0, 1500], { bytes })).toMatchObject({ complete: false });
  expect(await put(setting, chunk, [1500, 3000])).toEqual({ kind: 'malformed' });
  expect(await contentBytes(setting.store)).toBe(used);
  expect(await get(setting, chunk.id, 0, 1)).toEqual({ kind: 'missing-chunk' });
  await put(setting, chunk, [0, 1500]);
  expect(await put(setting, chunk, [1500, 3000])).toMatchObject({ complete: true });
});

test('rule 16: an upload that stops half-way is gone after a day', async () => {
  await using setting = await openSetting();
  const { relay, store, world } = setting;
  const used = await contentBytes(store);
  const chunk = chunkOf(setting, 3000);
  await put(setting, chunk, [0, 1500]);
  world.pass(86_400_000 + 1000);
  expect(await put(setting, chunk, [1500, 3000])).toEqual({
    kind: 'put',
    have: [[1500, 3000]],
    complete: false,
  });
  world.pass(3 * 86_400_000);
  await relay.sweep();
  expect(await contentBytes(store)).toBe(used);
});

test('rule 16: who may not append may not put, and who may not read may not get', async () => {
  await using setting = await openSetting();
  const { client, made } = setting;
  const chunk = chunkOf(setting, 1000);
  const operation = {
    log: made.log,
    number: 0,
    chunk: chunk.id,
    length: 1000,
    offset: 0,
    bytes: chunk.content,
  };
  expect(await client.one({ kind: 'put', ...operation }, made.seeds.read)).toEqual({ kind: 'refused' });
  await put(setting, chunk, [0, 1000]);
  const asked = { kind: 'get', log: made.log, number: 0, chunk: chunk.id, fromLeaf: 0, leaves: 1 } as const;
  expect(await client.one(asked, made.seeds.append)).toEqual({ kind: 'refused' });
  expect(await client.one({ ...asked, log: setting.anotherPolicy().log }, made.seeds.read)).toEqual({
    kind: 'refused',
  });
  expect(await client.one(asked, made.seeds.read)).toMatchObject({ kind: 'range', length: 1000 });
});

test('rule 15: what does not fit an entry is put first and appended by name, atomically', async () => {
  await using setting = await openSetting();
  const { client, made } = setting;
  const { log, seeds } = made;
  const chunk = chunkOf(setting, 9000);
  const entry = encodeEntry({ kind: 'chunk', chunk: chunk.id, length: 9000 });
  const append = { kind: 'append', log, number: 0, entry } as const;
  expect(await client.one(append, seeds.append)).toEqual({ kind: 'missing-chunk' });
  await put(setting, chunk, [0, 8000]);
  expect(await client.one(append, seeds.append)).toEqual({ kind: 'missing-chunk' });
  await put(setting, chunk, [8000, 9000]);
  const wrong = encodeEntry({ kind: 'chunk', chunk: chunk.id, length: 8999 });
  expect(await client.one({ ...append, entry: wrong }, seeds.append)).toEqual({ kind: 'missing-chunk' });
  expect(await client.one(append, seeds.append)).toEqual({ kind: 'stored', seq: 1 });
  expect(only(await follow(client, made), 'entry').map(({ entry }) => entry)).toEqual([entry]);
});

test('rule 16: a chunk lives as long as an entry that names it', async () => {
  await using setting = await openSetting({ policy: { lifetime: 10 * 86_400 } });
  const { client, made, relay, store, world } = setting;
  const { log, seeds } = made;
  const used = await contentBytes(store);
  const chunk = chunkOf(setting, 2000);
  await put(setting, chunk, [0, 2000]);
  world.pass(6 * 86_400_000);
  const entry = encodeEntry({ kind: 'chunk', chunk: chunk.id, length: 2000 });
  await client.one({ kind: 'append', log, number: 0, entry }, seeds.append);
  world.pass(6 * 86_400_000);
  await relay.sweep();
  expect(await get(setting, chunk.id, 0, 2)).toMatchObject({ kind: 'range' });
  world.pass(6 * 86_400_000);
  await relay.sweep();
  expect(await get(setting, chunk.id, 0, 2)).toEqual({ kind: 'missing-chunk' });
  expect(await contentBytes(store)).toBe(used);
});

test('a put beyond the room of the log is told so, and takes nothing', async () => {
  await using setting = await openSetting({ policy: { roomBytes: 4000 }, limits: { partialChunks: 2 } });
  const { client, made, world } = setting;
  const big = chunkOf(setting, 5000);
  expect(await put(setting, big, [0, 3000])).toMatchObject({ kind: 'put' });
  expect(await put(setting, big, [3000, 5000])).toEqual({ kind: 'quota' });
  expect(await put(setting, chunkOf(setting, 100), [0, 10])).toMatchObject({ kind: 'put' });
  expect(await put(setting, chunkOf(setting, 100), [0, 10])).toEqual({ kind: 'quota' });
  expect(await put(setting, big, [0, 100], { length: 6000 })).toEqual({ kind: 'malformed' });
  const next = nextPolicy({ primitives, world }, made, { closes: true });
  const { log, seeds } = made;
  const commit = { kind: 'append', log, number: 0, entry: smallEntry(world) } as const;
  expect(await client.one({ ...commit, next: next.signed }, seeds.append)).toEqual({ kind: 'quota' });
});

test('a get takes as many leaves as the path has room for, and one at least', async () => {
  await using setting = await openSetting();
  const { client, made } = setting;
  const chunk = chunkOf(setting, 40_000);
  await put(setting, chunk, [0, 40_000]);
  const operation = {
    kind: 'get',
    log: made.log,
    number: 0,
    chunk: chunk.id,
    fromLeaf: 3,
    leaves: 30,
  } as const;
  const lengths: number[] = [];
  for (const room of [0, 4096, 8192, 65_536]) {
    const [range] = only(
      (await client.ask([{ operation, seeds: [made.seeds.read] }], { room })).results,
      'range',
    );
    if (range === undefined) throw new Error('no range');
    lengths.push(range.bytes.length / 1024);
    const to = 3 + range.bytes.length / 1024;
    expect(
      verifyRange(
        primitives,
        { id: chunk.id, length: range.length },
        { range: { from: 3, to }, bytes: range.bytes, proof: range.proof },
      ),
    ).toBe(true);
  }
  expect(lengths[0]).toBe(1);
  expect(lengths[3]).toBe(30);
  expect(lengths[2]).toBeGreaterThan(lengths[1] ?? 99);
});
