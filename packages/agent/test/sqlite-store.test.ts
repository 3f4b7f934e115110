import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ClientStore } from '@tern/core';
import { clientStoreContract } from '@tern/core/testing';
import { utf8, utf8Text } from '@tern/protocol';
import { afterAll, describe, expect, test } from 'vitest';
import { openSqliteStore } from '../src/sqlite-store.ts';
import type { SqliteStoreOptions } from '../src/sqlite-store.ts';
import { machineWorld } from './programs/machine-world.ts';

const masterKey = new Uint8Array(32).fill(7);
const root = mkdtempSync(join(tmpdir(), 'tern-store-'));
afterAll(() => rmSync(root, { recursive: true }));

const freshPath = (): string => join(mkdtempSync(join(root, 'home-')), 'store.db');
const open = async (path: string, options: Partial<SqliteStoreOptions> = {}): Promise<ClientStore> =>
  openSqliteStore({ path, masterKey, world: machineWorld, lookEveryMs: 5, ...options });

describe('a store in a file', () => {
  clientStoreContract(test, () => open(freshPath()));
});

const count = { table: 'counts', partition: 'one' };
const chat = { table: 'messages', partition: 'birds' };

async function counted(store: ClientStore): Promise<number> {
  return store.read(async (view) => Number(utf8Text((await view.get(count, 'count')) ?? utf8('0'))));
}

const program = fileURLToPath(new URL('programs/count-up.ts', import.meta.url));

/** @param said hears each line the process says */
function countUp(
  path: string,
  times: number,
  options: { hold?: boolean; said?: (line: string, kill: () => void) => void } = {},
): Promise<{ added: number; signal: NodeJS.Signals | null; errors: string }> {
  const child = spawn(
    process.execPath,
    [program, path, `${times}`, ...(options.hold === true ? ['hold'] : [])],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let added = 0;
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line === 'added') added += 1;
    options.said?.(line, () => child.kill('SIGKILL'));
  });
  const { promise, resolve } = Promise.withResolvers<{
    added: number;
    signal: NodeJS.Signals | null;
    errors: string;
  }>();
  child.once('close', (_, signal) => resolve({ added, signal, errors }));
  return promise;
}

describe('several processes on one home', () => {
  test('eight processes add a hundred each and one of them is killed: nothing acknowledged is lost', async () => {
    const path = freshPath();
    let heard = 0;
    const runs = Array.from({ length: 8 }, (_, at) =>
      countUp(path, 100, at === 0 ? { said: (_line, kill) => void ((heard += 1) === 50 && kill()) } : {}),
    );
    const [killed, ...others] = await Promise.all(runs);
    expect(killed?.signal).toBe('SIGKILL');
    expect(others.map(({ added, errors }) => ({ added, errors }))).toEqual(
      others.map(() => ({ added: 100, errors: '' })),
    );
    const acknowledged = 700 + (killed?.added ?? 0);
    await using store = await open(path);
    // lines in the pipe of a killed process still arrive, so at most its last change is unheard
    expect([acknowledged, acknowledged + 1]).toContain(await counted(store));
  });

  test('a process killed inside its change leaves nothing of it and lets the next one through at once', async () => {
    const path = freshPath();
    // whoever does not wait at all is let through or refused
    await using store = await open(path, { longestWaitMs: 0 });
    const run = await countUp(path, 3, { hold: true, said: (line, kill) => line === 'holding' && kill() });
    expect(run).toMatchObject({ added: 2, signal: 'SIGKILL' });
    expect(
      await store.change(async (change) => utf8Text((await change.get(count, 'count')) ?? utf8(''))),
    ).toBe('2');
  });

  test('a change of another process brings a nudge, and the next read shows it', async () => {
    const path = freshPath();
    await using store = await open(path);
    const nudges = store.changes(new AbortController().signal)[Symbol.asyncIterator]();
    const [nudge] = await Promise.all([nudges.next(), countUp(path, 1)]);
    expect(nudge.done).toBe(false);
    expect(await counted(store)).toBe(1);
    await nudges.return?.();
  });

  test('a change waits for another holder, may give up, and says who is in the way when it takes too long', async () => {
    const path = freshPath();
    await using first = await open(path);
    await using second = await open(path, { longestWaitMs: 50 });
    const gate = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    const holding = first.change(async () => {
      held.resolve();
      await gate.promise;
    });
    await held.promise;
    const giveUp = new AbortController();
    const waiting = second.change(async () => undefined, { signal: giveUp.signal });
    giveUp.abort(new Error('gave up'));
    await expect(waiting).rejects.toThrow('gave up');
    await expect(second.change(async () => undefined)).rejects.toMatchObject({ code: 'storage-busy' });
    expect(await counted(second)).toBe(0); // reading goes on
    gate.resolve();
    await holding;
    await second.change(async (change) => change.put(chat, 'a', utf8('after')));
  });
});

test('a full disk loses nothing, says so, and the store works on once there is space', async () => {
  const path = freshPath();
  {
    await using store = await open(path, { maxBytes: 256 * 1024 });
    await store.change(async (change) => {
      change.put(chat, 'old', new Uint8Array(100_000));
      change.put(chat, 'small', utf8('before'));
    });
    const tooMuch = store.change(async (change) => {
      change.put(chat, 'small', utf8('after'));
      change.put(chat, 'big', new Uint8Array(500_000));
    });
    await expect(tooMuch).rejects.toMatchObject({
      code: 'storage-full',
      message: expect.stringContaining('disk is full') as string,
    });
    expect(await store.read(async (view) => utf8Text((await view.get(chat, 'small')) ?? utf8('')))).toBe(
      'before',
    );
    await expect(
      store.change(async (change) => change.put(chat, 'big', new Uint8Array(200_000))),
    ).rejects.toMatchObject({ code: 'storage-full' });
    await store.change(async (change) => change.delete(chat, 'old'));
    await store.change(async (change) => change.put(chat, 'big', new Uint8Array(150_000)));
    expect(await store.read(async (view) => (await view.list(chat)).map(({ key }) => key))).toEqual([
      'big',
      'small',
    ]);
  }
  await using store = await open(path);
  await store.change(async (change) => change.put(chat, 'bigger', new Uint8Array(500_000)));
});

test('what was written is there after the store was closed and opened again', async () => {
  const path = freshPath();
  {
    await using store = await open(path);
    await store.change(async (change) => change.put(chat, 'a', utf8('kept')));
  }
  await using store = await open(path);
  expect(await store.read(async (view) => utf8Text((await view.get(chat, 'a')) ?? utf8('')))).toBe('kept');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(`${path}-wal`).mode & 0o777).toBe(0o600);
});
