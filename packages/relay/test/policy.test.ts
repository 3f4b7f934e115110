import { expect, test } from 'vitest';
import type { Result } from '@tern/protocol';
import { nextPolicy, smallEntry, type MadePolicy, type PolicyChanges } from '../src/testing/index.ts';
import { follow, only, openSetting, primitives, type Setting } from './setting.ts';

const daySeconds = 86_400;

async function turn(setting: Setting, before: MadePolicy, changes: PolicyChanges = {}): Promise<MadePolicy> {
  const { client, world } = setting;
  const next = nextPolicy({ primitives, world }, before, changes);
  const { log, seeds, policy } = before;
  const result = await client.one(
    { kind: 'append', log, number: policy.number, entry: smallEntry(world, 3072), next: next.signed },
    seeds.append,
  );
  expect(result.kind).toBe('stored');
  return next;
}

async function say(setting: Setting, made: MadePolicy): Promise<Result> {
  const { client, world } = setting;
  const { log, policy, seeds } = made;
  return client.one({ kind: 'append', log, number: policy.number, entry: smallEntry(world) }, seeds.append);
}

const seqs = (results: readonly Result[]): readonly number[] => only(results, 'entry').map(({ seq }) => seq);

test('rule 11: a log begins with the policy that names it, and with a right to store; nothing else begins it', async () => {
  await using setting = await openSetting();
  const { client, right, world } = setting;
  const made = setting.anotherPolicy();
  const elsewhere = await openSetting({ world });
  const foreign = elsewhere.anotherPolicy();
  expect(await client.one({ kind: 'create', policy: foreign.signed, right })).toEqual({ kind: 'refused' });
  const unsigned = { ...made.signed, signature: new Uint8Array(64) };
  expect(await client.one({ kind: 'create', policy: unsigned, right })).toEqual({ kind: 'refused' });
  const later = nextPolicy({ primitives, world }, made);
  expect(await client.one({ kind: 'create', policy: later.signed, right })).toEqual({ kind: 'refused' });
  const noise = { payload: new Uint8Array(9), signature: new Uint8Array(64) };
  expect(await client.one({ kind: 'create', policy: noise, right })).toEqual({ kind: 'malformed' });
  expect(await client.one({ kind: 'create', policy: made.signed, right })).toEqual({ kind: 'done' });
  expect(await client.one({ kind: 'create', policy: made.signed, right })).toEqual({
    kind: 'duplicate',
    seq: 0,
  });
  await elsewhere[Symbol.asyncDispose]();
});

test('rule 11: a commit brings the next policy in the same append, and all three keys turn with it', async () => {
  await using setting = await openSetting();
  const { client, made } = setting;
  await say(setting, made);
  const one = await turn(setting, made);
  expect(await say(setting, one)).toEqual({ kind: 'stored', seq: 3 });
  const { log } = made;
  expect(await say(setting, { ...one, seeds: made.seeds })).toEqual({ kind: 'refused' });
  expect(await follow(client, { ...one, seeds: made.seeds })).toMatchObject([{ kind: 'unreadable' }, {}]);
  expect(await client.one({ kind: 'erase', log, number: 1, seqs: [1] }, made.seeds.change)).toEqual({
    kind: 'refused',
  });
  const delivered = only(await follow(client, one), 'entry');
  expect(delivered[0]?.next?.signature).toEqual(one.signed.signature);
  expect(new Uint8Array(delivered[0]?.next?.payload ?? [])).toEqual(new Uint8Array(one.signed.payload));
});

test('rule 11: an amendment follows the current policy, is done once, and is refused when another was first', async () => {
  await using setting = await openSetting();
  const { client, made, world } = setting;
  const { log } = made;
  const one = nextPolicy({ primitives, world }, made, { keep: true });
  const rival = nextPolicy({ primitives, world }, made, { keep: true, lifetime: 5 });
  const forged = nextPolicy({ primitives, world }, { ...made, seeds: setting.anotherPolicy().seeds });
  const amend = (policy: MadePolicy): Promise<Result> =>
    client.one({ kind: 'amend', log, policy: policy.signed });
  expect(await amend(forged)).toEqual({ kind: 'refused' });
  expect(await amend(one)).toEqual({ kind: 'done' });
  expect(await amend(one)).toEqual({ kind: 'done' });
  expect(await amend(rival)).toEqual({ kind: 'stale-epoch', current: 1 });
  expect(await amend(forged)).toEqual({ kind: 'refused' });
  expect(await amend(made)).toEqual({ kind: 'refused' });
});

test('rule 12: a read key opens the commit that began its epoch, what came in it, and the commit that ended it', async () => {
  await using setting = await openSetting();
  const { client, made } = setting;
  await say(setting, made); // 1
  const one = await turn(setting, made); // 2
  await say(setting, one); // 3
  const two = await turn(setting, one); // 4
  await say(setting, two); // 5
  const first = await follow(client, made);
  expect(seqs(first)).toEqual([1, 2]);
  expect(first.at(-2)).toEqual({ kind: 'turned', log: made.log });
  expect(seqs(await follow(client, one))).toEqual([2, 3, 4]);
  expect(seqs(await follow(client, one, 2))).toEqual([3, 4]);
  const last = await follow(client, two);
  expect(seqs(last)).toEqual([4, 5]);
  expect(only(last, 'turned')).toEqual([]);
});

test('rule 12: three devices, one offline over 20 epochs, one removed in the middle', async () => {
  await using setting = await openSetting();
  const { made } = setting;
  const chain: MadePolicy[] = [made];
  for (let epoch = 1; epoch <= 20; epoch += 1) {
    const before = chain.at(-1) ?? made;
    await say(setting, before);
    chain.push(await turn(setting, before, { closes: epoch === 10 }));
  }
  // the one who was offline walks forward, policy by policy
  const offline = setting.another();
  const seen: number[] = [];
  for (const policy of chain) seen.push(...seqs(await follow(offline, policy, seen.at(-1) ?? 0)));
  expect(seen).toEqual(Array.from({ length: 40 }, (_, at) => at + 1));

  // the one removed with the commit that began policy 10 reads exactly up to its removal, and writes no more
  const removed = setting.another();
  const mine = chain.slice(0, 10);
  const read: number[] = [];
  for (const policy of mine) read.push(...seqs(await follow(removed, policy, read.at(-1) ?? 0)));
  expect(read).toEqual(Array.from({ length: 20 }, (_, at) => at + 1));
  const [last] = mine.slice(-1);
  if (last === undefined) throw new Error('no policy');
  expect(seqs(await follow(removed, last, 20))).toEqual([]);
  expect(await say(setting, last)).toEqual({ kind: 'stale-epoch', current: 20 });
  // who was merely offline since policy 12 may still write under it
  const twelve = chain[12];
  if (twelve === undefined) throw new Error('no policy');
  expect(await say(setting, twelve)).toMatchObject({ kind: 'stored' });
});

test('rule 12: a past append key counts for seven days, then the sender seals again', async () => {
  await using setting = await openSetting();
  const { made, world } = setting;
  const one = await turn(setting, made);
  world.pass((7 * daySeconds - 1) * 1000);
  const late = await say(setting, made);
  expect(late).toEqual({ kind: 'stored', seq: 2 });
  world.pass(1000);
  expect(await say(setting, made)).toEqual({ kind: 'stale-epoch', current: 1 });
  expect(await say(setting, { ...made, seeds: one.seeds })).toEqual({ kind: 'refused' });
  expect(await say(setting, one)).toMatchObject({ kind: 'stored' });
});

test('rule 12: what was stored late is delivered under the policy in which it arrived, with the number it was made in', async () => {
  await using setting = await openSetting();
  const { client, made } = setting;
  const one = await turn(setting, made);
  await say(setting, made);
  expect(seqs(await follow(client, made))).toEqual([1]);
  expect(only(await follow(client, one), 'entry')).toMatchObject([
    { seq: 1, number: 0 },
    { seq: 2, number: 0 },
  ]);
});

test('rule 12: a key that stays the same over an amendment stays current, however late', async () => {
  await using setting = await openSetting();
  const { client, made, world } = setting;
  await say(setting, made);
  const one = nextPolicy({ primitives, world }, made, { keep: true });
  await client.one({ kind: 'amend', log: made.log, policy: one.signed });
  world.pass(8 * daySeconds * 1000);
  expect(await say(setting, made)).toEqual({ kind: 'stored', seq: 2 });
  expect(seqs(await follow(client, made))).toEqual([1]);
  expect(seqs(await follow(client, one))).toEqual([2]);
});
