/** A real relay behind a network that lets only so many bytes of an exchange through and then says nothing. */
import { chunkIdOf, limits, UnreachableError, type World } from '@tern/protocol';
import { memoryTransport, openPath, type Path } from '@tern/reach';
import { nodePrimitives as primitives } from '@tern/reach/node';
import { getChunk, putChunk } from '@tern/core/testing';
import { openMemoryStore, openRelay } from '@tern/relay';
import { firstPolicy, testWorld } from '@tern/relay/testing';
import { describe, expect, test } from 'vitest';

const { signal } = new AbortController();

interface Weights {
  /** of each request and its answer that came through, with what the path's budget was when it left */
  readonly passed: {
    readonly up: number;
    readonly down: number;
    readonly upBudget: number;
    readonly downBudget: number;
  }[];
  stopped: number;
}

interface Scene extends AsyncDisposable {
  readonly path: Path;
  readonly weights: Weights;
  put(content: Uint8Array, arrived?: (bytes: number) => void): Promise<string>;
  get(content: Uint8Array, arrived?: (bytes: number) => void): Promise<Uint8Array | undefined>;
}

async function scene(network: { readonly upBytes: number; readonly downBytes: number }): Promise<Scene> {
  const world: World = testWorld();
  const relay = await openRelay({ store: openMemoryStore(), world, primitives });
  const weights: Weights = { passed: [], stopped: 0 };
  const silent = (): never => {
    weights.stopped += 1;
    throw new UnreachableError('nothing came for too long', { code: 'silent' });
  };
  const transport = memoryTransport({
    async answer(_to, request, options) {
      const { upBytes, downBytes } = path.budget;
      if (request.length > network.upBytes) silent();
      const answer = await relay.answer(request, options);
      if (answer.length > network.downBytes)
        return (async function* frozen() {
          yield answer.subarray(0, network.downBytes);
          silent();
        })();
      weights.passed.push({
        up: request.length,
        down: answer.length,
        upBudget: upBytes,
        downBudget: downBytes,
      });
      return answer;
    },
  });
  const hint = { relay: relay.id, address: 'relay.example', port: 443, tls: true, path: 'here' };
  const path = openPath({ hint, transport, primitives, world });
  const { log, signed, seeds } = firstPolicy({ primitives, world, relay });
  await path.exchange([{ operation: { kind: 'create', policy: signed, right: await relay.newRight() } }], {
    signal,
  });
  return {
    path,
    weights,
    async put(content, arrived) {
      const to = { log, number: 0, seed: seeds.append, chunk: chunkIdOf(primitives, content), content };
      return (await putChunk(path, to, { signal, ...(arrived !== undefined && { arrived }) })).kind;
    },
    get(content, arrived) {
      const chunk = chunkIdOf(primitives, content);
      const from = { log, number: 0, seed: seeds.read, chunk, length: content.length };
      return getChunk(path, from, { signal, primitives, ...(arrived !== undefined && { arrived }) });
    },
    async [Symbol.asyncDispose]() {
      await path[Symbol.asyncDispose]();
      await relay[Symbol.asyncDispose]();
    },
  };
}

function content(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (at * 31 + length) % 251);
}

describe('a picture crosses', () => {
  test.for([
    [Infinity, Infinity],
    [6000, 10_957],
    [4096, 8192],
    [4096, 16_384],
    [30_000, 5000],
    [2200, 100_000],
  ] as const)('a network that lets %s B up and %s B down', async ([upBytes, downBytes]) => {
    await using made = await scene({ upBytes, downBytes });
    const picture = content(200_001);
    const told: Record<'up' | 'down', number[]> = { up: [], down: [] };
    expect(await made.put(picture, (bytes) => told.up.push(bytes))).toBe('complete');
    expect(await made.get(picture, (bytes) => told.down.push(bytes))).toEqual(picture);
    for (const those of [told.up, told.down])
      expect(those.reduce((sum, bytes) => sum + bytes)).toBe(picture.length);
    // each thing that does not get through is tried a few times in all, and not a few times for each part
    expect(made.weights.stopped).toBeLessThan(8);
  });

  test('a good network, after ten exchanges as fast as it ever could', async () => {
    await using made = await scene({ upBytes: Infinity, downBytes: Infinity });
    const picture = content(limits.chunkBytes);
    await made.put(picture);
    const exchanges = made.weights.passed.length;
    await made.get(picture);
    const getting = made.weights.passed.length - exchanges;
    // 4 + 4 + 8 + 8 + 16 + 16 + 32 + 32 + 64 + 64 + ... kB up; 8 kB and so on down
    expect(exchanges).toBeLessThanOrEqual(14);
    expect(getting).toBeLessThanOrEqual(10);
    const second = content(limits.chunkBytes - 1);
    await made.put(second);
    await made.get(second);
    expect(made.weights.passed.length - exchanges - getting).toBeLessThanOrEqual(8);
  });

  test('and no exchange weighs more than the path’s budget said when it left', async () => {
    await using made = await scene({ upBytes: Infinity, downBytes: Infinity });
    for (const length of [1, 1024, 5000, 70_000, limits.chunkBytes]) {
      const picture = content(length);
      await made.put(picture);
      await made.get(picture);
    }
    for (const { up, down, upBudget, downBudget } of made.weights.passed) {
      expect(up).toBeLessThanOrEqual(upBudget);
      expect(down).toBeLessThanOrEqual(downBudget);
    }
  });
});
