import {
  exportHome,
  importHome,
  memoryStore,
  openClient,
  StorageError,
  type Client,
  type ClientStore,
  type ConnectionView,
} from '@tern/core';
import type { MessageId } from '@tern/protocol';
import { nodePrimitives } from '@tern/reach/node';
import { describe, expect, test } from 'vitest';
import { fastArgon2id } from '../src/argon2id.ts';
import {
  conversationWith,
  meet,
  say,
  seen,
  settle,
  soon,
  town,
  type Resident,
  type Town,
} from './support/town.ts';

async function pair(place: Town): Promise<readonly [Resident, Resident]> {
  const anna = await place.person('Anna');
  const boris = await place.person('Boris', { relays: [] });
  await meet(anna, boris);
  return [anna, boris];
}

function file(length: number): Parameters<Client['sendFile']>[1] {
  return {
    name: 'a.bin',
    type: 'application/octet-stream',
    size: length,
    content: (async function* () {
      yield new Uint8Array(length);
    })(),
  };
}

describe('an own message', () => {
  test('that has no number yet is cancelled without a trace', async () => {
    await using place = await town();
    const [anna, boris] = await pair(place);
    await say(anna, boris, 'one');
    const id = (await say(anna, boris, 'two')) as MessageId;
    await say(anna, boris, 'three');
    const sent = await anna.client.sendFile(await conversationWith(anna, boris), file(400_000));
    expect(await anna.client.queued()).toBe(4);
    expect(await anna.client.cancel(id)).toBe(true);
    expect(await anna.client.cancel(sent)).toBe(true);
    expect(await anna.client.message(id)).toBeUndefined();
    expect([await anna.client.queued(), await anna.client.fileBytes()]).toEqual([2, 0]);
    expect((await anna.client.overview())[0]?.last?.text).toBe('three');
    await settle(anna, boris);
    expect(await seen(boris, anna)).toEqual(['one', 'three']);
    expect(await anna.client.queued()).toBe(0);
  });

  test('that has its number is not cancelled: it may have left, and its number would be a gap', async () => {
    await using place = await town();
    const [anna, boris] = await pair(place);
    const stop = new AbortController();
    const id = (await say(anna, boris, 'sealed')) as MessageId;
    const running = anna.client.run({ signal: stop.signal });
    await until(anna.client, async () => ((await anna.client.message(id))?.number ?? 0) > 0);
    expect(await anna.client.cancel(id)).toBe(false);
    stop.abort();
    await running;
    await settle(anna, boris);
    expect(await seen(boris, anna)).toEqual(['sealed']);
    expect(await anna.client.cancel(id)).toBe(false);
  });

  test('that failed leaves when it is tried again, and one that did not fail is not', async () => {
    await using place = await town();
    const [anna, boris] = await pair(place);
    const relay = place.relays[0];
    if (relay === undefined) throw new Error('no relay');
    relay.up = false;
    const id = (await say(anna, boris, 'not yet')) as MessageId;
    await expect(anna.client.retry(id)).rejects.toMatchObject({ code: 'not-failed' });
    const exported = await exportHome(
      { store: anna.store, world: place.world, primitives: nodePrimitives, argon2id: fastArgon2id },
      'p',
      cheap,
    );
    relay.up = true;
    const store = memoryStore({ world: place.world });
    const parts = {
      store,
      world: place.world,
      primitives: nodePrimitives,
      transport: place.transport,
      argon2id: fastArgon2id,
    };
    await importHome(parts, exported, 'p');
    const moved = await place.person('Anna', { relays: [], store });
    await settle(moved, boris);
    expect((await moved.client.message(id))?.status).toBe('failed');
    expect((await moved.client.overview())[0]).toMatchObject({ failed: 1, last: { status: 'failed' } });
    await moved.client.retry(id);
    await settle(moved, boris);
    expect((await moved.client.message(id))?.status).toBe('delivered');
    expect(await seen(boris, anna)).toEqual(['not yet']);
  });
});

const cheap = { cost: { memoryKiB: 19_456, passes: 2 } };

test('an export takes along what a person decided, wrote, changed and took away', async () => {
  await using place = await town();
  const [anna, boris] = await pair(place);
  const conversation = await conversationWith(anna, boris);
  const first = (await say(anna, boris, 'frist')) as MessageId;
  const second = (await say(boris, anna, 'second')) as MessageId;
  const third = (await say(boris, anna, 'third')) as MessageId;
  await settle(anna, boris);
  await anna.client.edit(first, 'first');
  await boris.client.react(first, '!');
  await boris.client.remove(third, { forAll: true });
  await settle(anna, boris);
  await anna.client.remove(second, { forAll: false });
  await anna.client.setFlags(conversation, { archived: true });
  await anna.client.setDraft(conversation, 'and then');
  const exported = await exportHome(
    { store: anna.store, world: place.world, primitives: nodePrimitives, argon2id: fastArgon2id },
    'p',
    cheap,
  );
  const store = memoryStore({ world: place.world });
  const parts = {
    store,
    world: place.world,
    primitives: nodePrimitives,
    transport: place.transport,
    argon2id: fastArgon2id,
  };
  expect(await importHome(parts, exported, 'p')).toMatchObject({ kind: 'imported' });
  await using moved = await openClient(parts);
  const window = await moved.window(conversation);
  const lines = window.lines.filter((line) => line.kind === 'message');
  expect(lines.map((line) => [line.text, line.edited, line.deleted, line.reactions.length])).toEqual([
    ['first', true, false, 1],
    [undefined, false, true, 0],
  ]);
  expect((await moved.overview())[0]).toMatchObject({
    draft: 'and then',
    flags: { archived: true },
    last: { kind: 'deleted' },
  });
});

describe('while it stays online', () => {
  test('a client says how each connection is, and tries at once when asked', async () => {
    await using place = await town();
    const [anna, boris] = await pair(place);
    const [relay] = place.relays;
    if (relay === undefined) throw new Error('no relay');
    const stop = new AbortController();
    relay.up = false;
    const running = anna.client.run({ signal: stop.signal });
    const down = await connection(anna.client, (view) => view.state === 'waiting');
    expect(down).toMatchObject({ relay: relay.hint.relay, trouble: 'unreachable' });
    expect(down.nextTryAt).toBeGreaterThan(place.world.now());
    relay.up = true;
    anna.client.retryNow(); // the town's clock stands still: no pause ends by itself
    const up = await connection(anna.client, (view) => view.state === 'online');
    expect(up).toMatchObject({ transport: 'memory', lastContactAt: place.world.now() });
    expect(up.trouble).toBeUndefined();
    await say(anna, boris, 'here again');
    await until(anna.client, async () => (await anna.client.queued()) === 0);
    stop.abort();
    await running;
    expect(anna.client.connections()).toEqual([]);
  });

  test('nothing is dialled while the system says that there is no network', async () => {
    await using place = await town();
    const [anna, boris] = await pair(place);
    const stop = new AbortController();
    anna.client.setOnline(false);
    const running = anna.client.run({ signal: stop.signal });
    await connection(anna.client, (view) => view.trouble === 'offline');
    const before = place.relays[0]?.exchanges;
    const id = (await say(anna, boris, 'later')) as MessageId;
    expect(place.relays[0]?.exchanges).toBe(before);
    anna.client.setOnline(true);
    await until(anna.client, async () => (await anna.client.message(id))?.status === 'stored');
    stop.abort();
    await running;
  });

  test('a full disk is a trouble that is told, and things go on once there is space', async () => {
    await using place = await town();
    const disk = fillable(memoryStore({ world: place.world }));
    const anna = await place.person('Anna', { store: disk.store });
    const boris = await place.person('Boris', { relays: [] });
    await meet(anna, boris);
    const id = (await say(anna, boris, 'does it fit?')) as MessageId;
    disk.full = true;
    const stop = new AbortController();
    const troubles: string[] = [];
    const running = anna.client.run({ signal: stop.signal, onTrouble: ({ code }) => troubles.push(code) });
    await connection(anna.client, (view) => view.trouble === 'storage-full');
    expect(troubles).toContain('storage-full');
    disk.full = false;
    anna.client.retryNow();
    await until(anna.client, async () => (await anna.client.message(id))?.status === 'stored');
    stop.abort();
    await running;
    await boris.client.sync({ signal: soon });
    expect(await seen(boris, anna)).toEqual(['does it fit?']);
  });
});

function fillable(store: ClientStore): { readonly store: ClientStore; full: boolean } {
  const disk = {
    full: false,
    store: {
      read: (work) => store.read(work),
      async change(work, options) {
        if (disk.full) throw new StorageError('storage-full', 'no space');
        return store.change(work, options);
      },
      changes: (signal) => store.changes(signal),
      [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
    } satisfies ClientStore as ClientStore,
  };
  return disk;
}

async function connection(client: Client, is: (view: ConnectionView) => boolean): Promise<ConnectionView> {
  const stop = new AbortController();
  const changes = client.connectionChanges(stop.signal);
  const now = (): ConnectionView | undefined => client.connections().find(is);
  let found = now();
  if (found !== undefined) return found;
  for await (const _ of changes) {
    found = now();
    if (found !== undefined) return found;
  }
  throw new Error('the connections ended');
}

async function until(client: Client, isSo: () => Promise<boolean>): Promise<void> {
  const stop = new AbortController();
  const changes = client.changes(stop.signal);
  if (await isSo()) return;
  for await (const _ of changes) if (await isSo()) return;
}
