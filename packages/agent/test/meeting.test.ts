import { expect, test } from 'vitest';
import { meet, say, seen, settle, town } from './support/town.ts';

test('two people meet by an invitation and talk both ways', async () => {
  await using place = await town();
  const anna = await place.person('Anna');
  const boris = await place.person('Boris', { relays: [] });
  await meet(anna, boris);
  expect((await anna.client.contacts()).map((one) => [one.name, one.state])).toEqual([
    ['Boris', 'connected'],
  ]);
  expect((await boris.client.contacts()).map((one) => [one.name, one.state])).toEqual([
    ['Anna', 'connected'],
  ]);
  await say(anna, boris, 'hello Boris');
  await say(boris, anna, 'hello Anna');
  await settle(anna, boris);
  expect(await seen(anna, boris)).toEqual(['hello Boris', 'hello Anna']);
  expect((await seen(boris, anna)).toSorted()).toEqual(['hello Anna', 'hello Boris']);
});
