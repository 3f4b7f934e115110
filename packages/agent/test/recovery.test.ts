import { expect, test } from 'vitest';
import { renewLeaf } from '@tern/core/testing';
import { houses } from './support/houses.ts';
import { conversationWith, meet, say, seen, settle, soon, town, type Resident } from './support/town.ts';

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
