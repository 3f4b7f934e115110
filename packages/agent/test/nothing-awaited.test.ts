import { parseInvitationLink } from '@tern/protocol';
import type { Transport } from '@tern/reach';
import { expect, test } from 'vitest';
import { meet, town, type Resident, type Town } from './support/town.ts';

const minuteMs = 60_000;
const { signal } = new AbortController();

/** Whatever can happen while the clock stands has happened. */
async function still(): Promise<void> {
  for (let turns = 0; turns < 200; turns += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}

/** another address of the relay at which Anna's invitations are answered, which comes before the first by the alphabet */
const alias = 'a.example';

interface Resting extends AsyncDisposable {
  readonly anna: Resident;
  readonly carol: Resident;
  /** what Anna has asked of the relay at which her invitations are answered */
  readonly asked: { requests: number; held: number };
}

/** Anna, who is online, has one relay, and one friend, who invited her by way of another. */
async function resting(place: Town, { knows = true } = {}): Promise<Resting> {
  const asked = { requests: 0, held: 0 };
  const hint = place.relays[0]?.hint;
  const leading = (transport: Transport): Transport => ({
    ...transport,
    carry: (to, request, options) =>
      transport.carry(to.address === alias && hint !== undefined ? hint : to, request, options),
  });
  const counted = (transport: Transport): Transport => ({
    ...transport,
    holdMs: () => 40_000,
    carry(to, request, options) {
      if (to.relay === place.relays[0]?.hint.relay) {
        asked.requests += 1;
        if ((options.heldMs ?? 0) > 10_000) asked.held += 1;
      }
      return leading(transport).carry(to, request, options);
    },
  });
  const anna = await place.person('Anna', { relays: [0], through: counted });
  const boris = await place.person('Boris', { relays: [1] });
  const carol = await place.person('Carol', { relays: [], through: leading });
  if (knows) await meet(boris, anna);
  const stop = new AbortController();
  const running = anna.client.run({ signal: stop.signal });
  await still();
  return {
    anna,
    carol,
    asked,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}

/** Carol uses the invitation, and Anna knows her without the clock moving. */
async function isHeard({ anna, carol }: Resting, link: string): Promise<void> {
  await carol.client.accept(link);
  await carol.client.sync({ signal });
  await still();
  expect((await anna.client.contacts()).map(({ ownName }) => ownName)).toContain('Carol');
}

test('a relay from which nothing is awaited is looked at once in two to four hours', async () => {
  await using place = await town({ relays: 2 });
  await using scene = await resting(place);
  const { asked } = scene;
  expect(asked.held).toBe(0);
  const before = asked.requests;
  const pass = async (minutes: number): Promise<number> => {
    for (let quarter = 0; quarter < minutes / 15; quarter += 1) {
      place.world.move(15 * minuteMs);
      await still();
    }
    return asked.requests - before;
  };
  expect(await pass(105)).toBe(0);
  const aDay = await pass(24 * 60);
  expect(aDay).toBeGreaterThanOrEqual(5);
  expect(aDay).toBeLessThanOrEqual(13);
  expect(asked.held).toBe(0);
});

test('whoever uses an invitation that was made since is heard of at once', async () => {
  await using place = await town({ relays: 2 });
  await using scene = await resting(place);
  const { anna, asked } = scene;
  place.world.move(minuteMs);
  await still();
  expect(asked.held).toBe(0);
  const { link } = await anna.client.invite();
  await still();
  expect(asked.held).toBe(1);
  await isHeard(scene, link);
});

test('so is whoever uses one that names another address of the relay', async () => {
  await using place = await town({ relays: 2 });
  await using scene = await resting(place);
  const { anna } = scene;
  const [relay] = place.relays;
  if (relay === undefined) throw new Error('there is no relay');
  const hint = { ...relay.hint, address: alias };
  await anna.client.addRelay({ hint, right: await relay.relay.newRight() }, { signal });
  await still();
  const { link } = await anna.client.invite();
  await still();
  expect(parseInvitationLink(link).hosts.map(({ address }) => address)).toEqual([alias]);
  await isHeard(scene, link);
});

test('once an invitation was revoked or is over nothing is awaited any more', async () => {
  await using place = await town({ relays: 2 });
  await using scene = await resting(place);
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

test('where nothing is awaited anywhere a relay is watched all the same: it shows whether anything is reached', async () => {
  await using place = await town({ relays: 2 });
  await using scene = await resting(place, { knows: false });
  expect(scene.asked.held).toBe(1);
});
