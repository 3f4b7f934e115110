import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { TLSSocket } from 'node:tls';
import { UnreachableError, type Hint, type RelayId } from '@tern/protocol';
import { describe, expect, test } from 'vitest';
import { entranceOf, waysOf } from '../src/dialer/way.ts';
import { HttpsCarrier } from '../src/node/https-carrier.ts';
import { nodeDialer, nodeWorld, type NodeDialerOptions } from '../src/node/index.ts';
import { Resolver } from '../src/node/resolver.ts';
import { transportContract, type Serve, type TransportFixture } from '../src/testing/index.ts';
import { answerWith } from './doh-server.ts';
import { certificate, listen, serving, unusedPort } from './http-server.ts';

const { signal } = new AbortController();

async function fixture(
  serve: Serve,
  { tls, longestSilenceMs }: { readonly tls: boolean; readonly longestSilenceMs: number },
): Promise<TransportFixture> {
  const listening = await listen(serving(serve), { tls });
  const transport = nodeDialer({ authorities: certificate, longestSilenceMs });
  return {
    transport,
    hint: listening.hint,
    nobody: { ...listening.hint, port: await unusedPort() },
    async [Symbol.asyncDispose]() {
      transport[Symbol.dispose]();
      await listening[Symbol.asyncDispose]();
    },
  };
}

for (const tls of [true, false]) {
  describe(tls ? 'over TLS' : 'in the clear', () => {
    transportContract(test, (serve, options) => fixture(serve, { tls, ...options }));
  });
}

async function carry(
  dialer: ReturnType<typeof nodeDialer>,
  to: Hint,
  options: { readonly heldMs?: number; readonly bulk?: boolean } = {},
): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of dialer.carry(to, new Uint8Array([1, 2, 3]), { signal, ...options }))
    pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

const open = (options: NodeDialerOptions = {}): ReturnType<typeof nodeDialer> =>
  nodeDialer({ authorities: certificate, longestSilenceMs: 2000, ...options });

/** So that the internet has an address here. */
const isOfInternet = (address: string): boolean => address === '127.0.0.1';

describe('what goes over the wire', () => {
  test('a request says no more than HTTP needs, and the connection serves the next one', async () => {
    const heads: (readonly string[])[] = [];
    await using server = await listen(
      (incoming, outgoing) => {
        heads.push([`${incoming.method} ${incoming.url}`, ...incoming.rawHeaders]);
        incoming.resume();
        outgoing.end('ok');
      },
      { tls: true },
    );
    using dialer = open();
    for (let times = 0; times < 3; times += 1) expect(await carry(dialer, server.hint)).toBe('ok');
    const host = `127.0.0.1:${server.port}`;
    const head = ['POST /secret-path', 'content-length', '3', 'host', host, 'Connection', 'keep-alive'];
    expect(heads).toEqual([head, head, head]);
    expect(server.connections()).toBe(1);
  });

  test('what is for another secret path takes no connection of the first', async () => {
    const paths: unknown[] = [];
    const handler: RequestListener = ({ url }, outgoing) => outgoing.end(String(paths.push(url)));
    await using server = await listen(handler, { tls: true });
    using dialer = open();
    for (const path of ['one', 'other', 'one']) await carry(dialer, { ...server.hint, path });
    expect(paths).toEqual(['/one', '/other', '/one']);
    expect(server.connections()).toBe(2);
  });

  test('a name is said in the hello, an address is not', async () => {
    await using server = await listen((_incoming, outgoing) => outgoing.end('ok'), { tls: true });
    using dialer = open();
    expect(await carry(dialer, { ...server.hint, address: 'localhost' })).toBe('ok');
    expect(await carry(dialer, server.hint)).toBe('ok');
    expect(server.serverNames).toEqual(['localhost', '']);
  });

  test('connections that begin together go on with sessions of those before them', async () => {
    const resumed: boolean[] = [];
    await using server = await listen(
      (incoming, outgoing) => {
        if (incoming.socket instanceof TLSSocket) resumed.push(incoming.socket.isSessionReused());
        outgoing.shouldKeepAlive = false;
        outgoing.end('ok');
      },
      { tls: true },
    );
    using dialer = open();
    await carry(dialer, server.hint);
    await Promise.all([carry(dialer, server.hint), carry(dialer, server.hint)]);
    expect(resumed).toEqual([false, true, true]);
  });

  test('the last session is used again where connections freeze, and nowhere else', async () => {
    const resumed: boolean[] = [];
    await using server = await listen(
      (incoming, outgoing) => {
        if (incoming.socket instanceof TLSSocket) resumed.push(incoming.socket.isSessionReused());
        outgoing.shouldKeepAlive = false;
        outgoing.end('ok');
      },
      { tls: true },
    );
    const resolver = new Resolver({ world: nodeWorld, remembered: () => undefined, isOfInternet });
    const carrier = new HttpsCarrier({ resolver, network: () => 'home', authorities: certificate });
    const [way] = waysOf(entranceOf(server.hint), { choosesAddress: true, remembers: () => false });
    if (way === undefined) throw new TypeError('no way');
    const ask = async (freezes: boolean): Promise<void> => {
      const opened = await carrier.open(way, { signal, small: true, freezes, reached: () => undefined });
      const asked = { signal, heldMs: 0, bulk: false, last: true };
      for await (const _ of opened.exchange(new Uint8Array(3), asked));
    };
    for (const freezes of [false, false, false, false, true, true, true, true]) await ask(freezes);
    expect(resumed).toEqual([false, true, true, false, true, true, true, true]);
  });

  test('a kept connection that the relay has closed meanwhile costs a new one and no error', async () => {
    let requests = 0;
    await using server = await listen(
      (incoming, outgoing) => {
        requests += 1;
        if (requests === 2) incoming.socket.destroy();
        else outgoing.end('ok');
        incoming.resume();
      },
      { tls: true },
    );
    using dialer = open();
    expect([await carry(dialer, server.hint), await carry(dialer, server.hint)]).toEqual(['ok', 'ok']);
    expect(server.connections()).toBe(2);
  });

  test('a watch that nobody wants any more leaves its connection to those that come', async () => {
    const answers: (() => void)[] = [];
    await using server = await listen(
      (incoming, outgoing) => {
        incoming.resume();
        if (answers.length === 0) answers.push(() => outgoing.end('late'));
        else outgoing.end('ok');
      },
      { tls: true },
    );
    using dialer = open();
    const leaving = new AbortController();
    const watching = (async () => {
      for await (const _ of dialer.carry(server.hint, new Uint8Array(), {
        signal: leaving.signal,
        heldMs: 40_000,
      }));
    })();
    while (answers.length === 0) await new Promise<void>((resolve) => setImmediate(resolve));
    leaving.abort(new Error('something to send'));
    await expect(watching).rejects.toThrow('something to send');
    expect(await carry(dialer, server.hint)).toBe('ok');
    for (const answer of answers) answer();
    expect(await carry(dialer, server.hint)).toBe('ok');
    expect(server.connections()).toBe(2);
  });
});

test('no hello leaves before its turn, and whoever leaves before that leaves no connection', async () => {
  await using server = await listen((_incoming, outgoing) => outgoing.end('ok'), { tls: true });
  const resolver = new Resolver({ world: nodeWorld, remembered: () => undefined, isOfInternet });
  const carrier = new HttpsCarrier({ resolver, network: () => 'home', authorities: certificate });
  const [way] = waysOf(entranceOf(server.hint), { choosesAddress: true, remembers: () => false });
  if (way === undefined) throw new TypeError('no way');
  const reached: string[] = [];
  const opening = carrier.open(way, {
    signal,
    small: false,
    reached: (stage) => reached.push(stage),
    mayGreet: () => Promise.reject(new UnreachableError('something else came')),
  });
  await expect(opening).rejects.toThrow('something else came');
  expect(reached).toEqual(['resolved', 'connected']);
  expect(server.serverNames).toEqual([]);
});

describe('a handshake goes on with a session', () => {
  const relay = 'relay' as RelayId;

  async function asked(
    keys: readonly [Buffer, Buffer],
    order: readonly (0 | 1)[],
  ): Promise<readonly (readonly boolean[])[]> {
    const handler: RequestListener = (_incoming, outgoing) => outgoing.end('ok');
    await using one = await listen(handler, { tls: true, ticketKeys: keys[0] });
    await using other = await listen(handler, { tls: true, ticketKeys: keys[1] });
    const servers = [one, other] as const;
    const resolver = new Resolver({ world: nodeWorld, remembered: () => undefined, isOfInternet });
    const carrier = new HttpsCarrier({ resolver, network: () => 'home', authorities: certificate });
    for (const at of order) {
      const { hint, port } = servers[at];
      const said = { host: '127.0.0.1', serverName: '', names: ['127.0.0.1'], hint: { ...hint, relay } };
      const way = { carrier: 'https', by: 'literal', port, tls: true, ...said } as const;
      const connection = await carrier.open(way, { signal, small: false, reached: () => undefined });
      const options = { signal, heldMs: 0, bulk: false, last: true };
      for await (const _ of connection.exchange(new Uint8Array(1), options));
    }
    return servers.map(({ resumed }) => resumed);
  }

  test('also one that another place of the same relay gave', async () => {
    const key = Buffer.alloc(48, 1);
    expect(await asked([key, key], [0, 1, 1])).toEqual([[false], [true, true]]);
  });

  test('where its places do not share them, one is lost on finding that out, and each goes on with its own', async () => {
    const keys = [Buffer.alloc(48, 1), Buffer.alloc(48, 2)] as const;
    expect(await asked(keys, [0, 1, 1, 1, 0, 1])).toEqual([
      [false, true],
      [false, true, true, false],
    ]);
  });
});

describe('who answers', () => {
  test('a certificate for another of the relay’s names will do, one for anybody else will not', async () => {
    await using server = await listen((_incoming, outgoing) => outgoing.end('ok'), { tls: true });
    const resolver = new Resolver({ world: nodeWorld, remembered: () => '127.0.0.1', isOfInternet });
    const carrier = new HttpsCarrier({ resolver, network: () => 'home', authorities: certificate });
    const opened = (names: readonly string[]): ReturnType<HttpsCarrier['open']> => {
      const host = 'relay.invalid';
      const said = { host, serverName: host, names, hint: { ...server.hint, address: host } };
      const way = { carrier: 'https', by: 'remembered', port: server.port, tls: true, ...said } as const;
      return carrier.open(way, { signal, small: false, reached: () => undefined });
    };
    await expect(opened(['relay.invalid'])).rejects.toMatchObject({ ended: 'certificate' });
    const connection = await opened(['relay.invalid', 'localhost']);
    expect(connection.usable).toBe(true);
    connection.close();
  });

  test('nobody who was met under another name of that relay is taken for it because a handshake goes on with a session of theirs', async () => {
    await using server = await listen((_incoming, outgoing) => outgoing.end('ok'), { tls: true });
    const resolver = new Resolver({ world: nodeWorld, remembered: () => '127.0.0.1', isOfInternet });
    const carrier = new HttpsCarrier({ resolver, network: () => 'home', authorities: certificate });
    const ask = async (host: string, names: readonly string[]): Promise<void> => {
      const hint = { ...server.hint, address: host, relay: 'relay' as RelayId };
      const said = { host, serverName: '', names, hint };
      const way = { carrier: 'https', by: 'remembered', port: server.port, tls: true, ...said } as const;
      const opened = await carrier.open(way, { signal, small: false, reached: () => undefined });
      const asked = { signal, heldMs: 0, bulk: false, last: true };
      for await (const _ of opened.exchange(new Uint8Array(1), asked));
    };
    await ask('localhost', ['localhost', 'relay.invalid']);
    await expect(ask('relay.invalid', ['relay.invalid'])).rejects.toMatchObject({ ended: 'certificate' });
    await ask('localhost', ['localhost', 'relay.invalid']);
    await expect(ask('localhost', ['relay.invalid'])).rejects.toMatchObject({ ended: 'certificate' });
    await ask('relay.invalid', ['localhost', 'relay.invalid', 'another.invalid']);
    expect(server.resumed.at(-1)).toBe(true);
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
    using dialer = nodeDialer();
    await expect(carry(dialer, server.hint)).rejects.toBeInstanceOf(UnreachableError);
    expect(asked).toBe(0);
    expect(dialer.reports().map(({ ended }) => ended)).toEqual(['certificate', 'certificate']);
  });

  test.for([404, 302, 500, 204])('an answer with status %i is no relay', async (status) => {
    await using server = await listen(
      (incoming, outgoing) => {
        incoming.resume();
        outgoing.writeHead(status, { location: '/elsewhere' }).end();
      },
      { tls: true },
    );
    using dialer = open();
    await expect(carry(dialer, server.hint)).rejects.toMatchObject({ code: 'not-a-relay' });
  });

  test('something that does not speak HTTP is no relay', async () => {
    const server = createTcpServer((socket) => {
      socket.on('error', () => undefined);
      socket.resume();
      socket.end('SSH-2.0-OpenSSH_9.9\r\n');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    using dialer = open();
    const hint: Hint = { address: '127.0.0.1', port, tls: false, path: 'x' };
    await expect(carry(dialer, hint)).rejects.toMatchObject({ code: 'not-a-relay' });
    server.close();
    await once(server, 'close');
  });
});

test('a name is where the resolver that was given says', async () => {
  await using relay = await listen((_incoming, outgoing) => outgoing.end('ok'), { tls: false });
  const asked: string[] = [];
  const bySystem = async (host: string): Promise<readonly string[]> => {
    asked.push(host);
    return ['127.0.0.1'];
  };
  using dialer = open({ bySystem, isOfInternet, dohServers: [] });
  expect(await carry(dialer, { ...relay.hint, address: 'relay.invalid' })).toBe('ok');
  expect(asked).toEqual(['relay.invalid']);
});

describe('where the system does not know a name', () => {
  test('resolvers are asked over HTTPS, by their addresses and without a name', async () => {
    const asked: string[] = [];
    await using resolver = await listen(
      (incoming, outgoing) => {
        asked.push(`${incoming.method} ${incoming.url} ${incoming.headers['content-type'] ?? ''}`);
        answerWith('127.0.0.1')(incoming, outgoing);
      },
      { tls: true },
    );
    await using relay = await listen((_incoming, outgoing) => outgoing.end('ok'), { tls: false });
    const silent = { address: '127.0.0.1', port: await unusedPort() };
    const server = { address: '127.0.0.1', port: resolver.port, authorities: certificate };
    using dialer = open({ dohServers: [silent, server], isOfInternet });
    const hint: Hint = { ...relay.hint, address: 'relay.invalid' };
    expect(await carry(dialer, hint)).toBe('ok');
    expect(asked).toEqual(Array(2).fill('POST /dns-query application/dns-message'));
    expect(resolver.serverNames).toEqual(['', '']);
    const ways = dialer.reports().map(({ way, ended }) => `${way.by} ${ended}`);
    expect(ways).toEqual(['system name', 'doh ok']);
    // the address is remembered, and nobody needs to be asked again
    expect(await carry(dialer, hint)).toBe('ok');
    expect(asked.length).toBe(2);
  });
});

test('an attempt leaves what a diagnosis needs: how far it came, when, and how much passed', async () => {
  await using server = await listen((_incoming, outgoing) => outgoing.end('ok'), { tls: true });
  using dialer = open();
  await carry(dialer, server.hint, { bulk: true });
  await carry(dialer, server.hint);
  const [first, second] = dialer.reports();
  expect(first).toMatchObject({
    way: { carrier: 'https', host: '127.0.0.1', port: server.port, tls: true, by: 'literal', serverName: '' },
    bulk: true,
    exchangesBefore: 0,
    address: '127.0.0.1',
    upBytes: 3,
    downBytes: 2,
    ended: 'ok',
  });
  const {
    resolvedMs = -1,
    connectedMs = -1,
    greetedMs = -1,
    firstByteMs = -1,
    lastByteMs = -1,
  } = first?.stages ?? {};
  const stages = [0, resolvedMs, connectedMs, greetedMs, firstByteMs, lastByteMs];
  expect(stages).toEqual(stages.toSorted((a, b) => a - b));
  expect(second).toMatchObject({ exchangesBefore: 1, connectionBytes: { up: 6, down: 4 } });
  expect(JSON.stringify(dialer.reports())).not.toContain('secret-path');
});
