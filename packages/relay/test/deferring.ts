import { base32, type BatchId, type Operation, type Result } from '@tern/protocol';
import { nodePrimitives as primitives } from '@tern/reach/node';
import { smallEntry, TestClient, type Ask } from '../src/testing/index.ts';
import { joined, sealedFor, type HandedOn, type Standing, type TwoRelays } from './two-relays.ts';

export const days = 86_400;
export interface Deferred {
  readonly defer: Extract<Operation, { readonly kind: 'defer' }>;
  open(answer: Uint8Array): readonly Result[];
}

/** A batch for the far relay, sealed so that it may be kept. */
export function deferred(
  two: Pick<TwoRelays, 'far'>,
  asks: readonly Ask[],
  options: { readonly seconds?: number; readonly id?: BatchId; readonly seed?: number } = {},
): Deferred {
  const { relay, world, peerHint: to } = two.far;
  const notAfter = Math.floor(world.now() / 1000) + (options.seconds ?? 20 * days);
  const client = new TestClient(relay, primitives, world);
  const id = options.id ?? (base32(world.randomBytes(16)) as BatchId);
  const plaintext = client.batch(asks, { id, notAfter, room: 6000 });
  const seed = new Uint8Array(32).fill(options.seed ?? 5);
  const sealed = sealedFor(relay, plaintext, { seed });
  return {
    defer: { kind: 'defer', to, request: sealed.bytes, notAfter },
    open: (answer) => sealed.open(answer).map(({ result }) => result),
  };
}

export function appendTo({ made, far }: Pick<TwoRelays, 'made' | 'far'>): Ask {
  const { log, seeds } = made;
  return {
    operation: { kind: 'append', log, number: 0, entry: smallEntry(far.world) },
    seeds: [seeds.append],
  };
}

export async function keepIt(client: TestClient, { defer }: Deferred): Promise<Uint8Array> {
  const result = await client.one(defer);
  if (result.kind !== 'kept') throw new Error(`not kept: ${result.kind}`);
  return result.ticket;
}

export async function collect(client: TestClient, ticket: Uint8Array): Promise<HandedOn> {
  return joined((await client.ask([{ operation: { kind: 'collect', ticket } }])).results);
}

/** Lets the courier of a relay hand on what is due, once. */
export async function round({ relay, slept }: Standing): Promise<void> {
  const stop = new AbortController();
  const asleep = slept();
  const done = relay.deliver({ signal: stop.signal });
  // it sleeps in the world of the test when nothing is due any more
  await Promise.race([asleep, done]);
  stop.abort();
  await done;
}

export function pass(two: Pick<TwoRelays, 'near' | 'far'>, seconds: number): void {
  two.near.world.pass(seconds * 1000);
  two.far.world.pass(seconds * 1000);
}

export async function entriesOf({ made, far }: Pick<TwoRelays, 'made' | 'far'>): Promise<number> {
  const { log, seeds } = made;
  const watch = { kind: 'watch', add: [{ log, after: 0, number: 0 }], drop: [], waitSeconds: 0 } as const;
  const { results } = await new TestClient(far.relay, primitives, far.world).ask([
    { operation: watch, seeds: [seeds.read] },
  ]);
  return results.filter(({ kind }) => kind === 'entry').length;
}
