import { once } from 'node:events';
import { createServer, request, type IncomingMessage } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { MalformedError, noblePrimitives as primitives, openCard } from '@tern/protocol';
import type { AnswerFrame } from '@tern/reach';
import { decodeAnswer, encodeAsk } from '@tern/reach/testing';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { openMemoryStore, openRelay, serve, type Relay, type RelayLimits } from '../src/index.ts';
import { limitsWith } from '../src/limits-table.ts';
import { firstPolicy, smallEntry, TestClient, testWorld } from '../src/testing/index.ts';
import { TurnTaking } from '../src/turn-taking.ts';
import { webSocketDoor, type SocketAnswer, type WebSocketDoor } from '../src/web-socket-server.ts';

const path = 'kBv0rY3qyu4_secret-path';

interface Served extends AsyncDisposable {
  readonly relay: Relay;
  readonly world: ReturnType<typeof testWorld>;
  readonly port: number;
  readonly stop: AbortController;
  readonly ended: Promise<void>;
}

async function openServed(limits: Partial<RelayLimits> = {}): Promise<Served> {
  const world = testWorld();
  const relay = await openRelay({ store: openMemoryStore(), world, primitives, limits });
  const stop = new AbortController();
  const server = await serve(relay, { host: '127.0.0.1', port: 0, path, signal: stop.signal });
  return {
    relay,
    world,
    port: server.port,
    stop,
    ended: server.ended,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await server.ended;
      await relay[Symbol.asyncDispose]();
    },
  };
}

/** A client that shows the frames as they are. */
class Frames {
  readonly ws: WebSocket;
  readonly closed: Promise<number>;
  readonly came: AnswerFrame[] = [];
  #changed = Promise.withResolvers<void>();

  constructor(port: number, at: string = path) {
    this.ws = new WebSocket(`ws://127.0.0.1:${port}/${at}`, { perMessageDeflate: true });
    this.closed = new Promise((resolve) => this.ws.once('close', resolve));
    this.ws.on('error', () => undefined);
    this.ws.on('message', (data: Buffer) => {
      this.came.push(decodeAnswer(new Uint8Array(data)));
      this.#changed.resolve();
      this.#changed = Promise.withResolvers();
    });
  }

  ask(number: number, bytes: Uint8Array = new Uint8Array()): void {
    this.ws.send(encodeAsk({ kind: 'request', number, bytes }));
  }

  async until(condition: (came: readonly AnswerFrame[]) => boolean): Promise<void> {
    while (!condition(this.came)) await this.#changed.promise;
  }

  async answer(number: number, bytes: Uint8Array = new Uint8Array()): Promise<Uint8Array | 'cut'> {
    this.ask(number, bytes);
    const mine = (): readonly AnswerFrame[] =>
      this.came.filter((frame) => frame.kind !== 'pong' && frame.number === number);
    await this.until(() => mine().some((one) => one.kind === 'cut' || (one.kind === 'piece' && one.last)));
    if (mine().some((one) => one.kind === 'cut')) return 'cut';
    return new Uint8Array(Buffer.concat(mine().flatMap((one) => (one.kind === 'piece' ? [one.bytes] : []))));
  }
}

async function opened(port: number): Promise<Frames> {
  const frames = new Frames(port);
  await once(frames.ws, 'open');
  return frames;
}

function overSocket(relay: Relay, frames: Frames): Pick<Relay, 'answer' | 'id'> {
  let number = 0;
  return {
    id: relay.id,
    async answer(body) {
      number += 1;
      const answer = await frames.answer(number, body);
      if (answer === 'cut') throw new Error('the answer was cut');
      return answer;
    },
  };
}

test('the same batches go over a socket as over a POST: a log is begun, written to, and a waiting reader woken', async () => {
  await using served = await openServed();
  const { relay, world, port } = served;
  const frames = await opened(port);
  const client = new TestClient(overSocket(relay, frames), primitives, world);
  const reading = await opened(port);
  const reader = new TestClient(overSocket(relay, reading), primitives, world);
  const { log, seeds, signed } = firstPolicy({ primitives, world, relay });
  await client.one({ kind: 'create', policy: signed, right: await relay.newRight() });
  const waiting = reader.ask([
    {
      operation: { kind: 'watch', add: [{ log, after: 0, number: 0 }], drop: [], waitSeconds: 30 },
      seeds: [seeds.read],
    },
  ]);
  while (relay.held().waiting === 0) await frames.answer(1_000_000 + frames.came.length);
  await client.one({ kind: 'append', log, number: 0, entry: smallEntry(world) }, seeds.append);
  expect((await waiting).results).toMatchObject([{ kind: 'entry', seq: 1 }, { kind: 'watched' }]);
  expect(frames.ws.extensions).toBe('');
});

test('an empty request gets the card, many at once, and a ping its pong', async () => {
  await using served = await openServed();
  const frames = await opened(served.port);
  const cards = await Promise.all(Array.from({ length: 50 }, (_, at) => frames.answer(at + 1)));
  for (const card of cards)
    expect(card !== 'cut' && openCard(primitives, card.subarray(2))?.relay).toBe(served.relay.id);
  frames.ws.send(encodeAsk({ kind: 'ping' }));
  await frames.until((came) => came.some((one) => one.kind === 'pong'));
});

async function upgrade(
  port: number,
  at: string,
  headers: Record<string, string> = {},
): Promise<readonly [number, Buffer, Record<string, unknown>]> {
  const sent = request({
    host: '127.0.0.1',
    port,
    path: at,
    agent: false,
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      'sec-websocket-version': '13',
      ...headers,
    },
  });
  sent.end();
  const [response] = (await Promise.race([once(sent, 'response'), once(sent, 'upgrade')])) as [
    IncomingMessage,
    Socket?,
  ];
  if (response.statusCode === 101) {
    response.socket.destroy();
    return [101, Buffer.alloc(0), {}];
  }
  const pieces: Buffer[] = [];
  for await (const piece of response as AsyncIterable<Buffer>) pieces.push(piece);
  const { date: _, ...rest } = response.headers;
  return [response.statusCode ?? 0, Buffer.concat(pieces), rest];
}

test('rule 4: whoever lacks the path and asks for a socket gets what any missing path gives, byte for byte', async () => {
  await using served = await openServed();
  const missing = await upgrade(served.port, '/favicon.ico');
  expect(missing[0]).toBe(404);
  expect(await upgrade(served.port, `/${path.slice(0, -1)}`)).toEqual(missing);
  expect(await upgrade(served.port, `/${path}/`)).toEqual(missing);
  expect(await upgrade(served.port, `/${path}`, { 'sec-websocket-version': '8' })).toEqual(missing);
  expect(await upgrade(served.port, `/${path}`, { 'sec-websocket-key': 'short' })).toEqual(missing);
  expect(await upgrade(served.port, `/${path}`, { upgrade: 'h2c' })).toEqual(missing);
  expect((await upgrade(served.port, '/'))[0]).toBe(200);
  expect((await upgrade(served.port, `/${path}`, { origin: 'https://elsewhere.example' }))[0]).toBe(101);
});

test('what cannot be opened is an answer cut off, and the socket goes on', async () => {
  await using served = await openServed();
  const frames = await opened(served.port);
  expect(await frames.answer(1, new Uint8Array(300).fill(7))).toBe('cut');
  expect(await frames.answer(2)).not.toBe('cut');
});

test('a request that is cancelled is given up by the relay', async () => {
  await using served = await openServed();
  const { relay, world, port } = served;
  const frames = await opened(port);
  const reader = new TestClient(overSocket(relay, frames), primitives, world);
  void reader
    .ask([{ operation: { kind: 'watch', add: [], drop: [], waitSeconds: 40 } }])
    .catch(() => undefined);
  for (let at = 100; relay.held().waiting === 0; at += 1) await frames.answer(at);
  for (let number = 1; number < 100; number += 1) frames.ws.send(encodeAsk({ kind: 'cancel', number }));
  for (let at = 1000; relay.held().waiting > 0; at += 1) await frames.answer(at);
  expect(frames.came.filter((one) => one.kind === 'cut')).toEqual([]);
});

test('a relay that ends answers the waiting readers of its sockets first', async () => {
  await using served = await openServed();
  const { relay, world, port } = served;
  const frames = await opened(port);
  const reader = new TestClient(overSocket(relay, frames), primitives, world);
  const waiting = reader.ask([{ operation: { kind: 'watch', add: [], drop: [], waitSeconds: 40 } }]);
  for (let at = 100; relay.held().waiting === 0; at += 1) await frames.answer(at);
  served.stop.abort();
  expect((await waiting).results).toMatchObject([{ kind: 'watched', more: false }]);
  expect(await frames.closed).toBe(1001);
  await served.ended;
});

test('rule 33: more requests at once than a socket may have are refused one by one, the others are answered', async () => {
  await using served = await openServed({ socketRequests: 2 });
  const { relay, world, port } = served;
  const frames = await opened(port);
  const first = new TestClient(overSocket(relay, frames), primitives, world);
  const watch = { operation: { kind: 'watch', add: [], drop: [], waitSeconds: 40 } } as const;
  const waiting = first.ask([watch]);
  while (relay.held().waiting === 0) await frames.answer(1_000_000 + frames.came.length);
  frames.ask(50, new Uint8Array());
  frames.ask(51, new Uint8Array());
  frames.ask(52, new Uint8Array());
  await frames.until(
    (came) => came.filter((one) => one.kind !== 'pong' && one.number >= 50 && one.number < 60).length === 3,
  );
  expect(frames.came.some((one) => one.kind === 'cut')).toBe(true);
  relay.hurry();
  expect((await waiting).results).toMatchObject([{ kind: 'watched' }]);
});

test('rule 33: more sockets than there may be are refused as a missing page', async () => {
  await using served = await openServed({ sockets: 1 });
  await opened(served.port);
  expect((await upgrade(served.port, `/${path}`))[0]).toBe(404);
});

interface OpenDoor extends AsyncDisposable {
  readonly door: WebSocketDoor;
  readonly port: number;
}

/** A door of its own, for whatever comes. */
async function openDoor(answer: SocketAnswer, limits: Partial<RelayLimits> = {}): Promise<OpenDoor> {
  const door = webSocketDoor(answer, limitsWith(limits));
  const server = createServer({ shouldUpgradeCallback: () => true });
  server.on('upgrade', (asked: IncomingMessage, connection: Socket, head: Buffer) =>
    door.take(asked, connection, { head, source: '192.0.2.7' }),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    door,
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      await door.close();
      server.close();
      await once(server, 'close');
    },
  };
}

test('rule 33: what comes over a socket is rationed as what its source sends by POST', async () => {
  const sources: (string | undefined)[] = [];
  await using served = await openDoor(async (_request, { source }) => {
    sources.push(source);
    return new Uint8Array();
  });
  const frames = await opened(served.port);
  await Promise.all([frames.answer(1), frames.answer(2)]);
  expect(sources).toEqual(['192.0.2.7', '192.0.2.7']);
});

test.for([
  ['a frame of text', (ws: WebSocket) => ws.send('hello'), 1002],
  ['a frame of no kind', (ws: WebSocket) => ws.send(new Uint8Array([9, 9, 9])), 1002],
  ['a frame that is too long', (ws: WebSocket) => ws.send(new Uint8Array(100_000)), 1009],
] as const)('rule 33: %s ends the socket, never the relay', async ([, send, code]) => {
  await using served = await openServed();
  const frames = await opened(served.port);
  send(frames.ws);
  expect([code, 1006]).toContain(await frames.closed);
  expect(await (await opened(served.port)).answer(1)).not.toBe('cut');
});

test('a short answer does not wait behind a long one on the same socket', async () => {
  const order: number[] = [];
  const writes: (() => void)[] = [];
  const turns = new TurnTaking((frame, written) => {
    const decoded = decodeAnswer(frame);
    if (decoded.kind === 'piece') order.push(decoded.number);
    writes.push(written);
  }, 16_384);
  const { signal } = new AbortController();
  const long = turns.whole(1, new Uint8Array(200_000), signal);
  const short = turns.whole(2, new Uint8Array(100), signal);
  while (writes.length > 0) writes.shift()?.();
  await Promise.all([long, short]);
  expect(order.indexOf(2)).toBeLessThan(4);
  expect(order.filter((one) => one === 1).length).toBe(13);
  expect(turns.waiting).toBe(false);
});

test('nothing more of an answer that nobody wants leaves', async () => {
  const writes: (() => void)[] = [];
  const turns = new TurnTaking((_frame, written) => writes.push(written), 16_384);
  const leaving = new AbortController();
  const long = turns.whole(1, new Uint8Array(1_000_000), leaving.signal);
  leaving.abort();
  await long;
  while (writes.length > 0) writes.shift()?.();
  expect(turns.leftBytes).toBeLessThan(40_000);
});

test('a socket on which nobody reads is ended', async () => {
  const asked = Promise.withResolvers<void>();
  let requests = 0;
  await using served = await openDoor(async () => {
    requests += 1;
    if (requests === 60) asked.resolve();
    return new Uint8Array(1_000_000);
  });
  const raw = connect(served.port, '127.0.0.1');
  raw.on('error', () => undefined);
  raw.write(
    'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  await once(raw, 'data');
  raw.pause();
  for (let number = 1; number <= 60; number += 1)
    raw.write(masked(encodeAsk({ kind: 'request', number, bytes: new Uint8Array() })));
  await asked.promise;
  // more than a minute's worth: looked at every five seconds
  while (served.door.size > 0) {
    served.door.look();
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  raw.destroy();
});

test.for([
  ['pings', Uint8Array.of(3), 64, true],
  ['asks for more than it may', encodeAsk({ kind: 'request', number: 9, bytes: new Uint8Array() }), 0, false],
  [
    'asks for what cannot be opened',
    encodeAsk({ kind: 'request', number: 9, bytes: new Uint8Array() }),
    64,
    false,
  ],
  ['sends no frames at all', Uint8Array.of(9), 64, true],
] as const)(
  'rule 33: who %s without end and reads nothing fills no memory',
  async ([, frame, socketRequests, stays]) => {
    const unread = new Duplex({ read: () => undefined, write: () => undefined, writev: () => undefined });
    const door = webSocketDoor(async () => {
      throw new MalformedError('of no use');
    }, limitsWith({ socketRequests }));
    const headers = {
      upgrade: 'websocket',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      'sec-websocket-version': '13',
    };
    const asked = { method: 'GET', headers } as unknown as IncomingMessage;
    door.take(asked, unread, { head: Buffer.alloc(0), source: undefined });
    const before = unread.writableLength;
    const flood = Buffer.concat(Array.from({ length: 1000 }, () => masked(frame)));
    for (let round = 0; round < 20 && !unread.destroyed; round += 1) {
      unread.push(flood);
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
    expect(unread.writableLength - before).toBeLessThan(4096);
    expect(unread.destroyed).toBe(!stays);
    unread.destroy();
    await door.close();
  },
);

test('a socket on which nobody asks anything is closed after a while, and one that asks is not', async () => {
  await using served = await openDoor(async () => new Uint8Array());
  const [idle, busy] = [await opened(served.port), await opened(served.port)];
  for (let number = 1; number < 40; number += 1) {
    await busy.answer(number);
    served.door.look();
  }
  expect(await idle.closed).toBe(1001);
  expect(await busy.answer(100)).not.toBe('cut');
});

/** One message as a client sends it (RFC 6455 section 5.2), under a mask of zeros. */
function masked(frame: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([0x82, 0x80 | frame.length, 0, 0, 0, 0]), frame]);
}
