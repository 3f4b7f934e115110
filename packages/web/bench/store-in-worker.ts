import type { ClientStore, Place } from '@tern/core';
import { browserArgon2id } from '../src/store/argon2id.ts';
import { openIndexedDbStore } from '../src/store/idb-store.ts';
import { browserWorld } from '../test/browser/store-world.ts';
import type { PageTests } from '../test/support/page-tests.ts';

/** The half of the benchmark that runs in the browser: it fills and measures a store, and posts what it measured to its page's server. */
export const tests: PageTests = (test) => {
  test('fill', async () => {
    await using store = await open();
    await post('fill', [await onceMs(() => fill(store))]);
  });
  test('open and list cold', async () => {
    const opening = performance.now();
    await using store = await open();
    await post('open', [performance.now() - opening]);
    await post('list cold', [await onceMs(() => store.read((view) => view.list(conversations)))]);
  });
  test('measure', async () => {
    await using store = await open();
    await post('write', await timesMs(300, (at) => writeMessage(store, at)));
    await post('write while reading', await whileReading(store));
    await post('list', await timesMs(100, () => store.read((view) => view.list(conversations))));
    await post('page', await timesMs(200, (at) => store.read((view) => view.list(messagePage(at)))));
    await post(
      'one',
      await timesMs(200, (at) => store.read((view) => view.get(messagePage(at + 300), '00000007'))),
    );
    await post('large', await timesMs(20, (at) => writeLarge(store, at)));
  });
  test('unlock', async () => {
    const salt = browserWorld.randomBytes(16);
    const guess = { password: browserWorld.randomBytes(8), salt, memoryKiB: 19_456, passes: 2, bytes: 32 };
    await post('unlock', await timesMs(5, () => browserArgon2id(guess)));
  });
};

const conversations: Place = { table: 'conversations', partition: '' };
const ratchets: Place = { table: 'ratchets', partition: '' };
const messagesInAll = 100_000;
const messagesAPage = 128;
const pages = Math.floor(messagesInAll / messagesAPage);

const open = (): Promise<ClientStore> =>
  openIndexedDbStore({ name: 'bench', masterKey: new Uint8Array(32).fill(7), world: browserWorld });

function messagePage(at: number): Place {
  return { table: 'messages', partition: `${(at * 37) % pages}` };
}

async function fill(store: ClientStore): Promise<void> {
  await store.change(async (change) => {
    for (let at = 0; at < 500; at += 1) change.put(conversations, `${at}`, browserWorld.randomBytes(300));
  });
  for (let from = 0; from < pages; from += 10) {
    await store.change(async (change) => {
      for (let page = from; page < Math.min(from + 10, pages); page += 1) {
        const place = { table: 'messages', partition: `${page}` };
        for (let at = 0; at < messagesAPage; at += 1)
          change.put(place, `${at}`.padStart(8, '0'), browserWorld.randomBytes(300));
      }
    });
  }
}

async function writeMessage(store: ClientStore, at: number): Promise<void> {
  await store.change(async (change) => {
    await change.get(ratchets, `${at % 50}`);
    change.put({ table: 'messages', partition: `new ${at % 50}` }, `${at}`, browserWorld.randomBytes(300));
    change.put(ratchets, `${at % 50}`, browserWorld.randomBytes(4000));
    change.put(conversations, `${at % 500}`, browserWorld.randomBytes(300));
  });
}

/** With somebody who reads an older moment, so that what is overwritten has to be kept. */
async function whileReading(store: ClientStore): Promise<readonly number[]> {
  return store.read(async (view) => {
    await view.list(conversations);
    return timesMs(100, (at) => writeMessage(store, at));
  });
}

async function writeLarge(store: ClientStore, at: number): Promise<void> {
  const value = new Uint8Array(1 << 20).fill(at);
  await store.change(async (change) => change.put({ table: 'media', partition: '' }, `${at % 4}`, value));
}

async function onceMs(work: () => Promise<unknown>): Promise<number> {
  const before = performance.now();
  await work();
  return performance.now() - before;
}

async function timesMs(times: number, work: (at: number) => Promise<unknown>): Promise<readonly number[]> {
  const taken: number[] = [];
  for (let at = 0; at < times; at += 1) taken.push(await onceMs(() => work(at)));
  return taken;
}

async function post(figure: string, ms: readonly number[]): Promise<void> {
  await fetch('/figures', { method: 'POST', body: JSON.stringify({ figure, ms }) });
}
