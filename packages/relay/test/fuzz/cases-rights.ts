import { base32, chunkIdOf, verifyRange, type RelayId, type Result } from '@tern/protocol';
import { nextPolicy, smallEntry } from '../../src/testing/index.ts';
import { follow, only, openSetting, primitives } from '../setting.ts';
import {
  append,
  capabilityOf,
  entriesOf,
  expectKind,
  resigned,
  unchanged,
  withEntry,
  type Case,
} from './case.ts';
import { Session } from './sealing.ts';

const wrongPolicy: Case = {
  name: 'rule 11: a policy that is of another relay, not signed by its own key, or does not follow is refused',
  async run() {
    await using setting = await withEntry();
    const { client, right, made, world } = setting;
    const fresh = setting.anotherPolicy();
    const foreign = { relay: base32(world.randomBytes(32)) as RelayId };
    const place = { primitives, world };
    await unchanged(setting, async () => {
      const firsts = [
        resigned(fresh, foreign, fresh.seeds.change),
        resigned(fresh, {}, made.seeds.change),
        nextPolicy(place, made).signed,
      ];
      for (const policy of firsts)
        expectKind(await client.one({ kind: 'create', policy, right }), 'refused', 'a wrong first policy');
      expectKind(
        await client.one({ kind: 'create', policy: fresh.signed, right: world.randomBytes(16) }),
        'refused',
        'a log without a right',
      );
      const next = nextPolicy(place, made);
      const wrong = [
        resigned(next, { number: 2 }, made.seeds.change),
        resigned(next, { previous: world.randomBytes(32) }, made.seeds.change),
        resigned(next, { log: fresh.log }, made.seeds.change),
        resigned(next, {}, next.seeds.change),
        made.signed,
      ];
      for (const policy of wrong) {
        expectKind(
          await client.one({ kind: 'amend', log: made.log, policy }),
          'refused',
          'a policy that does not follow',
        );
        expectKind(
          await append(setting, { next: policy }),
          'refused',
          'a commit with a policy that does not follow',
        );
      }
    });
    // and the right one is still taken
    expectKind(
      await append(setting, { next: nextPolicy(place, made).signed }),
      'stored',
      'the commit that follows',
    );
  },
};

const foreignSignature: Case = {
  name: 'rule 10: what is signed with any key but the one it needs is refused, and an unknown log just the same',
  async run() {
    await using setting = await withEntry();
    const { client, made, world } = setting;
    const { append: appendSeed, read, change } = made.seeds;
    const { log } = made;
    await unchanged(setting, async () => {
      for (const seed of [read, change, world.randomBytes(32)])
        expectKind(await append(setting, {}, seed), 'refused', 'a foreign append');
      expectKind(
        await append(setting, { number: 3 }),
        'refused',
        'an append under a policy that is not there',
      );
      expectKind(
        await append(setting, { log: setting.anotherPolicy().log }),
        'refused',
        'an append to an unknown log',
      );
      for (const seed of [appendSeed, read])
        expectKind(
          await client.one({ kind: 'erase', log, number: 0, seqs: [1] }, seed),
          'refused',
          'a foreign erase',
        );
      const content = world.randomBytes(2000);
      const chunk = chunkIdOf(primitives, content);
      const put = { kind: 'put', log, number: 0, chunk, length: 2000, offset: 0, bytes: content } as const;
      expectKind(await client.one(put, read), 'refused', 'a foreign put');
      expectKind(await client.one(put, appendSeed), 'put', 'an own put');
      expectKind(
        await client.one({ kind: 'get', log, number: 0, chunk, fromLeaf: 0, leaves: 2 }, appendSeed),
        'refused',
        'a foreign get',
      );
      const got = await client.one({ kind: 'get', log, number: 0, chunk, fromLeaf: 0, leaves: 1 }, read);
      if (got.kind !== 'range') throw new Error('a chunk is not shown to its reader');
      const part = { range: { from: 0, to: 1 }, bytes: got.bytes, proof: got.proof };
      const named = { id: chunk, length: 2000 };
      const lies = [
        verifyRange(primitives, named, { ...part, bytes: got.bytes.with(5, 1 + (got.bytes[5] ?? 0)) }),
        verifyRange(primitives, named, { ...part, proof: [...got.proof, new Uint8Array(32)] }),
        verifyRange(primitives, named, { ...part, proof: [] }),
        verifyRange(primitives, named, { ...part, range: { from: 1, to: 3 } }),
        verifyRange(primitives, named, { ...part, bytes: got.bytes.subarray(1) }),
        verifyRange(primitives, { id: chunk, length: 0 }, part),
        verifyRange(primitives, { id: chunk, length: 1999 }, part),
      ];
      if (!verifyRange(primitives, named, part) || lies.some(Boolean))
        throw new Error('a range verifies where it must not');
    });
  },
};

const capabilities: Case = {
  name: 'rule 20: a right to append that is foreign, used up, expired or revoked is said to be so',
  async run() {
    await using setting = await withEntry();
    const { client, made, world } = setting;
    const use = (one: ReturnType<typeof capabilityOf>, entry = smallEntry(world)): Promise<Result> =>
      append(setting, { capability: one.signed, entry }, one.seed);
    const twice = capabilityOf(setting);
    const entry = smallEntry(world);
    expectKind(await use(twice, entry), 'stored', 'the first use');
    expectKind(await use(twice, entry), 'duplicate', 'the same entry again');
    expectKind(await use(twice), 'stored', 'the second use');
    await unchanged(setting, async () => {
      expectKind(await use(twice), 'spent', 'the third use');
      expectKind(await use(capabilityOf(setting, { bytes: 500 })), 'spent', 'a use with too many bytes');
      expectKind(
        await use(capabilityOf(setting, { notAfter: Math.floor(world.now() / 1000) - 1 })),
        'expired',
        'a use too late',
      );
      expectKind(
        await use(capabilityOf(setting, {}, made.seeds.append)),
        'refused',
        'one that its log did not sign',
      );
      expectKind(
        await append(setting, { capability: capabilityOf(setting).signed }, world.randomBytes(32)),
        'refused',
        'a use by another',
      );
      const next = nextPolicy({ primitives, world }, made).signed;
      const one = capabilityOf(setting);
      expectKind(
        await append(setting, { capability: one.signed, next }, one.seed),
        'refused',
        'a commit by a stranger',
      );
    });
    const taken = capabilityOf(setting);
    const amended = nextPolicy({ primitives, world }, made, { keep: true, revoked: [taken.serial] });
    expectKind(
      await client.one({ kind: 'amend', log: made.log, policy: amended.signed }),
      'done',
      'a revocation',
    );
    expectKind(await use(taken), 'revoked', 'a use after the revocation');
    expectKind(await use(capabilityOf(setting)), 'stored', 'a use of another one');
  },
};

const replay: Case = {
  name: 'rule 9: a sealed request is worth nothing at another relay, and does nothing twice at its own',
  async run() {
    await using setting = await withEntry();
    await using other = await openSetting({ world: setting.world });
    const { client, made, relay, world } = setting;
    const signal = new AbortController().signal;
    const operation = { kind: 'append', log: made.log, number: 0, entry: smallEntry(world) } as const;
    const plaintext = client.batch([{ operation, seeds: [made.seeds.append] }]);
    const session = new Session(relay, world);
    const sealed = session.seal(plaintext);
    const first = await session.send(sealed, signal);
    const before = await entriesOf(setting);
    const again = await session.send(sealed, signal);
    if (first.kind !== 'answered' || again.kind !== 'answered')
      throw new Error('a first batch was not answered');
    if (JSON.stringify(first.items) !== JSON.stringify(again.items))
      throw new Error('a repeated batch has another result');
    const byTicket = session.seal(plaintext);
    await session.send(byTicket, signal);
    const spent = await session.send(byTicket, signal);
    if (spent.kind !== 'unknown-ticket') throw new Error('a ticket was taken twice');
    if ((await entriesOf(setting)).join() !== before.join()) throw new Error('a replay was stored');

    const stranger = new Session(other.relay, world);
    const elsewhere = [await stranger.send(sealed, signal), await stranger.send(byTicket, signal)];
    if (elsewhere[0]?.kind !== 'card' || elsewhere[1]?.kind !== 'unknown-ticket')
      throw new Error('another relay opened what was not for it');
    const unwrapped = await stranger.send(stranger.seal(plaintext), signal);
    if (unwrapped.kind !== 'answered') throw new Error('a batch was not answered');
    expectKind(unwrapped.items[0]?.result, 'refused', 'a batch proved for another relay');
  },
};

const epochs: Case = {
  name: 'rule 12: a past append key counts for seven days, or until a closing commit, and the first commit wins',
  async run() {
    await using setting = await withEntry();
    const { client, made, world } = setting;
    const place = { primitives, world };
    const second = nextPolicy(place, made);
    const won = smallEntry(world);
    expectKind(await append(setting, { entry: won, next: second.signed }), 'stored', 'a commit');
    expectKind(
      await append(setting, { entry: won, next: second.signed }),
      'duplicate',
      'the same commit again',
    );
    expectKind(
      await append(setting, { next: nextPolicy(place, made).signed }),
      'conflict',
      'a commit too late',
    );
    expectKind(await append(setting), 'stored', 'an entry of the epoch before');
    world.pass(7 * 86_400_000);
    expectKind(await append(setting), 'stale-epoch', 'an entry of an epoch a week past');
    const third = nextPolicy(place, second, { closes: true });
    const closing = { number: 1, next: third.signed };
    expectKind(await append(setting, closing, second.seeds.append), 'stored', 'a closing commit');
    expectKind(
      await append(setting, { number: 1 }, second.seeds.append),
      'stale-epoch',
      'an entry of a closed epoch',
    );
    const amended = nextPolicy(place, third);
    expectKind(
      await client.one({ kind: 'amend', log: made.log, policy: amended.signed }),
      'done',
      'a policy',
    );
    expectKind(
      await append(setting, { number: 2, next: nextPolicy(place, third).signed }, third.seeds.append),
      'stale-epoch',
      'a commit after a policy without one',
    );
    const last = await follow(setting.another(), third, 0);
    if (only(last, 'turned').length !== 1) throw new Error('a reader is not told that the policy has turned');
  },
};

export const rightCases: readonly Case[] = [wrongPolicy, foreignSignature, capabilities, replay, epochs];
