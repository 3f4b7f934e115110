import type { Transport } from '@tern/reach';
import { expect, test } from 'vitest';
import { town, type Resident, type Town } from './support/town.ts';

const minuteMs = 60_000;
const { signal } = new AbortController();

/** Whatever can happen while the clock stands has happened. */
async function still(): Promise<void> {
  for (let turns = 0; turns < 200; turns += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}

interface Alone extends AsyncDisposable {
  readonly anna: Resident;
  readonly boris: Resident;
  /** what Anna has asked of her relay */
  readonly asked: { requests: number; held: number };
}

/** Anna, who is online, knows nobody, and has one relay. */
async function alone(place: Town): Promise<Alone> {
  const asked = { requests: 0, held: 0 };
  const counted = (transport: Transport): Transport => ({
    ...transport,
    holdMs: () => 40_000,
    carry(to, request, options) {
      asked.requests += 1;
      if ((options.heldMs ?? 0) > 10_000) asked.held += 1;
      return transport.carry(to, request, options);
    },
  });
  const anna = await place.person('Anna', { through: counted });
  const boris = await place.person('Boris', { relays: [] });
  const stop = new AbortController();
  const running = anna.client.run({ signal: stop.signal });
  await still();
  return {
    anna,
    boris,
    asked,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}

test('a relay from which nothing is awaited is looked at once in twenty to forty minutes', async () => {
  await using place = await town();
  await using scene = await alone(place);
  const { asked } = scene;
  expect(asked.held).toBe(0);
  const before = asked.requests;
  place.world.move(20 * minuteMs - 1);
  await still();
  expect(asked.requests).toBe(before);
  for (let hour = 0; hour < 4 * 60; hour += 1) {
    place.world.move(minuteMs);
    await still();
  }
  expect(asked.requests - before).toBeGreaterThanOrEqual(6);
  expect(asked.requests - before).toBeLessThanOrEqual(14);
  expect(asked.held).toBe(0);
});

test('whoever uses an invitation that was made since is heard of at once', async () => {
  await using place = await town();
  await using scene = await alone(place);
  const { anna, boris, asked } = scene;
  place.world.move(minuteMs);
  await still();
  expect(asked.held).toBe(0);
  const { link } = await anna.client.invite();
  await still();
  expect(asked.held).toBe(1);
  await boris.client.accept(link);
  await boris.client.sync({ signal });
  await still();
  expect((await anna.client.contacts()).map(({ ownName }) => ownName)).toEqual(['Boris']);
});

test('once an invitation was revoked or is over nothing is awaited any more', async () => {
  await using place = await town();
  await using scene = await alone(place);
  const { anna, asked } = scene;
  const { id } = await anna.client.invite();
  await anna.client.invite({ lifetimeMs: 10 * minuteMs });
  await still();
  expect(asked.held).toBe(1);
  expect(await anna.client.revokeInvitation(id)).toBe(true);
  for (let minute = 0; minute < 9; minute += 1) {
    place.world.move(minuteMs);
    await still();
  }
  expect(asked.held).toBeGreaterThan(5); // the other one is open still
  place.world.move(2 * minuteMs);
  await still();
  const before = { ...asked };
  for (let minute = 0; minute < 19; minute += 1) {
    place.world.move(minuteMs);
    await still();
  }
  expect(asked).toEqual(before);
});
