import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { ClientStore, Place } from '@tern/core';
import type { World } from '@tern/protocol';
import { lockHomeKey } from '../src/home-key.ts';
import { openSqliteStore } from '../src/sqlite-store.ts';

export interface Measurement {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly goal?: number;
}

/** The store of somebody with 500 conversations and 100,000 messages of 300 bytes; medians, 95th percentiles where named so. */
export async function benchClientStore(): Promise<readonly Measurement[]> {
  const dir = await mkdtemp(join(tmpdir(), 'tern-bench-'));
  try {
    await using store = await openSqliteStore({
      path: join(dir, 'store.db'),
      masterKey: randomBytes(32),
      world,
    });
    const filled = await onceMs(() => fill(store));
    const write = await timesMs(200, (at) => writeMessage(store, at));
    const list = await timesMs(100, () => store.read(async (view) => void (await view.list(conversations))));
    const page = await timesMs(200, (at) =>
      store.read(async (view) => void (await view.list(messagePage(at)))),
    );
    const large = await timesMs(20, (at) =>
      store.change(async (change) => change.put(media, `${at % 4}`, randomBytes(1 << 20))),
    );
    const unlock = await onceMs(() => lockHomeKey(randomBytes(32), 'a passphrase', { world }));
    return [
      { name: 'write a message and its ratchet, durable', value: middle(write), unit: 'ms', goal: 3 },
      { name: 'write a message and its ratchet, 95 %', value: at95(write), unit: 'ms' },
      { name: 'list 500 conversations', value: middle(list), unit: 'ms', goal: 10 },
      { name: 'list 500 conversations, 95 %', value: at95(list), unit: 'ms' },
      { name: 'page of 128 messages', value: middle(page), unit: 'ms', goal: 10 },
      { name: 'page of 128 messages, 95 %', value: at95(page), unit: 'ms' },
      { name: 'write 1 MiB', value: middle(large), unit: 'ms' },
      { name: 'write 100,000 messages in changes of 1,280', value: filled / 1000, unit: 's' },
      { name: 'unlock with a passphrase', value: unlock, unit: 'ms', goal: 1000 },
    ];
  } finally {
    await rm(dir, { recursive: true });
  }
}

const conversations: Place = { table: 'conversations', partition: '' };
const ratchets: Place = { table: 'ratchets', partition: '' };
const media: Place = { table: 'media', partition: '' };
const messagesInAll = 100_000;
const messagesAPage = 128;
const pages = Math.floor(messagesInAll / messagesAPage);

const world: World = {
  now: () => Date.now(),
  randomBytes: (length) => new Uint8Array(randomBytes(length)),
  wait: (ms, { signal }) => setTimeout(ms, undefined, { signal }),
};

function messagePage(at: number): Place {
  return { table: 'messages', partition: `${(at * 37) % pages}` };
}

async function fill(store: ClientStore): Promise<void> {
  await store.change(async (change) => {
    for (let at = 0; at < 500; at += 1) change.put(conversations, `${at}`, randomBytes(300));
  });
  for (let from = 0; from < pages; from += 10) {
    await store.change(async (change) => {
      for (let page = from; page < Math.min(from + 10, pages); page += 1) {
        const place = { table: 'messages', partition: `${page}` };
        for (let at = 0; at < messagesAPage; at += 1) {
          change.put(place, `${at}`.padStart(8, '0'), randomBytes(300));
        }
      }
    });
  }
}

async function writeMessage(store: ClientStore, at: number): Promise<void> {
  await store.change(async (change) => {
    await change.get(ratchets, `${at % 50}`);
    change.put({ table: 'messages', partition: `new ${at % 50}` }, `${at}`, randomBytes(300));
    change.put(ratchets, `${at % 50}`, randomBytes(4000));
    change.put(conversations, `${at % 500}`, randomBytes(300));
  });
}

async function onceMs(work: () => Promise<unknown>): Promise<number> {
  const before = performance.now();
  await work();
  return performance.now() - before;
}

async function timesMs(times: number, work: (at: number) => Promise<void>): Promise<readonly number[]> {
  const taken: number[] = [];
  for (let at = 0; at < times; at += 1) taken.push(await onceMs(() => work(at)));
  return taken.sort((a, b) => a - b);
}

function middle(sorted: readonly number[]): number {
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function at95(sorted: readonly number[]): number {
  return sorted[Math.floor(sorted.length * 0.95)] ?? Number.NaN;
}
