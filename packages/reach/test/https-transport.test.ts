import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { UnreachableError, type Hint } from '@tern/protocol';
import { quietPort } from '@tern/relay/testing';
import { describe, expect, test } from 'vitest';
import { openPath } from '../src/index.ts';
import { httpsTransport, nodePrimitives, nodeWorld, type HttpsTransportOptions } from '../src/node/index.ts';
import { transportContract, type Serve, type TransportFixture } from '../src/testing/index.ts';
import { hello } from './path-scene.ts';
import { tinyRelay } from './tiny-relay.ts';

const certificate = readFileSync(new URL('localhost.pem', import.meta.url), 'utf8');
const key = readFileSync(new URL('localhost-key.pem', import.meta.url), 'utf8');
const { signal } = new AbortController();

interface Listening extends AsyncDisposable {
  readonly hint: Hint;
  /** connections so far */
  connections(): number;
}

async function listen(handler: RequestListener, { tls }: { readonly tls: boolean }): Promise<Listening> {
  const server: Server = tls
    ? createHttpsServer({ cert: certificate, key }, handler)
    : createHttpServer(handler);
  let connections = 0;
  server.on('connection', () => {
    connections += 1;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    hint: { address: '127.0.0.1', port, tls, path: 'secret-path' },
    connections: () => connections,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function serving(serve: Serve): RequestListener {
  return (incoming, outgoing) => {
    const left = new AbortController();
    outgoing.on('close', () => left.abort());
    const run = async (): Promise<void> => {
      const { length, pieces } = serve(new Uint8Array(await buffer(incoming)), { signal: left.signal });
      outgoing.writeHead(200, { 'content-length': length });
      outgoing.flushHeaders();
      let sent = 0;
      for await (const piece of pieces) {
        sent += piece.length;
        await new Promise<void>((written) => outgoing.write(piece, () => written()));
      }
      if (sent === length) outgoing.end();
      else outgoing.destroy();
    };
    run().catch(() => outgoing.destroy());
  };
}

async function fixture(
  serve: Serve,
  options: { readonly tls: boolean } & HttpsTransportOptions,
): Promise<TransportFixture> {
  const listening = await listen(serving(serve), options);
  const transport = httpsTransport({ authorities: certificate, ...options });
  return {
    transport,
    hint: listening.hint,
    nobody: { ...listening.hint, port: await quietPort() },
    async [Symbol.asyncDispose]() {
      transport[Symbol.dispose]();
      await listening[Symbol.asyncDispose]();
    },
  };
}

for (const tls of [true, false]) {
  for (const keepAlive of [true, false]) {
    describe(`${tls ? 'https' : 'http'}, connections ${keepAlive ? 'kept' : 'closed after each answer'}`, () => {
      transportContract(test, (serve, { longestSilenceMs }) =>
        fixture(serve, { tls, keepAlive, longestAnswerMs: longestSilenceMs, longestSilenceMs }),
      );
    });
  }
}

async function carry(options: HttpsTransportOptions, to: Hint, times = 1): Promise<Uint8Array> {
  using transport = httpsTransport({ authorities: certificate, ...options });
  const pieces: Uint8Array[] = [];
  for (let time = 0; time < times; time += 1)
    for await (const piece of transport.carry(to, new Uint8Array([1, 2, 3]), { signal })) pieces.push(piece);
  return new Uint8Array(Buffer.concat(pieces));
}

describe('what goes over the wire', () => {
  test('a path reaches its relay over TLS: a card, a batch under its key, batches under tickets', async () => {
    const relay = tinyRelay({ primitives: nodePrimitives, ...nodeWorld });
    await using server = await listen(
      (incoming, outgoing) => {
        void buffer(incoming)
          .then((request) => relay.answer(new Uint8Array(request)))
          .then((answer) => outgoing.writeHead(200, { 'content-length': answer.length }).end(answer));
      },
      { tls: true },
    );
    using transport = httpsTransport({ authorities: certificate });
    await using path = openPath({
      hint: { ...server.hint, relay: relay.relay },
      transport,
      primitives: nodePrimitives,
      world: nodeWorld,
    });
    for (let times = 0; times < 3; times += 1)
      expect(await path.exchange([hello], { signal })).toEqual({
        results: [[{ kind: 'done' }]],
        whole: true,
      });
    expect(relay.counts).toEqual({ card: 1, unknownTicket: 0, key: 1, ticket: 2 });
    expect(server.connections()).toBe(1);
  });

  test('a request says no more than HTTP needs', async () => {
    const heads: { readonly line: string; readonly raw: readonly string[] }[] = [];
    await using server = await listen(
      (incoming, outgoing) => {
        heads.push({ line: `${incoming.method} ${incoming.url}`, raw: incoming.rawHeaders });
        incoming.resume();
        outgoing.end('ok');
      },
      { tls: true },
    );
    await carry({}, server.hint);
    await carry({ keepAlive: false }, server.hint);
    const host = `127.0.0.1:${server.hint.port}`;
    expect(heads.map(({ line }) => line)).toEqual(['POST /secret-path', 'POST /secret-path']);
    expect(heads.map(({ raw }) => raw)).toEqual([
      ['content-length', '3', 'Host', host, 'Connection', 'keep-alive'],
      ['content-length', '3', 'Host', host, 'Connection', 'close'],
    ]);
  });

  test('connections are kept only where that was asked for', async () => {
    const count = async (keepAlive: boolean): Promise<number> => {
      await using server = await listen(
        serving(() => ({ length: 0, pieces: nothing() })),
        { tls: true },
      );
      await carry({ keepAlive }, server.hint, 5);
      return server.connections();
    };
    expect([await count(true), await count(false)]).toEqual([1, 5]);
  });

  test('who stops at the last byte leaves a connection that serves the next request', async () => {
    await using server = await listen(
      serving(() => ({ length: 3, pieces: threeBytes() })),
      { tls: true },
    );
    using transport = httpsTransport({ authorities: certificate });
    for (let times = 0; times < 5; times += 1) {
      for await (const piece of transport.carry(server.hint, new Uint8Array(), { signal })) {
        expect(piece.length).toBe(3);
        break;
      }
    }
    expect(server.connections()).toBe(1);
  });

  test('a kept connection that the relay has closed meanwhile costs a new connection and no error', async () => {
    let requests = 0;
    await using server = await listen(
      (incoming, outgoing) => {
        requests += 1;
        // the second request on a connection finds it closed
        if (requests === 2) incoming.socket.destroy();
        else outgoing.end('ok');
        incoming.resume();
      },
      { tls: true },
    );
    expect(Buffer.from(await carry({}, server.hint, 2)).toString()).toBe('okok');
    expect(server.connections()).toBe(2);
  });
});

test('what came in the same moment as a cut is given out before the error', async () => {
  await using server = await listen(
    serving(() => ({ length: 10_000, pieces: threeBytes() })),
    { tls: true },
  );
  using transport = httpsTransport({ authorities: certificate });
  let received = 0;
  const reading = (async () => {
    for await (const piece of transport.carry(server.hint, new Uint8Array(), { signal }))
      received += piece.length;
  })();
  await expect(reading).rejects.toBeInstanceOf(UnreachableError);
  expect(received).toBe(3);
});

describe('what answers and is no relay', () => {
  test.for([404, 302, 500, 204])('an answer with status %i is no relay', async (status) => {
    await using server = await listen(
      (incoming, outgoing) => {
        incoming.resume();
        outgoing.writeHead(status, { location: '/elsewhere' }).end();
      },
      { tls: true },
    );
    await expect(carry({}, server.hint)).rejects.toMatchObject({
      name: 'UnreachableError',
      code: 'not-a-relay',
    });
  });

  test('an answer longer than any relay’s is not read', async () => {
    await using server = await listen(
      (incoming, outgoing) => {
        incoming.resume();
        outgoing.writeHead(200, { 'content-length': 3_000_000 }).flushHeaders();
      },
      { tls: false },
    );
    await expect(carry({}, server.hint)).rejects.toMatchObject({ code: 'not-a-relay' });
  });

  test('an answer without an end is not read to the end', async () => {
    await using server = await listen(
      (incoming, outgoing) => {
        incoming.resume();
        const more = (): void => {
          while (outgoing.write(new Uint8Array(65_536)));
        };
        outgoing.on('drain', more);
        more();
      },
      { tls: false },
    );
    await expect(carry({}, server.hint)).rejects.toMatchObject({ code: 'not-a-relay' });
  });

  test('something that does not speak HTTP is no relay', async () => {
    const server = createTcpServer((socket) => {
      socket.on('error', () => undefined);
      socket.resume();
      socket.end('SSH-2.0-OpenSSH_9.9\r\n');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const hint: Hint = { address: '127.0.0.1', port, tls: false, path: 'x' };
    await expect(carry({}, hint)).rejects.toMatchObject({ code: 'not-a-relay' });
    server.close();
    await once(server, 'close');
  });

  test('a certificate nobody vouches for is unreachable, before the secret path is said', async () => {
    let asked = 0;
    await using server = await listen(
      (_incoming, outgoing) => {
        asked += 1;
        outgoing.end();
      },
      { tls: true },
    );
    using transport = httpsTransport();
    const reading = (async () => {
      for await (const _piece of transport.carry(server.hint, new Uint8Array(), { signal }));
    })();
    await expect(reading).rejects.toBeInstanceOf(UnreachableError);
    expect(asked).toBe(0);
  });

  test('a handshake that never ends is given up', async () => {
    const held: { destroy(): unknown }[] = [];
    const server = createTcpServer((socket) => {
      held.push(socket.on('error', () => undefined));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const hint: Hint = { address: '127.0.0.1', port, tls: true, path: 'x' };
    await expect(carry({ longestConnectMs: 60 }, hint)).rejects.toMatchObject({ code: 'silent' });
    for (const socket of held) socket.destroy();
    server.close();
    await once(server, 'close');
  });
});

async function* nothing(): AsyncIterable<Uint8Array> {}

async function* threeBytes(): AsyncIterable<Uint8Array> {
  yield new Uint8Array(3);
}
