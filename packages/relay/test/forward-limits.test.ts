import type { Hint, Result } from '@tern/protocol';
import { nodePrimitives as primitives } from '@tern/reach/node';
import { describe, expect, test } from 'vitest';
import { quietPort, smallEntry, TestClient } from '../src/testing/index.ts';
import {
  at,
  from,
  handOn,
  impostor,
  knock,
  nothing,
  openly,
  openTwo,
  sealedFor,
  stand,
  unreachable,
} from './two-relays.ts';

describe('what a far side can hold up', () => {
  test('rule 29: one that does not answer is given up in time, and one that trickles is too: refused', async () => {
    await using two = await openTwo({ near: { limits: { forwardSeconds: 1 } } });
    const to = (port: number): Hint => ({ ...two.far.peerHint, address: '127.0.0.1', port, tls: false });
    await using silent = await impostor(() => undefined);
    await using trickling = await impostor((_, response) => {
      const timer = setInterval(() => response.write('x'), 50);
      response.on('close', () => clearInterval(timer));
    });
    for (const { port } of [silent, trickling]) {
      const began = performance.now();
      const last = await knock(two.client, to(port));
      expect(last).toEqual(unreachable('silent'));
      expect(performance.now() - began).toBeLessThan(10_000);
    }
  });

  test('rule 29: a failure is remembered, twice as long each time, and nobody is asked meanwhile: refused', async () => {
    let resolved = 0;
    const resolve = async (): Promise<readonly string[]> => {
      resolved += 1;
      return ['127.0.0.1'];
    };
    await using two = await openTwo({ near: { forwarder: { ...openly, resolve } } });
    const gone = { ...two.far.peerHint, port: await quietPort() };
    const ask = (): Promise<Result> => knock(two.client, gone);
    for (const passed of [0, 59_999, 1, 119_999, 1]) {
      two.near.world.pass(passed);
      expect(await ask()).toEqual(unreachable('closed'));
    }
    expect(resolved).toBe(3);
  });

  test('rule 29: one that has no room is remembered too, as long each time, and is not asked meanwhile: refused', async () => {
    await using two = await openTwo();
    await using full = await impostor((_, response) => void response.writeHead(503).end());
    const to = { ...two.far.peerHint, address: '127.0.0.1', port: full.port, tls: false };
    for (const passed of [0, 59_999, 1, 59_999, 1]) {
      two.near.world.pass(passed);
      expect(await knock(two.client, to)).toEqual(unreachable('busy'));
    }
    expect(full.came).toHaveLength(3);
  });

  test('a far relay that went away after it proved itself is reached again when it is back', async () => {
    await using two = await openTwo();
    const { far, client, near } = two;
    const ask = (): Promise<Result> => knock(client, far.peerHint);
    expect((await ask()).kind).toBe('forwarded');
    await far.stop();
    expect(await ask()).toEqual(unreachable('closed'));
    await using _back = await stand({
      seed: 'back',
      port: far.server.port,
      store: far.store,
      world: far.world,
    });
    near.world.pass(60_000);
    expect((await ask()).kind).toBe('forwarded');
  });

  test('rule 29: no client undoes the proof of a far relay by asking for what takes long, but now and then: refused', async () => {
    let resolved = 0;
    const resolve = async (): Promise<readonly string[]> => {
      resolved += 1;
      return ['127.0.0.1'];
    };
    const forwarder = { ...openly, resolve };
    await using two = await openTwo({
      near: { limits: { forwardSeconds: 1, forwardRepeats: 20 }, forwarder },
    });
    const { far, client, near, made } = two;
    const { log, seeds } = made;
    let held: Uint8Array = nothing;
    const answer = async (request: Uint8Array): Promise<Uint8Array> => {
      held = request;
      return (await handOn(client, { to: far.peerHint, request })).bytes;
    };
    const waiting = new TestClient({ id: far.relay.id, answer }, primitives, far.world);
    const add = [{ log, after: 0, number: 0 }];
    const watch = { kind: 'watch', add, drop: [], waitSeconds: 40 } as const;
    await expect(waiting.ask([{ operation: watch, seeds: [seeds.read] }])).rejects.toThrow();
    const takeLong = async (times: number): Promise<void> => {
      for (let at = 0; at < times; at += 1) {
        const { last } = await handOn(client, { to: far.peerHint, request: held });
        expect(last).toEqual(unreachable('silent'));
      }
    };
    const isReached = async (): Promise<number> => {
      expect((await handOn(client, { to: far.peerHint, request: nothing })).last.kind).toBe('forwarded');
      return resolved;
    };
    expect(await isReached()).toBe(1);
    await takeLong(3);
    near.world.pass(60_000);
    expect(await isReached()).toBe(1);
    await takeLong(3);
    expect(await isReached()).toBe(2);
    await takeLong(3);
    expect(await isReached()).toBe(2);
  });

  test('rule 29: an answer that is longer than its room is cut off there: refused, and what fits is worth something', async () => {
    await using two = await openTwo();
    const { far, client, made } = two;
    const { log, seeds } = made;
    const there = new TestClient(at(far), primitives, far.world);
    for (let count = 0; count < 6; count += 1)
      await there.one({ kind: 'append', log, number: 0, entry: smallEntry(far.world) }, seeds.append);
    let last: Result | undefined;
    let came = 0;
    const reader = new TestClient(
      {
        id: far.relay.id,
        async answer(request) {
          const handed = await handOn(client, { to: far.peerHint, request }, { room: 5000 });
          last = handed.last;
          came = handed.bytes.length;
          return handed.bytes;
        },
      },
      primitives,
      far.world,
    );
    const watch = { kind: 'watch', add: [{ log, after: 0, number: 0 }], drop: [], waitSeconds: 0 } as const;
    const { results } = await reader.ask([{ operation: watch, seeds: [seeds.read] }]);
    expect(last).toEqual(unreachable('too-long'));
    expect(came).toBeGreaterThan(4000);
    expect(results.length).toBeGreaterThan(2);
    expect(results.every(({ kind }) => kind === 'entry')).toBe(true);
  });
});

describe('what a client can spend on handing on', () => {
  test('rules 29 and 33: bytes are billed to the path, both ways; more is refused until time has passed', async () => {
    await using two = await openTwo({ near: { limits: { forwardBytesOfPath: 20_000 } } });
    const ask = async (): Promise<Result['kind']> =>
      (await handOn(two.client, { to: two.far.peerHint, request: new Uint8Array(3000).fill(1) })).last.kind;
    const kinds: string[] = [];
    while (kinds.at(-1) !== 'quota' && kinds.length < 20) kinds.push(await ask());
    // 3,000 bytes, what handing on costs, and the card that comes back
    expect(kinds).toEqual(['forwarded', 'forwarded', 'forwarded', 'forwarded', 'quota']);
    two.near.world.pass(3_600_000);
    expect(await ask()).toBe('forwarded');
  });

  test('rules 29 and 33: one source cannot use up what a path has, refused while others are served', async () => {
    const limits = { forwardBytesOfOne: 5000, farsOfOne: 1 };
    await using both = await openTwo({ near: { limits } });
    const { near, far } = both;
    const [one, two] = [from(near, '192.0.2.1'), from(near, '192.0.2.2')];
    const ask = async (client: TestClient, to: Hint): Promise<string> => (await knock(client, to)).kind;
    const elsewhere = { ...far.peerHint, port: await quietPort() };
    expect(await ask(one, far.peerHint)).toBe('forwarded');
    expect(await ask(one, elsewhere)).toBe('quota');
    expect(await ask(two, elsewhere)).toBe('unreachable');
    const kinds: string[] = [];
    while (kinds.at(-1) !== 'quota' && kinds.length < 20) kinds.push(await ask(one, far.peerHint));
    expect(kinds.length).toBeLessThan(5);
    expect(await ask(two, far.peerHint)).toBe('forwarded');
  });

  test('rules 29 and 33: a few sources cannot use up the hour of all: who used much is refused first, who used little goes on', async () => {
    const limits = { forwardBytesOfPath: 200_000, forwardBytesOfOne: 100_000, farsOfPath: 20, farsOfOne: 10 };
    await using two = await openTwo({ near: { limits } });
    const { near, far } = two;
    const request = new Uint8Array(3000).fill(1);
    const ask = async (source: string, to: Hint): Promise<string> =>
      (await handOn(from(near, source), { to, request })).last.kind;
    const greedy = Array.from({ length: 4 }, (_, at) => `192.0.2.${at}`);
    for (const source of greedy) {
      let last = 'forwarded';
      for (let times = 0; times < 60 && last === 'forwarded'; times += 1)
        last = await ask(source, far.peerHint);
      expect(last).toBe('quota');
    }
    for (const source of greedy)
      for (let count = 0; count < 10; count += 1)
        await ask(source, { ...far.peerHint, path: `${source.replaceAll('.', '-')}-${count}` });
    expect(await ask('192.0.2.99', far.peerHint)).toBe('forwarded');
    expect(await ask('192.0.2.99', { ...far.peerHint, path: 'elsewhere' })).toBe('unreachable');
  });

  test('rules 29 and 33: requests at a time, new far relays and forwards of one batch are bounded: more is refused', async () => {
    await using two = await openTwo({ near: { limits: { forwards: 1, farsOfPath: 2 } } });
    const { client, far, near, made } = two;
    const forward = { kind: 'forward', to: far.peerHint, request: nothing, waitSeconds: 0 } as const;
    const twice = await client.ask([
      { operation: forward },
      { operation: forward },
      { operation: { kind: 'hello' } },
    ]);
    expect(twice.results.map(({ kind }) => kind)).toEqual(['quota', 'quota', 'card']);

    const watch = {
      kind: 'watch',
      add: [{ log: made.log, after: 0, number: 0 }],
      drop: [],
      waitSeconds: 40,
    } as const;
    const another = new TestClient(at(near), primitives, near.world);
    const waiting = new TestClient(
      {
        id: far.relay.id,
        answer: async (request) =>
          (await handOn(another, { to: far.peerHint, request, waitSeconds: 40 })).bytes,
      },
      primitives,
      far.world,
    ).ask([{ operation: watch, seeds: [made.seeds.read] }]);
    while (far.relay.held().waiting === 0) await client.one({ kind: 'hello' });
    expect(await knock(client, far.peerHint)).toEqual({ kind: 'quota' });
    far.relay.hurry();
    await waiting;
    expect((await knock(client, far.peerHint)).kind).toBe('forwarded');

    const elsewhere = (path: string): Promise<Result> => knock(client, { ...far.peerHint, path });
    expect(await elsewhere('wrong')).toEqual(unreachable('stranger'));
    expect(await elsewhere('wrong-too')).toEqual({ kind: 'quota' });
  });

  test('rules 29 and 33: a forward that waits gives its place to the next after 40 s, of one source and of all, and no sooner', async () => {
    for (const limits of [{ forwards: 1 }, { forwardsOfOne: 1 }]) {
      await using two = await openTwo({ near: { limits } });
      const { far, near, made } = two;
      const one = from(near, '192.0.2.1');
      const watch = {
        kind: 'watch',
        add: [{ log: made.log, after: 0, number: 0 }],
        drop: [],
        waitSeconds: 900,
      } as const;
      let last: Result | undefined;
      const answer = async (request: Uint8Array): Promise<Uint8Array> => {
        const handed = await handOn(from(near, '192.0.2.1'), { to: far.peerHint, request, waitSeconds: 900 });
        ({ last } = handed);
        return handed.bytes;
      };
      const waiting = new TestClient({ id: far.relay.id, answer }, primitives, far.world)
        .ask([{ operation: watch, seeds: [made.seeds.read] }])
        .catch((error: unknown) => error);
      while (far.relay.held().waiting === 0) await new Promise((resolve) => setImmediate(resolve));
      near.world.pass(39_999);
      expect(await knock(one, far.peerHint)).toEqual({ kind: 'quota' });
      expect((await knock(from(near, '192.0.2.2'), far.peerHint)).kind).toBe(
        'forwards' in limits ? 'quota' : 'forwarded',
      );
      near.world.pass(1);
      expect((await knock(one, far.peerHint)).kind).toBe('forwarded');
      await waiting;
      expect(last).toEqual(unreachable('closed'));
      expect((await knock(one, far.peerHint)).kind).toBe('forwarded');
    }
  });

  test('rule 33: answers on their way take so much memory and no more: further ones are refused', async () => {
    await using two = await openTwo({ near: { limits: { forwardHeldBytes: 100 } } });
    const last = await knock(two.client, two.far.peerHint);
    expect(last).toEqual(unreachable('busy'));
    await using another = await openTwo({ near: { limits: { forwardHeldBytesOfOne: 100 } } });
    const forward = { to: another.far.peerHint, request: nothing };
    expect((await handOn(from(another.near, '192.0.2.1'), forward)).last).toEqual(unreachable('busy'));
    expect((await handOn(another.client, forward)).last.kind).toBe('forwarded');
  });

  test('rule 29: whoever sends a batch again and again has it handed on so many times and no further, however slowly', async () => {
    await using two = await openTwo({ near: { limits: { forwardRepeats: 3 } } });
    const { client, far, near } = two;
    const forward = { kind: 'forward', to: far.peerHint, request: nothing, waitSeconds: 0 } as const;
    const notAfter = Math.floor(near.world.now() / 1000) + 3600;
    const plaintext = client.batch([{ operation: forward }], { notAfter });
    const kinds: string[] = [];
    for (let times = 0; times < 6; times += 1) {
      kinds.push((await client.send(plaintext)).results.at(-1)?.kind ?? 'none');
      near.world.pass(599_000);
    }
    expect(kinds).toEqual(['forwarded', 'forwarded', 'forwarded', 'quota', 'quota', 'quota']);
  });

  test('rule 29: the same request in ever new batches is handed on so many times and no further', async () => {
    await using two = await openTwo({ near: { limits: { forwardRepeats: 3 } } });
    const { near, far } = two;
    const one = from(near, '192.0.2.1');
    const { bytes } = sealedFor(far.relay, one.batch([]), { seed: new Uint8Array(32).fill(3) });
    const before = far.relay.held().sessions;
    const ask = async (client: TestClient, request: Uint8Array): Promise<string> =>
      (await handOn(client, { to: far.peerHint, request })).last.kind;
    const kinds: string[] = [];
    for (let times = 0; times < 5; times += 1) kinds.push(await ask(one, bytes));
    expect(kinds).toEqual(['forwarded', 'forwarded', 'forwarded', 'quota', 'quota']);
    // the proof, and three times the request
    expect(far.relay.held().sessions - before).toBe(4);
    expect(await ask(from(near, '192.0.2.2'), bytes)).toBe('forwarded');
    expect(await ask(one, new Uint8Array(300).fill(1))).toBe('forwarded');
    near.world.pass(3_600_000);
    expect(await ask(one, bytes)).toBe('forwarded');
  });

  test('rule 29: whoever keeps a far relay silent does not have it prove itself again for everybody, and nobody pays for that', async () => {
    await using two = await openTwo({ near: { limits: { forwardSeconds: 1, farsOfPath: 1 } } });
    const { client, far, near, made } = two;
    const watcher = new TestClient(at(far), primitives, far.world);
    const { log, seeds } = made;
    const watch = { kind: 'watch', add: [{ log, after: 0, number: 0 }], drop: [], waitSeconds: 40 } as const;
    const silence = async (seed: number): Promise<Result> => {
      const plaintext = watcher.batch([{ operation: watch, seeds: [seeds.read] }]);
      const { bytes } = sealedFor(far.relay, plaintext, { seed: new Uint8Array(32).fill(seed) });
      return (await handOn(client, { to: far.peerHint, request: bytes })).last;
    };
    const ask = (): Promise<Result> => knock(client, far.peerHint);
    expect(await silence(1)).toEqual(unreachable('silent'));
    const proved = far.relay.held().sessions;
    expect((await ask()).kind).toBe('forwarded');
    expect(far.relay.held().sessions).toBe(proved);
    near.world.pass(60_000);
    expect(await silence(2)).toEqual(unreachable('silent'));
    // the path has asked as many far relays as it may, and this one is known
    expect((await ask()).kind).toBe('forwarded');
    expect(far.relay.held().sessions).toBe(proved + 2);
  });

  test('rule 6: a batch that comes to the far relay again through another has the same result', async () => {
    await using two = await openTwo();
    const { across, made, far } = two;
    const { log, seeds } = made;
    const append = { kind: 'append', log, number: 0, entry: smallEntry(far.world) } as const;
    const plaintext = across.batch([{ operation: append, seeds: [seeds.append] }]);
    const [once, again] = [await across.send(plaintext), await across.send(plaintext)];
    expect([once.results, again.results]).toEqual([
      [{ kind: 'stored', seq: 1 }],
      [{ kind: 'stored', seq: 1 }],
    ]);
  });
});
