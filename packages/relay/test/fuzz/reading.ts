import { chunkIdOf, concat, equalBytes } from '@tern/protocol';
import { primitives } from './primitives.ts';
import type { Relay } from '../../src/index.ts';
import { TestClient, type TestWorld } from '../../src/testing/index.ts';
import type { Known, KnownEntry, KnownLog, KnownPolicy } from './known.ts';

/**
 * Reads all logs under all policies whose keys we have and compares them with what was acknowledged: everything is there, in its place,
 * with its bytes, and nothing else.
 * @throws {Error} where something is lost, or there is something that nobody stored
 */
export async function readEverything(known: Known, relay: Relay, world: TestWorld): Promise<void> {
  const client = new TestClient(relay, primitives, world);
  for (const log of known.logs.values()) {
    for (const policy of log.policies) {
      const seed = known.keyring.seedOf(policy.policy.readKey);
      if (seed !== undefined)
        await comparePolicy({ client, log, policy, seed }, Math.floor(world.now() / 1000));
    }
    await compareChunks(known, { client, log }, Math.floor(world.now() / 1000));
  }
}

interface Reader {
  readonly client: TestClient;
  readonly log: KnownLog;
}

async function comparePolicy(
  reader: Reader & { readonly policy: KnownPolicy; readonly seed: Uint8Array },
  second: number,
): Promise<void> {
  const { client, log, policy, seed } = reader;
  const expected = new Map(
    [...log.entries].filter(
      ([seq, entry]) => isThere(entry, second) && seq >= policy.from && seq <= (policy.to ?? log.last),
    ),
  );
  let after = 0;
  for (let more = true; more;) {
    const add = [{ log: log.log, after, number: policy.policy.number }];
    const operation = { kind: 'watch', add, drop: [], waitSeconds: 0 } as const;
    const { results } = await client.ask([{ operation, seeds: [seed] }], { room: 1_000_000 });
    more = false;
    for (const result of results) {
      if (result.kind === 'unreadable') throw new Error('a log that was begun cannot be read');
      if (result.kind === 'watched') ({ more } = result);
      if (result.kind !== 'entry') continue;
      const entry = expected.get(result.seq);
      if (entry === undefined || !equalBytes(entry.bytes, result.entry))
        throw new Error(`place ${result.seq} holds what nobody stored there`);
      expected.delete(result.seq);
      after = result.seq;
    }
  }
  if (expected.size > 0)
    throw new Error(`acknowledged and lost: places ${[...expected.keys()].join(', ')} of ${log.last}`);
}

function isThere(entry: KnownEntry, second: number): boolean {
  return !entry.erased && entry.until >= second;
}

/** Every chunk that became whole is there as long as it must, or as an entry names it. */
async function compareChunks(known: Known, { client, log }: Reader, second: number): Promise<void> {
  const policy = log.policies.find((one) => known.keyring.seedOf(one.policy.readKey) !== undefined);
  const seed = known.keyring.seedOf(policy?.policy.readKey ?? new Uint8Array());
  if (policy === undefined || seed === undefined) return;
  for (const [chunk, until] of log.chunks) {
    if (until < second) continue;
    const pieces: Uint8Array[] = [];
    for (let length = 1, have = 0; have < length;) {
      const operation = {
        kind: 'get',
        log: log.log,
        number: policy.policy.number,
        chunk,
        fromLeaf: have / 1024,
        leaves: 256 - have / 1024,
      } as const;
      const result = await client.one(operation, seed);
      if (result.kind !== 'range')
        throw new Error(`a chunk that was acknowledged is answered ${result.kind}`);
      pieces.push(result.bytes);
      have += result.bytes.length;
      ({ length } = result);
    }
    if (chunkIdOf(primitives, concat(...pieces)) !== chunk)
      throw new Error('a chunk has other bytes than were put');
  }
}
