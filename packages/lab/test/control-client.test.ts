import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { makeAuthority } from '../src/hosts/certificates.ts';
import { jsonLines } from '../src/programs/lines.ts';
import { readControls } from '../src/scenario/control.ts';

const program = resolve(import.meta.dirname, '../src/programs/control-client.ts');
/** less than passes between two requests, and more than an answer takes */
const cutAfterMs = 100;

/** @returns how the first try went of one connection with several requests to a server of our own */
async function firstTry(answered: (socket: Socket) => void): Promise<unknown> {
  await using ending = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'tern-control-'));
  ending.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const authority = makeAuthority();
  await writeFile(join(folder, 'root.pem'), authority.root);
  const { chain, key } = authority.issue({ addresses: ['127.0.0.1'] });
  const server = createServer({ cert: chain, key }, (_, response) => response.end('here'));
  server.on('connection', answered);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ending.defer(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const { port } = server.address() as AddressInfo;
  const controls = readControls(
    [{ host: '127.0.0.1', port, requests: 3, everyMs: 500, fails: ['reset'] }],
    'controls',
  );
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', program, JSON.stringify({ controls, addresses: {} })],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, NODE_EXTRA_CA_CERTS: join(folder, 'root.pem') },
    },
  );
  ending.defer(async () => {
    child.stdin.end();
    if (child.exitCode === null) await once(child, 'close');
  });
  for await (const news of jsonLines(child.stdout)) if (news['is'] === 'try') return news['went'];
  throw new Error('nothing was tried');
}

test('a control is whole when each of its requests went over one connection', async () => {
  expect(await firstTry(() => undefined)).toBe('whole');
});

test('a control whose connection is cut between two requests is not whole, though another connection would do', async () => {
  expect(await firstTry(cutWhenIdle)).toBe('reset');
});

/** Cuts a connection a moment after its last bytes went either way. */
function cutWhenIdle(socket: Socket): void {
  socket.setTimeout(cutAfterMs, () => socket.resetAndDestroy());
}
