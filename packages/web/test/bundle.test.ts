import { existsSync, mkdtempDisposableSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { brotliDecompressSync, gunzipSync, inflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { groupLoads } from '../bundle/load-groups.ts';
import { cutLoad, hashOf, pieceResponseBytes } from '../bundle/pieces.ts';
import type { Script } from '../bundle/scripts.ts';
import { buildWeb } from '../bundle/web-build.ts';
import { sentFor } from './support/sent-bytes.ts';
import { openShellSite, smallApp } from './support/shell-site.ts';

const script = (name: string, more: Partial<Script> = {}): Script => ({
  name: `a/${name}-1.js`,
  bytes: new TextEncoder().encode(name),
  origin: name,
  imports: [],
  later: [],
  ...more,
});

function filesIn(folder: string): readonly (readonly [name: string, content: string])[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => [path.slice(folder.length + 1), readFileSync(path).toString('base64')] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
}

describe('a build', () => {
  test('of the same sources has the same bytes, whatever else the machine does', async () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'tern-bundle-'));
    const sources = await smallApp(join(folder.path, 'src'), { greeting: 'Hello.', filler: '' });
    const made = ['one', 'two'].map((name) => mkdtempDisposableSync(join(folder.path, name)).path);
    await Promise.all(made.map((out) => buildWeb(sources, out)));
    const [one = '', two = ''] = made;
    expect(filesIn(one)).toEqual(filesIn(two));
    expect(filesIn(one).length).toBeGreaterThan(20);
  });

  test('has each file whole, compressed and in pieces, all of the same content', async () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'tern-bundle-'));
    const sources = await smallApp(join(folder.path, 'src'), { greeting: 'Hello.', filler: 'ü'.repeat(99) });
    const out = mkdtempDisposableSync(join(folder.path, 'out')).path;
    const { set } = await buildWeb(sources, out);
    for (const load of Object.values(set.loads)) {
      const stream = Buffer.concat(load.pieces.map((piece) => readFileSync(join(out, 'p', piece))));
      const whole = inflateRawSync(stream);
      let from = 0;
      expect(hashOf(whole)).toBe(load.hash);
      for (const [name, bytes] of load.files) {
        const file = whole.subarray(from, (from += bytes));
        expect(readFileSync(join(out, name)).equals(file)).toBe(true);
        expect(brotliDecompressSync(readFileSync(join(out, `${name}.br`))).equals(file)).toBe(true);
        expect(gunzipSync(readFileSync(join(out, `${name}.gz`))).equals(file)).toBe(true);
      }
      expect(from).toBe(whole.length);
    }
  });

  test('refuses an import that leads nowhere', async () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'tern-bundle-'));
    const sources = await smallApp(join(folder.path, 'src'), { greeting: 'Hello.', filler: '' });
    const out = join(folder.path, 'out');
    await expect(buildWeb({ ...sources, engine: join(folder.path, 'none.ts') }, out)).rejects.toThrow(
      'none.ts',
    );
    expect(existsSync(join(out, 'index.html'))).toBe(false);
  });

  test('lets a page run that names what the oldest browsers lack, and leaves them no syntax they do not know', async () => {
    await using site = await openShellSite();
    const { set } = site.build;
    for (const load of ['page', 'engine', 'more']) {
      const [name = ''] = set.loads[load]?.files.at(-1) ?? [];
      const text = brotliDecompressSync((await sentFor(site.url + name)).body).toString();
      expect(text).toMatch(/^Symbol\.dispose\?\?=/u);
      expect(text).not.toMatch(/\b(?:await )?using \w+ ?=/u);
    }
  });
});

describe('what travels together', () => {
  test('a script takes along what it cannot run without, once, and each file is in one load', () => {
    const { loads, early } = groupLoads({
      page: [
        script('page', {
          imports: ['a/base-1.js'],
          later: ['a/en-1.js', 'a/start-1.js', 'a/onboarding-1.js', 'a/settings-1.js'],
        }),
        script('base'),
        script('en'),
        script('start', { imports: ['a/base-1.js'] }),
        script('onboarding', { imports: ['a/base-1.js', 'a/shared-1.js'] }),
        script('settings', { imports: ['a/shared-1.js', 'a/row-1.js'] }),
        script('contact', { imports: ['a/row-1.js'] }),
        script('shared'),
        script('row'),
      ],
      engine: [
        script('engine', { imports: ['a/sums-1.js'], later: ['a/argon2id-1.js'] }),
        script('argon2id', { imports: ['a/engine-1.js'] }),
        script('sums'),
      ],
      styles: new Map([
        ['page', { name: 'a/page-1.css', bytes: new Uint8Array(1) }],
        ['later', { name: 'a/later-1.css', bytes: new Uint8Array(1) }],
      ]),
    });
    const names = Object.fromEntries(
      [...loads].map(([name, files]) => [name, files.map((file) => file.name)]),
    );
    expect(names).toEqual({
      page: ['a/page-1.css', 'a/base-1.js', 'a/page-1.js'],
      en: ['a/en-1.js'],
      app: ['a/start-1.js'],
      new: ['a/onboarding-1.js', 'a/shared-1.js'],
      row: ['a/row-1.js'],
      settings: ['a/settings-1.js'],
      contact: ['a/contact-1.js'],
      engine: ['a/engine-1.js', 'a/sums-1.js'],
      argon2id: ['a/argon2id-1.js'],
      later: ['a/later-1.css'],
    });
    expect([...early]).toEqual(['page', 'en', 'app']);
  });

  test('pieces are of a size that fits a connection, and named by what is in them', async () => {
    const bytes = Uint8Array.from(
      { length: 30_000 },
      (_, at) => Math.imul(at + 1, 2_654_435_761) >>> ((at % 7) + 9),
    );
    const { load, pieces } = await cutLoad([{ name: 'a/x-1.js', bytes }]);
    expect(load.pieces.length).toBeGreaterThan(1);
    for (const name of load.pieces) {
      const piece = pieces.get(name) ?? new Uint8Array();
      expect(hashOf(piece)).toBe(name);
      expect(piece.length).toBeLessThanOrEqual(pieceResponseBytes - 350);
    }
  });
});
