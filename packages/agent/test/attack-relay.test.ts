import { type ArrivedEntry, groupRecordTable, readGroupEntries, renewLeaf, selfOf } from '@tern/core/testing';
import { expect, test } from 'vitest';
import { attacker, sessionOf } from './support/attacker.ts';
import { conversationWith, meet, say, seen, soon, town } from './support/town.ts';

test('rule 14: what arrived while our commit was on its way is read before the epoch turns', async () => {
  await using place = await town();
  const anna = await place.person('Anna');
  const boris = await place.person('Boris', { relays: [] });
  await meet(anna, boris);
  const [home] = place.relays;
  if (home === undefined) throw new Error('no relay');
  const honest = home.relay;
  const conversation = await conversationWith(anna, boris);
  await anna.store.change(async (change) => renewLeaf(change, conversation));
  let words = 0;
  home.relay = Object.assign(Object.create(honest) as typeof honest, {
    answer: async (...request: Parameters<typeof honest.answer>): Promise<Uint8Array> => {
      const records = await anna.store.read((view) => groupRecordTable.list(view, ''));
      if (words === 0 && records.some(([, record]) => record.staged !== undefined)) {
        words += 1; // the commit is in this very request
        await say(boris, anna, 'just before');
        await boris.client.sync({ signal: soon });
      }
      return honest.answer(...request);
    },
  });
  await anna.client.sync({ signal: soon });
  home.relay = honest;
  await anna.client.sync({ signal: soon }); // Boris is away: nobody sends anything again
  expect(words).toBe(1);
  expect(await seen(anna, boris)).toEqual(['just before']);
});

test('rule 25: a relay cannot end a group by calling an entry a commit', async () => {
  await using place = await town();
  const anna = await place.person('Anna');
  const boris = await place.person('Boris', { relays: [] });
  await meet(anna, boris);
  const conversation = await conversationWith(anna, boris);
  const { engine } = await attacker(place, anna);
  await anna.store.change(async (change) => {
    const session = await sessionOf(engine, change, conversation);
    const { number, policy, cursor } = session.followed;
    const forged: ArrivedEntry = {
      seq: cursor + 1,
      number,
      entry: new Uint8Array(1024),
      body: new Uint8Array(1023),
      at: Math.floor(place.world.now() / 1000),
      next: { payload: policy, signature: new Uint8Array(64) },
    };
    const self = await selfOf(engine, change);
    const reading = await readGroupEntries(engine, change, session, { entries: [forged], self });
    expect(reading).toEqual({ copied: false, lost: false });
    expect(session.followed).toMatchObject({ ended: false, number });
  });
});
