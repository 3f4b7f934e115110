import { contractHint, serveTransportContract, type TimedWorld, timedWorld } from '@tern/relay/testing';
import { describe, expect, test } from 'vitest';
import { webSocketTransport, type StandingTransport } from '../src/index.ts';
import { nodeWorld } from '../src/node/index.ts';
import { transportContract } from '../src/testing/index.ts';
import { SocketNetwork } from './simulated-sockets.ts';

const { signal } = new AbortController();
const hint = { address: 'relay.example', port: 443, tls: true, path: 'here' };

describe('over a WebSocket, as Node has it', () => {
  transportContract(test, async (serve, { name, longestSilenceMs }) => {
    const server = await serveTransportContract({ serve });
    const hint = contractHint(server, { tls: false, run: 'socket', name });
    const transport = webSocketTransport({
      world: nodeWorld,
      open: (url) => new WebSocket(url),
      longestAnswerMs: longestSilenceMs,
      longestSilenceMs,
    });
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

interface Scene {
  readonly world: TimedWorld;
  readonly network: SocketNetwork;
  readonly transport: StandingTransport;
  /** requests that the relay has and did not answer yet, by length */
  readonly waiting: number[];
  answerAll(): void;
  carry(bytes: number): Promise<number>;
}

function scene(): Scene {
  const world = timedWorld();
  const waiting: number[] = [];
  let answers: (() => void)[] = [];
  const network = new SocketNetwork({
    world,
    async answer(request) {
      waiting.push(request.length);
      await new Promise<void>((resolve) => answers.push(resolve));
      return new Uint8Array(3);
    },
  });
  const transport = webSocketTransport({ world, open: network.open });
  return {
    world,
    network,
    transport,
    waiting,
    answerAll() {
      for (const resolve of answers) resolve();
      answers = [];
      waiting.length = 0;
    },
    async carry(bytes) {
      let came = 0;
      for await (const piece of transport.carry(hint, new Uint8Array(bytes), { signal }))
        came += piece.length;
      return came;
    },
  };
}

describe('one socket', () => {
  test('carries a picture so that a text asked later is not behind all of it', async () => {
    const { world, waiting, carry, answerAll, network } = scene();
    const picture = Array.from({ length: 6 }, () => carry(61_440));
    await world.pass(200);
    const text = carry(700);
    await world.pass(200);
    expect(waiting).toEqual([61_440, 61_440, 700]);
    for (let rounds = 0; rounds < 3; rounds += 1) {
      answerAll();
      await world.pass(200);
    }
    expect(await world.run(Promise.all([...picture, text]))).toEqual([3, 3, 3, 3, 3, 3, 3]);
    expect(network.opened).toBe(1);
  });

  test('is asked ever more seldom whether it lives while only a watch waits, and sooner after one was lost', async () => {
    const place = scene();
    const frozenAt = async (ms: number, { world, network, transport } = scene()): Promise<number> => {
      const watching = async (): Promise<void> => {
        for await (const _ of transport.carry(hint, new Uint8Array(9), { signal, heldMs: 640_000 }));
      };
      const watch = expect(watching()).rejects.toMatchObject({ code: 'silent' });
      await world.pass(ms);
      expect(network.standing).toBe(1);
      network.freeze();
      const frozen = world.now();
      await world.run(watch);
      return world.now() - frozen;
    };
    // beats at 10, 30 and 70 s, and from then on each 80 s
    expect(await frozenAt(5000)).toBeLessThan(10_000);
    const lateMs = await frozenAt(72_000, place);
    expect([lateMs > 75_000, lateMs < 85_000]).toEqual([true, true]);
    // after a loss at 80 s no more than 40 s are tried
    expect(await frozenAt(320_000, place)).toBeLessThan(45_000);
  });

  test('has room for 48 requests at a time, the others wait for a place and lose nothing', async () => {
    const { world, waiting, carry, answerAll } = scene();
    const asked = Array.from({ length: 100 }, () => carry(10));
    await world.pass(200);
    expect(waiting.length).toBe(48);
    for (let rounds = 0; rounds < 3; rounds += 1) {
      answerAll();
      await world.pass(200);
    }
    expect((await world.run(Promise.all(asked))).length).toBe(100);
  });

  test('that does not open within 5 s is given up, by all who wait for it', async () => {
    const { world, network, carry } = scene();
    const asked = Promise.allSettled([carry(10), carry(10)]);
    network.freeze();
    const began = world.now();
    const reason = { code: 'silent' };
    expect(await world.run(asked)).toMatchObject([{ reason }, { reason }]);
    expect(world.now() - began).toBe(5000);
    expect(network.standing).toBe(0);
  });

  test('on which something else answers is no relay’s', async () => {
    for (const nonsense of [
      'text',
      new ArrayBuffer(0),
      new Uint8Array([99]).buffer,
      new Uint8Array([18, 0, 0, 0, 9]).buffer,
    ]) {
      const { world, network, carry } = scene();
      const asked = carry(10);
      await world.pass(100);
      network.say(nonsense);
      await expect(world.run(asked)).rejects.toMatchObject({ code: 'not-a-relay' });
    }
  });

  test('that the platform refuses to open is unreachable', async () => {
    const transport = webSocketTransport({
      world: nodeWorld,
      open() {
        throw new TypeError('not from this page');
      },
    });
    const carrying = (async () => {
      for await (const _piece of transport.carry(hint, new Uint8Array(), { signal }));
    })();
    await expect(carrying).rejects.toMatchObject({ name: 'UnreachableError' });
  });
});
