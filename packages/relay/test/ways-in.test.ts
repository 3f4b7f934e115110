import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTcp } from 'node:net';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { noblePrimitives as primitives, openCard, parseRelayLink } from '@tern/protocol';
import { listenAddresses, openMemoryStore, openRelay, runRelay, serve, type Server } from '../src/index.ts';
import { testWorld } from '../src/testing/index.ts';
import * as certificates from '../src/testing/test-certificates.ts';

const path = 'way';
const host = '127.0.0.1';

async function openTls(options: ConnectionOptions): Promise<TLSSocket> {
  const socket = connect({ host, ca: [certificates.first.cert, certificates.second.cert], ...options });
  await once(socket, 'secureConnect');
  return socket;
}

/** The name of the certificate that is shown. */
async function shownTo(options: ConnectionOptions): Promise<string> {
  const socket = await openTls({ ...options, checkServerIdentity: () => undefined });
  const { subject } = socket.getPeerCertificate();
  socket.destroy();
  return [subject.CN].flat().join();
}

/** The card that an empty POST brings. */
async function cardAt(port: number, options: ConnectionOptions = {}): Promise<Uint8Array> {
  const socket = await openTls({ port, checkServerIdentity: () => undefined, ...options });
  socket.end(`POST /${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
  const pieces: Buffer[] = [];
  for await (const piece of socket as AsyncIterable<Buffer>) pieces.push(piece);
  const whole = Buffer.concat(pieces);
  return new Uint8Array(whole.subarray(whole.indexOf('\r\n\r\n') + 4));
}

async function serving(
  limits: { readonly connections?: number } = {},
): Promise<{ readonly server: Server; readonly relay: string } & AsyncDisposable> {
  const relay = await openRelay({ store: openMemoryStore(), world: testWorld(), primitives, limits });
  const server = await serve(relay, {
    host,
    port: 0,
    also: [
      { host, port: 0 },
      { host: '127.0.0.2', port: 0 },
    ],
    path,
    tls: [certificates.first, certificates.second],
    signal: new AbortController().signal,
  });
  return {
    server,
    relay: relay.id,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await relay[Symbol.asyncDispose]();
    },
  };
}

const portsOf = (server: Server): number[] => server.origins.map((origin) => Number(new URL(origin).port));

describe('a relay with several ways in', () => {
  test('answers the same on each address and port, and closes all of them', async () => {
    const { server, relay, ...rest } = await serving();
    expect(server.origins.map((origin) => new URL(origin).hostname)).toEqual([host, host, '127.0.0.2']);
    const [first = 0, second = 0, third = 0] = portsOf(server);
    expect(new Set([first, second])).toHaveLength(2);
    for (const [port, at] of [
      [first, host],
      [second, host],
      [third, '127.0.0.2'],
    ] as const)
      expect(openCard(primitives, (await cardAt(port, { host: at })).subarray(2))?.relay).toBe(relay);
    await rest[Symbol.asyncDispose]();
    for (const port of [first, second]) {
      const [cause] = (await once(
        connectTcp(port, host).on('connect', () => {}),
        'error',
      ).catch((error: unknown) => [error])) as [NodeJS.ErrnoException];
      expect(cause.code).toBe('ECONNREFUSED');
    }
  });

  test('shows the certificate of the name that is asked for, and the first one to who names none', async () => {
    await using served = await serving();
    const { port } = served.server;
    expect(await shownTo({ port, servername: 'one.relay.example' })).toBe('one.relay.example');
    expect(await shownTo({ port, servername: 'two.relay.example' })).toBe('two.relay.example');
    expect(await shownTo({ port, servername: 'any.third.example' })).toBe('two.relay.example');
    expect(await shownTo({ port, servername: 'a.b.third.example' })).toBe('one.relay.example');
    expect(await shownTo({ port, servername: 'other.example' })).toBe('one.relay.example');
    expect(await shownTo({ port, servername: '' })).toBe('one.relay.example');
    const checked = await openTls({ port, servername: 'two.relay.example' });
    expect(checked.authorized).toBe(true);
    checked.destroy();
  });

  test('speaks HTTP/1.1 only', async () => {
    await using served = await serving();
    const { port } = served.server;
    for (const servername of ['one.relay.example', 'two.relay.example']) {
      const socket = await openTls({ port, servername, ALPNProtocols: ['h2', 'http/1.1'] });
      expect(socket.alpnProtocol).toBe('http/1.1');
      socket.destroy();
    }
    await expect(openTls({ port, servername: 'one.relay.example', ALPNProtocols: ['h2'] })).rejects.toThrow(
      /alert no application protocol/u,
    );
  });

  test.each(['TLSv1.3', 'TLSv1.2'] as const)(
    'resumes a session of %s on every port, whichever certificate it began with',
    async (maxVersion) => {
      await using served = await serving();
      const ports = portsOf(served.server).slice(0, 2);
      for (const servername of ['one.relay.example', 'two.relay.example']) {
        const socket = await openTls({ port: ports[0], servername, maxVersion });
        expect(socket.isSessionReused()).toBe(false);
        // before version 1.3 it came with the handshake
        const came = maxVersion === 'TLSv1.3' ? once(socket, 'session') : [socket.getSession()];
        socket.end('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
        const [session] = (await came) as [Buffer];
        await text(socket);
        for (const port of ports) {
          const again = await openTls({ port, servername, maxVersion, session });
          expect([servername, again.isSessionReused()]).toEqual([servername, true]);
          again.destroy();
        }
      }
    },
  );

  test('counts the connections of all ports together', async () => {
    await using served = await serving({ connections: 2 });
    const [first, second] = portsOf(served.server);
    const one = await openTls({ port: first, servername: 'one.relay.example' });
    const two = await openTls({ port: second, servername: 'one.relay.example' });
    await expect(openTls({ port: second, servername: 'one.relay.example' })).rejects.toThrow();
    one.destroy();
    two.destroy();
  });
});

test('where to listen is every address with its port, and every other one on each port', () => {
  const at = (listen: readonly string[], ports: readonly number[]): string[] =>
    listenAddresses({ listen, ports }).map((one) => `${one.host} ${one.port}`);
  expect(at([], [])).toEqual(['127.0.0.1 7700']);
  expect(at([], [443, 8443])).toEqual(['127.0.0.1 443', '127.0.0.1 8443']);
  expect(at(['0.0.0.0'], [])).toEqual(['0.0.0.0 7700']);
  expect(at(['0.0.0.0', '::', '[::1]:99', 'localhost:7'], [443, 8443])).toEqual([
    '0.0.0.0 443',
    '0.0.0.0 8443',
    ':: 443',
    ':: 8443',
    '::1 99',
    'localhost 7',
  ]);
  expect(at(['127.0.0.1:0', '127.0.0.1:0'], [])).toHaveLength(2);
});

test('where nobody can listen is refused in one sentence', () => {
  const at = (listen: readonly string[], ports: readonly number[] = []): (() => unknown) => {
    return () => listenAddresses({ listen, ports });
  };
  for (const text of ['a b', 'x:', 'x:70000', '[1.2.3.4]:5', 'http://x', ':443', '::1:x'])
    expect(at([text])).toThrow(`"${text}" is no address to listen on`);
  expect(at(['0.0.0.0:1', '0.0.0.0:1'])).toThrow('0.0.0.0, port 1 is asked for twice');
  expect(at(['0.0.0.0:1'], [2])).toThrow('there is none for the other ports');
});

interface Printed {
  readonly lines: readonly string[];
  /** of the card on the first port */
  readonly endpoints: readonly string[];
}

async function run(
  publicUrls: readonly string[],
  pairs: readonly { readonly cert: string; readonly key: string }[] = [
    certificates.first,
    certificates.second,
  ],
): Promise<Printed> {
  const data = await mkdtemp(join(tmpdir(), 'tern-ways-'));
  try {
    const files = await Promise.all(
      pairs.map(async (pair, at) => {
        const [cert, key] = [join(data, `${at}.crt`), join(data, `${at}.key`)];
        await Promise.all([writeFile(cert, pair.cert), writeFile(key, pair.key)]);
        return { cert, key };
      }),
    );
    const stop = new AbortController();
    const lines: string[] = [];
    const printed = Promise.withResolvers<void>();
    const running = runRelay({
      data: join(data, 'relay'),
      listen: ['127.0.0.1', '127.0.0.2:0'],
      ports: [0, 0],
      publicUrls,
      certificates: files,
      signal: stop.signal,
      world: testWorld(),
      primitives,
      print(line) {
        lines.push(line);
        if (line.startsWith('relay link')) printed.resolve();
      },
    });
    await Promise.race([printed.promise, running]);
    const { hint } = parseRelayLink(lines.find((line) => line.startsWith('relay link'))?.slice(12) ?? '');
    const port = Number(new URL(lines[0]?.slice(9) ?? '').port);
    const socket = await openTls({ port, checkServerIdentity: () => undefined });
    socket.end(`POST /${hint.path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
    const pieces: Buffer[] = [];
    for await (const piece of socket as AsyncIterable<Buffer>) pieces.push(piece);
    const whole = Buffer.concat(pieces);
    const card = openCard(primitives, whole.subarray(whole.indexOf('\r\n\r\n') + 6));
    stop.abort();
    await running;
    return { lines, endpoints: card?.card.endpoints ?? [] };
  } finally {
    await rm(data, { recursive: true });
  }
}

describe('an operator who gives several public addresses', () => {
  test('has the first in the link and all of them in the card', async () => {
    const { lines, endpoints } = await run([
      'https://one.relay.example',
      'https://two.relay.example:8443/',
      'https://127.0.0.1:10443',
    ]);
    expect(lines.filter((line) => line.startsWith('address: https://127.0.0.'))).toHaveLength(3);
    const link = lines.find((line) => line.startsWith('relay link')) ?? '';
    expect(link.slice(12)).toMatch(/^https:\/\/one\.relay\.example:443\/#r/u);
    expect(endpoints).toEqual([
      'https://one.relay.example:443',
      'https://two.relay.example:8443',
      'https://127.0.0.1:10443',
    ]);
    expect(lines.join('\n')).not.toContain('note');
  });

  test('is told which of them no certificate is for', async () => {
    const { lines } = await run(['https://one.relay.example', 'https://four.example', 'https://[::1]:1']);
    expect(lines.filter((line) => line.startsWith('note'))).toEqual([
      'note: no certificate given here is for https://four.example:443',
      'note: no certificate given here is for https://[::1]:1',
    ]);
  });

  test('fills a card with as many as may be given', async () => {
    const longest = Array.from(
      { length: 7 },
      (_, at) => `https://${`${at}`.repeat(60)}.${'x'.repeat(60)}.${'y'.repeat(60)}:443`,
    );
    const { endpoints } = await run(['https://one.relay.example', ...longest]);
    expect(endpoints).toHaveLength(8);
  });

  test('is refused, in one sentence, what cannot be one', async () => {
    await expect(run(['https://one.relay.example/app'])).rejects.toThrow(
      'must look like https://name:port, which "https://one.relay.example/app" does not',
    );
    await expect(run(['one.relay.example:443'])).rejects.toThrow('must look like');
    await expect(run(['https://a.example', 'https://a.example:443'])).rejects.toThrow(
      'https://a.example:443 is given twice',
    );
    await expect(run(Array.from({ length: 9 }, (_, at) => `https://a${at}.example`))).rejects.toThrow(
      'at most 8 public addresses',
    );
    await expect(run([`https://${'a'.repeat(60)}.example`])).rejects.toThrow('a shorter one must come first');
    await expect(
      run(
        ['https://a.example'],
        [certificates.first, { ...certificates.second, key: certificates.first.key }],
      ),
    ).rejects.toThrow('cannot be used (pair 2 of 2)');
  });
});
