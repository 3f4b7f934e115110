import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { buildWeb, type WebBuild, type WebSources } from '../../bundle/web-build.ts';
import { openLineProxy, type LineProxy } from './line-proxy.ts';

const root = resolve(import.meta.dirname, '../../../..');
const app = join(import.meta.dirname, 'small-app');

/** A small app that is served by a real relay behind a line that a test can spoil. */
export interface ShellSite extends AsyncDisposable {
  readonly folder: string;
  readonly build: WebBuild;
  readonly line: LineProxy;
  /** of the page, as a browser asks for it through the line */
  readonly url: string;
  /** as the relay printed it: the page and the secret */
  readonly link: string;
  /** The relay ends, and comes back with another build of the app that greets so. */
  renew(greeting: string): Promise<WebBuild>;
}

/** @param options `fillerBytes`: that cannot be compressed, in the page's own script, so that it takes several pieces */
export async function openShellSite(options: { readonly fillerBytes?: number } = {}): Promise<ShellSite> {
  const folder = await mkdtemp(join(tmpdir(), 'tern-shell-'));
  const filler = randomBytes(options.fillerBytes ?? 0).toString('latin1');
  const line = await openLineProxy(0);
  const built = await buildSmallApp(join(folder, 'first'), { greeting: 'The app is here.', filler });
  let running = await runRelay(folder, built.folder, line);
  return {
    folder,
    build: built.build,
    line,
    url: running.link.replace(/#.*$/u, ''),
    link: running.link,
    async renew(greeting) {
      running.child.kill('SIGKILL');
      await once(running.child, 'close');
      const next = await buildSmallApp(join(folder, greeting.replaceAll(/\W/gu, '')), { greeting, filler });
      running = await runRelay(folder, next.folder, line);
      return next.build;
    },
    async [Symbol.asyncDispose]() {
      running.child.kill('SIGKILL');
      await once(running.child, 'close');
      await line[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Sources of a small app that lies in `folder`, below the project's folder or not. */
export async function smallApp(
  folder: string,
  { greeting, filler }: { readonly greeting: string; readonly filler: string },
): Promise<WebSources> {
  await mkdir(folder, { recursive: true });
  const page = join(folder, 'page.ts');
  const from = (file: string): string => JSON.stringify(join(app, file));
  await writeFile(
    page,
    `import { begin } from ${from('page.ts')};\nvoid begin(${JSON.stringify(greeting)}, ${JSON.stringify(filler)});\n`,
  );
  return {
    page,
    engine: join(app, 'engine.ts'),
    styles: { page: join(app, 'page.css'), later: join(app, 'later.css') },
    shell: join(root, 'packages/web/src/shell'),
    version: '0.1.0',
  };
}

async function buildSmallApp(
  folder: string,
  words: { readonly greeting: string; readonly filler: string },
): Promise<{ readonly folder: string; readonly build: WebBuild }> {
  const sources = await smallApp(join(folder, 'src'), words);
  const out = join(folder, 'web');
  await mkdir(out, { recursive: true });
  return { folder: out, build: await buildWeb(sources, out) };
}

async function runRelay(
  folder: string,
  web: string,
  line: LineProxy,
): Promise<{ readonly child: ChildProcess; readonly link: string }> {
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      join(root, 'packages/agent/src/main.ts'),
      'relay',
      'run',
      '--port=0',
      `--data=${join(folder, 'data')}`,
      `--web=${web}`,
      `--public-url=http://127.0.0.1:${line.port}`,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (piece: string) => (errors = `${errors}${piece}`.slice(-4000)));
  for await (const text of createInterface({ input: child.stdout })) {
    const port = /^address: \S+:(\d+)$/u.exec(text)?.[1];
    if (port !== undefined) line.leadTo(Number(port));
    const link = /^relay link: (\S+)$/u.exec(text)?.[1];
    if (link === undefined) continue;
    child.stdout.resume();
    return { child, link };
  }
  throw new Error(`the relay ended before it printed its link: ${errors}`);
}
