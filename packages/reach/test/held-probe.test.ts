import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { expect, test } from 'vitest';
import { heldProbeMs, HttpConnection } from '../src/node/http-exchange.ts';
import { certificate, listen } from './http-server.ts';

const { signal } = new AbortController();

/** When the kernel probes the connection that has this port here, ms from now, as Linux tells; undefined: it waits for nothing of that kind. */
function probedInMs(port: number): number | undefined {
  const own = port.toString(16).toUpperCase().padStart(4, '0');
  for (const line of readFileSync('/proc/net/tcp', 'utf8').split('\n').slice(1)) {
    const [, local = '', , , , timer = ''] = line.trim().split(/\s+/u);
    const [kind, ticks = ''] = timer.split(':');
    if (local.endsWith(`:${own}`)) return kind === '02' ? Number.parseInt(ticks, 16) * 10 : undefined;
  }
  throw new TypeError('no such connection');
}

test.each([
  { tls: true, steady: true },
  { tls: false, steady: true },
  { tls: true, steady: false },
])('a long wait is probed where connections carry anything, and only there: %o', async ({ tls, steady }) => {
  const { promise: asked, resolve: ask } = Promise.withResolvers<readonly [number, ServerResponse]>();
  await using server = await listen(
    (incoming: IncomingMessage, outgoing) => {
      incoming.resume();
      ask([incoming.socket.remotePort ?? 0, outgoing]);
    },
    { tls },
  );
  const { address, port } = server.hint;
  const tcp = connect({ host: address, port });
  const socket = tls ? connectTls({ socket: tcp, servername: 'localhost', ca: certificate }) : tcp;
  await once(socket, tls ? 'secureConnect' : 'connect');
  const connection = new HttpConnection(socket, { authority: 'localhost', path: 'path', tcp });
  const pieces = connection.exchange(new Uint8Array(3), { signal, heldMs: 640_000, last: false, steady });
  const first = pieces[Symbol.asyncIterator]().next();
  const [from, outgoing] = await asked;
  // what was sent is acknowledged first
  await expect.poll(() => (probedInMs(from) ?? Infinity) <= heldProbeMs).toBe(steady);
  outgoing.end('ok');
  expect(Buffer.from((await first).value ?? []).toString()).toBe('ok');
  connection.close();
});
