import { createHash, randomBytes } from 'node:crypto';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { buildWeb, type WebBuild, type WebSources } from './web-build.ts';

const root = resolve(import.meta.dirname, '../../..');

/** What a build depends on, below the project's folder. */
const sourcePatterns = [
  'packages/{web,core,reach,protocol}/{src,bundle}/**/*',
  'packages/{web,core,reach,protocol}/package.json',
  'package-lock.json',
];

/** Whoever reads an older build has read it long before. */
const keptMs = 86_400_000;

/** The app's own sources. */
function webSources(): WebSources {
  const src = join(root, 'packages/web/src');
  const { version } = JSON.parse(readFileSync(join(root, 'packages/web/package.json'), 'utf8')) as {
    version: string;
  };
  return {
    page: join(src, 'page/main.tsx'),
    engine: join(src, 'engine/main.ts'),
    styles: {
      page: join(src, 'page/styles/page.css'),
      main: join(src, 'page/styles/main.css'),
      later: join(src, 'page/styles/later.css'),
    },
    shell: join(src, 'shell'),
    version,
  };
}

/**
 * The built app in `build/web`, made anew where the sources are others than those it was made of. Several may come at once: each
 * builds into a folder of its own, and `build/web` is always a whole one.
 * @returns its folder, which does not change any more
 */
export async function builtWeb(): Promise<string> {
  const stamp = stampOfSources();
  const builds = join(root, 'build');
  const name = `web-${stamp}`;
  const folder = join(builds, name);
  if (!existsSync(folder)) {
    const beside = join(builds, `making-${name}-${randomBytes(4).toString('hex')}`);
    await mkdir(beside, { recursive: true });
    try {
      const made = await buildWeb(webSources(), beside);
      await writeFile(join(beside, reportName), JSON.stringify(made));
      await rename(beside, folder);
    } catch (error) {
      await rm(beside, { recursive: true, force: true });
      // somebody else has finished the same before
      if (!existsSync(folder)) throw error;
    }
  }
  await pointTo(name, builds);
  return folder;
}

const reportName = '.build.json';

/** What {@link builtWeb} left in a folder. */
export async function readWebBuild(folder: string): Promise<WebBuild> {
  return JSON.parse(await readFile(join(folder, reportName), 'utf8')) as WebBuild;
}

/** A hash of everything that decides what a build becomes. */
function stampOfSources(): string {
  const hash = createHash('sha256');
  const paths = globSync(sourcePatterns, { cwd: root, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
  for (const path of paths) {
    hash.update(`${path.slice(root.length)}\0`);
    hash.update(createHash('sha256').update(readFileSync(path)).digest());
  }
  return hash.digest('hex').slice(0, 16);
}

/** Makes `build/web` that build, in one step, and deletes those of other days. */
async function pointTo(name: string, builds: string): Promise<void> {
  const link = join(builds, `making-link-${randomBytes(4).toString('hex')}`);
  await symlink(name, link);
  await rename(link, join(builds, 'web'));
  const now = Date.now();
  for (const other of await readdir(builds)) {
    if (!/^(?:making-)?web-/u.test(other) || other === name) continue;
    const path = join(builds, other);
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined && now - found.mtimeMs > keptMs) await rm(path, { recursive: true, force: true });
  }
}
