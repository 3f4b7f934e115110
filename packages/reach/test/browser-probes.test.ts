import type { RequestListener } from 'node:http';
import { describe, expect, test } from 'vitest';
import type { Way } from '../src/diagnosis/index.ts';
import type { Opening } from '../src/dialer/dialer.ts';
import { browserProbes } from '../src/browser/browser-probes.ts';
import { browserDialer, browserWorld as world } from '../src/browser/index.ts';
import { dialerScene, hint } from './dialer-scene.ts';
import { listen, type Listening } from './http-server.ts';

const { signal } = new AbortController();

interface Scene extends AsyncDisposable {
  readonly port: ReturnType<typeof browserProbes>;
  readonly way: Way;
  readonly bodies: number[];
}

/** One relay, as it answers here. */
async function scene(answer: RequestListener, options: { readonly starts?: boolean } = {}): Promise<Scene> {
  const bodies: number[] = [];
  const listening: Listening = await listen(
    (incoming, outgoing) => {
      let bytes = 0;
      incoming.on('data', (piece: Buffer) => (bytes += piece.length));
      incoming.on('end', () => {
        bodies.push(bytes);
        answer(incoming, outgoing);
      });
    },
    { tls: false },
  );
  using dialer = browserDialer({ world });
  const { starts = true } = options;
  const openings = dialer.openings(listening.hint).map((one): Opening => ({ ...one, starts: () => starts }));
  const port = browserProbes(openings, { world });
  const [way] = port.ways;
  if (way === undefined) throw new TypeError('no way');
  return { port, way, bodies, [Symbol.asyncDispose]: () => listening[Symbol.asyncDispose]() };
}

describe('a probe of a browser', () => {
  test('is an exchange: a small one without a body, or as large as was asked for', async () => {
    await using one = await scene((_incoming, outgoing) => outgoing.end('card'));
    const options = { patienceMs: 2000, signal };
    const small = await one.port.exchange(one.way, { ...options, bytes: 500 });
    const large = await one.port.exchange(one.way, { ...options, bytes: 14_000 });
    const hello = await one.port.hello(one.way, options);
    expect([small, large, hello].map(({ end, downBytes }) => [end, downBytes])).toEqual(
      Array.from({ length: 3 }, () => ['answered', 4]),
    );
    expect(one.bodies).toEqual([0, 14_002, 0]);
    expect(large).toMatchObject({ way: one.way, connection: undefined, bulk: true });
    expect(JSON.stringify([small, large])).not.toContain('secret-path');
  });

  test('tells an answer that stops from none, and none from what ended at once, but not why', async () => {
    await using stopping = await scene((_incoming, outgoing) => {
      outgoing.writeHead(200, { 'content-length': 9000 });
      outgoing.write(Buffer.alloc(3000));
    });
    await using mute = await scene(() => undefined);
    const gone = await scene(() => undefined);
    await gone[Symbol.asyncDispose]();
    const seen = [];
    for (const { port, way } of [stopping, mute, gone])
      seen.push(await port.exchange(way, { patienceMs: 300, signal, bytes: 0 }));
    expect(seen.map(({ end, downBytes }) => [end, downBytes])).toEqual([
      ['silent', 3000],
      ['silent', 0],
      ['failed', 0],
    ]);
    const { beganAt = 0, endedAt = 0, lastByteAfterMs = Infinity } = seen[0] ?? {};
    expect(endedAt - beganAt - lastByteAfterMs).toBeGreaterThan(250);
  });

  test('waits for what comes bit by bit', async () => {
    await using one = await scene((_incoming, outgoing) => {
      outgoing.writeHead(200, { 'content-length': 8 });
      let sent = 0;
      const timer = setInterval(() => {
        outgoing.write('x');
        if ((sent += 1) === 8) clearInterval(timer);
      }, 100);
    });
    const seen = await one.port.exchange(one.way, { patienceMs: 400, signal, bytes: 0 });
    expect([seen.end, seen.downBytes]).toEqual(['answered', 8]);
  });

  test('is not made where the dialer has no start to spare, and says nothing then', async () => {
    await using one = await scene((_incoming, outgoing) => outgoing.end('card'), { starts: false });
    const seen = await one.port.exchange(one.way, { patienceMs: 300, signal, bytes: 0 });
    expect([seen.end, one.bodies]).toEqual(['cancelled', []]);
  });
});

test('a relay is tried at each of its names and ports, and each try is counted with the dialer’s own', () => {
  const endpoints = ['https://two.example:8443', 'https://203.0.113.9'];
  const { dialer, world: timed } = dialerScene({}, { plain: true, endpoints });
  const openings = dialer.openings(hint);
  expect(openings.map(({ way, place }) => [way.key, place.address, place.port, place.path])).toEqual([
    ['https:system:one.example:443', 'one.example', 443, 'secret'],
    ['https:system:two.example:8443', 'two.example', 8443, 'secret'],
    ['https:literal:203.0.113.9:443()', '203.0.113.9', 443, 'secret'],
  ]);
  const [first] = openings;
  expect([first?.starts(), first?.starts()]).toEqual([true, false]);
  const { starts } = dialer.record().pages.get('home')?.paces.get('one.example') ?? {};
  expect(starts).toEqual([timed.now()]);
});
