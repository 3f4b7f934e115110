import { deferredTable } from '@tern/core/testing';
import { expect, test } from 'vitest';
import { border, cut, later, once, status } from './support/border.ts';
import { say, seen, settle } from './support/town.ts';

test('rule 30: a relay nearby that answers with nonsense is passed over for another', async () => {
  await using scene = await border({ relays: 3 });
  const { anna, boris, far, place, store } = scene;
  cut(scene);
  const keeper = async (): Promise<string | undefined> =>
    (await store.read((view) => deferredTable.list(view, '')))[0]?.[1].near.address;
  const id = await say(anna, boris, 'past a liar');
  await once(anna);
  const first = await keeper();
  const liar = place.relays.find(({ hint }) => hint.address === first);
  if (liar === undefined) throw new Error('nobody keeps it');
  liar.lies = true;
  place.world.move(60_000);
  await expect
    .poll(async () => {
      await once(anna);
      return keeper();
    })
    .not.toBe(first);
  expect(await status(anna, id)).toBe('nearby');
  far.upForRelays = true;
  await later(scene, 60_000);
  await expect
    .poll(async () => {
      await once(anna);
      return status(anna, id);
    })
    .toBe('stored');
});

test('rule 30: who was connected for longer than a week leaves messages nearby like anybody', async () => {
  await using scene = await border();
  const { anna, boris, place } = scene;
  const stop = new AbortController();
  const running = anna.client.run({ signal: stop.signal });
  await expect.poll(() => anna.client.connections().map(({ state }) => state)).toContain('online');
  const texts = ['before'];
  // what is written to her is all that ever ends the answer that she waits for
  for (let time = 0; time < 3; time += 1) {
    place.world.pass(3 * 86_400_000);
    texts.push(`after ${time}`);
    await say(boris, anna, texts.at(-1) ?? '');
    await settle(boris);
    await expect.poll(() => seen(anna, boris)).toEqual(texts);
  }
  cut(scene);
  place.world.move(60_000);
  await expect.poll(() => anna.client.connections().map(({ state }) => state)).toContain('waiting');
  const id = await say(anna, boris, 'after nine days');
  await expect
    .poll(async () => {
      place.world.move(10_000);
      return status(anna, id);
    })
    .toBe('nearby');
  stop.abort();
  await running;
});
