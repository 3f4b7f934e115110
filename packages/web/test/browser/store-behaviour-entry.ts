import { StorageError, type ClientStore, type StoreView } from '@tern/core';
import { UsageError, utf8, utf8Text } from '@tern/protocol';
import { openIndexedDbStore, type IndexedDbStoreOptions } from '../../src/store/idb-store.ts';
import type { PageTests } from '../support/page-tests.ts';
import { putRow, rawRows, same, thrownBy } from './store-raw.ts';
import { browserWorld } from './store-world.ts';

const masterKey = new Uint8Array(32).fill(7);
const chat = { table: 'messages', partition: 'birds' };
const other = { table: 'messages', partition: 'fish' };

const open = (name: string, options: Partial<IndexedDbStoreOptions> = {}): Promise<ClientStore> =>
  openIndexedDbStore({ name, masterKey, world: browserWorld, ...options });

export const tests: PageTests = (test) => {
  for (const cacheBytes of [0, 6_000, 8_000_000]) {
    test(`long reads see one moment while changes put, delete and clear (${cacheBytes} bytes of cache)`, () =>
      readersAgainstModel(cacheBytes));
  }

  test('a read that begins while a change is being written sees all of it or nothing, to its end', async () => {
    await using store = await open('in between');
    let looked = 0;
    for (let round = 0; round < 60; round += 1) {
      const readers: Promise<void>[] = [];
      const progress = { written: false };
      const changing = store.change(async (change) => {
        change.put(chat, 'a', utf8(`${round}`));
        change.put(other, 'a', utf8(`${round}`));
      });
      void changing.then(() => (progress.written = true));
      while (!progress.written) {
        readers.push(store.read(sameThroughout));
        await turn();
      }
      looked += readers.length;
      await Promise.all([changing, ...readers]);
    }
    same(looked > 60, true);
  });

  test('what was written is there for the next one who opens the home', async () => {
    await write('reopened', 'a', 'first');
    await using store = await open('reopened');
    same(await textAt(store, 'a'), 'first');
  });

  test('the second who opens a home waits until the first has gone, and can give up', async () => {
    const first = await open('two');
    const giveUp = new AbortController();
    const gaveUp = thrownBy(open('two', { signal: giveUp.signal }));
    const reason = new Error('gave up');
    giveUp.abort(reason);
    same(await gaveUp, reason);
    const second = open('two');
    await first.change(async (change) => change.put(chat, 'a', utf8('of the first')));
    await first[Symbol.asyncDispose]();
    await using store = await second;
    same(await textAt(store, 'a'), 'of the first');
  });

  test('another key opens nothing, and lets go of the home', async () => {
    await write('keyed', 'a', 'secret');
    await refusedAsDamaged(open('keyed', { masterKey: new Uint8Array(32).fill(8) }));
    await using store = await open('keyed');
    same(await textAt(store, 'a'), 'secret');
  });

  test('a flipped, cut or foreign record is refused, wherever it lies', async () => {
    const harms: readonly ((row: Uint8Array<ArrayBuffer>) => unknown)[] = [
      (row) => row.with(20, (row[20] ?? 0) ^ 1), // its day
      (row) => row.with(30, (row[30] ?? 0) ^ 1), // its nonce
      (row) => row.with(40, (row[40] ?? 0) ^ 128),
      (row) => row.with(row.length - 1, (row.at(-1) ?? 0) ^ 1),
      (row) => row.slice(0, -1),
      (row) => row.slice(0, 10),
      () => new Uint8Array(),
      () => 'text',
      () => ({ id: 1 }),
    ];
    for (const [at, harm] of harms.entries()) {
      const name = `harmed ${at}`;
      const [key, row] = await theOnlyRow(name);
      await putRow(name, key, harm(row));
      await using store = await open(name);
      await refusedAsDamaged(store.read((view) => view.list(chat)));
      await refusedAsDamaged(store.read((view) => view.get(chat, 'a')));
      await store.change(async (change) => change.clear(chat));
      same((await store.read((view) => view.list(chat))).length, 0);
    }
  });

  test('a record moved to another place or doubled is refused', async () => {
    const [key, row] = await theOnlyRow('moved');
    const [foreign] = await theOnlyRow('moved', other);
    await putRow('moved', foreign, row);
    const doubled = key.slice().fill(1, 16);
    await putRow('moved', doubled, row);
    await using store = await open('moved');
    await refusedAsDamaged(store.read((view) => view.get(other, 'a')));
    await refusedAsDamaged(store.read((view) => view.list(other)));
    await refusedAsDamaged(store.read((view) => view.list(chat)));
  });

  test('a stock tool sees keys of 32 bytes and blobs in steps of 256, never twice the same', async () => {
    const sizes = [0, 1, 200, 300, 5000];
    const seen = new Set<string>();
    for (let round = 0; round < 2; round += 1) {
      {
        await using store = await open('shape');
        await store.change(async (change) => {
          for (const size of sizes) change.put(chat, `${size}`, new Uint8Array(size), { day: 20_775 });
        });
      }
      const rows = (await rawRows('shape')).filter(([, row]) => row[23] === 20_775 % 256);
      same(rows.length, sizes.length);
      same(
        rows.every(([key]) => key.length === 32),
        true,
      );
      same(
        rows
          .map(([, row]) => row.length - 52)
          .toSorted((a, b) => a - b)
          .join(),
        '256,256,256,512,5120',
      );
      for (const [, row] of rows) seen.add(row.slice(36).join());
    }
    same(seen.size, 2 * sizes.length);
  });

  test('a database deleted under an open store says so, and the home can begin anew', async () => {
    const store = await open('deleted');
    await store.change(async (change) => change.put(chat, 'a', utf8('gone')));
    const nudge = store.changes(new AbortController().signal)[Symbol.asyncIterator]().next();
    await deleted('deleted');
    for (const use of [
      store.read((view) => view.get(chat, 'a')),
      store.change(async (change) => change.put(chat, 'a', utf8('again'))),
    ]) {
      const error = await thrownBy(use);
      same(error instanceof StorageError && error.code, 'storage-failed');
    }
    same((await nudge).done, true);
    await store[Symbol.asyncDispose]();
    await using fresh = await open('deleted');
    same(await textAt(fresh, 'a'), undefined);
  });

  test('a format of a newer program is left alone', async () => {
    await new Promise((resolve, reject) => {
      const request = indexedDB.open('newer', 1000);
      request.addEventListener('success', () => resolve(request.result.close()));
      request.addEventListener('error', () =>
        reject(new Error('IndexedDB failed', { cause: request.error })),
      );
    });
    same((await thrownBy(open('newer'))) instanceof UsageError, true);
  });

  test('a change that waits behind one that never ends is told so by the clock', async () => {
    await using store = await open('slow', { longestWaitMs: 30 });
    const gate = Promise.withResolvers<void>();
    const holding = store.change(async (change) => {
      await gate.promise;
      change.put(chat, 'a', utf8('after all'));
    });
    const error = await thrownBy(store.change(async () => undefined));
    same(error instanceof StorageError && error.code, 'storage-busy');
    gate.resolve();
    await holding;
    same(await textAt(store, 'a'), 'after all');
  });
};

async function sameThroughout(view: StoreView): Promise<void> {
  const seen = new Set<string>();
  for (let look = 0; look < 4; look += 1) {
    const [listed] = await view.list(other);
    seen.add(`${(await view.get(chat, 'a'))?.join()}`).add(`${listed?.value.join()}`);
    await turn();
  }
  same(seen.size, 1);
}

/** Lets whatever else waits in this worker have its turn. */
async function turn(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  await new Promise((resolve) => {
    port1.addEventListener('message', resolve, { once: true });
    port1.start();
    port2.postMessage(undefined);
  });
  port1.close();
}

/** Random changes, with readers of several moments that look again and again; each must see what was there when it began. */
async function readersAgainstModel(cacheBytes: number): Promise<void> {
  await using store = await open(`model ${cacheBytes}`, { cacheBytes });
  const places = Array.from({ length: 4 }, (_, at) => ({ table: 'messages', partition: `${at}` }));
  let chance = 1 + cacheBytes;
  const upTo = (limit: number): number => (chance = (chance * 48_271) % 2_147_483_647) % limit;
  let model: ReadonlyMap<string, string> = new Map();
  const change = async (): Promise<void> => {
    const after = new Map(model);
    await store.change(async (writes) => {
      for (let at = 0; at < 1 + upTo(6); at += 1) {
        const place = places[upTo(4)] ?? chat;
        const key = `${upTo(12)}`;
        const kind = upTo(10);
        if (kind === 0) {
          writes.clear(place);
          for (const name of after.keys()) if (name.startsWith(`${place.partition}/`)) after.delete(name);
        } else if (kind < 3) {
          writes.delete(place, key);
          after.delete(`${place.partition}/${key}`);
        } else {
          const text = `${upTo(1_000_000)}`;
          writes.put(place, key, utf8(text));
          after.set(`${place.partition}/${key}`, text);
        }
      }
    });
    model = after;
  };
  const compare = async (view: StoreView, wanted: ReadonlyMap<string, string>): Promise<void> => {
    const place = places[upTo(4)] ?? chat;
    if (upTo(2) === 0) {
      const key = `${upTo(12)}`;
      const found = await view.get(place, key);
      same(found && utf8Text(found), wanted.get(`${place.partition}/${key}`));
      return;
    }
    const found = (await view.list(place)).map(
      ({ key, value }) => `${place.partition}/${key}=${utf8Text(value)}`,
    );
    const expected = Array.from(wanted, ([name, text]) => `${name}=${text}`)
      .filter((one) => one.startsWith(`${place.partition}/`))
      .toSorted();
    same(found.toSorted().join(), expected.join());
  };
  const readers: Promise<void>[] = [];
  for (let round = 0; round < 150; round += 1) {
    const wanted = model;
    const times = 1 + upTo(12);
    const reader = store.read(async (view) => {
      for (let look = 0; look < times; look += 1) await compare(view, wanted);
    });
    reader.catch(() => undefined); // told when all are awaited
    readers.push(reader);
    // some changes begin while readers are in the middle of a look, some after all is quiet
    if (upTo(4) === 0) await Promise.all(readers.splice(0));
    await change();
  }
  await Promise.all(readers);
  await store.read(async (view) => {
    for (let look = 0; look < 50; look += 1) await compare(view, model);
  });
}

async function write(name: string, key: string, text: string): Promise<void> {
  await using store = await open(name);
  await store.change(async (change) => change.put(chat, key, utf8(text)));
}

async function textAt(store: ClientStore, key: string): Promise<string | undefined> {
  const found = await store.read((view) => view.get(chat, key));
  return found && utf8Text(found);
}

/** The row of a place in a home that has nothing else but its key check. */
async function theOnlyRow(
  name: string,
  place: typeof chat = chat,
): Promise<readonly [key: Uint8Array<ArrayBuffer>, row: Uint8Array<ArrayBuffer>]> {
  const before = new Set((await namesIn(name)).map(String));
  {
    await using store = await open(name);
    await store.change(async (change) => change.put(place, 'a', utf8('of one place'), { day: 20_775 }));
  }
  const rows = await rawRows(name);
  const found = rows.find(([key, row]) => row[23] === 20_775 % 256 && !before.has(String(key)));
  if (found === undefined) throw new Error('the row is not there');
  return found;
}

async function namesIn(name: string): Promise<readonly Uint8Array[]> {
  const known = await indexedDB.databases();
  return known.some((one) => one.name === name) ? (await rawRows(name)).map(([key]) => key) : [];
}

async function refusedAsDamaged(use: Promise<unknown>): Promise<void> {
  const error = await thrownBy(use);
  same(error instanceof StorageError && error.code, 'storage-damaged');
}

async function deleted(name: string): Promise<void> {
  await new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(name);
    request.addEventListener('success', resolve);
    request.addEventListener('error', () => reject(new Error('IndexedDB failed', { cause: request.error })));
  });
}
