import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { entryIdOf } from '@tern/protocol';
import { nodeWorld } from '@tern/reach/node';
import { openLmdbStore, openRelay } from '../src/index.ts';
import { smallEntry, TestClient, testWorld, type MadePolicy } from '../src/testing/index.ts';
import { follow, only, openSetting, primitives } from './setting.ts';

async function withFolder(run: (dir: string) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'tern-durable-'));
  try {
    await run(dir);
  } finally {
    await rm(dir, { recursive: true });
  }
}

const turnOfTheLoop = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

test('no acknowledgement leaves before the flush that covers it resolved, and no reader sees what is not flushed', () =>
  withFolder(async (dir) => {
    const flushBegan = Promise.withResolvers<() => void>();
    let holding = false;
    const store = await openLmdbStore({
      dir,
      async aroundFlush(flush) {
        if (holding) {
          const released = Promise.withResolvers<void>();
          flushBegan.resolve(() => released.resolve());
          await released.promise;
        }
        await flush();
      },
    });
    await using setting = await openSetting({ store });
    const { client, made, relay, world } = setting;
    const reader = setting.another();
    const slice = { log: made.log, after: 0, number: 0 };
    const waiting = reader.ask([
      { operation: { kind: 'watch', add: [slice], drop: [], waitSeconds: 30 }, seeds: [made.seeds.read] },
    ]);
    while (relay.held().waiting === 0) await turnOfTheLoop();

    holding = true;
    const happened: string[] = [];
    const stored = client
      .one({ kind: 'append', log: made.log, number: 0, entry: smallEntry(world) }, made.seeds.append)
      .then((result) => happened.push(result.kind));
    const release = await flushBegan.promise;
    for (let turn = 0; turn < 20; turn += 1) await turnOfTheLoop();
    expect(happened).toEqual([]);
    expect(relay.held().waiting).toBe(1);
    holding = false;
    release();
    await stored;
    expect(happened).toEqual(['stored']);
    expect(only((await waiting).results, 'entry').length).toBe(1);
  }));

test('a flush that fails acknowledges nothing, and the same batch succeeds afterwards', () =>
  withFolder(async (dir) => {
    let failure: Error | undefined;
    const store = await openLmdbStore({
      dir,
      aroundFlush: async (flush) => {
        if (failure !== undefined) throw failure;
        await flush();
      },
    });
    await using setting = await openSetting({ store });
    const { client, made, world } = setting;
    const batch = client.batch([
      {
        operation: { kind: 'append', log: made.log, number: 0, entry: smallEntry(world) },
        seeds: [made.seeds.append],
      },
    ]);
    failure = new Error('EIO: the disk does not answer');
    await expect(client.send(batch)).rejects.toThrow('EIO');
    failure = new Error('ENOSPC: no space left on device');
    expect((await setting.another().send(batch)).results).toEqual([{ kind: 'full' }]);
    failure = undefined;
    expect((await setting.another().send(batch)).results).toEqual([{ kind: 'stored', seq: 1 }]);
  }));

test('a full relay says so, loses nothing, and goes on when there is room again', () =>
  withFolder(async (dir) => {
    const store = await openLmdbStore({ dir, roomBytes: 20_000 });
    await using setting = await openSetting({ store });
    const { client, made, world } = setting;
    const { log, seeds } = made;
    const append = () =>
      client.one({ kind: 'append', log, number: 0, entry: smallEntry(world) }, seeds.append);
    let last = await append();
    let count = 0;
    for (; last.kind === 'stored'; count += 1) last = await append();
    expect(last).toEqual({ kind: 'full' });
    expect(only(await follow(client, made, 0, { room: 100_000 }), 'entry').length).toBe(count);
    expect(await client.one({ kind: 'erase', log, number: 0, seqs: [1, 2] }, seeds.change)).toEqual({
      kind: 'done',
    });
    expect(await append()).toEqual({ kind: 'stored', seq: count + 1 });
    expect(await append()).toEqual({ kind: 'full' });
  }));

test('a disk that is full is the same as a full relay, and erasing still works on it', () =>
  withFolder(async (dir) => {
    const space = { freeBytes: 2 ** 30, wholeBytes: 2 ** 31 };
    const store = await openLmdbStore({ dir, disk: () => space });
    await using setting = await openSetting({ store });
    const { client, made, world } = setting;
    const { log, seeds } = made;
    const append = () =>
      client.one({ kind: 'append', log, number: 0, entry: smallEntry(world) }, seeds.append);
    expect(await append()).toEqual({ kind: 'stored', seq: 1 });
    space.freeBytes = 60 * 2 ** 20;
    expect(await append()).toEqual({ kind: 'full' });
    expect(only(await follow(client, made), 'entry').length).toBe(1);
    expect(await client.one({ kind: 'erase', log, number: 0, seqs: [1] }, seeds.change)).toEqual({
      kind: 'done',
    });
    space.freeBytes = 2 ** 30;
    expect(await append()).toEqual({ kind: 'stored', seq: 2 });
  }));

const child = `
import { openLmdbStore, openRelay } from '${new URL('../src/index.ts', import.meta.url).href}';
import { firstPolicy, smallEntry, TestClient } from '${new URL('../src/testing/index.ts', import.meta.url).href}';
import { nodePrimitives as primitives, nodeWorld as world } from '@tern/reach/node';
import { base32, encode, signedCodec } from '@tern/protocol';
const store = await openLmdbStore({ dir: process.argv[1] });
const relay = await openRelay({ store, world, primitives, limits: { opensPerSecond: 1e9 } });
const right = await relay.newRight();
const made = firstPolicy({ primitives, world, relay });
const first = new TestClient(relay, primitives, world);
await first.one({ kind: 'create', policy: made.signed, right });
console.log(JSON.stringify({ log: made.log, read: base32(made.seeds.read) }));
const writer = async () => {
  const client = new TestClient(relay, primitives, world);
  for (;;) {
    const entry = smallEntry(world);
    const result = await client.one({ kind: 'append', log: made.log, number: 0, entry }, made.seeds.append);
    if (result.kind !== 'stored') throw new Error(result.kind);
    console.log(JSON.stringify({ seq: result.seq, entry: Buffer.from(entry).toString('base64') }));
  }
};
await Promise.all(Array.from({ length: 20 }, writer));
`;

test('a relay killed in the middle of its work has every entry that it acknowledged', () =>
  withFolder(async (dir) => {
    const { base32Bytes } = await import('@tern/protocol');
    const running = spawn(process.execPath, ['--input-type=module', '-e', child, dir], {
      stdio: ['ignore', 'pipe', 'inherit'],
      cwd: new URL('..', import.meta.url).pathname,
    });
    const acknowledged = new Map<number, Uint8Array>();
    let began: { readonly log: MadePolicy['log']; readonly read: string } | undefined;
    for await (const line of createInterface({ input: running.stdout })) {
      const told = JSON.parse(line) as
        | { readonly log: MadePolicy['log']; readonly read: string }
        | { readonly seq: number; readonly entry: string };
      if ('log' in told) began = told;
      else acknowledged.set(told.seq, new Uint8Array(Buffer.from(told.entry, 'base64')));
      if (acknowledged.size === 500) running.kill('SIGKILL');
    }
    if (running.exitCode === null && running.signalCode === null) await once(running, 'exit');
    expect(running.signalCode).toBe('SIGKILL');
    if (began === undefined) throw new Error('the log was not begun');

    await using store = await openLmdbStore({ dir });
    await using relay = await openRelay({ store, world: nodeWorld, primitives });
    const client = new TestClient(relay, primitives, nodeWorld);
    const made = { log: began.log, policy: { number: 0 }, seeds: { read: base32Bytes(began.read) } };
    const found = new Map<number, Uint8Array>();
    for (let more = true; more;) {
      const results = await follow(client, made as MadePolicy, Math.max(0, ...found.keys()), {
        room: 500_000,
      });
      const entries = only(results, 'entry');
      for (const { seq, entry } of entries) found.set(seq, entry);
      more = entries.length > 0;
    }
    expect(acknowledged.size).toBeGreaterThanOrEqual(500);
    for (const [seq, entry] of acknowledged) {
      const there = found.get(seq);
      expect(there && entryIdOf(primitives, began.log, there)).toBe(entryIdOf(primitives, began.log, entry));
    }
  }));

test('many writers at once share their flushes', () =>
  withFolder(async (dir) => {
    let flushes = 0;
    const store = await openLmdbStore({
      dir,
      aroundFlush(flush) {
        flushes += 1;
        return flush();
      },
    });
    await using setting = await openSetting({ store, world: testWorld(), limits: { opensPerSecond: 1e9 } });
    const { made, world } = setting;
    const clients = Array.from({ length: 40 }, () => setting.another());
    flushes = 0;
    for (let round = 0; round < 3; round += 1) {
      const results = await Promise.all(
        clients.map((client) =>
          client.one(
            { kind: 'append', log: made.log, number: 0, entry: smallEntry(world) },
            made.seeds.append,
          ),
        ),
      );
      for (const { kind } of results) expect(kind).toBe('stored');
    }
    expect(flushes).toBeLessThan(40);
  }));
