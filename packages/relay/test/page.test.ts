import { mkdirSync, mkdtempDisposableSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, brotliDecompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { noblePrimitives as primitives, parseRelayLink } from '@tern/protocol';
import {
  documentPolicy,
  openMemoryStore,
  openRelay,
  partPolicy,
  readPageFiles,
  runRelay,
  serve,
} from '../src/index.ts';
import { testWorld } from '../src/testing/index.ts';

interface Answer {
  readonly status: number;
  /** status line and headers with the empty line after them */
  readonly headBytes: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

/** Everything that comes on a connection of its own until the other side ends it. */
async function ask(
  port: number,
  path: string,
  lines: readonly string[] = [],
  method = 'GET',
): Promise<Answer> {
  const socket = connect(port, '127.0.0.1').setEncoding('latin1');
  socket.write([`${method} ${path} HTTP/1.1`, 'Host: relay', ...lines, '', ''].join('\r\n'));
  const sent = await text(socket);
  const headBytes = sent.indexOf('\r\n\r\n') + 4;
  const [status = '', ...head] = sent.slice(0, headBytes - 4).split('\r\n');
  return {
    status: Number(status.split(' ')[1]),
    headBytes,
    headers: new Map(head.map((line) => [line.split(':')[0] ?? '', line.slice(line.indexOf(':') + 2)])),
    body: Buffer.from(sent.slice(headBytes), 'latin1'),
  };
}

const close = 'Connection: close';
const page = '<!doctype html><title>app</title>'.repeat(20);

function makeFolder(): { readonly path: string } & Disposable {
  const made = mkdtempDisposableSync(join(tmpdir(), 'tern-page-'));
  const folder = { path: made.path, [Symbol.dispose]: () => made.remove() };
  for (const name of ['p', 'a']) mkdirSync(join(folder.path, name));
  const files = {
    'index.html': page,
    '.build.json': '{}',
    'index.html.br': brotliCompressSync(page),
    'boot-abcdefgh.js': 'boot()',
    'sw-abcdefgh.js': 'addEventListener("fetch", () => {})',
    'a/engine-abcdefgh.js': 'engine()',
    'p/0123456789abcdef0123456789abcdef0123456789a': Buffer.alloc(7000, 7),
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder.path, name), content);
  return folder;
}

async function serving(folder: string): Promise<{ readonly port: number } & AsyncDisposable> {
  const relay = await openRelay({ store: openMemoryStore(), world: testWorld(), primitives });
  const { signal } = new AbortController();
  return serve(relay, {
    host: '127.0.0.1',
    port: 0,
    path: 'relay-secret',
    signal,
    page: { path: 'app-secret', file: readPageFiles(folder) },
  });
}

describe('the app as a relay serves it', () => {
  test('every response says what it may do, and ends its connection', async () => {
    using folder = makeFolder();
    await using server = await serving(folder.path);
    const policies = {
      '': documentPolicy,
      'sw-abcdefgh.js': documentPolicy,
      'a/engine-abcdefgh.js': documentPolicy,
      'boot-abcdefgh.js': partPolicy,
      'p/0123456789abcdef0123456789abcdef0123456789a': partPolicy,
    };
    for (const [name, policy] of Object.entries(policies)) {
      const answer = await ask(server.port, `/app-secret/${name}`);
      expect([name, answer.status]).toEqual([name, 200]);
      expect(answer.headers.get('Content-Security-Policy')).toBe(policy);
      expect(answer.headers.get('X-Content-Type-Options')).toBe('nosniff');
      expect(answer.headers.get('Connection')).toBe('close');
      expect(answer.headers.get('Content-Length')).toBe(String(answer.body.length));
      if (policy === documentPolicy) {
        expect(answer.headers.get('Referrer-Policy')).toBe('no-referrer');
        expect(answer.headers.get('Cross-Origin-Opener-Policy')).toBe('same-origin');
      }
    }
    expect(documentPolicy).toContain(partPolicy);
    expect(partPolicy).toBe(
      "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src blob:; media-src blob:; " +
        "connect-src 'self' https: wss:; frame-ancestors 'none'",
    );
  });

  test('a piece comes with at most 350 B of headers', async () => {
    using folder = makeFolder();
    await using server = await serving(folder.path);
    const piece = await ask(server.port, '/app-secret/p/0123456789abcdef0123456789abcdef0123456789a');
    expect(piece.headBytes).toBeLessThanOrEqual(350);
    expect(piece.body).toHaveLength(7000);
  });

  test('the page comes as small as the browser takes it, and not at all where it has it already', async () => {
    using folder = makeFolder();
    await using server = await serving(folder.path);
    const small = await ask(server.port, '/app-secret/', ['Accept-Encoding: gzip, deflate, br;q=0.9']);
    expect(small.headers.get('Content-Encoding')).toBe('br');
    expect(brotliDecompressSync(small.body).toString()).toBe(page);
    for (const accepted of ['gzip', 'br;q=0, gzip', '']) {
      const plain = await ask(server.port, '/app-secret/', [`Accept-Encoding: ${accepted}`]);
      expect(plain.headers.get('Content-Encoding')).toBeUndefined();
      expect(plain.body.toString()).toBe(page);
    }
    const again = await ask(server.port, '/app-secret/', [
      `If-None-Match: ${small.headers.get('ETag') ?? ''}`,
    ]);
    expect([again.status, again.body.length]).toEqual([304, 0]);
    const head = await ask(server.port, '/app-secret/', [], 'HEAD');
    expect([head.status, head.headers.get('Content-Length'), head.body.length]).toEqual([
      200,
      String(page.length),
      0,
    ]);
  });

  test('rule 4: the app lies under a secret path of its own, and what is not there is missing like anything', async () => {
    using folder = makeFolder();
    await using server = await serving(folder.path);
    const fixed = ({ status, headers, body }: Answer): unknown => [
      status,
      [...headers].filter(([name]) => name !== 'Date'),
      body.toString(),
    ];
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'OPTIONS']) {
      const missing = fixed(await ask(server.port, '/missing', [close], method));
      for (const path of [
        '/app-secret',
        '/app-secret/other.js',
        '/app-secret/index.html',
        '/app-secret/index.html.br',
        '/app-secret/../app-secret/x',
        '/app-secret/p/',
        '/app-secret/.build.json',
        '/app-secret/p/0000000000abcdef0123456789abcdef0123456789a',
        '/app-secret/%2e%2e/run.ts',
        '/app-secre/',
      ])
        expect([path, fixed(await ask(server.port, path, [close], method))]).toEqual([path, missing]);
    }
    const posted = await ask(server.port, '/app-secret/', [close], 'POST');
    expect(fixed(posted)).toEqual(fixed(await ask(server.port, '/missing', [close], 'POST')));
  });

  test('what is served stays one version while its folder goes', async () => {
    using folder = makeFolder();
    await using server = await serving(folder.path);
    rmSync(join(folder.path, 'sw-abcdefgh.js'));
    writeFileSync(join(folder.path, 'index.html'), 'newer');
    expect((await ask(server.port, '/app-secret/')).body.toString()).toBe(page);
    expect((await ask(server.port, '/app-secret/sw-abcdefgh.js')).status).toBe(200);
  });
});

describe('a relay that an operator runs with the app', () => {
  test('prints one link that lets a device use it and opens the app, the same at the next start', async () => {
    using folder = makeFolder();
    using data = mkdtempDisposableSync(join(tmpdir(), 'tern-page-data-'));
    const links: string[] = [];
    for (let start = 0; start < 2; start += 1) {
      const stop = new AbortController();
      const printed = Promise.withResolvers<string>();
      const running = runRelay({
        data: data.path,
        web: folder.path,
        ports: [0],
        signal: stop.signal,
        world: testWorld(Date.UTC(2026, 10, 1), String(start)),
        primitives,
        print(line) {
          const link = /^relay link: (.*)$/u.exec(line)?.[1];
          if (link !== undefined) printed.resolve(link);
        },
      });
      const link = await Promise.race([printed.promise, running.then(() => printed.promise)]);
      const { hint, app } = parseRelayLink(link);
      links.push(app ?? '');
      expect(link.startsWith(`http://127.0.0.1:${hint.port}/${app ?? 'none'}/#r`)).toBe(true);
      expect(Buffer.from(app ?? '', 'base64url')).toHaveLength(16);
      expect(app).not.toBe(hint.path);
      expect((await ask(hint.port, `/${app ?? ''}/`)).body.toString()).toBe(page);
      stop.abort();
      await running;
    }
    expect(links[0]).toBe(links[1]);
  });

  test('refuses a folder in which no app was built, in one sentence', async () => {
    using empty = mkdtempDisposableSync(join(tmpdir(), 'tern-page-'));
    const base = { world: testWorld(), primitives, print: () => {}, signal: new AbortController().signal };
    await expect(runRelay({ ...base, data: join(empty.path, 'data'), web: empty.path })).rejects.toThrow(
      'there is no built app in',
    );
  });
});
