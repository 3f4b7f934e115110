import { noblePrimitives, UnreachableError } from '@tern/protocol';
import { expect, test } from 'vitest';
import { memoryTransport, type Transport } from '../src/index.ts';
import { nodeWorld } from '../src/node/index.ts';
import {
  faultyTransport,
  seededFaults,
  transportContract,
  type Serve,
  type TransportFixture,
} from '../src/testing/index.ts';
import { handWorld } from '@tern/relay/testing';

const hint = { address: 'relay.example', port: 443, tls: true, path: 'here' };

transportContract(test, async (serve, { longestSilenceMs }) =>
  fixtureOf(memoryRelay(serve, longestSilenceMs)),
);

function fixtureOf(transport: Transport): TransportFixture {
  return {
    transport,
    hint,
    nobody: { ...hint, path: 'nowhere' },
    async [Symbol.asyncDispose]() {},
  };
}

function memoryRelay(serve: Serve, longestSilenceMs: number): Transport {
  return memoryTransport({
    patience: { world: nodeWorld, longestSilenceMs },
    async answer(to, request, { signal }) {
      if (to.path !== hint.path) throw new UnreachableError('nobody is here');
      const { length, pieces } = serve(request, { signal });
      return cutBefore(length, pieces);
    },
  });
}

async function* cutBefore(length: number, pieces: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let sent = 0;
  for await (const piece of pieces) {
    sent += piece.length;
    yield piece;
  }
  if (sent < length) throw new UnreachableError('the connection was closed');
}

const echo = memoryTransport({ answer: async (_to, request) => request });
const { signal } = new AbortController();

async function outcome(transport: Transport): Promise<string> {
  let bytes = 0;
  try {
    for await (const piece of transport.carry(hint, new Uint8Array(9000), { signal })) bytes += piece.length;
    return `${bytes}`;
  } catch (error) {
    if (!(error instanceof UnreachableError)) throw error;
    return `${bytes} cut`;
  }
}

test('what a relay does to a request or an answer in memory does not reach the other side', async () => {
  const request = new Uint8Array([1, 2, 3]);
  const kept = new Uint8Array([4, 5, 6]);
  const transport = memoryTransport({
    async answer(_to, asked) {
      asked.fill(9);
      return kept;
    },
  });
  for await (const piece of transport.carry(hint, request, { signal })) piece.fill(8);
  expect([...request, ...kept]).toEqual([1, 2, 3, 4, 5, 6]);
});

test('the same seed makes the same faults, and each chance is about as often as it says', async () => {
  const chances = { lost: 0.1, twice: 0.2, cut: 0.3, longestCutBytes: 8000, longestDelayMs: 50 };
  const make = (seed: number): Transport =>
    faultyTransport(echo, { world: handWorld(), faultOf: seededFaults(seed, chances) });
  const run = async (transport: Transport): Promise<readonly string[]> => {
    const outcomes: string[] = [];
    for (let times = 0; times < 300; times += 1) outcomes.push(await outcome(transport));
    return outcomes;
  };
  const first = await run(make(5));
  expect(await run(make(5))).toEqual(first);
  expect(await run(make(6))).not.toEqual(first);
  const wholeOnes = first.filter((one) => one === '9000').length;
  expect(wholeOnes).toBeGreaterThan(150);
  expect(wholeOnes).toBeLessThan(230);
});

test('a request delivered twice arrives twice and is answered once', async () => {
  let arrived = 0;
  const counting = memoryTransport({
    async answer() {
      arrived += 1;
      return noblePrimitives.sha256(new Uint8Array());
    },
  });
  const transport = faultyTransport(counting, { world: handWorld(), faultOf: () => ({ twice: true }) });
  expect([await outcome(transport), arrived]).toEqual(['32', 2]);
});

test('a delay passes in the world of the test', async () => {
  const world = handWorld();
  const before = world.now();
  await outcome(faultyTransport(echo, { world, faultOf: () => ({ delayMs: 700 }) }));
  expect(world.now() - before).toBe(700);
});
