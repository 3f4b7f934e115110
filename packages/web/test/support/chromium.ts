import { once } from 'node:events';
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress } from 'node:zlib';
import { chromium, type Browser, type LaunchOptions } from 'playwright-core';

const root = resolve(import.meta.dirname, '../../../..');
const pack = dirname(dirname(createRequire(import.meta.url).resolve('@sparticuz/chromium')));

/**
 * Flags without which Chromium does not run as root in a container, or talks to the network by itself. Nothing here weakens
 * what pages may do.
 */
const flags: readonly string[] = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--no-pings',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-domain-reliability',
  '--font-render-hinting=none',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost, EXCLUDE *.localhost',
];

/** A real Chromium from the lockfile, unpacked once into `build/`. Whoever launches it closes it. */
export async function launchChromium(options: LaunchOptions = {}): Promise<Browser> {
  const dir = await unpacked();
  return chromium.launch({
    ...options,
    executablePath: join(dir, 'chromium'),
    args: [...flags, ...(options.args ?? [])],
    env: environmentOf(dir),
  });
}

/** What `chromium.launchPersistentContext` needs: a profile in a folder outlives the browser. */
export async function chromiumLaunchOptions(): Promise<LaunchOptions> {
  const dir = await unpacked();
  return { executablePath: join(dir, 'chromium'), args: [...flags], env: environmentOf(dir) };
}

function environmentOf(dir: string): Record<string, string> {
  const own = Object.entries(process.env).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  // what the machine itself has comes first; the package's copies serve where it has none
  const libraries = [process.env['LD_LIBRARY_PATH'], systemLibraries, join(dir, 'al2023/lib')];
  return {
    ...Object.fromEntries(own),
    LD_LIBRARY_PATH: libraries.filter((path) => path !== undefined && path !== '').join(':'),
    // whoever takes pictures may want an emoji font, which the package has not
    FONTCONFIG_FILE: process.env['FONTCONFIG_FILE'] ?? join(dir, fontsFile),
  };
}

/**
 * The package's own list of fonts names places of another machine; without a single font Chromium dies at the first field of a form.
 * Only the package's font is named, so that a page measures the same everywhere.
 */
const fontsFile = 'fonts-here.conf';

async function nameFonts(dir: string): Promise<void> {
  const place = join(dir, fontsFile);
  if (existsSync(place)) return;
  const made = await mkdtemp(`${place}-`);
  await writeFile(
    join(made, fontsFile),
    `<?xml version="1.0"?>\n<fontconfig>\n  <dir>${join(dir, 'fonts/fonts')}</dir>\n  <cachedir>${join(dir, 'fonts/cache')}</cachedir>\n</fontconfig>\n`,
  );
  await rename(join(made, fontsFile), place);
  await rm(made, { recursive: true });
}

const systemLibraries = process.arch === 'arm64' ? '/lib/aarch64-linux-gnu' : '/lib/x86_64-linux-gnu';

let unpacking: Promise<string> | undefined;

async function unpacked(): Promise<string> {
  unpacking ??= unpack();
  const dir = await unpacking;
  await nameFonts(dir);
  return dir;
}

/** Several processes may come at once: each unpacks into a folder of its own, and the first one to be whole is taken. */
async function unpack(): Promise<string> {
  const { version } = JSON.parse(await readFile(join(pack, 'package.json'), 'utf8')) as { version: string };
  const dir = join(root, 'build', `chromium-${version}`);
  if (existsSync(join(dir, 'whole'))) return dir;
  await mkdir(join(root, 'build'), { recursive: true });
  const made = await mkdtemp(`${dir}-`);
  await inflate(join(pack, 'bin/chromium.br'), createWriteStream(join(made, 'chromium'), { mode: 0o755 }));
  for (const [archive, folder] of [
    ['al2023', 'al2023'],
    ['fonts', 'fonts'],
    ['swiftshader', '.'],
  ] as const)
    await untar(join(pack, `bin/${archive}.tar.br`), join(made, folder));
  await writeFile(join(made, 'whole'), '');
  try {
    await rename(made, dir);
  } catch (error) {
    if (!existsSync(join(dir, 'whole'))) throw error;
    await rm(made, { recursive: true });
  }
  return dir;
}

/** By a file and not by a pipe: tar reads no further than an archive's end, and whoever still writes what follows it would fail. */
async function untar(archive: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  const whole = join(to, `.${basename(archive)}`);
  await inflate(archive, createWriteStream(whole));
  const tar = spawn('tar', ['-x', '-f', whole, '-C', to], { stdio: ['ignore', 'ignore', 'inherit'] });
  const [code] = (await once(tar, 'close')) as [number | null];
  if (code !== 0) throw new Error(`tar could not unpack ${archive}`);
  await rm(whole);
}

async function inflate(from: string, to: NodeJS.WritableStream): Promise<void> {
  await pipeline(createReadStream(from), createBrotliDecompress(), to);
}
