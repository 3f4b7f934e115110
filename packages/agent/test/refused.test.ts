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

test.each([40, 250, 400])(
  'a relay whose answers end after %i bytes is not asked over and over',
  async (bytes) => {
    await using place = await town();
    const [home] = place.relays;
    if (home === undefined) throw new TypeError('no relay');
    const anna = await place.person('Anna', { relays: [0] });
    const honest = home.relay;
    home.relay = Object.assign(Object.create(honest) as typeof honest, {
      answer: async (...request: Parameters<typeof honest.answer>): Promise<Uint8Array> =>
        (await honest.answer(...request)).subarray(0, bytes),
    });
    await anna.client.invite({});
    const stop = new AbortController();
    const running = anna.client.run({ signal: stop.signal });
    const before = home.exchanges;
    const quiet = await exchangesUntilQuiet(() => home.exchanges);
    expect(quiet).toBeGreaterThan(before);
    expect(quiet).toBeLessThan(before + 10);
    stop.abort();
    await running;
    home.relay = honest;
  },
);
