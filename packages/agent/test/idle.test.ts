import { memoryStore } from '@tern/core';
import type { Hint } from '@tern/protocol';
import type { NetworkRules } from '@tern/reach/testing';
import { timedWorld, type TimedWorld } from '@tern/relay/testing';
import { expect, test } from 'vitest';
import { playGroupPrimitives, playPrimitives } from './schedules/play-curves.ts';
import { Person } from './schedules/person.ts';
import { RelayHouse } from './schedules/relay-house.ts';
import { seeded } from './support/seeded.ts';
import { meet, settle, town } from './support/town.ts';

const minuteMs = 60_000;
const conversations = 12;
const { signal } = new AbortController();

interface Cost {
  /** requests that left */
  exchanges: number;
  /** of them and their answers, sealed, with nothing around them */
  bytes: number;
}

/** Somebody who knows people at the first of three relays, and says nothing. The third one is within the country. @returns what each quarter of an hour costs */
async function waiting(
  rules: (hosts: readonly string[]) => NetworkRules,
  { quarters, browser = false }: { readonly quarters: number; readonly browser?: boolean },
): Promise<readonly Cost[]> {
  const { bytes: randomBytes } = seeded(7);
  const parts = { primitives: playPrimitives, groupPrimitives: playGroupPrimitives };
  await using place = await town({ relays: 3, chance: randomBytes, ...parts });
  const store = memoryStore({ world: place.world });
  const anna = await place.person('Anna', { relays: [0, 1, 2], store });
  for (let at = 0; at < conversations; at += 1)
    await meet(anna, await place.person(`Friend ${at}`, { relays: [] }));
  await settle(anna);
  const world: TimedWorld = timedWorld(0, { startsAt: place.world.now(), randomBytes });
  const hints: readonly Hint[] = place.relays.map(({ hint }) => hint);
  const network = rules(hints.map(({ address }) => address));
  const faults: string[] = [];
  const cost: Cost = { exchanges: 0, bytes: 0 };
  const houses = hints.map(
    (hint, at) =>
      new RelayHouse({
        hint,
        endpoints: [],
        store: place.relays[at]?.store ?? never(),
        world,
        rules: {},
        answer: (way, request, leaving) => answer(way.host, way.hint.path, request, leaving),
        fault: (text) => void faults.push(text),
      }),
  );
  const answer = (
    host: string,
    path: string,
    request: Uint8Array,
    leaving: AbortSignal,
  ): Promise<Uint8Array> =>
    (houses.find(({ hint }) => hint.address === host) ?? never()).answer(path, request, leaving);
  const person = new Person({
    name: 'anna',
    store,
    world,
    browser,
    rules: network,
    async answer(way, request, leaving) {
      cost.exchanges += 1;
      cost.bytes += request.length;
      const answered = await answer(way.host, way.hint.path, request, leaving);
      cost.bytes += answered.length;
      return answered;
    },
    fault: (text) => void faults.push(text),
  });
  const costs: Cost[] = [];
  await world.run(
    (async () => {
      for (const house of houses) await house.start();
      await person.start();
      for (let quarter = 0; quarter < quarters; quarter += 1) {
        Object.assign(cost, { exchanges: 0, bytes: 0 });
        await world.wait(15 * minuteMs, { signal });
        costs.push({ ...cost });
      }
    })(),
  );
  for (const one of [person, ...houses]) one.kill();
  expect(faults).toEqual([]);
  return costs;
}

function sum(costs: readonly Cost[]): Cost {
  return costs.reduce((all, { exchanges, bytes }) => ({
    exchanges: all.exchanges + exchanges,
    bytes: all.bytes + bytes,
  }));
}

function never(): never {
  throw new Error('nobody is there');
}

test('somebody who only waits asks the relay of the conversations some six times an hour once the network is known, and the others two or three times', async () => {
  const costs = await waiting(() => ({}), { quarters: 8 });
  const [first, second] = [costs.slice(0, 4), costs.slice(4)].map(sum);
  expect(first?.exchanges).toBeLessThanOrEqual(24);
  expect(second?.exchanges).toBeLessThanOrEqual(12);
  expect(second?.bytes).toBeLessThan(12 * 700);
});

test.each([23, 25])(
  'somebody who only waits in a browser, where connections to two of three relays freeze after %i packets, asks at human pace',
  async (packets) => {
    const freezing = (hosts: readonly string[]): NetworkRules => ({
      freeze: ({ host }) => (hosts.slice(0, 2).includes(host) ? { packets } : undefined),
      keepAliveMs: 45_000,
    });
    const costs = await waiting(freezing, { quarters: 8, browser: true });
    const second = sum(costs.slice(4));
    // 0.5 MB are some 70 connections with one exchange each
    expect(second.exchanges).toBeLessThanOrEqual(45);
  },
);
