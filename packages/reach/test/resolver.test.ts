import { expect, test } from 'vitest';
import { DialError } from '../src/dialer/carrier.ts';
import { nodeWorld } from '../src/node/index.ts';
import { Resolver } from '../src/node/resolver.ts';
import { answerWith } from './doh-server.ts';
import { certificate, listen, unusedPort, type Listening } from './http-server.ts';

const { signal } = new AbortController();
const way = {
  host: 'relay.example',
  by: 'doh',
  hint: { address: 'relay.example', port: 443, tls: true, path: 'x' },
} as const;

interface Scene extends AsyncDisposable {
  readonly asked: string[];
  ask(options?: { readonly signal?: AbortSignal }): Promise<readonly string[]>;
  /** ms */
  later(ms: number): void;
  network: string;
}

/** A resolver over HTTPS that knows every name, or, where `port` is of nobody, none that answers. */
async function scene(port?: number): Promise<Scene> {
  const asked: string[] = [];
  const server: Listening = await listen(
    answerWith('203.0.113.9', (type) => asked.push(type)),
    { tls: true },
  );
  let tries = 0;
  let skewMs = 0;
  const state = { network: 'home' };
  const resolver = new Resolver({
    world: {
      ...nodeWorld,
      now: () => nodeWorld.now() + skewMs,
      randomBytes(length) {
        tries += 1; // drawn once for each question
        return nodeWorld.randomBytes(length);
      },
    },
    remembered: () => undefined,
    dohServers: [{ address: '127.0.0.1', port: port ?? server.port, authorities: certificate }],
    network: () => state.network,
  });
  return Object.assign(state, {
    asked,
    async ask(options: { readonly signal?: AbortSignal } = {}): Promise<readonly string[]> {
      const before = tries;
      try {
        return await resolver.addresses(way, { signal, refused: () => undefined, ...options });
      } finally {
        if (port !== undefined && tries > before) asked.push('tried');
      }
    },
    later(ms: number) {
      skewMs += ms;
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  });
}

test('whoever asks for one name at the same time waits for one answer', async () => {
  await using one = await scene();
  const all = await Promise.all([one.ask(), one.ask(), one.ask()]);
  expect(all.flat()).toEqual(Array(3).fill('203.0.113.9'));
  expect(one.asked.toSorted()).toEqual(['A', 'AAAA']);
});

test('one who leaves takes the answer from nobody', async () => {
  await using one = await scene();
  const leaving = new AbortController();
  const left = one.ask({ signal: leaving.signal });
  const stayed = one.ask();
  leaving.abort(new Error('enough'));
  await expect(left).rejects.toThrow('enough');
  expect(await stayed).toEqual(['203.0.113.9']);
});

test('what no resolver knew is not asked again at once, then ever less often, and again on another network', async () => {
  await using one = await scene(await unusedPort());
  const failing = async (): Promise<number> => {
    await expect(one.ask()).rejects.toMatchObject({ ended: 'name' });
    return one.asked.length;
  };
  expect(await failing()).toBe(1);
  expect(await failing()).toBe(1);
  one.later(16_000);
  expect(await failing()).toBe(2);
  one.later(16_000);
  expect(await failing()).toBe(2);
  one.later(16_000);
  expect(await failing()).toBe(3);
  one.network = 'work';
  expect(await failing()).toBe(4);
});

test('a question that nobody waited for to its end says nothing', async () => {
  await using one = await scene();
  const leaving = new AbortController();
  const left = one.ask({ signal: leaving.signal });
  leaving.abort(new Error('enough'));
  await expect(left).rejects.toThrow('enough');
  expect(await one.ask()).toEqual(['203.0.113.9']);
});

test('the system is asked for a name once in a few seconds, and again on another network or where it knew nothing', async () => {
  let asked = 0;
  let now = 0;
  let network = 'home';
  const resolver = new Resolver({
    world: { ...nodeWorld, now: () => now },
    remembered: () => undefined,
    network: () => network,
    async bySystem() {
      asked += 1;
      if (asked === 1) throw new DialError('name', 'nobody knows it');
      return ['203.0.113.9'];
    },
  });
  const ask = (): Promise<readonly string[]> =>
    resolver.addresses({ ...way, by: 'system' }, { signal, refused: () => undefined });
  await expect(ask()).rejects.toThrow(DialError);
  for (const laterMs of [0, 2000, 2000]) {
    now += laterMs;
    expect(await ask()).toEqual(['203.0.113.9']);
  }
  expect(asked).toBe(2);
  now += 2000;
  await ask();
  network = 'elsewhere';
  await ask();
  expect(asked).toBe(4);
});
