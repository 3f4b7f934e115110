import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { ClientStore } from '@tern/core';
import { utf8 } from '@tern/protocol';
import { afterAll, describe, expect, test } from 'vitest';
import { pageBytes, recordSeal } from '../src/sqlite-seal.ts';
import { openSqliteStore } from '../src/sqlite-store.ts';
import { machineWorld } from './programs/machine-world.ts';

const root = mkdtempSync(join(tmpdir(), 'tern-at-rest-'));
afterAll(() => rmSync(root, { recursive: true }));

const freshPath = (): string => join(mkdtempSync(join(root, 'home-')), 'store.db');
const chat = { table: 'messages', partition: 'birds' };
const masterKey = new Uint8Array(32).fill(7);
const open = async (path: string, options: { masterKey?: Uint8Array } = {}): Promise<ClientStore> =>
  openSqliteStore({ path, masterKey, world: machineWorld, ...options });

/** Every file of a home, byte by byte. Only while the store is closed: opening its file here would drop its locks. */
const bytesBeside = (path: string): Buffer => {
  const dir = join(path, '..');
  return Buffer.concat(readdirSync(dir).map((name) => readFileSync(join(dir, name))));
};

/** The files as they lie there while the store is open, read by a process of its own. */
async function bytesWhileOpen(path: string): Promise<Buffer> {
  const child = spawn('cat', [path, `${path}-wal`], { stdio: ['ignore', 'pipe', 'ignore'] });
  const chunks: Buffer[] = [];
  for await (const chunk of child.stdout) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

describe('what lies on the disk', () => {
  test('no table, key or text can be read in the file in any of its writings', async () => {
    const path = freshPath();
    const planted = ['planted table', 'planted partition', 'planted key', 'planted text of a message'];
    const [table = '', partition = '', key = '', message = ''] = planted;
    await using store = await open(path);
    await store.change(async (change) =>
      change.put({ table, partition }, key, utf8(message.repeat(100)), { day: 20_775 }),
    );
    await store.change(async (change) => change.put({ table, partition }, `${key} 2`, utf8(message)));
    const open_ = await bytesWhileOpen(path);
    await store[Symbol.asyncDispose]();
    for (const bytes of [open_, bytesBeside(path)]) {
      expect(bytes.length).toBeGreaterThan(2000);
      const hidden = bytes.toString('latin1').toLowerCase();
      for (const text of planted) {
        for (const writing of ['utf8', 'utf16le', 'hex', 'base64', 'base64url'] as const) {
          const look = Buffer.from(text, writing === 'utf16le' ? 'utf16le' : 'utf8');
          const needle =
            writing === 'utf8' || writing === 'utf16le'
              ? look.toString('latin1')
              : look.toString(writing).slice(0, -4);
          expect(hidden.includes(needle.toLowerCase()), `${text} as ${writing}`).toBe(false);
        }
      }
    }
  });

  test('a stock tool sees two ids, a day and a sealed blob in steps of 256 bytes', async () => {
    const path = freshPath();
    {
      await using store = await open(path);
      await store.change(async (change) => {
        for (const [at, size] of [0, 1, 200, 300, 5000].entries()) {
          change.put(chat, `${at}`, new Uint8Array(size), { day: 20_775 });
        }
      });
    }
    using database = new DatabaseSync(path, { readOnly: true });
    expect(database.prepare('SELECT name FROM sqlite_schema').all()).toEqual([{ name: 'records' }]);
    const rows = database.prepare('SELECT * FROM records WHERE day = 20775').all();
    expect(rows).toHaveLength(5);
    expect(
      new Set(rows.map(({ partition }) => Buffer.from(partition as Uint8Array).toString('hex'))).size,
    ).toBe(1);
    const sizes = rows.map(({ sealed }) => (sealed as Uint8Array).length - 48).sort((a, b) => a - b);
    expect(sizes).toEqual([256, 256, 256, 512, 5120]);
  });

  test('the same text is sealed differently each time it is written', async () => {
    const path = freshPath();
    const sealed = new Set<string>();
    for (let round = 0; round < 3; round += 1) {
      {
        await using store = await open(path);
        await store.change(async (change) => change.put(chat, 'a', utf8('same'), { day: 20_775 }));
      }
      using database = new DatabaseSync(path, { readOnly: true });
      const row = database.prepare('SELECT sealed FROM records WHERE day = 20775').get();
      sealed.add(Buffer.from(row?.['sealed'] as Uint8Array).toString('hex'));
    }
    expect(sealed.size).toBe(3);
  });

  test('a deleted, overwritten or cleared record leaves nothing that could still be opened', async () => {
    const path = freshPath();
    const places = Array.from({ length: 6 }, (_, at) => ({ table: 'messages', partition: `${at}` }));
    const sealedNow = (): Map<string, Buffer> => {
      using database = new DatabaseSync(path, { readOnly: true });
      return new Map(
        database
          .prepare('SELECT sealed FROM records')
          .all()
          .map(({ sealed }) => [
            Buffer.from(sealed as Uint8Array).toString('base64'),
            Buffer.from(sealed as Uint8Array),
          ]),
      );
    };
    const everSealed = new Map<string, Buffer>();
    let chance = 1;
    const upTo = (limit: number): number => (chance = (chance * 48_271) % 2_147_483_647) % limit;
    for (let round = 0; round < 12; round += 1) {
      {
        await using store = await open(path);
        for (let at = 0; at < 60; at += 1) {
          await store.change(async (change) => {
            const place = places[upTo(6)] ?? chat;
            change.put(place, `${upTo(80)}`, new Uint8Array(upTo(1800)));
            change.delete(place, `${upTo(80)}`);
            if (upTo(100) === 0) change.clear(places[upTo(6)] ?? chat);
          });
        }
        // cut to nothing while the store is still open
        expect(statSync(`${path}-wal`).size).toBe(0);
      }
      for (const [name, sealed] of sealedNow()) everSealed.set(name, sealed);
    }
    const live = sealedNow();
    const file = bytesBeside(path);
    const windows = new Set<bigint>();
    for (let at = 0; at + 8 <= file.length; at += 1) windows.add(file.readBigUInt64LE(at));
    const saltLeft = (sealed: Buffer): boolean =>
      [-32, -24, -16, -8].some((from) => windows.has(sealed.readBigUInt64LE(sealed.length + from)));
    expect([...live.values()].every(saltLeft)).toBe(true);
    const gone = [...everSealed].filter(([name]) => !live.has(name)).map(([, sealed]) => sealed);
    expect(gone.length).toBeGreaterThan(400);
    expect(gone.filter(saltLeft)).toEqual([]);
  });

  test('the key of a record lies outside the pages that SQLite may copy, whatever its size', async () => {
    const path = freshPath();
    await (await open(path))[Symbol.asyncDispose]();
    using database = new DatabaseSync(path, { readOnly: true });
    expect(database.prepare('PRAGMA page_size').get()).toEqual({ page_size: pageBytes });
    // what of a row stays in the tree: SQLite file format 1.6, index b-tree cells without reserved space
    const most = Math.floor(((pageBytes - 12) * 64) / 255) - 23;
    const least = Math.floor(((pageBytes - 12) * 32) / 255) - 23;
    const seal = recordSeal(masterKey, machineWorld);
    const row = { partition: new Uint8Array(16), id: new Uint8Array(16), day: 0 };
    for (let size = 0; size < 5000; size += 50) {
      const payload = 6 + 32 + seal.seal(row, { key: '', value: new Uint8Array(size) }).length;
      const spilled = least + ((payload - least) % (pageBytes - 4));
      const inTree = payload <= most ? payload : spilled <= most ? spilled : least;
      expect(payload - inTree).toBeGreaterThanOrEqual(32);
    }
  });

  test('a record moved, altered or written under another key is damaged, not silently wrong', async () => {
    const path = freshPath();
    const write = async (): Promise<void> => {
      await using store = await open(path);
      await store.change(async (change) => {
        change.put(chat, 'a', utf8('for a'), { day: 20_775 });
        change.put(chat, 'b', utf8('for b'), { day: 20_775 });
      });
    };
    for (const harm of [
      'UPDATE records SET sealed = (SELECT sealed FROM records WHERE day = 20775 ORDER BY id LIMIT 1) WHERE day = 20775',
      'UPDATE records SET id = randomblob(16) WHERE day = 20775',
      'UPDATE records SET day = day + 1 WHERE day = 20775',
      "UPDATE records SET sealed = x'00' WHERE day = 20775",
      'UPDATE records SET sealed = substr(sealed, 2) WHERE day = 20775',
      'UPDATE records SET sealed = zeroblob(length(sealed)) WHERE day = 20775',
    ]) {
      await write();
      {
        using database = new DatabaseSync(path);
        database.exec(harm);
      }
      await using store = await open(path);
      await expect(
        store.read((view) => view.list(chat)),
        harm,
      ).rejects.toMatchObject({ code: 'storage-damaged' });
      await store.change(async (change) => change.clear(chat));
    }
    await expect(open(path, { masterKey: new Uint8Array(32).fill(8) })).rejects.toMatchObject({
      code: 'storage-damaged',
    });
    writeFileSync(path, Buffer.alloc(8192, 'no database'));
    await expect(open(path)).rejects.toMatchObject({ code: 'storage-damaged' });
  });
});
