import {
  concat,
  hash,
  hkdfExpand,
  MalformedError,
  noblePrimitives,
  uintBytes,
  UnreachableError,
  utf8,
  utf8Text,
  type World,
} from '@tern/protocol';
import type { Transport } from '@tern/reach';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openExport, sealExport, type Argon2id } from '../src/export-seal.ts';
import { memoryStore, type ClientStore } from '../src/index.ts';
import { openClient } from '../src/open-client.ts';
import { exportHome, importHome } from '../src/portable.ts';

const primitives = noblePrimitives;
const cost = { memoryKiB: 19_456, passes: 2 };

/** Stands in for Argon2id at no cost; the real ones are tested where they come from (`testing/argon2id-contract.ts`). */
const argon2id: Argon2id = async ({ password, salt, memoryKiB, passes, bytes }) => {
  const input = concat(salt, uintBytes(memoryKiB, 4), uintBytes(passes, 1), password);
  return hkdfExpand(primitives, hash(primitives, 'stands in', input), utf8('key'), bytes);
};

function world(seed: number): World {
  let drawn = 0;
  return {
    now: () => 1_794_000_000_000,
    randomBytes(length) {
      drawn += 1;
      return hkdfExpand(primitives, new Uint8Array(32).fill(seed), uintBytes(drawn, 4), length);
    },
    wait: async (_ms, { signal }) => signal.throwIfAborted(),
  };
}

const nowhere: Transport = {
  name: 'nowhere',
  async *carry() {
    yield await Promise.reject(new UnreachableError('offline'));
  },
};

function emptyStore(): ClientStore {
  return memoryStore({ world: { now: () => 1_794_000_000_000 } });
}

async function homeOf(name: string, seed: number): Promise<ClientStore> {
  const store = emptyStore();
  await using client = await openClient({ store, world: world(seed), primitives, transport: nowhere });
  await client.init(name);
  return store;
}

describe('the file of an export', () => {
  test('opens with its passphrase and with no other, however the keyboard composes it', async () => {
    const file = await sealExport({ primitives, argon2id, world: world(1) }, utf8('content'), {
      passphrase: 'caf\u00e9',
      cost,
    });
    const opened = await openExport({ primitives, argon2id }, file, 'cafe\u0301');
    expect(opened.kind === 'opened' && utf8Text(opened.content)).toBe('content');
    expect(await openExport({ primitives, argon2id }, file, 'cafe')).toEqual({ kind: 'wrong-passphrase' });
    expect(utf8Text(file.subarray(0, 10))).toBe('TERNEXPORT');
  });

  test('that was changed anywhere is called damaged, never a wrong passphrase', async () => {
    const file = await sealExport({ primitives, argon2id, world: world(2) }, utf8('content'), {
      passphrase: 'p',
      cost,
    });
    const refused = async (at: number, flip: number): Promise<void> => {
      const changed = file.with(at, (file[at] ?? 0) ^ flip);
      await expect(openExport({ primitives, argon2id }, changed, 'p')).rejects.toThrow(MalformedError);
    };
    const body = file.length - utf8('content').length - 16;
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 11, max: body - 1 }),
        fc.integer({ min: 1, max: 255 }),
        async (at, flip) => refused(at, flip),
      ),
    );
    for (let at = body; at < file.length; at += 1) await refused(at, 1);
    await expect(openExport({ primitives, argon2id }, file.subarray(0, -1), 'p')).rejects.toThrow('damaged');
  });

  test('whatever bytes are given, they are refused before they cost anything', async () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.uint8Array({ maxLength: 200 }).map((rest) => Uint8Array.of(...utf8('TERNEXPORT'), ...rest)),
    );
    await fc.assert(
      fc.asyncProperty(bytes, async (given) => {
        const opened = await openExport({ primitives, argon2id }, given, 'p').catch(
          (error: unknown) => error,
        );
        const refused = opened instanceof MalformedError || (opened as { kind?: string }).kind === 'newer';
        expect(refused).toBe(true);
      }),
    );
  });
});

describe('an import', () => {
  test('is the same person on another device', async () => {
    const store = await homeOf('Alice', 3);
    const file = await exportHome({ store, world: world(4), primitives, argon2id }, 'p', { cost });
    const parts = { store: emptyStore(), world: world(5), primitives, argon2id, transport: nowhere };
    const imported = await importHome(parts, file, 'p');
    await using old = await openClient({ ...parts, store });
    await using fresh = await openClient(parts);
    const [before, after] = [await old.me(), await fresh.me()];
    expect(imported).toEqual({
      kind: 'imported',
      name: 'Alice',
      person: before?.person,
      contacts: 0,
      messages: 0,
    });
    expect(after).toMatchObject({
      name: 'Alice',
      person: before?.person,
      safetyNumber: before?.safetyNumber,
    });
    expect(after?.device).not.toBe(before?.device);
  });

  test('that fails leaves the home as empty as it was', async () => {
    const store = await homeOf('Alice', 6);
    const file = await exportHome({ store, world: world(7), primitives, argon2id }, 'p', { cost });
    const parts = { store: emptyStore(), world: world(8), primitives, argon2id, transport: nowhere };
    expect(await importHome(parts, file, 'q')).toEqual({ kind: 'wrong-passphrase' });
    const nonsense = await sealExport(parts, utf8('nonsense'), { passphrase: 'p', cost });
    await expect(importHome(parts, nonsense, 'p')).rejects.toThrow(MalformedError);
    await using client = await openClient(parts);
    expect(await client.me()).toBeUndefined();
  });

  test('does not touch a home that somebody lives in', async () => {
    const store = await homeOf('Alice', 9);
    const file = await exportHome({ store, world: world(10), primitives, argon2id }, 'p', { cost });
    const parts = {
      store: await homeOf('Bob', 11),
      world: world(12),
      primitives,
      argon2id,
      transport: nowhere,
    };
    expect(await importHome(parts, file, 'p')).toEqual({ kind: 'not-empty' });
    await using client = await openClient(parts);
    expect((await client.me())?.name).toBe('Bob');
  });

  test('takes nothing of a device along: no table of ratchets, keys or things that wait', async () => {
    const store = await homeOf('Alice', 13);
    await store.change(async (change) => {
      for (const table of [
        'mls',
        'mls-parts',
        'groups',
        'key-packages',
        'log-keys',
        'outbox',
        'own-entries',
        'blobs',
      ])
        change.put({ table, partition: '' }, 'x', utf8('DEVICE ONLY'));
    });
    const file = await exportHome(
      { store: withoutOutbox(store), world: world(14), primitives, argon2id },
      'p',
      {
        cost,
      },
    );
    const opened = await openExport({ primitives, argon2id }, file, 'p');
    const content = opened.kind === 'opened' ? opened.content : new Uint8Array();
    expect(content.length).toBeGreaterThan(100);
    expect(Buffer.from(content).includes('DEVICE ONLY')).toBe(false);
  });
});

/** The outbox is looked at to see what had not left, so what was planted there must not be read as an outbox. */
function withoutOutbox(store: ClientStore): ClientStore {
  return {
    read: (work) =>
      store.read((view) =>
        work({
          get: (place, key) => view.get(place, key),
          list: async (place) => (place.table === 'outbox' ? [] : view.list(place)),
        }),
      ),
    change: (work, options) => store.change(work, options),
    changes: (signal) => store.changes(signal),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}
