/** How an exchange looks on the wire: what a network that counts packets and bytes sees of it. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { lastOfConnection, noblePrimitives as primitives } from '@tern/protocol';
import { expect, test } from 'vitest';
import { openMemoryStore, openRelay, serve } from '../src/index.ts';
import { testWorld } from '../src/testing/index.ts';

const path = 'secret-path';

interface Wire extends AsyncDisposable {
  /** sends one empty POST and @returns the head of the answer @param behind the secret path */
  post(headers?: readonly string[], behind?: string): Promise<string>;
  /** resolves when the relay has closed the connection */
  readonly closed: Promise<void>;
}

async function openWire(port: number): Promise<Wire> {
  const socket: Socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  let held = Buffer.alloc(0);
  let changed = Promise.withResolvers<void>();
  socket.on('data', (piece: Buffer) => {
    held = Buffer.concat([held, piece]);
    changed.resolve();
    changed = Promise.withResolvers();
  });
  const closed = once(socket, 'end').then(() => undefined);
  const head = (): string | undefined => {
    const end = held.indexOf('\r\n\r\n');
    return end < 0 ? undefined : held.subarray(0, end + 4).toString('latin1');
  };
  return {
    closed,
    async post(headers = [], behind = '') {
      const lines = [`POST /${path}${behind} HTTP/1.1`, 'Host: x', 'Content-Length: 0', ...headers];
      socket.write(`${lines.join('\r\n')}\r\n\r\n`);
      for (;;) {
        const whole = head();
        const length = Number(/content-length: (\d+)/i.exec(whole ?? '')?.[1] ?? Infinity);
        if (whole !== undefined && held.length >= whole.length + length) {
          held = held.subarray(whole.length + length);
          return whole;
        }
        await changed.promise;
      }
    },
    async [Symbol.asyncDispose]() {
      socket.destroy();
    },
  };
}

async function served(run: (port: number) => Promise<void>): Promise<void> {
  const relay = await openRelay({ store: openMemoryStore(), world: testWorld(), primitives });
  const { signal } = new AbortController();
  await using server = await serve(relay, { host: '127.0.0.1', port: 0, path, signal });
  await run(server.port);
}

const browser = ['Origin: https://app.example'];

test('the head of an answer is at most 350 B, says how long the answer is, and keeps it out of caches', async () => {
  await served(async (port) => {
    await using wire = await openWire(port);
    for (const headers of [[], browser, browser]) {
      const head = await wire.post(headers);
      expect(head.length).toBeLessThanOrEqual(350);
      expect(head).toMatch(/^HTTP\/1\.1 200 /);
      expect(head).toMatch(/\r\nContent-Length: \d+\r\n/);
      expect(head).toMatch(/\r\nCache-Control: no-store\r\n/);
      expect(head).toMatch(/\r\nAccess-Control-Allow-Origin: \*\r\n/);
      expect(head).not.toMatch(/transfer-encoding|set-cookie|server:/i);
    }
  });
});

test('a browser, which cannot ask for it in a header, asks behind the path, and nothing else is answered there', async () => {
  await served(async (port) => {
    await using wire = await openWire(port);
    for (let times = 0; times < 5; times += 1)
      expect(await wire.post(browser)).toMatch(/\r\nConnection: keep-alive\r\n/);
    expect(await wire.post(browser, lastOfConnection)).toMatch(/\r\nConnection: close\r\n/);
    await wire.closed;
    await using other = await openWire(port);
    for (const behind of ['?', '?las', `${lastOfConnection}${lastOfConnection}`])
      expect(await other.post(browser, behind)).toMatch(/^HTTP\/1\.1 404 /);
  });
});

test('everybody else keeps a connection for as long as they ask, and not longer', async () => {
  await served(async (port) => {
    await using wire = await openWire(port);
    for (let times = 0; times < 10; times += 1)
      expect(await wire.post()).toMatch(/\r\nConnection: keep-alive\r\n/);
    expect(await wire.post(['Connection: close'])).toMatch(/\r\nConnection: close\r\n/);
    await wire.closed;
  });
});
