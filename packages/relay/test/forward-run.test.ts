import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseRelayLink, peerPathOf, type Hint, type RelayId } from '@tern/protocol';
import { forwardTransport, openPath, type Path } from '@tern/reach';
import { httpsTransport, nodePrimitives as primitives, nodeWorld as world } from '@tern/reach/node';
import { expect, test } from 'vitest';
import { runRelay, type RunOptions } from '../src/index.ts';
import { firstPolicy, smallEntry, TestClient } from '../src/testing/index.ts';
import { joined, sealedUnder } from './two-relays.ts';

interface Running extends AsyncDisposable {
  readonly hint: Hint & { readonly relay: RelayId };
  readonly right: Uint8Array;
}

async function run(data: string, options: Partial<RunOptions> = {}): Promise<Running> {
  const stop = new AbortController();
  const printed = Promise.withResolvers<string>();
  const running = runRelay({
    data,
    ports: [0],
    signal: stop.signal,
    world,
    primitives,
    print: (line) => void (line.startsWith('relay link: ') && printed.resolve(line.slice(12))),
    ...options,
  });
  const { hint, right = new Uint8Array() } = parseRelayLink(
    await Promise.race([printed.promise, running.then(() => printed.promise)]),
  );
  const { relay } = hint;
  if (relay === undefined) throw new Error('a link without a name');
  return {
    hint: { ...hint, relay },
    right,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}

const { signal } = new AbortController();
const hello = [{ operation: { kind: 'hello' } }] as const;

async function outcome(path: Path): Promise<unknown> {
  try {
    return (await path.exchange(hello, { signal })).results[0]?.[0]?.kind;
  } catch (error) {
    return error instanceof Error ? Reflect.get(error, 'code') : error;
  }
}

test('rule 29: relays that operators run hand on to each other, and nobody hands on into a private network unasked: refused', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'tern-forward-'));
  await using far = await run(join(folder.path, 'far'));
  await using open = await run(join(folder.path, 'open'), { forwardToPrivate: true });
  await using careful = await run(join(folder.path, 'careful'));
  await using off = await run(join(folder.path, 'off'), { forward: false, forwardToPrivate: true });
  using transport = httpsTransport();
  const through = async (near: Running, to: Hint = far.hint): Promise<unknown> => {
    await using path = openPath({ hint: near.hint, transport, primitives, world });
    const forward = forwardTransport({ near: path, primitives });
    await using across = openPath({ hint: to, transport: forward, primitives, world });
    return await outcome(across);
  };
  expect(await through(open)).toBe('card');
  expect(await through(careful)).toBe('unreachable-from-there');
  expect(await through(off)).toBe('forward-unsupported');
  expect(await through(open, off.hint)).toBe('not-a-relay');
});

test('rule 30: a relay that an operator runs hands on what it has kept, by itself', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'tern-forward-'));
  await using far = await run(join(folder.path, 'far'));
  await using open = await run(join(folder.path, 'open'), { forwardToPrivate: true });
  using transport = httpsTransport();
  await using near = openPath({ hint: open.hint, transport, primitives, world });
  await using there = openPath({ hint: far.hint, transport, primitives, world });
  const made = firstPolicy({ primitives, world, relay: { id: far.hint.relay } });
  const create = { kind: 'create', policy: made.signed, right: far.right } as const;
  await there.exchange([{ operation: create }], { signal });

  const { log, seeds } = made;
  const notAfter = Math.floor(world.now() / 1000) + 86_400;
  const client = new TestClient(
    { id: far.hint.relay, answer: async () => new Uint8Array() },
    primitives,
    world,
  );
  const append = { kind: 'append', log, number: 0, entry: smallEntry(world) } as const;
  const plaintext = client.batch([{ operation: append, seeds: [seeds.append] }], { notAfter });
  const card = await there.card({ signal });
  const sealed = sealedUnder(card, plaintext, { relay: far.hint.relay, seed: world.randomBytes(32) });
  const to = { ...far.hint, path: peerPathOf(primitives, far.hint.path) };
  const defer = { kind: 'defer', to, request: sealed.bytes, notAfter } as const;
  const kept = (await near.exchange([{ operation: defer }], { signal })).results[0]?.[0];
  if (kept?.kind !== 'kept') throw new Error('not kept');
  const collect = { kind: 'collect', ticket: kept.ticket } as const;
  let answer: Uint8Array | undefined;
  while (answer === undefined) {
    const results = (await near.exchange([{ operation: collect }], { signal })).results[0] ?? [];
    const { bytes, last } = joined(results);
    if (last.kind === 'forwarded') answer = bytes;
  }
  expect(sealed.open(answer).map(({ result }) => result)).toEqual([{ kind: 'stored', seq: 1 }]);
});
