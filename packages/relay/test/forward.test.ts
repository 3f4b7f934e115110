import { connect } from 'node:tls';
import { text } from 'node:stream/consumers';
import {
  base32,
  cardResponse,
  openCard,
  peerPathOf,
  type Hint,
  type Operation,
  type RelayId,
  type Result,
} from '@tern/protocol';
import { forwardTransport, openPath } from '@tern/reach';
import { httpsTransport, nodePrimitives as primitives } from '@tern/reach/node';
import { describe, expect, test } from 'vitest';
import { smallEntry, TestClient } from '../src/testing/index.ts';
import { first as certificate } from '../src/testing/test-certificates.ts';
import {
  at,
  clientPath,
  handOn,
  impostor,
  knock,
  nothing,
  openly,
  openTwo,
  stand,
  unreachable,
} from './two-relays.ts';

describe('a relay hands on what is sealed to another one', () => {
  test('rule 29: a batch handed on does what it does when it comes by itself, over TLS', async () => {
    await using two = await openTwo();
    const { across, made, far } = two;
    const { log, seeds } = made;
    const entry = smallEntry(far.world);
    const append = { kind: 'append', log, number: 0, entry } as const;
    expect(await across.one(append, seeds.append)).toEqual({ kind: 'stored', seq: 1 });
    expect(await across.one(append, seeds.append)).toEqual({ kind: 'duplicate', seq: 1 });
    const watch = { kind: 'watch', add: [{ log, after: 0, number: 0 }], drop: [], waitSeconds: 0 } as const;
    const there = new TestClient(at(far), primitives, far.world);
    const { results } = await there.ask([{ operation: watch, seeds: [seeds.read] }]);
    expect(results).toMatchObject([{ kind: 'entry', seq: 1, entry }, { kind: 'watched' }]);
  });

  test('rule 29: an empty request brings the card of the far relay', async () => {
    await using two = await openTwo();
    const { bytes, last } = await handOn(two.client, { to: two.far.peerHint, request: nothing });
    expect(last).toMatchObject({ kind: 'forwarded', more: false });
    expect(openCard(primitives, bytes.subarray(2))?.relay).toBe(two.far.relay.id);
  });

  test('rule 29: a watch handed on is kept waiting by the far relay, and woken by what is new there', async () => {
    await using two = await openTwo();
    const { client, made, far } = two;
    const { log, seeds } = made;
    const waiting = new TestClient(
      {
        id: far.relay.id,
        answer: async (request) =>
          (await handOn(client, { to: far.peerHint, request, waitSeconds: 40 })).bytes,
      },
      primitives,
      far.world,
    );
    const watch = { kind: 'watch', add: [{ log, after: 0, number: 0 }], drop: [], waitSeconds: 40 } as const;
    const answer = waiting.ask([{ operation: watch, seeds: [seeds.read] }]);
    const there = new TestClient(at(far), primitives, far.world);
    while (far.relay.held().waiting === 0) await there.one({ kind: 'hello' });
    const entry = smallEntry(far.world);
    await there.one({ kind: 'append', log, number: 0, entry }, seeds.append);
    expect((await answer).results).toMatchObject([{ kind: 'entry', entry }, { kind: 'watched' }]);
  });

  test('rule 29: a device uses the far relay by its link, whose path the near relay does not learn', async () => {
    await using two = await openTwo();
    using transport = httpsTransport({ authorities: certificate.cert });
    const port = two.near.server.port;
    await using near = openPath({
      hint: { relay: two.near.relay.id, address: '127.0.0.1', port, tls: true, path: clientPath },
      transport,
      primitives,
      world: two.near.world,
    });
    await using path = openPath({
      hint: { ...two.far.peerHint, path: clientPath },
      transport: forwardTransport({ near, primitives }),
      primitives,
      world: two.far.world,
    });
    const { signal } = new AbortController();
    for (let times = 0; times < 3; times += 1) {
      const { results, whole } = await path.exchange([{ operation: { kind: 'hello' } }], { signal });
      expect([whole, results[0]?.[0]?.kind]).toEqual([true, 'card']);
    }
    expect(path.lastExchange?.transport).toBe('forward');
    expect(two.far.peerHint.path).toBe(peerPathOf(primitives, clientPath));
  });

  test('rule 29: a proof counts for an hour, and the name is resolved once for it', async () => {
    let resolved = 0;
    const resolve = async (): Promise<readonly string[]> => {
      resolved += 1;
      return ['127.0.0.1'];
    };
    await using two = await openTwo({ near: { forwarder: { ...openly, resolve } } });
    const opened = two.far.relay.held().sessions;
    const ask = (): Promise<unknown> => handOn(two.client, { to: two.far.peerHint, request: nothing });
    await Promise.all([ask(), ask(), ask()]);
    await ask();
    expect([resolved, two.far.relay.held().sessions - opened]).toEqual([1, 1]);
    two.near.world.pass(3_599_000);
    await ask();
    expect([resolved, two.far.relay.held().sessions - opened]).toEqual([1, 1]);
    two.near.world.pass(1000);
    await ask();
    expect([resolved, two.far.relay.held().sessions - opened]).toEqual([2, 2]);
  });

  test('a relay that ends answers whoever waits for another one', async () => {
    await using two = await openTwo();
    const { client, made, far, near } = two;
    const watch = {
      kind: 'watch',
      add: [{ log: made.log, after: 0, number: 0 }],
      drop: [],
      waitSeconds: 40,
    } as const;
    const waiting = new TestClient(
      {
        id: far.relay.id,
        async answer(request) {
          const { last } = await handOn(client, { to: far.peerHint, request, waitSeconds: 40 });
          throw new Error(JSON.stringify(last));
        },
      },
      primitives,
      far.world,
    );
    await expect(
      (async () => {
        const there = new TestClient(at(far), primitives, far.world);
        waiting.tickets = there.tickets;
        await there.one({ kind: 'hello' });
        const asked = waiting.ask([{ operation: watch, seeds: [made.seeds.read] }]);
        asked.catch(() => undefined);
        while (far.relay.held().waiting === 0) await new Promise((done) => void setImmediate(done));
        await near.stop();
        await asked;
      })(),
    ).rejects.toThrow(JSON.stringify(unreachable('closed')));
  });
});

describe('two hops', () => {
  test('rules 29 and 30: what came over a peer path is never handed on or kept, and the rest of its batch is answered', async () => {
    await using two = await openTwo();
    const overPeer = new TestClient(at(two.near, two.near.peerHint.path), primitives, two.near.world);
    const to = two.far.peerHint;
    const request = new Uint8Array(300).fill(1);
    const operations: readonly Operation[] = [
      { kind: 'forward', to, request, waitSeconds: 0 },
      { kind: 'defer', to, request, notAfter: Math.floor(two.near.world.now() / 1000) + 60 },
      { kind: 'collect', ticket: new Uint8Array(16) },
      { kind: 'forget', ticket: new Uint8Array(16) },
      { kind: 'hello' },
    ];
    const opened = two.far.relay.held().sessions;
    const answer = await overPeer.ask(operations.map((operation) => ({ operation })));
    const kinds = operations.map((_, index) => answer.of(index).map(({ kind }) => kind));
    expect(kinds).toEqual([['refused'], ['refused'], ['refused'], ['refused'], ['card']]);
    expect(two.far.relay.held().sessions).toBe(opened);
  });

  test('rule 29: a request handed on that asks to be handed on further is refused by the far relay', async () => {
    await using two = await openTwo();
    await using third = await stand({ seed: 'third' });
    const forward = { kind: 'forward', to: third.peerHint, request: nothing, waitSeconds: 0 } as const;
    expect(await two.across.one(forward)).toEqual({ kind: 'refused' });
  });

  test('rule 29: a relay is never reached by another under a path of its clients, where it would hand on further', async () => {
    await using two = await openTwo();
    const to = { ...two.far.peerHint, path: clientPath };
    expect(await knock(two.client, to)).toEqual(unreachable('stranger'));
  });

  test('rules 4 and 29: whoever lacks the peer path gets what any missing path gives, and on it everything but a POST does too', async () => {
    await using near = await stand({ seed: 'near' });
    const { port } = near.server;
    const raw = async (method: string, path: string, more = ''): Promise<string> => {
      const socket = connect({ host: '127.0.0.1', port, ca: certificate.cert });
      socket.end(`${method} /${path} HTTP/1.1\r\nHost: x\r\n${more}Connection: close\r\n\r\n`);
      return (await text(socket)).replace(/\r\nDate: [^\r]*/u, '');
    };
    const peer = near.peerHint.path;
    const upgrade =
      'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n';
    const missing = await raw('GET', 'missing');
    expect(missing).toMatch(/^HTTP\/1\.1 404/u);
    expect(await raw('GET', peer)).toBe(missing);
    expect(await raw('GET', peer, upgrade)).toBe(missing);
    expect(await raw('POST', `${peer}x`)).toBe(missing);
    expect(await raw('POST', peer)).toMatch(/^HTTP\/1\.1 200/u);
  });

  test('rule 31: a relay that hands on nothing says that it is unsupported', async () => {
    await using near = await stand({ seed: 'near', forwarder: false });
    const client = new TestClient(at(near), primitives, near.world);
    const to = near.peerHint;
    const notAfter = Math.floor(near.world.now() / 1000) + 60;
    const operations: readonly Operation[] = [
      { kind: 'forward', to, request: nothing, waitSeconds: 0 },
      { kind: 'defer', to, request: new Uint8Array(9), notAfter },
      { kind: 'collect', ticket: new Uint8Array(16) },
      { kind: 'forget', ticket: new Uint8Array(16) },
    ];
    const { results } = await client.ask(operations.map((operation) => ({ operation })));
    expect(results.map(({ kind }) => kind)).toEqual(Array(4).fill('unsupported'));
  });
});

describe('where nothing is handed on to', () => {
  const far = { relay: base32(new Uint8Array(32).fill(2)) as RelayId, port: 443, tls: true, path: 'peer' };
  const guarded = { authorities: certificate.cert };

  test('rule 29: a private, loopback, link-local, multicast, mapped or own address is refused, and so is a name that resolves to one', async () => {
    const names: Record<string, readonly string[]> = {
      'loopback.example': ['127.0.0.1'],
      'private.example': ['10.1.2.3'],
      'link-local.example': ['169.254.169.254'],
      'mapped.example': ['::ffff:127.0.0.1'],
      'mixed.example': ['203.0.113.10', '127.0.0.1'],
      'own.example': ['198.51.100.7'],
      'nothing.example': [],
    };
    await using near = await stand({
      seed: 'near',
      forwarder: {
        ...guarded,
        own: () => ['198.51.100.7'],
        async resolve(name) {
          const addresses = names[name];
          if (addresses === undefined) throw new Error('ENOTFOUND');
          return addresses;
        },
      },
    });
    const client = new TestClient(at(near), primitives, near.world);
    const literals = [
      '127.0.0.1',
      '10.0.0.1',
      '192.168.0.1',
      '169.254.169.254',
      '224.0.0.1',
      '[::1]',
      '[::ffff:127.0.0.1]',
      '[fd00::1]',
      '[fe80::1]',
      '198.51.100.7',
    ];
    for (const address of [...Object.keys(names), ...literals, 'unknown.example']) {
      const last = await knock(client, { ...far, address });
      expect([address, last]).toEqual([address, unreachable('address')]);
    }
  });

  test('rule 29: a name that stands for this machine in another way of writing is refused too', async () => {
    // whatever a resolver would make of it
    await using near = await stand({
      seed: 'near',
      forwarder: { ...openly, resolve: async () => ['1.1.1.1'] },
    });
    const client = new TestClient(at(near), primitives, near.world);
    for (const address of ['127.1', '2130706433', '0x7f000001', '0177.0.0.1', '127.0.0.0x1', '134744072']) {
      const last = await knock(client, { ...far, address });
      expect([address, last]).toEqual([address, unreachable('address')]);
    }
  });

  test('rule 29: nothing is handed on to the relay itself, by its id or by its address: refused', async () => {
    await using near = await stand({ seed: 'near' });
    const client = new TestClient(at(near), primitives, near.world);
    expect(await knock(client, near.peerHint)).toEqual(unreachable('address'));
    const other = { ...near.peerHint, relay: far.relay };
    expect(await knock(client, other)).toEqual(unreachable('stranger'));
  });

  test('rule 29: a name that leads elsewhere after it was judged is never followed there', async () => {
    let addresses = ['127.0.0.1'];
    const resolve = async (): Promise<readonly string[]> => addresses;
    await using two = await openTwo({ near: { forwarder: { ...openly, resolve } } });
    const ask = (): Promise<Result> => knock(two.client, two.far.peerHint);
    expect((await ask()).kind).toBe('forwarded');
    addresses = ['169.254.169.254'];
    expect((await ask()).kind).toBe('forwarded');
    two.near.world.pass(3_600_000);
    expect(await ask()).toEqual(unreachable('address'));
  });
});

describe('a far side that is not who it should be', () => {
  const to = (port: number, relay: RelayId): Hint => ({
    relay,
    address: '127.0.0.1',
    port,
    tls: false,
    path: 'peer',
  });
  const secret = new Uint8Array(400).fill(9);

  test('rule 29: one that shows the card of a relay without its keys is refused, and never sees the request', async () => {
    await using two = await openTwo();
    const card = cardResponse(two.far.relay.card());
    await using liar = await impostor((body, response) => {
      const sealed = new Uint8Array(900).fill(1);
      response.end(body.length === 0 ? card : sealed);
    });
    const { last } = await handOn(two.client, { to: to(liar.port, two.far.relay.id), request: secret });
    expect(last).toEqual(unreachable('stranger'));
    expect(liar.came.map((body) => body.length > 0)).toEqual([false, true]);
    expect(liar.came.some((body) => Buffer.from(body).equals(Buffer.from(secret)))).toBe(false);
  });

  test('rule 29: one that repeats an answer it has seen before is refused: each proof is fresh', async () => {
    await using two = await openTwo();
    const { far } = two;
    const answers: Uint8Array[] = [];
    let lying = false;
    await using between = await impostor(async (body, response) => {
      const { signal } = new AbortController();
      const old = answers[body.length === 0 ? 0 : 1];
      const answer = lying && old !== undefined ? old : await far.relay.answer(body, { signal, peer: true });
      answers.push(answer);
      response.end(answer);
    });
    const forward = { to: to(between.port, far.relay.id), request: nothing };
    expect((await handOn(two.client, forward)).last.kind).toBe('forwarded');
    lying = true;
    two.near.world.pass(3_600_000);
    expect((await handOn(two.client, forward)).last).toEqual(unreachable('stranger'));
  });

  test('rule 29: another relay than the one that was named is refused', async () => {
    await using two = await openTwo();
    const wrong = { ...two.far.peerHint, relay: base32(new Uint8Array(32).fill(3)) as RelayId };
    expect((await handOn(two.client, { to: wrong, request: secret })).last).toEqual(unreachable('stranger'));
    const noPath = { ...two.far.peerHint, path: 'nobody-knows' };
    expect((await handOn(two.client, { to: noPath, request: secret })).last).toEqual(unreachable('stranger'));
  });

  test('rule 29: a redirect is never followed', async () => {
    await using two = await openTwo();
    await using target = await impostor((_, response) => void response.end());
    await using redirecting = await impostor((_, response) => {
      response.writeHead(307, { location: `http://127.0.0.1:${target.port}/` }).end();
    });
    const { last } = await handOn(two.client, {
      to: to(redirecting.port, two.far.relay.id),
      request: secret,
    });
    expect([last, target.came.length]).toEqual([unreachable('stranger'), 0]);
  });

  test('rule 29: one whose certificate nobody vouches for is refused before anything is said', async () => {
    await using two = await openTwo({
      near: { forwarder: { alsoPrivate: true, resolve: openly.resolve ?? (async () => []) } },
    });
    expect((await handOn(two.client, { to: two.far.peerHint, request: secret })).last).toEqual(
      unreachable('closed'),
    );
  });

  test('rule 29: what is no HTTP, ends without an answer, or has no room is told apart', async () => {
    await using two = await openTwo();
    const { id } = two.far.relay;
    await using ending = await impostor((_, response) => void response.destroy());
    await using full = await impostor((_, response) => void response.writeHead(503).end());
    await using other = await impostor((_, response) => void response.socket?.end('SSH-2.0-x\r\n'));
    const asked = async (port: number): Promise<Result> =>
      (await handOn(two.client, { to: to(port, id), request: secret })).last;
    expect(await asked(ending.port)).toEqual(unreachable('closed'));
    expect(await asked(full.port)).toEqual(unreachable('busy'));
    expect(await asked(other.port)).toEqual(unreachable('stranger'));
  });
});

test('rule 29: nothing but a POST with what HTTP needs leaves a relay that hands on', async () => {
  await using two = await openTwo();
  const seen: object[] = [];
  await using between = await impostor(async (body, response, request) => {
    const { 'content-length': _length, host: _host, ...headers } = request.headers;
    seen.push({ method: request.method, url: request.url, headers });
    const { signal } = new AbortController();
    response.end(await two.far.relay.answer(body, { signal, peer: true }));
  });
  const to = { ...two.far.peerHint, address: '127.0.0.1', port: between.port, tls: false, path: 'peer' };
  await handOn(two.client, { to, request: new Uint8Array() });
  expect(seen).toHaveLength(3);
  for (const one of seen)
    expect(one).toMatchObject({ method: 'POST', url: '/peer', headers: { connection: 'keep-alive' } });
  expect(seen.map((one) => Object.keys(Reflect.get(one, 'headers') as object))).toEqual(
    seen.map(() => ['connection']),
  );
});
