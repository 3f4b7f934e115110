import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';

import { nodeDialer, nodeProbes } from '@tern/reach/node';
import { expect, test } from 'vitest';

import { readHello, type ClientHello } from '../src/net/client-hello.ts';
import { ja4Of } from '../src/net/hello-print.ts';

const { signal } = new AbortController();

/** The first hello that whoever is told of a place here says there. It is read, and the connection cut. */
async function helloOf(greet: (port: number) => Promise<unknown>): Promise<ClientHello> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const greeting = greet((server.address() as AddressInfo).port).catch(() => undefined);
  const [socket] = (await once(server, 'connection')) as [Socket];
  server.on('connection', (another: Socket) => another.destroy());
  socket.on('error', () => undefined);
  const parts: Buffer[] = [];
  for await (const part of socket) {
    parts.push(part as Buffer);
    const reading = readHello(Buffer.concat(parts));
    if (reading.kind !== 'hello') continue;
    await greeting;
    server.close();
    return reading.hello;
  }
  throw new TypeError('it said no hello');
}

test.for(['localhost', '127.0.0.1'])(
  'a diagnosis greets %s as the app does: who takes prints sees one program',
  async (address) => {
    const hintTo = (port: number) => ({ address, port, tls: true, path: 'path' }) as const;
    const app = await helloOf(async (port) => {
      using dialer = nodeDialer({ longestSilenceMs: 1000 });
      for await (const _ of dialer.carry(hintTo(port), new Uint8Array(3), { signal }));
    });
    const diagnosis = await helloOf(async (port) => {
      const probes = nodeProbes([hintTo(port)]);
      const [way] = probes.ways;
      if (way !== undefined) await probes.hello(way, { patienceMs: 1000, signal });
    });
    expect(app).toMatchObject({ name: address === 'localhost' ? address : '', alpn: ['http/1.1'] });
    expect(ja4Of(diagnosis)).toBe(ja4Of(app));
    const { name, alpn, extensions } = app;
    expect(diagnosis).toMatchObject({ name, alpn, extensions });
  },
);
