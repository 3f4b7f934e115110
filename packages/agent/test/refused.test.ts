import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { soon, town } from './support/town.ts';

/** Until nothing moves any more but by the clock, which stands still; or so long that it would never stop. */
async function exchangesUntilQuiet(count: () => number): Promise<number> {
  let before = -1;
  for (let looks = 0; looks < 40 && count() !== before; looks += 1) {
    before = count();
    for (let turns = 0; turns < 500; turns += 1) await turn();
  }
  return count();
}

test('who waits for somebody that was never online does not ask the relay over and over', async () => {
  await using place = await town();
  const [relay] = place.relays;
  const anna = await place.person('Anna', { relays: [0] });
  const boris = await place.person('Boris', { relays: [0] });
  await boris.client.sync({ signal: soon });
  const { link } = await anna.client.invite({});
  await boris.client.accept(link);
  const stop = new AbortController();
  const running = boris.client.run({ signal: stop.signal });
  const quiet = await exchangesUntilQuiet(() => relay?.exchanges ?? 0);
  expect(quiet).toBeLessThan(40);
  // and once she is, they meet
  await anna.client.sync({ signal: soon });
  await expect
    .poll(async () => {
      place.world.move(5000);
      await anna.client.sync({ signal: soon });
      return (await boris.client.contacts()).map(({ state }) => state);
    })
    .toEqual(['connected']);
  stop.abort();
  await running;
});
