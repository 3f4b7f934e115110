import { decodePolicy, sign, type ConversationId, type LogId } from '@tern/protocol';
import { openPath } from '@tern/reach';
import { nodePrimitives } from '@tern/reach/node';
import { expect, test } from 'vitest';
import {
  followedLogTable,
  followingPolicy,
  logKeysAt,
  makeEntry,
  policyAfter,
  renewLeaf,
} from '@tern/core/testing';
import { attacker, sessionOf } from './support/attacker.ts';
import { houses } from './support/houses.ts';
import {
  conversationWith,
  meet,
  say,
  seen,
  settle,
  soon,
  town,
  type Resident,
  type Town,
} from './support/town.ts';

const noticesOf = async (one: Resident, other: Resident): Promise<readonly string[]> =>
  (await one.client.notices(await conversationWith(one, other))).map((notice) => notice.kind);

test('rule 27: a home that was rolled back notices, begins anew as another device, and nothing is lost or shown twice', async () => {
  await using place = await town();
  using street = houses();
  const anna = await place.person('Anna');
  {
    await using boris = await street.enter(place, 'Boris');
    await meet(anna, boris);
    await say(boris, anna, 'before the backup');
    await settle(boris, anna);
  }
  street.copy('Boris', 'backup');
  {
    await using boris = await street.enter(place, 'Boris');
    await say(boris, anna, 'after the backup 1');
    await say(boris, anna, 'after the backup 2');
    await settle(boris, anna);
  }
  street.copy('backup', 'Boris');
  await using boris = await street.enter(place, 'Boris');
  await say(boris, anna, 'written in the restored home');
  await settle(boris, anna);
  await settle(boris, anna);
  expect(await seen(anna, boris)).toEqual([
    'before the backup',
    'after the backup 1',
    'after the backup 2',
    'written in the restored home',
  ]);
  await say(anna, boris, 'got it');
  await settle(anna, boris);
  expect(await seen(boris, anna)).toContain('got it');
  expect(await noticesOf(boris, anna)).toContain('rejoined');
  expect(await noticesOf(anna, boris)).toContain('device-added');
});

test('rule 27: a copied home and the one it was copied from both go on, as two devices, and a ratchet is never used twice', async () => {
  await using place = await town();
  using street = houses();
  const anna = await place.person('Anna');
  {
    await using boris = await street.enter(place, 'Boris');
    await meet(anna, boris);
  }
  street.copy('Boris', 'copy');
  await using first = await street.enter(place, 'Boris');
  await using second = await street.enter(place, 'Boris', { dir: 'copy' });
  await say(first, anna, 'from the first');
  await settle(first, anna);
  await say(second, anna, 'from the copy');
  await settle(second, anna, first, second);
  await say(first, anna, 'the first again');
  await say(second, anna, 'the copy again');
  await settle(first, second, anna, first, second);
  expect((await seen(anna, first)).toSorted()).toEqual([
    'from the copy',
    'from the first',
    'the copy again',
    'the first again',
  ]);
  await say(anna, first, 'to you both');
  await settle(anna, first, second);
  expect(await seen(first, anna)).toContain('to you both');
  expect(await seen(second, anna)).toContain('to you both');
  expect(await noticesOf(first, anna)).toContain('copied-device');
});

test('rule 12: one device is away for twenty epochs and walks forward; one is removed in the middle, reads exactly its removal and no further', async () => {
  await using place = await town();
  const anna = await place.person('Anna');
  const boris = await place.person('Boris', { relays: [] });
  const clara = await place.person('Clara', { relays: [] });
  await meet(anna, boris);
  await meet(anna, clara);
  const people = (await anna.client.contacts()).map((one) => one.person);
  const group = await anna.client.beginGroup(people);
  await settle(anna, boris, clara, anna, boris, clara);
  const inGroup = async (one: Resident): Promise<readonly string[]> =>
    (await one.client.messages(group)).map((line) =>
      line.kind === 'gap' ? `(${line.missing} missing)` : (line.text ?? ''),
    );
  await anna.client.sendText(group, 'welcome');
  await settle(anna, boris, clara);
  expect(await inGroup(boris)).toEqual(['welcome']);
  expect(await inGroup(clara)).toEqual(['welcome']);
  const expected = ['welcome'];
  const forClara = ['welcome'];
  const clarasPerson = (await clara.client.me())?.person;
  for (let epoch = 0; epoch < 20; epoch += 1) {
    const text = `epoch ${epoch}`;
    await anna.client.sendText(group, text);
    expected.push(text);
    if (epoch < 10) forClara.push(text);
    await settle(anna);
    if (epoch === 9 && clarasPerson !== undefined) await anna.client.removeFromGroup(group, clarasPerson);
    else await anna.store.change((change) => renewLeaf(change, group));
    await settle(anna);
    if (epoch < 9 || epoch === 15) await settle(clara);
  }
  await settle(boris, anna, clara);
  expect(await inGroup(boris)).toEqual(expected);
  expect(await inGroup(clara)).toEqual(forClara);
  expect((await clara.client.notices(group)).map((notice) => notice.kind)).toContain('removed');
  await boris.client.sendText(group, 'I was away');
  await settle(boris, anna, clara);
  expect((await inGroup(anna)).at(-1)).toBe('I was away');
  expect(await inGroup(clara)).toEqual(forClara);
});

test('rule 13: two people take a fresh leaf in the same epoch: one commit wins, the other is made anew', async () => {
  await using place = await town();
  const anna = await place.person('Anna');
  const boris = await place.person('Boris', { relays: [] });
  await meet(anna, boris);
  const conversation = await conversationWith(anna, boris);
  for (let round = 0; round < 5; round += 1) {
    await anna.store.change((change) => renewLeaf(change, conversation));
    await boris.store.change((change) => renewLeaf(change, conversation));
    await say(anna, boris, `anna ${round}`);
    await say(boris, anna, `boris ${round}`);
    await Promise.all([anna.client.sync({ signal: soon }), boris.client.sync({ signal: soon })]);
  }
  await settle(anna, boris);
  const both = Array.from({ length: 5 }, (_, at) => [`anna ${at}`, `boris ${at}`])
    .flat()
    .toSorted();
  expect((await seen(anna, boris)).toSorted()).toEqual(both);
  expect((await seen(boris, anna)).toSorted()).toEqual(both);
});

test('rule 27: a home and its copy that write in the very same moment lose nothing for good', async () => {
  await using place = await town();
  using street = houses();
  const anna = await place.person('Anna');
  {
    await using boris = await street.enter(place, 'Boris');
    await meet(anna, boris);
  }
  street.copy('Boris', 'copy');
  await using first = await street.enter(place, 'Boris');
  await using second = await street.enter(place, 'Boris', { dir: 'copy' });
  await settle(first, second); // both have caught up and know of nothing
  await say(first, anna, 'from the first');
  await say(second, anna, 'from the copy');
  await Promise.all([first.client.sync({ signal: soon }), second.client.sync({ signal: soon })]);
  for (let round = 0; round < 3; round += 1) await settle(anna, first, second);
  expect((await seen(anna, first)).toSorted()).toEqual(['from the copy', 'from the first']);
});

test('a policy without a commit, which any member can sign, is refused by the relay, and stalls nobody', async () => {
  await using place = await town();
  const anna = await place.person('Anna');
  const boris = await place.person('Boris', { relays: [] });
  await meet(anna, boris);
  const signed = await anna.store.read(async (view) => {
    for (const [log, followed] of await followedLogTable.list(view, '')) {
      const keys =
        followed.kind === 'group' ? await logKeysAt(view, followed.log, followed.number) : undefined;
      if (keys === undefined) continue;
      const previous = { log: followed.log, policy: decodePolicy(followed.policy), payload: followed.policy };
      const payload = followingPolicy(nodePrimitives, previous, { keys, closes: true });
      return { log: log as LogId, policy: sign(nodePrimitives, keys.change, { label: 'policy', payload }) };
    }
    return undefined;
  });
  const [relay] = place.relays;
  if (signed === undefined || relay === undefined) throw new Error('no group');
  const parts = {
    hint: relay.hint,
    transport: place.transport,
    primitives: nodePrimitives,
    world: place.world,
  };
  await using path = openPath(parts);
  const { results } = await path.exchange([{ operation: { kind: 'amend', ...signed } }], { signal: soon });
  expect(results[0]?.at(-1)?.kind).toBe('refused');
  await say(boris, anna, 'still here');
  await settle(boris, anna);
  expect(await seen(anna, boris)).toEqual(['still here']);
});

test('rule 24: a group that somebody broke for everybody begins anew with who may change it, visibly', async () => {
  await using place = await town();
  const anna = await place.person('Anna');
  const boris = await place.person('Boris', { relays: [] });
  const clara = await place.person('Clara', { relays: [] });
  await meet(anna, boris);
  await meet(anna, clara);
  const group = await anna.client.beginGroup((await anna.client.contacts()).map((one) => one.person));
  for (let round = 0; round < 3; round += 1) await settle(anna, boris, clara);
  await anna.client.sendText(group, 'before');
  await settle(anna, boris, clara);
  await bogusCommit(place, boris, group);
  for (let round = 0; round < 5; round += 1) await settle(anna, boris, clara);
  await clara.client.sendText(group, 'we are back');
  for (let round = 0; round < 3; round += 1) await settle(anna, boris, clara);
  for (const one of [anna, boris, clara]) {
    const texts = (await one.client.messages(group)).map((line) => (line.kind === 'gap' ? 'gap' : line.text));
    expect(texts).toEqual(['before', 'we are back']);
    const notices = (await one.client.notices(group)).map((notice) => notice.kind);
    expect(notices).toContain(one === boris ? 'rejoined' : 'broken');
  }
});

/** A member's commit whose policy says something else than the commit does: nobody may follow it, and the log has turned. */
async function bogusCommit(place: Town, by: Resident, group: ConversationId): Promise<void> {
  const { engine } = await attacker(place, by);
  const append = await by.store.change(async (change) => {
    const session = await sessionOf(engine, change, group);
    const { followed } = session;
    const keys = await logKeysAt(change, followed.log, followed.number);
    if (keys === undefined) throw new Error('no keys');
    const staged = await engine.groups.stageCommit(session.group, { now: engine.now() });
    const { payload } = await policyAfter(engine, session, { group: staged.next, closes: true });
    const { entry } = makeEntry(engine, followed.log, { wrap: keys.wrap, plaintext: staged.commit });
    const next = sign(nodePrimitives, keys.change, { label: 'policy', payload });
    const operation = { kind: 'append', log: followed.log, number: followed.number, entry, next } as const;
    return { operation, seeds: [keys.append], host: followed.host };
  });
  const { results } = await engine.path(append.host).exchange([append], { signal: soon });
  expect(results[0]?.at(-1)?.kind).toBe('stored');
}

test('who was sent away from a group sees that what they wrote there did not leave, and nothing waits', async () => {
  await using place = await town();
  const anna = await place.person('Anna');
  const boris = await place.person('Boris', { relays: [] });
  const clara = await place.person('Clara', { relays: [] });
  await meet(anna, boris);
  await meet(anna, clara);
  const group = await anna.client.beginGroup((await anna.client.contacts()).map((one) => one.person));
  await settle(anna, boris, clara, anna, boris, clara);
  const away = (await clara.client.me())?.person;
  if (away !== undefined) await anna.client.removeFromGroup(group, away);
  await settle(anna);
  const before = await clara.client.sendText(group, 'written before it was known');
  await settle(clara, anna, boris);
  const after = await clara.client.sendText(group, 'written after');
  await settle(clara, anna, boris);
  for (const id of [before, after]) {
    expect(await clara.client.message(id)).toMatchObject({ status: 'failed', because: 'removed' });
    await clara.client.retry(id);
    expect((await clara.client.message(id))?.status).toBe('failed');
  }
  expect(await clara.client.queued()).toBe(0);
  expect(await anna.client.messages(group)).toEqual([]);
});
