import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { UnreachableError } from '@tern/protocol';
import { describe, expect, test } from 'vitest';
import type { Connection, OpenOptions } from '../src/dialer/carrier.ts';
import { entranceOf, waysOf } from '../src/dialer/way.ts';
import { giveUp } from '../src/node/give-up.ts';
import { HttpsCarrier } from '../src/node/https-carrier.ts';
import { nodeDialer, nodeProbes, nodeWorld } from '../src/node/index.ts';
import { Resolver } from '../src/node/resolver.ts';
import { certificate, listen } from './http-server.ts';

const { signal } = new AbortController();

interface Gate extends AsyncDisposable {
  readonly port: number;
  /** how connections to it were ended by whoever had opened them, in that order */
  readonly ends: readonly ('reset' | 'in order')[];
  /** the first bytes of a connection are there */
  readonly greeted: Promise<void>;
}

/** Gives on what comes to what listens at that port, and swallows it where there is none. */
async function gate(to?: number): Promise<Gate> {
  const ends: ('reset' | 'in order')[] = [];
  const greeted = Promise.withResolvers<void>();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('data', () => greeted.resolve());
    socket.on('error', () => undefined);
    socket.on('close', (failed) => ends.push(failed ? 'reset' : 'in order'));
    if (to === undefined) return;
    const onward = connect({ host: '127.0.0.1', port: to });
    sockets.add(onward);
    onward.on('error', () => undefined);
    socket.pipe(onward).pipe(socket);
    // the end of one that gives nothing on any more is still to be seen
    onward.on('close', () => socket.resume());
    socket.on('close', () => onward.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    ends,
    greeted: greeted.promise,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function hintTo(port: number, tls = true) {
  return { address: '127.0.0.1', port, tls, path: 'secret-path' } as const;
}

function opened(port: number, options: Partial<OpenOptions> & { readonly tls?: boolean } = {}) {
  const { tls = true, ...others } = options;
  const resolver = new Resolver({ world: nodeWorld, remembered: () => undefined });
  const carrier = new HttpsCarrier({ resolver, network: () => 'home', authorities: certificate });
  const [way] = waysOf(entranceOf(hintTo(port, tls)), { choosesAddress: true, remembers: () => false });
  if (way === undefined) throw new TypeError('no way');
  return carrier.open(way, { signal, small: false, reached: () => undefined, ...others });
}

function asked(
  connection: Connection,
  options: { readonly signal?: AbortSignal } = {},
): AsyncIterable<Uint8Array> {
  return connection.exchange(new Uint8Array(3), { signal, heldMs: 0, bulk: false, last: false, ...options });
}

async function allOf(answer: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of answer);
}

describe('what is given up is reset, so that nothing is sent after it', () => {
  test('a hello that nobody answers', async () => {
    await using silent = await gate();
    const leaving = new AbortController();
    const opening = opened(silent.port, { signal: leaving.signal });
    await silent.greeted;
    leaving.abort(new Error('it takes too long'));
    await expect(opening).rejects.toThrow('it takes too long');
    await expect.poll(() => silent.ends).toEqual(['reset']);
  });

  test('a connection on which a hello was not to leave any more', async () => {
    await using silent = await gate();
    const mayGreet = () => Promise.reject(new UnreachableError('something else came'));
    await expect(opened(silent.port, { mayGreet })).rejects.toThrow('something else came');
    await expect.poll(() => silent.ends).toEqual(['reset']);
  });

  test.for([true, false])('a request without an answer, over TLS: %o', async (tls) => {
    const came = Promise.withResolvers<void>();
    await using server = await listen(() => came.resolve(), { tls });
    await using line = await gate(server.port);
    const leaving = new AbortController();
    const answer = allOf(asked(await opened(line.port, { tls }), { signal: leaving.signal }));
    await came.promise;
    leaving.abort(new Error('it stays out'));
    await expect(answer).rejects.toThrow('it stays out');
    await expect.poll(() => line.ends).toEqual(['reset']);
  });

  test('an answer that stopped in the middle, also where its reader has only closed the connection', async () => {
    const handler: RequestListener = (_incoming, outgoing) => {
      outgoing.writeHead(200, { 'content-length': 10 });
      outgoing.write('half');
    };
    await using server = await listen(handler, { tls: true });
    await using line = await gate(server.port);
    for (const closes of [false, true]) {
      const connection = await opened(line.port);
      const pieces = asked(connection)[Symbol.asyncIterator]();
      await pieces.next();
      if (closes) connection.close();
      else await pieces.return?.();
    }
    await expect.poll(() => line.ends).toEqual(['reset', 'reset']);
  });

  test('what rests beside a connection that died without a word', async () => {
    let [requests, dies] = [0, false];
    const answers = Promise.withResolvers<void>();
    await using server = await listen(
      (incoming, outgoing) => {
        requests += 1;
        if (dies) {
          dies = false;
          incoming.socket.destroy();
          return;
        }
        if (requests === 2) answers.resolve();
        void answers.promise.then(() => outgoing.end('ok'));
      },
      { tls: true },
    );
    await using line = await gate(server.port);
    using dialer = nodeDialer({ authorities: certificate });
    const carry = (): Promise<void> => allOf(dialer.carry(hintTo(line.port), new Uint8Array(3), { signal }));
    await Promise.all([carry(), carry()]);
    dies = true;
    await carry();
    await expect.poll(() => line.ends.toSorted()).toEqual(['in order', 'reset']);
  });

  test('a probe’s hello without an answer, and what it was not told to the end', async () => {
    await using silent = await gate();
    const probes = nodeProbes([hintTo(silent.port), hintTo(silent.port, false)]);
    const options = { patienceMs: 300, signal };
    for (const way of probes.ways) await probes.exchange(way, { ...options, bytes: 500 });
    const [way] = probes.ways;
    if (way !== undefined) await probes.dial(way, options);
    await expect.poll(() => silent.ends).toEqual(['reset', 'reset', 'reset']);
  });

  test('one that does not stand yet is closed, and not connected first', async () => {
    await using silent = await gate();
    const socket = connect({ host: '127.0.0.1', port: silent.port });
    giveUp(socket);
    expect(socket.destroyed).toBe(true);
    await once(socket, 'close');
  });

  test('one whose end is on its way is closed as it is', async () => {
    await using silent = await gate();
    const socket = connect({ host: '127.0.0.1', port: silent.port });
    await once(socket, 'connect');
    const errors: unknown[] = [];
    socket.on('error', (error) => errors.push(error));
    socket.end();
    giveUp(socket);
    await once(socket, 'close');
    expect(errors).toEqual([]);
    await expect.poll(() => silent.ends).toEqual(['in order']);
  });
});

describe('what came to its end is closed in order', () => {
  test.for([true, false])('a connection that was answered and rests, over TLS: %o', async (tls) => {
    await using server = await listen((_incoming, outgoing) => outgoing.end('ok'), { tls });
    await using line = await gate(server.port);
    const connection = await opened(line.port, { tls });
    await allOf(asked(connection));
    connection.close();
    await expect.poll(() => line.ends).toEqual(['in order']);
  });

  test('a probe’s that was told all it had asked for', async () => {
    const card = 'HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ncard';
    const server = createServer((socket) => socket.once('data', () => socket.write(card)));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    await using line = await gate((server.address() as AddressInfo).port);
    const probes = nodeProbes([hintTo(line.port, false)]);
    const [way] = probes.ways;
    if (way === undefined) throw new TypeError('no way');
    expect((await probes.exchange(way, { patienceMs: 5000, signal, bytes: 500 })).end).toBe('answered');
    probes.over?.();
    await expect.poll(() => line.ends).toEqual(['in order']);
    server.close();
    await once(server, 'close');
  });
});
