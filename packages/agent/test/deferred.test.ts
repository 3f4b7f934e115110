import { deferredTable, renewLeaf } from '@tern/core/testing';
import type { MessageId } from '@tern/protocol';
import { expect, test } from 'vitest';
import { atNear, border, cut, later, once, status, ticketOf, type Border } from './support/border.ts';
import { houses } from './support/houses.ts';
import { conversationWith, meet, say, seen, settle, type Resident } from './support/town.ts';

test('rule 30: what cannot reach its relay is kept nearby, goes on by itself, and is confirmed without reaching the far relay', async () => {
  await using scene = await border();
  const { anna, boris, far } = scene;
  cut(scene);
  const id = await say(anna, boris, 'over the border');
  expect(await status(anna, id)).toBe('queued');
  await once(anna);
  expect(await status(anna, id)).toBe('nearby');
  expect((await anna.client.overview())[0]?.last?.status).toBe('nearby');
  far.upForRelays = true;
  await later(scene, 60_000);
  await expect
    .poll(async () => {
      await once(anna);
      return status(anna, id);
    })
    .toBe('stored');
  expect(await anna.client.queued()).toBe(0);
  far.up = true;
  await settle(boris, anna);
  expect(await seen(boris, anna)).toEqual(['before', 'over the border']);
  expect(await status(anna, id)).toBe('delivered');
});

test('rule 30: what is kept is remembered by the home, and what is written after a restart is kept as well', async () => {
  await using scene = await border();
  const { place, boris, far, store } = scene;
  cut(scene);
  const first = await say(scene.anna, boris, 'first');
  await once(scene.anna);
  await scene.anna.client[Symbol.asyncDispose]();
  const anna = await place.person('Anna', { relays: [], store });
  expect(await status(anna, first)).toBe('nearby');
  const second = await say(anna, boris, 'second');
  await once(anna);
  expect([await status(anna, first), await status(anna, second)]).toEqual(['nearby', 'nearby']);
  await anna.client[Symbol.asyncDispose]();
  far.upForRelays = true;
  await later(scene, 60_000);
  far.up = true;
  await expect
    .poll(async () => {
      await settle(boris);
      return seen(boris, { ...anna, client: boris.client });
    })
    .toEqual(['before', 'first', 'second']);
});

test('rule 30: whichever way arrives first counts, once and in order, and what was kept is let go of', async () => {
  await using scene = await border();
  const { anna, boris, far } = scene;
  cut(scene);
  const id = await say(anna, boris, 'both ways');
  await once(anna);
  const ticket = await ticketOf(anna);
  far.up = true;
  await say(anna, boris, 'after it');
  await settle(anna, boris);
  expect(await status(anna, id)).toBe('delivered');
  far.upForRelays = true;
  await later(scene, 60_000);
  await once(anna);
  await settle(boris, anna);
  expect(await seen(boris, anna)).toEqual(['before', 'both ways', 'after it']);
  expect(await anna.store.read((view) => deferredTable.list(view, ''))).toEqual([]);
  expect(await atNear(scene, 'collect', ticket)).toBe('refused');
});

/** Somebody else inside; `blocked.now` keeps her, and nobody else, from the first relay. */
async function insider({
  place,
  far,
}: Border): Promise<{ readonly cara: Resident; readonly blocked: { now: boolean } }> {
  const blocked = { now: false };
  const cara = await place.person('Cara', {
    relays: [1],
    through: (transport) => ({
      ...transport,
      carry: (to, request, options) =>
        transport.carry(
          blocked.now && to.address === far.hint.address ? { ...to, address: 'nowhere' } : to,
          request,
          options,
        ),
    }),
  });
  return { cara, blocked };
}

test('rule 30: what comes too late for its epoch is refused at the far end, sealed again and said once', async () => {
  await using scene = await border();
  const { anna, boris, far, place } = scene;
  const { cara, blocked } = await insider(scene);
  await meet(boris, cara);
  await settle(boris, cara, anna);
  blocked.now = true;
  far.upForRelays = false;
  const id = await say(cara, boris, 'late');
  await once(cara);
  expect(await status(cara, id)).toBe('nearby');
  const conversation = await conversationWith(boris, cara);
  await boris.store.change((change) => renewLeaf(change, conversation));
  await settle(boris);
  place.world.move(8 * 86_400_000);
  far.upForRelays = true;
  await later(scene, 7 * 3_600_000);
  await expect
    .poll(async () => {
      await once(cara);
      return status(cara, id);
    })
    .toBe('queued');
  blocked.now = false;
  await settle(cara, boris, cara);
  expect(await seen(boris, cara)).toEqual(['late']);
  expect(await status(cara, id)).toBe('delivered');
});

test('rules 12 and 30: what a removal overtakes is refused at the far end, not sealed again unread, and said once', async () => {
  await using scene = await border();
  const { anna, boris, far, place } = scene;
  const { cara, blocked } = await insider(scene);
  await meet(boris, cara);
  const [annaId, caraId] = [(await anna.client.me())?.person, (await cara.client.me())?.person];
  if (annaId === undefined || caraId === undefined) throw new Error('nobody');
  const group = await boris.client.beginGroup([annaId, caraId]);
  await settle(boris, anna, cara, boris, cara);
  blocked.now = true;
  far.upForRelays = false;
  const id = await cara.client.sendText(group, 'overtaken');
  await once(cara);
  expect(await status(cara, id)).toBe('nearby');
  await boris.client.removeFromGroup(group, annaId);
  await settle(boris);
  far.upForRelays = true;
  await later(scene, 60_000);
  await expect
    .poll(async () => {
      await once(cara);
      return status(cara, id);
    })
    .toBe('queued');
  place.world.move(3_600_000);
  const before = far.exchanges;
  await once(cara);
  await once(cara);
  expect([await status(cara, id), far.exchanges]).toEqual(['queued', before]);
  blocked.now = false;
  await settle(cara, boris, cara);
  const lines = await boris.client.messages(group);
  expect(lines.map((line) => line.kind === 'message' && line.text)).toEqual(['overtaken']);
  expect(await status(cara, id)).toBe('delivered');
});

test('rules 27 and 30: a home that was put back from a backup while it was cut off finds that out later, and nothing is lost or shown twice', async () => {
  await using scene = await border();
  const { place, boris, far } = scene;
  using street = houses();
  {
    await using cara = await street.enter(place, 'Cara', { relays: [1] });
    await meet(boris, cara);
    await say(cara, boris, 'before the backup');
    await settle(cara, boris);
  }
  street.copy('Cara', 'backup');
  {
    await using cara = await street.enter(place, 'Cara');
    await say(cara, boris, 'after the backup');
    await settle(cara, boris);
  }
  street.copy('backup', 'Cara');
  cut(scene);
  await using cara = await street.enter(place, 'Cara');
  const id = await say(cara, boris, 'in the restored home');
  await once(cara);
  expect(await status(cara, id)).toBe('nearby');
  far.upForRelays = true;
  await later(scene, 60_000);
  far.up = true;
  await settle(boris, cara, boris, cara);
  await settle(boris, cara);
  expect(await seen(boris, cara)).toEqual(['before the backup', 'after the backup', 'in the restored home']);
  expect(await status(cara, id)).toBe('delivered');
});

test('rule 30: what the near relay has lost waits here again and is left there anew', async () => {
  await using scene = await border();
  const { anna, boris, far } = scene;
  cut(scene);
  const id = await say(anna, boris, 'lost and found');
  await once(anna);
  const lost = await ticketOf(anna);
  await atNear(scene, 'forget', lost);
  await once(anna);
  expect(await status(anna, id)).toBe('nearby');
  expect(await ticketOf(anna)).not.toEqual(lost);
  far.upForRelays = true;
  await later(scene, 60_000);
  far.up = true;
  await expect
    .poll(async () => {
      await settle(boris);
      return seen(boris, anna);
    })
    .toEqual(['before', 'lost and found']);
});

test('rule 30: a relay without room is passed over for another; where none has any, messages wait at home', async () => {
  const limits = { keptBytesOfPath: 16_000 };
  await using scene = await border({ relays: 3, limits });
  const { anna, boris } = scene;
  cut(scene);
  const ids: string[] = [];
  for (const text of ['one', 'two', 'three']) ids.push(await say(anna, boris, text));
  await once(anna);
  const stand = async (): Promise<readonly unknown[]> => Promise.all(ids.map((id) => status(anna, id)));
  expect(await stand()).toEqual(['nearby', 'nearby', 'queued']);
  const kept = await anna.store.read((view) => deferredTable.list(view, ''));
  expect(new Set(kept.map(([, { near }]) => near.address)).size).toBe(2);
});

test('rule 30: what is taken back while it is kept nearby loses its words, wherever it goes', async () => {
  await using scene = await border();
  const { anna, boris, far } = scene;
  cut(scene);
  const id = await say(anna, boris, 'taken back');
  await once(anna);
  expect(await status(anna, id)).toBe('nearby');
  const ticket = await ticketOf(anna);
  await anna.client.remove(id as MessageId, { forAll: true });
  expect(await status(anna, id)).toBe('queued');
  await once(anna);
  expect(await atNear(scene, 'collect', ticket)).toBe('refused');
  expect(await status(anna, id)).toBe('nearby');
  far.upForRelays = true;
  await later(scene, 60_000);
  far.up = true;
  await expect
    .poll(async () => {
      await settle(boris);
      const lines = await boris.client.messages(await conversationWith(boris, anna));
      return lines.map((line) => line.kind === 'message' && [line.text, line.deleted]);
    })
    .toEqual([
      ['before', false],
      [undefined, true],
    ]);
});

test('rule 30: who stays online leaves messages nearby after twenty seconds, and no sooner', async () => {
  await using scene = await border();
  const { anna, boris, far, place } = scene;
  const stop = new AbortController();
  const running = anna.client.run({ signal: stop.signal });
  cut(scene);
  const id = await say(anna, boris, 'staying');
  await expect.poll(() => anna.client.connections().map(({ state }) => state)).toContain('waiting');
  place.world.move(15_000);
  await expect.poll(() => anna.client.connections().map(({ state }) => state)).toContain('waiting');
  expect(await status(anna, id)).toBe('queued');
  await expect
    .poll(async () => {
      place.world.move(10_000);
      return status(anna, id);
    })
    .toBe('nearby');
  far.upForRelays = true;
  await expect
    .poll(async () => {
      place.world.move(60_000);
      return status(anna, id);
    })
    .toBe('stored');
  stop.abort();
  await running;
});
