import { expect, test } from 'vitest';
import { encode, capabilityCodec, entryIdOf, sign, type Capability, type Signed } from '@tern/protocol';
import { nextPolicy, smallEntry } from '../src/testing/index.ts';
import { follow, only, openSetting, primitives, type Setting } from './setting.ts';

test('rule 10: unknown log, missing right, wrong proof and no proof are answered alike', async () => {
  await using setting = await openSetting();
  const { client, made, world } = setting;
  const { log, seeds } = made;
  const stranger = setting.anotherPolicy();
  const entry = smallEntry(world);
  const refused = { kind: 'refused' };
  expect(await client.one({ kind: 'append', log: stranger.log, number: 0, entry }, seeds.append)).toEqual(
    refused,
  );
  expect(await client.one({ kind: 'append', log, number: 0, entry }, stranger.seeds.append)).toEqual(refused);
  expect(await client.one({ kind: 'append', log, number: 0, entry }, seeds.read)).toEqual(refused);
  expect(await client.one({ kind: 'append', log, number: 7, entry }, seeds.append)).toEqual(refused);
  expect(await client.one({ kind: 'append', log, number: 0, entry })).toEqual(refused);
  expect(await client.one({ kind: 'create', policy: stranger.signed, right: new Uint8Array(16) })).toEqual(
    refused,
  );
  expect(await client.one({ kind: 'erase', log, number: 0, seqs: [1] }, seeds.append)).toEqual(refused);
  expect(await follow(client, { ...stranger, seeds })).toMatchObject([
    { kind: 'unreadable' },
    { kind: 'watched' },
  ]);
  expect(await follow(client, { ...made, seeds: stranger.seeds })).toMatchObject([
    { kind: 'unreadable' },
    { kind: 'watched' },
  ]);
  expect(await client.one({ kind: 'append', log, number: 0, entry }, seeds.append)).toEqual({
    kind: 'stored',
    seq: 1,
  });
});

test('rule 10: a refusal costs one signature check, whatever the reason', async () => {
  let checks = 0;
  const counting = {
    ...primitives,
    ed25519Verify: (...all: Parameters<typeof primitives.ed25519Verify>) => {
      checks += 1;
      return primitives.ed25519Verify(...all);
    },
  };
  await using setting = await openSetting();
  const { openRelay } = await import('../src/index.ts');
  const { TestClient } = await import('../src/testing/index.ts');
  await using relay = await openRelay({ store: setting.store, world: setting.world, primitives: counting });
  const client = new TestClient(relay, primitives, setting.world);
  const { log, seeds } = setting.made;
  const unknown = setting.anotherPolicy().log;
  const entry = smallEntry(setting.world);
  const costOf = async (...one: Parameters<typeof client.one>): Promise<number> => {
    checks = 0;
    expect(await client.one(...one)).toEqual({ kind: 'refused' });
    return checks;
  };
  const costs = [
    await costOf({ kind: 'append', log: unknown, number: 0, entry }, seeds.append),
    await costOf({ kind: 'append', log, number: 3, entry }, seeds.append),
    await costOf({ kind: 'append', log, number: 0, entry }, seeds.read),
    await costOf({ kind: 'append', log, number: 0, entry }),
    await costOf({ kind: 'get', log: unknown, number: 0, chunk: unknown as never, fromLeaf: 0, leaves: 1 }),
    await costOf({ kind: 'erase', log: unknown, number: 0, seqs: [] }, seeds.change),
  ];
  expect(costs).toEqual([1, 1, 1, 1, 1, 1]);
});

test('rule 14: the same entry is stored once, whoever sends it and however often', async () => {
  await using setting = await openSetting();
  const { client, made, world } = setting;
  const { log, seeds } = made;
  const entry = smallEntry(world);
  await client.one({ kind: 'append', log, number: 0, entry }, seeds.append);
  const again = setting.another();
  expect(await again.one({ kind: 'append', log, number: 0, entry }, seeds.append)).toEqual({
    kind: 'duplicate',
    seq: 1,
  });
  const other = smallEntry(world);
  expect(await again.one({ kind: 'append', log, number: 0, entry: other }, seeds.append)).toEqual({
    kind: 'stored',
    seq: 2,
  });
  expect(only(await follow(client, made), 'entry').map(({ entry }) => entry)).toEqual([entry, other]);
});

test('rule 15: an entry is of one of two sizes, or names a chunk', async () => {
  await using setting = await openSetting();
  const { client, made, world } = setting;
  const { log, seeds } = made;
  for (const bytes of [1024, 3072]) {
    const entry = smallEntry(world, bytes);
    expect(await client.one({ kind: 'append', log, number: 0, entry }, seeds.append)).toMatchObject({
      kind: 'stored',
    });
  }
  for (const bytes of [37, 1023, 1025, 2048, 3071]) {
    const entry = smallEntry(world, bytes);
    expect(await client.one({ kind: 'append', log, number: 0, entry }, seeds.append)).toEqual({
      kind: 'malformed',
    });
  }
});

test('rule 13: one commit ends a policy; the same one again has won, another one learns who did', async () => {
  await using setting = await openSetting();
  const { client, made, world } = setting;
  const { log, seeds } = made;
  const [one, two] = [nextPolicy({ primitives, world }, made), nextPolicy({ primitives, world }, made)];
  const [mine, theirs] = [smallEntry(world, 3072), smallEntry(world, 3072)];
  const commit = (entry: Uint8Array, next: Signed) =>
    client.one({ kind: 'append', log, number: 0, entry, next }, seeds.append);
  expect(await commit(mine, one.signed)).toEqual({ kind: 'stored', seq: 1 });
  expect(await commit(mine, one.signed)).toEqual({ kind: 'duplicate', seq: 1 });
  expect(await commit(theirs, two.signed)).toEqual({
    kind: 'conflict',
    winner: entryIdOf(primitives, log, mine),
  });
});

test('rule 13: of many commits sent at once exactly one wins', async () => {
  await using setting = await openSetting();
  const { made, world } = setting;
  const { log, seeds } = made;
  const results = await Promise.all(
    Array.from({ length: 20 }, () => {
      const next = nextPolicy({ primitives, world }, made).signed;
      return setting
        .another()
        .one({ kind: 'append', log, number: 0, entry: smallEntry(world), next }, seeds.append);
    }),
  );
  expect(only(results, 'stored').length).toBe(1);
  expect(new Set(only(results, 'conflict').map(({ winner }) => winner)).size).toBe(1);
  expect(results.length).toBe(20);
});

test('rule 13: a commit whose policy does not follow the current one is refused', async () => {
  await using setting = await openSetting();
  const { client, made, world } = setting;
  const { log, seeds } = made;
  const other = setting.anotherPolicy();
  const wrong = nextPolicy({ primitives, world }, { ...made, seeds: other.seeds }).signed;
  const skipping = nextPolicy({ primitives, world }, nextPolicy({ primitives, world }, made)).signed;
  const noise = { payload: new Uint8Array(20), signature: new Uint8Array(64) };
  const entry = smallEntry(world);
  const commit = (next: Signed) => client.one({ kind: 'append', log, number: 0, entry, next }, seeds.append);
  expect(await commit(wrong)).toEqual({ kind: 'refused' });
  expect(await commit(skipping)).toEqual({ kind: 'refused' });
  expect(await commit(noise)).toEqual({ kind: 'malformed' });
  expect(await follow(client, made)).toMatchObject([{ kind: 'watched' }]);
});

function capabilityOf(
  setting: Setting,
  changes: Partial<Capability> = {},
): { readonly signed: Signed; readonly seed: Uint8Array; readonly serial: Uint8Array } {
  const { world, made } = setting;
  const seed = world.randomBytes(32);
  const capability: Capability = {
    log: made.log,
    key: primitives.ed25519PublicKey(seed),
    notAfter: Math.floor(world.now() / 1000) + 3600,
    entries: 2,
    bytes: 4096,
    serial: world.randomBytes(8),
    ...changes,
  };
  const payload = encode(capabilityCodec, capability);
  return {
    signed: sign(primitives, made.seeds.change, { label: 'capability', payload }),
    seed,
    serial: capability.serial,
  };
}

test('rule 20: a capability lets a stranger append as often as it says, and no further', async () => {
  await using setting = await openSetting();
  const { client, made, world } = setting;
  const { log } = made;
  const { signed: capability, seed } = capabilityOf(setting);
  const append = (entry: Uint8Array) =>
    client.one({ kind: 'append', log, number: 0, entry, capability }, seed);
  const first = smallEntry(world);
  expect(await append(first)).toEqual({ kind: 'stored', seq: 1 });
  expect(await append(first)).toEqual({ kind: 'duplicate', seq: 1 });
  expect(await append(smallEntry(world, 3072))).toEqual({ kind: 'stored', seq: 2 });
  expect(await append(smallEntry(world))).toEqual({ kind: 'spent' });
  expect(await append(first)).toEqual({ kind: 'duplicate', seq: 1 });
  const small = capabilityOf(setting, { bytes: 1024, entries: 9 });
  const entry = smallEntry(world, 3072);
  expect(
    await client.one({ kind: 'append', log, number: 0, entry, capability: small.signed }, small.seed),
  ).toEqual({ kind: 'spent' });
});

test('rule 20: a capability that ended, was revoked, was made by another or for another log is worth nothing', async () => {
  await using setting = await openSetting();
  const { client, made, world } = setting;
  const { log } = made;
  const entry = smallEntry(world);
  const short = capabilityOf(setting, { notAfter: Math.floor(world.now() / 1000) + 10 });
  const elsewhere = capabilityOf(setting, { log: setting.anotherPolicy().log });
  const forged = {
    ...capabilityOf(setting),
    signed: { ...short.signed, signature: new Uint8Array(64).fill(1) },
  };
  const gone = capabilityOf(setting);
  const append = ({ signed, seed }: typeof short) =>
    client.one({ kind: 'append', log, number: 0, entry, capability: signed }, seed);
  expect(await append(elsewhere)).toEqual({ kind: 'refused' });
  expect(await append(forged)).toEqual({ kind: 'refused' });
  expect(await append({ ...short, seed: gone.seed })).toEqual({ kind: 'refused' });
  const next = nextPolicy({ primitives, world }, made, { keep: true, revoked: [gone.serial] });
  expect(await client.one({ kind: 'amend', log, policy: next.signed })).toEqual({ kind: 'done' });
  expect(await append(gone)).toEqual({ kind: 'revoked' });
  world.pass(11_000);
  expect(await append(short)).toEqual({ kind: 'expired' });
  const withCommit = capabilityOf(setting);
  const third = nextPolicy({ primitives, world }, next);
  expect(
    await client.one(
      { kind: 'append', log, number: 1, entry, capability: withCommit.signed, next: third.signed },
      withCommit.seed,
    ),
  ).toEqual({ kind: 'refused' });
});

test('a log takes what its policy allows, and no more', async () => {
  await using setting = await openSetting({ policy: { roomBytes: 2500 } });
  const { client, made, world } = setting;
  const { log, seeds } = made;
  const append = () => client.one({ kind: 'append', log, number: 0, entry: smallEntry(world) }, seeds.append);
  expect(await append()).toMatchObject({ kind: 'stored' });
  expect(await append()).toMatchObject({ kind: 'stored' });
  expect(await append()).toEqual({ kind: 'quota' });
  expect(await client.one({ kind: 'erase', log, number: 0, seqs: [1] }, seeds.change)).toEqual({
    kind: 'done',
  });
  expect(await append()).toEqual({ kind: 'stored', seq: 3 });
});

test('rule 31: an unknown operation is answered alone while the rest of the batch runs', async () => {
  await using setting = await openSetting();
  const { client, made, world } = setting;
  const { decodeBatch, encodeBatch } = await import('@tern/protocol');
  const plain = decodeBatch(
    client.batch([
      {
        operation: { kind: 'append', log: made.log, number: 0, entry: smallEntry(world) },
        seeds: [made.seeds.append],
      },
    ]),
  );
  const answer = await client.send(
    encodeBatch({
      ...plain,
      operations: [
        { type: 999, body: new Uint8Array(5), proofs: [] },
        ...plain.operations,
        { type: 2, body: new Uint8Array([1, 2, 3]), proofs: [] },
      ],
    }),
  );
  expect(answer.of(0)).toEqual([{ kind: 'unsupported' }]);
  expect(answer.of(1)).toEqual([{ kind: 'stored', seq: 1 }]);
  expect(answer.of(2)).toEqual([{ kind: 'malformed' }]);
});
