import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createHttpsServer } from 'node:https';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Hint } from '@tern/protocol';
import { diagnose, probe, type Diagnosis, type Observation } from '@tern/reach/diagnosis';
import { nodeProbes, nodeWorld } from '@tern/reach/node';

const options = { patienceMs: 400, signal: new AbortController().signal };

/** A server of sockets that the test closes with all that is open on it. */
async function listening(
  take: (socket: Socket) => void,
): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createServer(take);
  return opened(server);
}

async function opened(server: Server): Promise<AsyncDisposable & { readonly port: number }> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function hintTo(port: number, edit: Partial<Hint> = {}): Hint {
  return { address: '127.0.0.1', port, tls: false, path: 'secret', ...edit } as Hint;
}

async function exchange(hint: Hint, bytes = 500): Promise<Observation> {
  const probes = nodeProbes([hint]);
  const [way] = probes.ways;
  if (way === undefined) throw new Error('no way');
  return probes.exchange(way, { ...options, bytes });
}

test('an answer is timed and counted, stage by stage, and no secret is in what was seen', async () => {
  await using server = await listening((socket) => {
    socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ncard'));
  });
  const seen = await exchange(hintTo(server.port));
  expect(seen).toMatchObject({
    end: 'answered',
    way: { address: '127.0.0.1', port: server.port },
    bulk: false,
  });
  expect(seen.downBytes).toBeGreaterThan(4);
  const { connectedAfterMs = 0, helloAnsweredAfterMs = 0, firstByteAfterMs = 0, lastByteAfterMs = 0 } = seen;
  const stages = [0, connectedAfterMs, helloAnsweredAfterMs, firstByteAfterMs, lastByteAfterMs];
  expect(stages).toEqual(stages.toSorted((a, b) => a - b));
  expect(JSON.stringify(seen)).not.toContain('secret');
});

test('what goes wrong is seen where it does', async () => {
  await using silent = await listening(() => undefined);
  await using resetting = await listening((socket) => socket.resetAndDestroy());
  await using page = await listening((socket) => {
    socket.once('data', () => socket.end('HTTP/1.1 404 Not Found\r\n\r\n'));
  });
  const mute = await exchange(hintTo(silent.port, { tls: true }));
  expect([mute.end, mute.helloAnsweredAfterMs, typeof mute.connectedAfterMs]).toEqual([
    'silent',
    undefined,
    'number',
  ]);
  expect((await exchange(hintTo(silent.port))).end).toBe('silent');
  expect((await exchange(hintTo(resetting.port, { tls: true }))).end).toBe('reset');
  expect((await exchange(hintTo(page.port))).end).toBe('not-a-relay');
  await using gone = await listening(() => undefined);
  const { port } = gone;
  await gone[Symbol.asyncDispose]();
  expect((await exchange(hintTo(port))).end).toBe('refused-connection');
  const [, said] = diagnose([await exchange(hintTo(port)), await exchange(hintTo(port))], {
    now: performance.now(),
  });
  expect(said?.cause.kind).toBe('relay-down');
});

const card = `HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n${'c'.repeat(900)}`;

/** Answers each request with a card, so many of them; and more when it is told to. */
async function cardServer(
  cards: number,
): Promise<
  AsyncDisposable & { readonly port: number; readonly connections: () => number; readonly goOn: () => void }
> {
  let connections = 0;
  let goOn = (): void => undefined;
  const server = await listening((socket) => {
    connections += 1;
    let [asked, given, most] = [0, 0, cards];
    const give = (): void => {
      for (; given < Math.min(asked, most); given += 1) socket.write(card);
    };
    socket.on('data', (piece: Buffer) => {
      asked += piece.toString().split('POST').length - 1;
      give();
    });
    goOn = () => {
      most = Infinity;
      give();
    };
  });
  return {
    ...server,
    connections: () => connections,
    goOn: () => goOn(),
    [Symbol.asyncDispose]: server[Symbol.asyncDispose].bind(server),
  };
}

test('more is asked for on the connection that stands, and counted with what it carried before', async () => {
  await using server = await cardServer(Infinity);
  const probes = nodeProbes([hintTo(server.port)]);
  const [way] = probes.ways;
  if (way === undefined) throw new Error('no way');
  expect(probes.stands?.(way)).toBe(false);
  const small = await probes.exchange(way, { ...options, bytes: 500 });
  expect([small.end, small.downBytes, probes.stands?.(way)]).toEqual(['answered', card.length, true]);
  const large = await probes.exchange(way, { ...options, bytes: 12_000, kept: true });
  expect(large).toMatchObject({
    end: 'answered',
    bulk: true,
    connection: { fresh: false, exchangesBefore: 1 },
  });
  expect(large.downBytes).toBe(Math.ceil(12_000 / card.length) * card.length);
  expect(large.connection?.downBytes).toBe(small.downBytes + large.downBytes);
  expect(large.flow?.bytes).toBe(large.downBytes);
  expect(server.connections()).toBe(1);
  probes.over?.();
  expect(probes.stands?.(way)).toBe(false);
  await probes.exchange(way, { ...options, bytes: 500, kept: true });
  expect(server.connections()).toBe(2);
  probes.over?.();
});

test('a pause is left as it is, and what comes after it is looked at by itself; what never comes is silence', async () => {
  await using server = await cardServer(5);
  const probes = nodeProbes([hintTo(server.port)]);
  const [way] = probes.ways;
  if (way === undefined) throw new Error('no way');
  await probes.exchange(way, { ...options, bytes: 500 });
  const paused = await probes.exchange(way, { ...options, bytes: 8500, kept: true });
  expect(paused.end).toBe('cancelled');
  expect(paused.flow?.ms).toBeGreaterThan(100);
  const still = await probes.exchange(way, { ...options, bytes: 0, kept: true });
  expect([still.end, still.upBytes]).toEqual(['silent', 0]);
  // a busy machine may take what has come for what comes after the pause
  expect(paused.downBytes + still.downBytes).toBe(4 * card.length);
  await probes.exchange(way, { ...options, bytes: 500 });
  const before = await probes.exchange(way, { ...options, bytes: 8500, kept: true });
  server.goOn();
  const rest = await probes.exchange(way, { ...options, bytes: 0, kept: true });
  expect([rest.end, rest.upBytes]).toEqual(['answered', 0]);
  expect(before.downBytes + rest.downBytes).toBe(10 * card.length);
  probes.over?.();
});

test('a certificate of somebody else’s is not taken for the relay’s', async () => {
  const read = (name: string): string => readFileSync(join(import.meta.dirname, name), 'utf8');
  const server = createHttpsServer({ key: read('localhost-key.pem'), cert: read('localhost.pem') });
  await using open = await opened(server);
  expect((await exchange(hintTo(open.port, { tls: true, address: 'localhost' }))).end).toBe(
    'wrong-certificate',
  );
});

test('a dial and a hello say nothing where they pass, and a signal ends an attempt', async () => {
  await using silent = await listening(() => undefined);
  const probes = nodeProbes([hintTo(silent.port)]);
  const [way] = probes.ways;
  if (way === undefined) throw new Error('no way');
  expect((await probes.dial(way, options)).end).toBe('cancelled');
  expect((await probes.hello(way, options)).end).toBe('cancelled');
  const stop = new AbortController();
  const asked = probes.exchange(way, { patienceMs: 60_000, signal: stop.signal, bytes: 500 });
  stop.abort();
  expect((await asked).end).toBe('cancelled');
});

test('each hello of TLS is told as it leaves, and nothing else is', async () => {
  await using silent = await listening(() => undefined);
  const told: Hint[] = [];
  const [plain, secure] = [hintTo(silent.port), hintTo(silent.port, { tls: true })];
  const probes = nodeProbes([plain, secure], { greets: (hint) => told.push(hint) });
  for (const way of probes.ways) {
    await probes.dial(way, options);
    await probes.hello(way, options);
  }
  await using gone = await listening(() => undefined);
  const { port } = gone;
  await gone[Symbol.asyncDispose]();
  const nobody = nodeProbes([hintTo(port, { tls: true })], { greets: (hint) => told.push(hint) });
  for (const way of nobody.ways) await nobody.hello(way, options);
  expect(told).toEqual([secure]);
});

test('probing over real sockets tells a relay that is off from one that answers', async () => {
  await using server = await listening((socket) => {
    socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ncard'));
  });
  const gone = await listening(() => undefined);
  const { port } = gone;
  await gone[Symbol.asyncDispose]();
  const probes = nodeProbes([hintTo(server.port), hintTo(port)]);
  const seen: Observation[] = [];
  const parts = { port: probes, world: nodeWorld, ways: probes.ways, known: [] };
  for await (const one of probe(parts, options)) seen.push(one);
  const [, ...ways] = diagnose(seen, { now: probes.now() });
  const said = ways.map(({ way, cause }: Diagnosis) => [way?.port, cause.kind]);
  expect(said).toEqual([
    [server.port, 'works'],
    [port, 'relay-down'],
  ]);
});
