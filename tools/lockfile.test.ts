import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..');

function valueOf(path: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(root, path), 'utf8')) as Record<string, unknown>;
}

const locked = valueOf('package-lock.json')['packages'] as Readonly<Record<string, Record<string, unknown>>>;

test.each(['.', ...globSync('packages/*', { cwd: root })])(
  'the lockfile knows what %s depends on',
  (folder) => {
    const manifest = valueOf(join(folder, 'package.json'));
    const entry = locked[folder === '.' ? '' : folder];
    for (const kind of ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies']) {
      expect(entry?.[kind], kind).toEqual(manifest[kind]);
    }
  },
);

test('what the lockfile names is hashed, and comes from whichever registry the machine uses', () => {
  const fetched = Object.entries(locked).filter(
    ([path, entry]) => path.includes('node_modules/') && entry['link'] !== true,
  );
  expect(fetched.length).toBeGreaterThan(0);
  for (const [path, entry] of fetched) {
    expect(entry['inBundle'] === true || typeof entry['integrity'] === 'string', path).toBe(true);
    expect(entry['resolved'], path).toBeUndefined();
  }
});
