import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openCard, sealRequest } from '@tern/protocol';
import { openLmdbStore, openRelay } from '../src/index.ts';
import { smallEntry } from '../src/testing/index.ts';
import { contentBytes, follow, only, openSetting, primitives } from './setting.ts';

const dayMs = 86_400_000;
const { signal } = new AbortController();

async function withFolder(run: (dir: string) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'tern-keeping-'));
  try {
    await run(dir);
  } finally {
    await rm(dir, { recursive: true });
  }
}

/** Every file below a folder, as one. */
async function everything(dir: string): Promise<Buffer> {
  const names = await readdir(dir, { recursive: true, withFileTypes: true });
  const files = names.filter((one) => one.isFile()).map((one) => readFile(join(one.parentPath, one.name)));
  return Buffer.concat(await Promise.all(files));
}

test('rule 18: bodies lie sealed on the disk, under one key for the day on which they end', () =>
  withFolder(async (dir) => {
    await using setting = await openSetting({ store: await openLmdbStore({ dir }) });
    const { client, made, store, world } = setting;
    const { log, seeds } = made;
    const text = new TextEncoder().encode('a text that nobody shall find on a disk, however long they look');
    const entry = smallEntry(world);
    entry.set(text, 100);
    await client.one({ kind: 'append', log, number: 0, entry }, seeds.append);
    await client.one({ kind: 'append', log, number: 0, entry: smallEntry(world) }, seeds.append);
    const kept = await everything(dir);
    expect(kept.includes(Buffer.from(text))).toBe(false);
    expect(kept.includes(Buffer.from(entry.subarray(300, 332)))).toBe(false);
    expect(store.secrets.names().filter((name) => name.startsWith('day-')).length).toBe(1);
    world.pass(dayMs);
    await client.one({ kind: 'append', log, number: 0, entry: smallEntry(world) }, seeds.append);
    expect(store.secrets.names().filter((name) => name.startsWith('day-')).length).toBe(2);
    expect(only(await follow(client, made), 'entry')[0]?.entry).toEqual(entry);
  }));

test('rule 18: when its day is over an entry is unreadable, its key is gone, and its room is free', async () => {
  await using setting = await openSetting({ policy: { lifetime: 2 * 86_400 } });
  const { client, made, relay, store, world } = setting;
  const { log, seeds } = made;
  const used = await contentBytes(store);
  const append = (entry: Uint8Array) => client.one({ kind: 'append', log, number: 0, entry }, seeds.append);
  const first = smallEntry(world);
  await append(first);
  world.pass(dayMs);
  await append(smallEntry(world));
  world.pass(dayMs + 1000);
  // past its second it is shown to nobody, though its day is not over
  expect(only(await follow(client, made), 'entry').map(({ seq }) => seq)).toEqual([2]);
  expect(await relay.sweep()).toMatchObject({ days: 0, entries: 0 });
  world.pass(dayMs);
  expect(await relay.sweep()).toMatchObject({ days: 1, entries: 1 });
  world.pass(dayMs);
  expect(await relay.sweep()).toMatchObject({ days: 1, entries: 1 });
  expect(store.secrets.names().filter((name) => name.startsWith('day-'))).toEqual([]);
  expect(await contentBytes(store)).toBe(used);
  expect(await relay.sweep()).toMatchObject({ days: 0, entries: 0 });
  expect(await append(first)).toEqual({ kind: 'stored', seq: 3 });
  expect(only(await follow(client, made), 'entry').map(({ seq }) => seq)).toEqual([3]);
});

test('rule 18: an erased entry is overwritten wherever the file still has it', () =>
  withFolder(async (dir) => {
    const store = await openLmdbStore({ dir });
    await using setting = await openSetting({ store });
    const { client, made, relay, world } = setting;
    const { log, seeds } = made;
    const append = () =>
      client.one({ kind: 'append', log, number: 0, entry: smallEntry(world) }, seeds.append);
    for (let count = 0; count < 30; count += 1) await append();
    const place = (): Promise<Uint8Array | undefined> =>
      store.read((view) => {
        const [key] = view.keys(new TextEncoder().encode('E'), new TextEncoder().encode('F'), 12).slice(-1);
        return key && view.get(key);
      });
    const record = await place();
    if (record === undefined) throw new Error('nothing was kept');
    const sealed = Buffer.from(record.subarray(-1000));
    expect((await everything(dir)).includes(sealed)).toBe(true);
    expect(await client.one({ kind: 'erase', log, number: 0, seqs: [12] }, seeds.change)).toEqual({
      kind: 'done',
    });
    await relay.sweep();
    const after = await everything(dir);
    for (let at = 0; at + 64 <= sealed.length; at += 64) {
      expect(after.includes(sealed.subarray(at, at + 64))).toBe(false);
    }
    expect((await place())?.length).toBeLessThan(100);
    const left = only(await follow(client, made), 'entry');
    expect(left.length).toBe(29);
    expect(left.some(({ seq }) => seq === 12)).toBe(false);
    expect(await append()).toEqual({ kind: 'stored', seq: 31 });
  }));

test('rule 18: who may only append or read is refused an erasure', async () => {
  await using setting = await openSetting();
  const { client, made, world } = setting;
  const { log, seeds } = made;
  const entry = smallEntry(world);
  await client.one({ kind: 'append', log, number: 0, entry }, seeds.append);
  for (const seed of [seeds.append, seeds.read]) {
    expect(await client.one({ kind: 'erase', log, number: 0, seqs: [1] }, seed)).toEqual({ kind: 'refused' });
  }
  expect(only(await follow(client, made), 'entry').length).toBe(1);
  expect(await client.one({ kind: 'erase', log, number: 0, seqs: [1, 1, 99] }, seeds.change)).toEqual({
    kind: 'done',
  });
  expect(await client.one({ kind: 'append', log, number: 0, entry }, seeds.append)).toEqual({
    kind: 'duplicate',
    seq: 1,
  });
  expect(only(await follow(client, made), 'entry')).toEqual([]);
});

test('rule 1: keys turn weekly and are accepted for five weeks; cards are numbered and signed by the same relay', async () => {
  await using setting = await openSetting();
  const { relay, store, world } = setting;
  const read = (): NonNullable<ReturnType<typeof openCard>> => {
    const opened = openCard(primitives, relay.card());
    if (opened === undefined) throw new Error('not signed');
    return opened;
  };
  const first = read();
  expect(first.card.keys.length).toBe(1);
  const [key] = first.card.keys;
  if (key === undefined) throw new Error('no key');
  const numbers = [first.card.number];
  const accepted: boolean[] = [];
  for (let week = 1; week <= 6; week += 1) {
    world.pass(7 * dayMs);
    await relay.sweep();
    const { card, relay: id } = read();
    expect(id).toBe(relay.id);
    expect(card.keys.length).toBe(Math.min(5, week + 1));
    expect(card.notAfter * 1000).toBeGreaterThan(world.now());
    numbers.push(card.number);
    const { bytes } = sealRequest(primitives, setting.client.batch([]), {
      relay: relay.id,
      key,
      seed: world.randomBytes(32),
    });
    accepted.push((await relay.answer(bytes, { signal }))[1] === 1);
  }
  expect(accepted).toEqual([true, true, true, true, false, false]);
  expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b));
  expect(store.secrets.names().filter((name) => name.startsWith('seal-')).length).toBe(5);
});

test('rule 1: a relay that starts again has the same card as before, until it has something new to say', async () => {
  await using setting = await openSetting();
  const { relay, store, world } = setting;
  const again = await openRelay({ store, world, primitives });
  expect(again.card()).toEqual(relay.card());
  const endpoints = ['https://example.org:443'];
  const moved = await openRelay({ store, world, primitives, card: { endpoints } });
  const [before, after] = [openCard(primitives, relay.card()), openCard(primitives, moved.card())];
  expect(after?.card.number).toBe((before?.card.number ?? 0) + 1);
  expect(after?.card.endpoints).toEqual(endpoints);
  expect(moved.id).toBe(relay.id);
});

test('hello is answered with the card', async () => {
  await using setting = await openSetting();
  const { client, relay } = setting;
  expect(await client.one({ kind: 'hello' })).toEqual({ kind: 'card', card: relay.card(), others: [] });
});
