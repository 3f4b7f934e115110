import { once } from 'node:events';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempDisposableSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { buffer, text } from 'node:stream/consumers';
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
  const asked = [`${method} ${path} HTTP/1.1`, 'Host: relay', 'Connection: close', ...lines];
  socket.write([...asked, '', ''].join('\r\n'));
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

/** Asks as a browser does, over the connection that is there or else a new one. @returns for each the answer, and whether it took a new one */
async function askInTurn(
  port: number,
  paths: readonly string[],
): Promise<readonly (readonly [isNew: boolean, body: Buffer])[]> {
  using agent = keepingAgent();
  const answers: (readonly [boolean, Buffer])[] = [];
  for (const path of paths) {
    const request = get({ port, path, agent });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    // the agent has the connection back, or it is gone
    const over = Promise.race([once(agent, 'free'), once(response.socket, 'close')]);
    answers.push([!request.reusedSocket, await buffer(response)]);
    await over;
  }
  return answers;
}

function keepingAgent(): Agent & Disposable {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return Object.assign(agent, { [Symbol.dispose]: () => agent.destroy() });
}

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
  test('every response says what it may do', async () => {
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
      expect(answer.headers.get('Content-Length')).toBe(String(answer.body.length));
      if (policy === documentPolicy) {
        expect(answer.headers.get('Referrer-Policy')).toBe('no-referrer');
        expect(answer.headers.get('Cross-Origin-Opener-Policy')).toBe(
          name === '' ? 'same-origin' : undefined,
        );
      }
    }
    expect(documentPolicy).toContain(partPolicy);
    expect(partPolicy).toBe(
      "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src blob:; media-src blob:; " +
        "connect-src 'self' https: wss:; frame-ancestors 'none'",
    );
  });

  test('a page that brings its first script and style in itself may run these and no others', async () => {
    using folder = makeFolder();
    writeFileSync(
      join(folder.path, 'index.html'),
      '<style>p{margin:0}</style><script type=module>begin()</script><p>a</p>',
    );
    rmSync(join(folder.path, 'index.html.br'));
    await using server = await serving(folder.path);
    const { headers } = await ask(server.port, '/app-secret/');
    const hash = (content: string): string =>
      `'sha256-${createHash('sha256').update(content).digest('base64')}'`;
    expect(headers.get('Content-Security-Policy')).toBe(
      documentPolicy
        .replace("script-src 'self'", `script-src 'self' ${hash('begin()')}`)
        .replace("style-src 'self'", `style-src 'self' ${hash('p{margin:0}')}`),
    );
  });

  test('pieces come together over the connection that brought the page, and whatever else does once it carried much', async () => {
    using folder = makeFolder();
    await using server = await serving(folder.path);
    const piece = '0123456789abcdef0123456789abcdef0123456789a';
    const framed = Buffer.concat([Uint8Array.of(7000 >> 8, 7000 & 255), Buffer.alloc(7000, 7)]);
    const together = `/app-secret/p/${`${piece}.`.repeat(4)}`;
    const other = '/app-secret/sw-abcdefgh.js';
    const answers = await askInTurn(server.port, [
      '/app-secret/',
      together,
      other,
      `/app-secret/p/${piece}.`,
    ]);
    expect(answers.map(([isNew]) => isNew)).toEqual([true, false, false, false]);
    expect(answers[1]?.[1].equals(Buffer.concat([framed, framed, framed, framed]))).toBe(true);
    expect(answers[3]?.[1].equals(framed)).toBe(true);
  });

  test('where a connection freezes after some bytes each file has one of its own', async () => {
    using folder = makeFolder();
    await using server = await serving(folder.path);
    const piece = '/app-secret/p/0123456789abcdef0123456789abcdef0123456789a';
    const alone = piece.replace('/p/', '/p/.');
    const paths = [
      piece,
      `${alone}.`,
      `${alone}.`,
      '/app-secret/sw-abcdefgh.js',
      '/app-secret/boot-abcdefgh.js',
    ];
    const answers = await askInTurn(server.port, [...paths, piece]);
    expect(answers.map(([isNew]) => isNew)).toEqual([...paths, piece].map(() => true));
  });

  test('a piece comes with at most 350 B of headers', async () => {
    using folder = makeFolder();
    await using server = await serving(folder.path);
    const path = '/app-secret/p/0123456789abcdef0123456789abcdef0123456789a';
    for (const [name, bytes] of [
      [path, 7000],
      [`${path.replace('/p/', '/p/.')}.`, 7002],
    ] as const) {
      const piece = await ask(server.port, name);
      expect(piece.headBytes).toBeLessThanOrEqual(350);
      expect(piece.body).toHaveLength(bytes);
    }
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
      const missing = fixed(await ask(server.port, '/missing', [], method));
      for (const path of [
        '/app-secret',
        '/app-secret/other.js',
        '/app-secret/index.html',
        '/app-secret/index.html.br',
        '/app-secret/../app-secret/x',
        '/app-secret/p/',
        '/app-secret/.build.json',
        '/app-secret/p/0000000000abcdef0123456789abcdef0123456789a',
        '/app-secret/p/0123456789abcdef0123456789abcdef0123456789a.0000000000abcdef.',
        `/app-secret/p/${'0123456789abcdef0123456789abcdef0123456789a.'.repeat(65)}`,
        '/app-secret/p/.',
        '/app-secret/%2e%2e/run.ts',
        '/app-secre/',
      ])
        expect([path, fixed(await ask(server.port, path, [], method))]).toEqual([path, missing]);
    }
    const posted = await ask(server.port, '/app-secret/', [], 'POST');
    expect(fixed(posted)).toEqual(fixed(await ask(server.port, '/missing', [], 'POST')));
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
