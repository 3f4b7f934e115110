import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { request as requestTls } from 'node:https';
import { connect } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { noblePrimitives as primitives, openCard, parseRelayLink, type RelayLink } from '@tern/protocol';
import { openMemoryStore, openRelay, runRelay, serve, type Relay } from '../src/index.ts';
import { firstPolicy, smallEntry, TestClient, testWorld } from '../src/testing/index.ts';

/** For 127.0.0.1, of nobody, until the year 2126. */
const certificate = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBjzCCATagAwIBAgIUUJHExAEbUKAPq/ajHdszqNqxGPowCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMzAzMTgxOFoYDzIxMjYxMDMw
MDMxODE4WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAARX519vtXLqHnUzjzC6yH5GsJ9Vz0HFUqCYkSi4lmuGBndfQ8aXoVO0
Oe0XpP0UI8581Vd2xI0TRAAt7gLyRMZio2QwYjAdBgNVHQ4EFgQUzC7NJp44Sn7v
eNEF+ZobnVdW3AMwHwYDVR0jBBgwFoAUzC7NJp44Sn7veNEF+ZobnVdW3AMwDwYD
VR0TAQH/BAUwAwEB/zAPBgNVHREECDAGhwR/AAABMAoGCCqGSM49BAMCA0cAMEQC
IGgnhEheiNUZgoOHdxJChQjON57sx2sof41sLi6LL+Z0AiAjlJFcOVvmLUywLuRr
a+q5aOfY4+k9RKTZPCjR+gcipA==
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg5RoSWbqNVKk3WbU+
Ysgd7xGnj8/Q37EPp5Pv3vYGQKGhRANCAARX519vtXLqHnUzjzC6yH5GsJ9Vz0HF
UqCYkSi4lmuGBndfQ8aXoVO0Oe0XpP0UI8581Vd2xI0TRAAt7gLyRMZi
-----END PRIVATE KEY-----
`,
};

interface Page {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

async function fetchPage(
  origin: string,
  path: string,
  options: {
    readonly method?: string;
    readonly body?: Uint8Array;
    readonly headers?: Record<string, string>;
  } = {},
): Promise<Page> {
  const sent = (origin.startsWith('https') ? requestTls : request)(`${origin}${path}`, {
    ca: certificate.cert,
    method: options.method ?? 'GET',
    agent: false,
    headers: options.headers ?? {},
  });
  sent.end(options.body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const pieces: Buffer[] = [];
  for await (const piece of response as AsyncIterable<Buffer>) pieces.push(piece);
  const { date: _, ...headers } = response.headers;
  return { status: response.statusCode ?? 0, headers, body: Buffer.concat(pieces) };
}

const path = 'kBv0rY3qyu4_secret-path';

async function openServed(): Promise<{
  readonly relay: Relay;
  readonly origin: string;
  readonly world: ReturnType<typeof testWorld>;
  readonly stop: AbortController;
  readonly ended: Promise<void>;
}> {
  const world = testWorld();
  const relay = await openRelay({ store: openMemoryStore(), world, primitives });
  const stop = new AbortController();
  const server = await serve(relay, { host: '127.0.0.1', port: 0, path, signal: stop.signal });
  return { relay, origin: server.origin, world, stop, ended: server.ended };
}

function overHttp(relay: Relay, origin: string): Pick<Relay, 'answer' | 'id'> {
  return {
    id: relay.id,
    async answer(body) {
      const page = await fetchPage(origin, `/${path}`, { method: 'POST', body });
      expect(page.status).toBe(200);
      return new Uint8Array(page.body);
    },
  };
}

test('rule 1: an empty POST on the right path is answered with the card, which does not name the path', async () => {
  const { relay, origin, stop, ended } = await openServed();
  const page = await fetchPage(origin, `/${path}`, { method: 'POST' });
  expect(page.headers['access-control-allow-origin']).toBe('*');
  expect(openCard(primitives, page.body.subarray(2))?.relay).toBe(relay.id);
  expect(page.body.includes(path)).toBe(false);
  stop.abort();
  await ended;
});

test('rule 4: whoever lacks the path gets what any missing path gives, byte for byte, whatever the method', async () => {
  const { origin, stop, ended } = await openServed();
  for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'PROPFIND']) {
    const missing = await fetchPage(origin, '/favicon.ico', { method });
    expect(missing.status).toBe(404);
    expect(await fetchPage(origin, `/${path.slice(0, -1)}`, { method })).toEqual(missing);
    expect(await fetchPage(origin, `/${path}/`, { method })).toEqual(missing);
    if (method !== 'POST') expect(await fetchPage(origin, `/${path}`, { method })).toEqual(missing);
  }
  const missing = await fetchPage(origin, '/missing', { method: 'POST', body: new Uint8Array(300) });
  expect(missing.headers['access-control-allow-origin']).toBeUndefined();
  const noise = await fetchPage(origin, `/${path}`, { method: 'POST', body: new Uint8Array(300).fill(7) });
  expect(noise).toEqual(missing);
  const tooMuch = await fetchPage(origin, `/${path}`, { method: 'POST', body: new Uint8Array(100_000) });
  expect(tooMuch).toEqual(missing);
  const front = await fetchPage(origin, '/');
  expect(front.status).toBe(200);
  expect(front.body.toString()).not.toMatch(/tern|relay|messag/i);
  stop.abort();
  await ended;
});

test('a log is begun, written to and followed over HTTP, and a waiting reader is woken by the next entry', async () => {
  const { relay, origin, world, stop, ended } = await openServed();
  const writer = new TestClient(overHttp(relay, origin), primitives, world);
  const reader = new TestClient(overHttp(relay, origin), primitives, world);
  const first = firstPolicy({ primitives, world, relay });
  const { log, seeds } = first;
  await writer.one({ kind: 'create', policy: first.signed, right: await relay.newRight() });
  const waiting = reader.ask([
    {
      operation: { kind: 'watch', add: [{ log, after: 0, number: 0 }], drop: [], waitSeconds: 30 },
      seeds: [seeds.read],
    },
  ]);
  while (relay.held().waiting === 0) await fetchPage(origin, '/');
  await writer.one({ kind: 'append', log, number: 0, entry: smallEntry(world) }, seeds.append);
  expect((await waiting).results).toMatchObject([{ kind: 'entry', seq: 1 }, { kind: 'watched' }]);
  stop.abort();
  await ended;
});

test('a relay that ends answers its waiting readers first', async () => {
  const { relay, origin, world, stop, ended } = await openServed();
  const reader = new TestClient(overHttp(relay, origin), primitives, world);
  const waiting = reader.ask([{ operation: { kind: 'watch', add: [], drop: [], waitSeconds: 40 } }]);
  while (relay.held().waiting === 0) await fetchPage(origin, '/');
  stop.abort();
  expect((await waiting).results).toMatchObject([{ kind: 'watched', more: false }]);
  await ended;
});

test('a relay speaks TLS by itself when it has a certificate', async () => {
  const world = testWorld();
  await using relay = await openRelay({ store: openMemoryStore(), world, primitives });
  const { signal } = new AbortController();
  await using server = await serve(relay, { host: '127.0.0.1', port: 0, path, tls: [certificate], signal });
  expect(server.origin).toBe(`https://127.0.0.1:${server.port}`);
  const client = new TestClient(overHttp(relay, server.origin), primitives, world);
  expect(await client.one({ kind: 'hello' })).toMatchObject({ kind: 'card' });
});

test('a relay that ends does not wait for connections on which nobody asks anything', async () => {
  const { origin, stop, ended } = await openServed();
  const { port, hostname } = new URL(origin);
  const silent = connect(Number(port), hostname);
  await once(silent, 'connect');
  const closed = once(silent, 'close');
  await fetchPage(origin, '/');
  stop.abort();
  await ended;
  await closed;
});

test('a relay that ends does not wait for the rest of a request that stopped half way', async () => {
  const { origin, stop, ended } = await openServed();
  const { port, hostname } = new URL(origin);
  const half = connect(Number(port), hostname);
  await once(half, 'connect');
  half.on('error', () => undefined); // that it is ended is what the test is about
  half.write(`POST /${path} HTTP/1.1\r\nHost: relay\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n\r\n`);
  await once(half, 'data'); // the relay has begun to read
  half.write(new Uint8Array(500));
  const closed = new Promise((resolve) => void half.once('close', resolve));
  stop.abort();
  await ended;
  await closed;
});

async function runOnce(
  data: string,
  during: (link: RelayLink, world: ReturnType<typeof testWorld>) => Promise<void>,
): Promise<string[]> {
  const world = testWorld(Date.UTC(2026, 10, 1), data);
  const stop = new AbortController();
  const lines: string[] = [];
  const printed = Promise.withResolvers<RelayLink>();
  const running = runRelay({
    data,
    ports: [0],
    signal: stop.signal,
    world,
    primitives,
    print(line) {
      lines.push(line);
      const link = /relay link: (.*)/.exec(line)?.[1];
      if (link !== undefined) printed.resolve(parseRelayLink(link));
    },
  });
  await during(await Promise.race([printed.promise, running.then(() => printed.promise)]), world);
  stop.abort();
  await running;
  return lines;
}

test('a relay that is started again is the same relay, with the same link and everything it held', async () => {
  const data = await mkdtemp(join(tmpdir(), 'tern-run-'));
  const world = testWorld();
  let before: RelayLink | undefined;
  let made: ReturnType<typeof firstPolicy> | undefined;
  const through = (link: RelayLink): Pick<Relay, 'answer' | 'id'> => ({
    id: link.hint.relay as Relay['id'],
    answer: async (body) =>
      new Uint8Array(
        (
          await fetchPage(`http://127.0.0.1:${link.hint.port}`, `/${link.hint.path}`, {
            method: 'POST',
            body,
          })
        ).body,
      ),
  });
  await runOnce(data, async (link) => {
    before = link;
    const relay = through(link);
    made = firstPolicy({ primitives, world, relay });
    const client = new TestClient(relay, primitives, world);
    const { log, seeds, signed } = made;
    await client.one({ kind: 'create', policy: signed, right: link.right ?? new Uint8Array() });
    await client.one({ kind: 'append', log, number: 0, entry: smallEntry(world) }, seeds.append);
  });
  await runOnce(data, async (link) => {
    expect({ ...link, hint: { ...link.hint, port: 0 } }).toEqual({
      ...before,
      hint: { ...before?.hint, port: 0 },
    });
    if (made === undefined) throw new Error('nothing was made');
    const { log, seeds } = made;
    const reader = new TestClient(through(link), primitives, world);
    const answer = await reader.ask([
      {
        operation: { kind: 'watch', add: [{ log, after: 0, number: 0 }], drop: [], waitSeconds: 0 },
        seeds: [seeds.read],
      },
    ]);
    expect(answer.results).toMatchObject([{ kind: 'entry', seq: 1 }, { kind: 'watched' }]);
  });
  expect((await stat(data)).mode & 0o077).toBe(0);
  for (const name of await readdir(join(data, 'secrets'))) {
    expect((await stat(join(data, 'secrets', name))).mode & 0o077).toBe(0);
  }
  await rm(data, { recursive: true });
});

test('a relay that cannot start says why in one sentence', async () => {
  const data = await mkdtemp(join(tmpdir(), 'tern-run-'));
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  const base = { world: testWorld(), primitives, print: () => {}, signal: new AbortController().signal };
  await expect(runRelay({ ...base, data, ports: [port] })).rejects.toThrow(`port ${port} is in use`);
  taken.close();
  const file = join(data, 'file');
  await writeFile(file, 'not a certificate');
  const ports = [0];
  await expect(runRelay({ ...base, data, ports, certificates: [{ cert: file, key: file }] })).rejects.toThrow(
    'the certificate and its key cannot be used',
  );
  await expect(
    runRelay({ ...base, data, ports, certificates: [{ cert: join(data, 'none'), key: file }] }),
  ).rejects.toThrow('the certificate or its key cannot be read');
  await expect(runRelay({ ...base, data: join(file, 'below'), ports })).rejects.toThrow(
    "the folder for the relay's data cannot be used",
  );
  await rm(data, { recursive: true });
});
