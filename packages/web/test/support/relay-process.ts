import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { quietPort } from '@tern/relay/testing';

const root = resolve(import.meta.dirname, '../../../..');

/** What `npm start` starts, in a process of its own, with a data folder that outlives a kill. */
export interface RelayProcess extends AsyncDisposable {
  /** as it was printed: the page to open, with the relay link in its fragment */
  readonly link: string;
  readonly port: number;
  /** SIGKILL, as a power cut would */
  kill(): Promise<void>;
  /** again, with the same data and port */
  restart(): Promise<void>;
}

/** @param options `publicPort`: where others reach it, if something stands in between */
export async function startRelay(
  options: { readonly publicPort?: number; readonly port?: number } = {},
): Promise<RelayProcess> {
  const data = await mkdtemp(join(tmpdir(), 'tern-web-relay-'));
  const port = options.port ?? (await quietPort());
  const args = [
    '--disable-warning=ExperimentalWarning',
    join(root, 'tools/start.ts'),
    '--port',
    `${port}`,
    '--data',
    data,
    ...(options.publicPort === undefined ? [] : ['--public-url', `http://127.0.0.1:${options.publicPort}`]),
  ];
  let running = await launch(args);
  const kill = async (): Promise<void> => {
    if (running.child.exitCode !== null || running.child.signalCode !== null) return;
    running.child.kill('SIGKILL');
    await once(running.child, 'close');
  };
  return {
    link: running.link,
    port,
    kill,
    async restart() {
      await kill();
      running = await launch(args);
    },
    async [Symbol.asyncDispose]() {
      await kill();
      await rm(data, { recursive: true, force: true });
    },
  };
}

async function launch(
  args: readonly string[],
): Promise<{ readonly child: ChildProcess; readonly link: string }> {
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (piece: string) => (errors = `${errors}${piece}`.slice(-4000)));
  for await (const line of createInterface({ input: child.stdout })) {
    const link = /^relay link: (\S+)$/u.exec(line)?.[1];
    if (link === undefined) continue;
    child.stdout.resume();
    return { child, link };
  }
  throw new Error(`the relay ended before it printed its link: ${errors}`);
}
