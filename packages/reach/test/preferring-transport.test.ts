import { base64url, hash, noblePrimitives, randomId, UnreachableError, type BatchId } from '@tern/protocol';
import {
  contractHint,
  handWorld,
  serveTransportContract,
  type TimedWorld,
  timedWorld,
} from '@tern/relay/testing';
import { describe, expect, test } from 'vitest';
import {
  memoryTransport,
  openPath,
  preferringTransport,
  webSocketTransport,
  type Outgoing,
  type Path,
  type Transport,
} from '../src/index.ts';
import { httpsTransport, nodePrimitives as primitives, nodeWorld } from '../src/node/index.ts';
import type { StandingTransport } from '../src/web-socket-transport.ts';
import { seededFaults, transportContract } from '../src/testing/index.ts';
import { hello } from './path-scene.ts';
import { SocketNetwork } from './simulated-sockets.ts';
import { tinyRelay, type TinyRelay, type TinyRelayParts } from './tiny-relay.ts';

const { signal } = new AbortController();

for (const stands of [true, false]) {
  describe(`the contract, ${stands ? 'with a socket that stands already' : 'from the first request on'}`, () => {
    transportContract(test, async (serve, { name, longestSilenceMs }) => {
      const server = await serveTransportContract({ serve });
      const hint = contractHint(server, { tls: false, run: 'both', name });
      const patience = { longestAnswerMs: longestSilenceMs, longestSilenceMs };
      const first = webSocketTransport({ ...patience, world: nodeWorld, open: (url) => new WebSocket(url) });
      const transport = preferringTransport({ first, second: httpsTransport(patience), world: nodeWorld });
      if (stands) await first.stand(hint, { signal });
      return {
        transport,
        hint,
        nobody: { ...hint, port: server.unusedPort },
        async [Symbol.asyncDispose]() {
          transport[Symbol.dispose]();
          await server[Symbol.asyncDispose]();
        },
      };
    });
  });
}

interface Scene extends Disposable {
  readonly world: TimedWorld;
  readonly relay: TinyRelay;
  readonly network: SocketNetwork;
  readonly path: Path;
  /** what a POST does before it is answered; a test may replace it */
  readonly https: { asked: number; oneWayMs: number; lost: boolean };
  exchange(outgoing?: readonly Outgoing[], id?: BatchId): Promise<boolean>;
}

function scene(parts: Partial<TinyRelayParts> = {}): Scene {
  const world = timedWorld();
  const relay = tinyRelay({
    primitives,
    randomBytes: handWorld(2).randomBytes,
    now: () => world.now(),
    ...parts,
  });
  const network = new SocketNetwork({ world, answer: (request) => relay.answer(request) });
  const https = { asked: 0, oneWayMs: 30, lost: false };
  const second: Transport = {
    ...memoryTransport({
      async answer(_to, request, options) {
        https.asked += 1;
        await world.wait(https.oneWayMs, options);
        if (https.lost) throw new UnreachableError('nobody is there');
        const answer = await relay.answer(request);
        await world.wait(https.oneWayMs, options);
        return answer;
      },
      patience: { world, longestSilenceMs: 20_000 },
    }),
    name: 'https',
  };
  const transport = preferringTransport({
    first: webSocketTransport({ world, open: network.open }),
    second,
    world,
  });
  const path = openPath({ hint: relay.hint, transport, primitives, world });
  return {
    world,
    relay,
    network,
    path,
    https,
    async exchange(outgoing = [hello], id) {
      const { whole } = await world.run(path.exchange(outgoing, { signal, ...(id !== undefined && { id }) }));
      return whole;
    },
    [Symbol.dispose]: () => transport[Symbol.dispose](),
  };
}

/** A scene in which a socket stands already. */
async function standing(parts: Partial<TinyRelayParts> = {}): Promise<Scene> {
  const made = scene(parts);
  await made.exchange();
  await made.world.pass(1000);
  expect(made.network.standing).toBe(1);
  return made;
}

const watch: Outgoing = { operation: { kind: 'watch', add: [], drop: [], waitSeconds: 40 } };

describe('which way a batch takes', () => {
  test('HTTPS first; a socket once that was quick; and one can see which', async () => {
    using made = scene();
    expect(made.path.lastExchange).toBeUndefined();
    await made.exchange();
    expect(made.path.lastExchange).toMatchObject({ transport: 'https', latencyMs: 60 });
    await made.world.pass(1000);
    const asked = made.https.asked;
    await made.exchange();
    expect(made.path.lastExchange).toEqual({ transport: 'websocket', latencyMs: 60, at: made.world.now() });
    for (let times = 0; times < 20; times += 1) await made.exchange();
    expect([made.https.asked - asked, made.network.opened]).toEqual([0, 1]);
  });

  test('never a socket where HTTPS is slow', async () => {
    using made = scene();
    made.https.oneWayMs = 1500;
    for (let times = 0; times < 10; times += 1) await made.exchange();
    expect(made.network.opened).toBe(0);
  });

  test('long polls ride on the socket, and their length is nobody’s latency', async () => {
    using made = await standing({
      async items({ batch }) {
        if (batch.operations[0]?.type === 6) await made.world.wait(25_000, { signal });
        return batch.operations.map((_, operation) => ({
          operation,
          result: { kind: 'watched', token: new Uint8Array(16), more: false } as const,
        }));
      },
    });
    await made.exchange();
    const began = made.world.now();
    await made.exchange([watch]);
    expect(made.path.lastExchange).toEqual({ transport: 'websocket', latencyMs: 60, at: began + 25_060 });
    expect(made.network.opened).toBe(1);
  });
});

describe('a socket that fails', () => {
  test('freezes: what is asked on it has its answer another way within 15 s', async () => {
    using made = await standing();
    await made.exchange();
    made.network.freeze();
    const began = made.world.now();
    expect(await made.exchange()).toBe(true);
    expect(made.world.now() - began).toBeLessThan(15_000);
    expect(made.path.lastExchange?.transport).toBe('https');
    expect(made.network.standing).toBe(0);
  });

  test('freezes while only a watch waits on it: noticed within 15 s too', async () => {
    using made = await standing({
      items: ({ batch }) =>
        batch.operations.map((_, operation) => ({
          operation,
          result: { kind: 'watched', token: new Uint8Array(16), more: false },
        })),
    });
    made.network.freeze();
    const began = made.world.now();
    expect(await made.exchange([watch])).toBe(true);
    expect(made.world.now() - began).toBeLessThan(15_000);
  });

  test('freezes while a watch waits on it that may wait for long: who asked asks for less', async () => {
    using made = await standing();
    expect(made.path.holdSeconds()).toBeGreaterThan(500);
    made.network.freeze();
    const asked = made.https.asked;
    const long: Outgoing = { operation: { kind: 'watch', add: [], drop: [], waitSeconds: 600 } };
    await expect(made.exchange([long])).rejects.toMatchObject({ code: 'unheld' });
    expect(made.https.asked).toBe(asked);
    expect(made.path.holdSeconds()).toBeLessThanOrEqual(40);
  });

  test('cuts a watch that may wait for long, and stands: that is told as it is, for a pause to follow', async () => {
    const first: StandingTransport = {
      name: 'websocket',
      standing: () => true,
      stand: async () => undefined,
      async *carry() {
        yield* [];
        throw new UnreachableError('it was cut', { code: 'cut' });
      },
      [Symbol.dispose]: () => undefined,
    };
    const second = memoryTransport({ answer: async () => new Uint8Array([1]) });
    using transport = preferringTransport({ first, second, world: timedWorld() });
    const hint = { address: 'relay.example', port: 443, tls: true, path: 'x' };
    const reading = async (): Promise<void> => {
      for await (const _piece of transport.carry(hint, new Uint8Array(), { signal, heldMs: 600_000 }));
    };
    await expect(reading()).rejects.toMatchObject({ code: 'cut' });
  });

  test('freezes while much is asked again and again: noticed as fast', async () => {
    using made = await standing();
    made.network.freeze();
    const asked: Promise<unknown>[] = [];
    const posts = made.https.asked;
    for (let times = 0; times < 12; times += 1) {
      asked.push(made.path.exchange([hello], { signal }));
      await made.world.pass(1000);
    }
    expect(made.https.asked).toBeGreaterThan(posts);
    await made.world.run(Promise.all(asked));
  });

  test('froze while the machine slept: the first thing that is asked afterwards has its answer within 5 s', async () => {
    using made = await standing();
    await made.exchange();
    made.network.freeze();
    await made.world.pass(3_600_000);
    const began = made.world.now();
    expect(await made.exchange()).toBe(true);
    expect(made.world.now() - began).toBeLessThan(5000);
  });

  test('is slow and alive: nobody leaves it', async () => {
    let slow = false;
    using made = await standing({
      async items({ batch }) {
        if (slow) await made.world.wait(13_000, { signal });
        return batch.operations.map((_, operation) => ({ operation, result: { kind: 'done' } }));
      },
    });
    slow = true;
    await made.exchange();
    expect(made.path.lastExchange).toMatchObject({ transport: 'websocket', latencyMs: 13_060 });
    expect(made.network.standing).toBe(1);
  });

  test('is closed in the middle of an answer: what came is there, the rest is asked for again', async () => {
    const large = new Uint8Array(60_000).fill(7);
    using made = await standing({
      items: ({ batch }) =>
        batch.operations.map((_, operation) => ({
          operation,
          result:
            operation === 0
              ? { kind: 'done' }
              : { kind: 'range', length: large.length, bytes: large, proof: [] },
        })),
    });
    let pieces = 0;
    made.network.passes = (frame) => {
      if (frame.kind === 'piece') pieces += 1;
      return pieces < 3;
    };
    const id = randomId<BatchId>(made.world.randomBytes(16));
    const got = await made.world.run(made.path.exchange([hello, hello], { signal, id }));
    expect(got.whole).toBe(false);
    expect(got.results[0]).toEqual([{ kind: 'done' }]);
    expect(await made.exchange([hello, hello], id)).toBe(true);
    expect(made.path.lastExchange?.transport).toBe('https');
    expect(new Set(made.relay.seen.filter(({ batch }) => batch.id === id).map(bytesOf)).size).toBe(1);
  });

  test('is not opened again at once: after half a minute, then after ever longer pauses', async () => {
    using made = await standing();
    made.network.shut = true;
    made.network.cut();
    // nobody was waiting: the next exchanges find the path good as ever, and no socket opens
    const tried: number[] = [];
    const began = made.world.now();
    let before = made.network.opened;
    for (let minute = 0; minute < 150; minute += 1) {
      await made.exchange();
      await made.exchange();
      await made.world.pass(60_000);
      if (made.network.opened > before) tried.push((made.world.now() - began) / 1000);
      before = made.network.opened;
    }
    const pauses = tried.slice(1).map((at, index) => at - (tried[index] ?? 0));
    expect(pauses.length).toBeGreaterThan(3);
    expect(pauses.length).toBeLessThan(12);
    for (const [at, pause] of pauses.entries())
      expect(pause).toBeGreaterThanOrEqual(Math.min(3600, 30 * 2 ** at));
    made.network.shut = false;
    await made.world.pass(6_000_000);
    await made.exchange();
    await made.exchange();
    await made.world.pass(1000);
    await made.exchange();
    expect(made.path.lastExchange?.transport).toBe('websocket');
  });

  test('belongs to a relay that is started again: what was asked meanwhile is answered, and a new socket stands', async () => {
    using made = await standing();
    await made.exchange();
    made.relay.forgetTickets();
    made.network.shut = true;
    made.network.cut();
    expect(await made.exchange()).toBe(true);
    expect(made.path.lastExchange?.transport).toBe('https');
    made.network.shut = false;
    await made.world.pass(120_000);
    for (let times = 0; times < 3; times += 1) {
      await made.exchange();
      await made.world.pass(1000);
    }
    await made.exchange();
    expect(made.path.lastExchange?.transport).toBe('websocket');
  });
});

function bytesOf({ plaintext }: { readonly plaintext: Uint8Array }): string {
  return base64url(hash(noblePrimitives, 'batch', plaintext));
}

test.for([1, 2, 3, 4, 5, 6])(
  'hundreds of exchanges, a hundred at once, while sockets are cut at random: nothing is lost, nothing is done twice (seed %i)',
  async (seed) => {
    const done = new Map<string, number>();
    using made = await standing({
      items({ batch }) {
        // as a relay does it (rule 6): a repeat is answered and not done again
        if (!done.has(batch.id)) done.set(batch.id, 1);
        return batch.operations.map((_, operation) => ({ operation, result: { kind: 'done' } }));
      },
    });
    done.clear();
    const seenBefore = made.relay.seen.length;
    const faultOf = seededFaults(seed, { lost: 0.08, cut: 0.1 });
    made.network.passes = () => faultOf().lost !== true;
    const ask = async (id: BatchId): Promise<void> => {
      for (;;) {
        try {
          const { whole, results } = await made.path.exchange([hello, hello], { signal, id });
          if (!whole) continue;
          expect(results).toEqual([[{ kind: 'done' }], [{ kind: 'done' }]]);
          return;
        } catch (error) {
          if (!(error instanceof UnreachableError)) throw error;
          await made.world.wait(500, { signal });
        }
      }
    };
    const ids = Array.from({ length: 250 }, () => randomId<BatchId>(made.world.randomBytes(16)));
    const batches = ids.map(async (id, at) => {
      await made.world.wait(Math.floor(Math.max(0, at - 50) / 50) * 60_000, { signal });
      await ask(id);
    });
    await made.world.run(Promise.all(batches));
    expect([...done.keys()].toSorted()).toEqual([...ids].toSorted());
    const seen = made.relay.seen.slice(seenBefore);
    for (const id of ids)
      expect(new Set(seen.filter(({ batch }) => batch.id === id).map(bytesOf)).size).toBe(1);
    expect(seen.length).toBeGreaterThan(ids.length);
    expect(made.network.opened).toBeGreaterThan(1);
  },
);
