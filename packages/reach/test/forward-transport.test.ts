import {
  limits,
  noblePrimitives as primitives,
  peerPathOf,
  UnreachableError,
  utf8,
  type Hint,
  type RelayId,
} from '@tern/protocol';
import { openNearRelay, type ForwardAsk, type Forwarded } from '@tern/relay/testing';
import { describe, expect, test } from 'vitest';
import { forwardTransport, memoryTransport, openPath, type Path, type Transport } from '../src/index.ts';
import { nodeWorld } from '../src/node/index.ts';
import { transportContract, type Serve, type TransportFixture } from '../src/testing/index.ts';

const far: Hint = {
  relay: 'a'.repeat(52) as RelayId,
  address: 'far.example',
  port: 443,
  tls: true,
  path: 'secret',
};
const nobody: Hint = { ...far, address: 'nowhere.example' };
const { signal } = new AbortController();

interface Near extends AsyncDisposable {
  readonly path: Path;
  readonly sizes: readonly { readonly requestBytes: number; readonly answerBytes: number }[];
}

/** The near relay is a real one; what lies behind it is the test's. */
async function near(
  forward: (ask: ForwardAsk) => Promise<Forwarded | 'quota'>,
  { peer = false }: { readonly peer?: boolean } = {},
): Promise<Near> {
  const relay = await openNearRelay({ world: nodeWorld, forward, peer });
  const { hint, transport, sizes } = relay;
  const path = openPath({ hint, transport, primitives, world: nodeWorld });
  return {
    path,
    sizes,
    async [Symbol.asyncDispose]() {
      await path[Symbol.asyncDispose]();
      await relay[Symbol.asyncDispose]();
    },
  };
}

/** What a forwarder does with the contract's answering end. */
function handsOnTo(serve: Serve, longestSilenceMs: number): (ask: ForwardAsk) => Promise<Forwarded> {
  return async ({ to, request, roomBytes, signal: left }) => {
    if (to.address !== far.address) return { bytes: new Uint8Array(), trouble: 'closed' };
    const leaving = new AbortController();
    const gone = AbortSignal.any([left, leaving.signal]);
    const { length, pieces } = serve(request, { signal: gone });
    const came: Uint8Array[] = [];
    const silence = Promise.withResolvers<'silent'>();
    const timer = setTimeout(() => silence.resolve('silent'), longestSilenceMs);
    const aborted = Promise.withResolvers<never>();
    left.addEventListener('abort', () => aborted.reject(left.reason as Error), { once: true });
    const reading = (async (): Promise<undefined> => {
      for await (const piece of pieces) came.push(piece);
    })();
    try {
      const trouble = await Promise.race([reading, silence.promise, aborted.promise]);
      const bytes = new Uint8Array(Buffer.concat(came));
      const cut =
        trouble ?? (bytes.length < length ? 'closed' : bytes.length > roomBytes ? 'too-long' : undefined);
      return { bytes, ...(cut !== undefined && { trouble: cut }) };
    } finally {
      clearTimeout(timer);
      leaving.abort();
    }
  };
}

async function fixture(serve: Serve, longestSilenceMs: number): Promise<TransportFixture> {
  const relay = await near(handsOnTo(serve, longestSilenceMs));
  return {
    transport: forwardTransport({ near: relay.path, primitives }),
    hint: far,
    nobody,
    [Symbol.asyncDispose]: () => relay[Symbol.asyncDispose](),
  };
}

/**
 * An answer comes when the near relay has the whole of it; a request of 64 KiB is longer than what is handed on, and an answer of more
 * than 1 MiB than what an answer may carry.
 */
const needsMore: ReadonlySet<string> = new Set([
  'a large answer in many pieces arrives whole',
  'a request arrives as it was sent, and so does its answer',
  'an answer cut in the middle is what came of it, then unreachable',
  'an answer aborted between two pieces ends with the reason, and the other side knows',
  'who stops reading early closes what was opened',
]);

transportContract(
  (name, run) => (needsMore.has(name) ? undefined : test(name, run)),
  (serve, { longestSilenceMs }) => fixture(serve, longestSilenceMs),
);

async function carried(
  transport: Transport,
  request: Uint8Array,
  options: { readonly heldMs?: number; readonly to?: Hint } = {},
): Promise<{ readonly bytes: Buffer; readonly error?: unknown }> {
  const pieces: Uint8Array[] = [];
  const { to = far, ...rest } = options;
  try {
    for await (const piece of transport.carry(to, request, { signal, ...rest })) pieces.push(piece);
    return { bytes: Buffer.concat(pieces) };
  } catch (error) {
    return { bytes: Buffer.concat(pieces), error };
  }
}

describe('a request that another relay hands on', () => {
  test('arrives as it was sent, up to the longest, under the peer path', async () => {
    const asks: ForwardAsk[] = [];
    await using relay = await near(async (ask) => {
      asks.push(ask);
      return { bytes: ask.request };
    });
    const transport = forwardTransport({ near: relay.path, primitives });
    for (const length of [0, 1, 999, 1000, 1001, limits.forwardBytes]) {
      const request = new Uint8Array(length).map((_, at) => at % 251);
      expect((await carried(transport, request)).bytes.equals(request)).toBe(true);
    }
    expect(asks.every(({ to }) => to.path === peerPathOf(primitives, far.path))).toBe(true);
    expect(JSON.stringify(asks.map(({ to }) => to))).not.toContain(far.path);
  });

  test('says how long its answer may be kept back', async () => {
    const waits: number[] = [];
    await using relay = await near(async ({ waitSeconds }) => {
      waits.push(waitSeconds);
      return { bytes: utf8('x') };
    });
    const transport = forwardTransport({ near: relay.path, primitives });
    await carried(transport, utf8('a'));
    await carried(transport, utf8('b'), { heldMs: 77_300 });
    await carried(transport, utf8('c'), { heldMs: 10_000_000 });
    expect(waits).toEqual([0, 78, limits.watchWaitSeconds]);
  });

  test('leaves what came of an answer that was cut behind the near relay', async () => {
    await using relay = await near(async () => ({ bytes: new Uint8Array(2500), trouble: 'silent' }));
    const { bytes, error } = await carried(forwardTransport({ near: relay.path, primitives }), utf8('a'));
    expect(bytes).toHaveLength(2500);
    expect(error).toMatchObject({ code: 'silent' });
  });

  test.each([
    ['address', 'unreachable-from-there'],
    ['closed', 'closed'],
    ['stranger', 'not-a-relay'],
    ['busy', 'busy'],
    ['too-long', 'cut'],
  ] as const)('that is not answered because of %s is unreachable', async (because, code) => {
    await using relay = await near(async () => ({ bytes: new Uint8Array(), trouble: because }));
    const { error } = await carried(forwardTransport({ near: relay.path, primitives }), utf8('a'));
    expect(error).toBeInstanceOf(UnreachableError);
    expect(error).toMatchObject({ code });
  });

  test('is unreachable where it is refused, too much, too long, or the far relay has no name', async () => {
    await using tired = await near(async () => 'quota');
    const quota = await carried(forwardTransport({ near: tired.path, primitives }), utf8('a'));
    expect(quota.error).toMatchObject({ code: 'forward-quota' });
    await using peer = await near(async () => ({ bytes: new Uint8Array() }), { peer: true });
    const transport = forwardTransport({ near: peer.path, primitives });
    expect((await carried(transport, utf8('a'))).error).toMatchObject({ code: 'forward-refused' });
    const long = await carried(transport, new Uint8Array(limits.forwardBytes + 1));
    expect(long.error).toMatchObject({ code: 'unreachable' });
    const { relay: _, ...nameless } = far;
    const unnamed = await carried(transport, utf8('a'), { to: nameless });
    expect(unnamed.error).toMatchObject({ code: 'unreachable-from-there' });
  });

  test('is unreachable where another relay than the near one answers', async () => {
    await using relay = await near(async () => ({ bytes: new Uint8Array() }));
    await using wrong = openPath({
      hint: { ...relay.path.hint, relay: far.relay ?? ('' as RelayId) },
      transport: memoryTransport({
        answer: async () => {
          const card = await relay.path.card({ signal });
          return utf8(`not this one: ${card.number}`);
        },
      }),
      primitives,
      world: nodeWorld,
    });
    const { error } = await carried(forwardTransport({ near: wrong, primitives }), utf8('a'));
    expect(error).toBeInstanceOf(UnreachableError);
    expect(error).not.toMatchObject({ code: 'not-a-relay' });
  });

  test('brings a large answer', async () => {
    const large = new Uint8Array(900_000).map((_, at) => at % 251);
    await using relay = await near(async ({ roomBytes }) => {
      expect(roomBytes).toBeGreaterThan(large.length);
      return { bytes: large };
    });
    const { bytes, error } = await carried(forwardTransport({ near: relay.path, primitives }), utf8('a'));
    expect([bytes.equals(large), error]).toEqual([true, undefined]);
  });

  test('has a budget that leaves room for what stands around it, both ways', async () => {
    const { downBytes, upBytes } = { upBytes: 4096, downBytes: 8192 };
    let answer = 0;
    await using relay = await near(async () => ({ bytes: new Uint8Array(answer) }));
    const transport = forwardTransport({ near: relay.path, primitives });
    expect(relay.path.budget).toEqual({ upBytes, downBytes });
    const budget = transport.budget(far);
    expect(budget.upBytes).toBeGreaterThan(3000);
    expect(budget.downBytes).toBeGreaterThan(6500);
    answer = budget.downBytes;
    await carried(transport, new Uint8Array(budget.upBytes));
    expect(Math.max(...relay.sizes.map((one) => one.requestBytes))).toBeLessThanOrEqual(upBytes);
    expect(Math.max(...relay.sizes.map((one) => one.answerBytes))).toBeLessThanOrEqual(downBytes);
  });
});
