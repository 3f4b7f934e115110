import { followedLogTable, groupRecordTable, receivedTable, renewLeaf } from '@tern/core/testing';
import { faultyTransport, seededFaults } from '@tern/reach/testing';
import { expect, test } from 'vitest';
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

const seeds = [1, 2, 3, 4, 5, 6];

/** Somebody whose every request may be lost, doubled or cut anywhere. */
async function unlucky(place: Town, name: string, seed: number): Promise<Resident> {
  const faults = seededFaults(seed, { lost: 0.15, twice: 0.1, cut: 0.25, longestCutBytes: 3000 });
  let calm = true; // until the identity stands; then the storm
  const resident = await place.person(name, {
    through: (transport) =>
      faultyTransport(transport, { world: place.world, faultOf: () => (calm ? undefined : faults()) }),
  });
  calm = false;
  return resident;
}

test.each(seeds)(
  'whatever is lost, doubled or cut, everybody sees everything once and in order (seed %i)',
  async (seed) => {
    await using place = await town();
    const anna = await unlucky(place, 'Anna', seed);
    const boris = await unlucky(place, 'Boris', seed + 100);
    const { link } = await anna.client.invite();
    await boris.client.accept(link);
    const expected: { readonly anna: string[]; readonly boris: string[] } = { anna: [], boris: [] };
    for (let round = 0; round < 12; round += 1) {
      await settle(anna, boris);
      if ((await anna.client.contacts()).length === 0) continue;
      const conversation = await conversationWith(anna, boris);
      await say(anna, boris, `anna ${round}`);
      expected.anna.push(`anna ${round}`);
      await say(boris, anna, `boris ${round}`);
      expected.boris.push(`boris ${round}`);
      const connected = (await anna.client.contacts())[0]?.state === 'connected';
      if (connected && round % 4 === 1) await anna.store.change((change) => renewLeaf(change, conversation));
    }
    for (let round = 0; round < 8; round += 1) await settle(anna, boris);
    for (const [by, other] of [
      [anna, boris],
      [boris, anna],
    ] as const) {
      const lines = await seen(by, other);
      expect(lines.filter((line) => line.startsWith('anna'))).toEqual(expected.anna);
      expect(lines.filter((line) => line.startsWith('boris'))).toEqual(expected.boris);
      expect(lines.length).toBe(expected.anna.length + expected.boris.length);
    }
  },
);

test('rule 32: a clock that is a day off costs one exchange and loses nothing', async () => {
  await using place = await town();
  const day = 86_400_000;
  const anna = await place.person('Anna', { offsetMs: day });
  const boris = await place.person('Boris', { relays: [], offsetMs: -day });
  await meet(anna, boris);
  await say(anna, boris, 'from tomorrow');
  await say(boris, anna, 'from yesterday');
  await settle(anna, boris);
  expect((await seen(anna, boris)).toSorted()).toEqual(['from tomorrow', 'from yesterday']);
  expect((await seen(boris, anna)).toSorted()).toEqual(['from tomorrow', 'from yesterday']);
});

test('rule 28: what a device has lost is asked for again, comes, and stands there once', async () => {
  await using place = await town();
  const anna = await place.person('Anna');
  const boris = await place.person('Boris', { relays: [] });
  await meet(anna, boris);
  for (const text of ['one', 'two', 'three']) await say(anna, boris, text);
  await settle(anna, boris);
  const device = (await anna.client.me())?.device ?? '';
  const conversation = await conversationWith(boris, anna);
  await boris.store.change(async (change) => {
    const received = await receivedTable.get(change, conversation, device);
    if (received !== undefined)
      receivedTable.put(change, conversation, device, {
        ...received,
        delivered: [
          [1, 1],
          [3, 3],
        ],
      });
  });
  const before = place.relays[0]?.exchanges ?? 0;
  await settle(boris, anna, boris);
  expect(place.relays[0]?.exchanges ?? 0).toBeGreaterThan(before);
  const received = await boris.store.read((view) => receivedTable.get(view, conversation, device));
  expect(received?.delivered).toEqual([[1, 3]]);
  expect(await seen(boris, anna)).toEqual(['one', 'two', 'three']);
});

test('rule 13: a commit whose answer was lost is sent again unchanged, and has won', async () => {
  await using place = await town();
  let requests = 0;
  let cutAt = -1;
  const anna = await place.person('Anna', {
    through: (transport) =>
      faultyTransport(transport, {
        world: place.world,
        faultOf: (request) => {
          requests = request + 1;
          return request === cutAt ? { cutAfterBytes: 0 } : undefined;
        },
      }),
  });
  const boris = await place.person('Boris', { relays: [] });
  await meet(anna, boris);
  const conversation = await conversationWith(anna, boris);
  for (let round = 0; round < 3; round += 1) {
    await anna.store.change((change) => renewLeaf(change, conversation));
    cutAt = requests + 1; // one look, then the commit leaves
    expect((await anna.client.sync({ signal: soon })).complete).toBe(false);
    expect(await stagedBy(anna)).toBe(true);
    if (round === 2) await boris.client.sync({ signal: soon }); // the other side may be faster than the repetition
    await say(anna, boris, `round ${round}`);
    await settle(anna, boris);
    expect(await stagedBy(anna)).toBe(false);
  }
  expect(await seen(boris, anna)).toEqual(['round 0', 'round 1', 'round 2']);
  const kinds = (await anna.client.notices(conversation)).map((notice) => notice.kind);
  expect(kinds).not.toContain('broken');
  expect(kinds).not.toContain('rejoined');
});

/** Does a commit of this person wait for its answer? */
async function stagedBy(who: Resident): Promise<boolean> {
  return who.store.read(async (view) => {
    for (const [log, followed] of await followedLogTable.list(view, '')) {
      if (followed.kind === 'group' && (await groupRecordTable.get(view, '', log))?.staged !== undefined)
        return true;
    }
    return false;
  });
}
