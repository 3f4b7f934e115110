import { nodePrimitives as primitives } from '@tern/reach/node';
import type { Result } from '@tern/protocol';
import { openMemoryStore, openRelay, type Relay, type RelayLimits, type RelayStore } from '../src/index.ts';
import { rememberedBytes } from '../src/batch-memory.ts';
import {
  firstPolicy,
  TestClient,
  testWorld,
  type MadePolicy,
  type PolicyChanges,
  type TestWorld,
} from '../src/testing/index.ts';

export { primitives };

/** A relay in memory with one log, and a client that may do everything to it. */
export interface Setting extends AsyncDisposable {
  readonly world: TestWorld;
  readonly store: RelayStore;
  readonly relay: Relay;
  readonly client: TestClient;
  readonly right: Uint8Array;
  readonly made: MadePolicy;
  /** another client, with a session of its own */
  another(): TestClient;
  /** the first policy of another log, which is not begun */
  anotherPolicy(changes?: PolicyChanges): MadePolicy;
}

export async function openSetting(
  options: {
    readonly limits?: Partial<RelayLimits>;
    readonly policy?: PolicyChanges;
    readonly store?: RelayStore;
    readonly world?: TestWorld;
  } = {},
): Promise<Setting> {
  const world = options.world ?? testWorld();
  const store = options.store ?? openMemoryStore();
  const relay = await openRelay({
    store,
    world,
    primitives,
    ...(options.limits === undefined ? {} : { limits: options.limits }),
  });
  const right = await relay.newRight();
  const client = new TestClient(relay, primitives, world);
  const made = firstPolicy({ primitives, world, relay }, options.policy);
  const created = await client.one({ kind: 'create', policy: made.signed, right });
  if (created.kind !== 'done') throw new Error(`the log was not begun: ${created.kind}`);
  return {
    world,
    store,
    relay,
    client,
    right,
    made,
    another: () => new TestClient(relay, primitives, world),
    anotherPolicy: (changes) => firstPolicy({ primitives, world, relay }, changes),
    async [Symbol.asyncDispose]() {
      await relay[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}

/** Bytes booked in a store beside those for remembered batches. */
export async function contentBytes(store: RelayStore): Promise<number> {
  return store.room().usedBytes - (await store.read(rememberedBytes));
}

/** Results of one kind. */
export function only<K extends Result['kind']>(
  results: readonly Result[],
  kind: K,
): readonly Extract<Result, { readonly kind: K }>[] {
  return results.filter((one): one is Extract<Result, { readonly kind: K }> => one.kind === kind);
}

/** Follows one log from a place on, once. */
export async function follow(
  client: TestClient,
  made: MadePolicy,
  after = 0,
  options: { readonly room?: number } = {},
): Promise<readonly Result[]> {
  const { log, policy, seeds } = made;
  const slice = { log, after, number: policy.number };
  const answer = await client.ask(
    [{ operation: { kind: 'watch', add: [slice], drop: [], waitSeconds: 0 }, seeds: [seeds.read] }],
    options,
  );
  return answer.results;
}
