import { followedLogTable } from '@tern/core/testing';
import { decodePolicy, equalBytes, UnreachableError } from '@tern/protocol';
import type { Transport } from '@tern/reach';
import { nodePrimitives } from '@tern/reach/node';
import { expect, test } from 'vitest';
import { meet, say, seen, town, type Resident } from './support/town.ts';

test('a watch that was lost because it was kept waiting for long is asked for again at once, for less, and is no trouble', async () => {
  await using place = await town();
  const asked: number[] = [];
  let holdMs = 160_000;
  const forgetful = (transport: Transport): Transport => ({
    ...transport,
    holdMs: () => holdMs,
    async *carry(to, request, options) {
      const { heldMs = 0 } = options;
      if (heldMs > 0) asked.push(heldMs);
      if (heldMs > 80_000) {
        holdMs = 40_000;
        throw new UnreachableError('lost', { code: 'unheld' });
      }
      yield* transport.carry(to, request, options);
    },
  });
  const anna = await place.person('Anna', { through: forgetful });
  const boris = await place.person('Boris', { relays: [] });
  await meet(anna, boris);
  const stop = new AbortController();
  const troubles: string[] = [];
  const running = anna.client.run({
    signal: stop.signal,
    onTrouble: ({ code }) => troubles.push(code),
  });
  while (asked.length < 2) await new Promise((resolve) => setImmediate(resolve));
  expect(asked[0]).toBeGreaterThanOrEqual(140_000);
  expect(asked[0]).toBeLessThanOrEqual(160_000);
  expect(asked[1]).toBeGreaterThanOrEqual(35_000);
  expect(asked[1]).toBeLessThanOrEqual(40_000);
  await say(boris, anna, 'in time');
  await boris.client.sync({ signal: stop.signal });
  while (!(await seen(anna, boris)).includes('in time'))
    await new Promise((resolve) => setImmediate(resolve));
  expect(troubles).toEqual([]);
  stop.abort();
  await running;
});

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Whatever can happen while the clock stands has happened. */
async function still(): Promise<void> {
  for (let turns = 0; turns < 200; turns += 1) await turn();
}

async function arrives(from: Resident, to: Resident, text: string): Promise<void> {
  const { signal } = new AbortController();
  while (!(await seen(to, from)).includes(text)) {
    await turn();
    await to.client.sync({ signal });
  }
}

test('watches that are lost one after the other are asked for ever more seldom, up to ten seconds, and a text waits for none of that', async () => {
  await using place = await town();
  const asked: number[] = [];
  let loses = true;
  const lossy = (transport: Transport): Transport => ({
    ...transport,
    async *carry(to, request, options) {
      if ((options.heldMs ?? 0) > 0) {
        asked.push(place.world.now());
        if (loses) throw new UnreachableError('lost', { code: 'unheld' });
      }
      yield* transport.carry(to, request, options);
    },
  });
  const anna = await place.person('Anna', { through: lossy });
  const boris = await place.person('Boris', { relays: [] });
  await meet(anna, boris);
  const stop = new AbortController();
  const running = anna.client.run({ signal: stop.signal });
  const asks = async (times: number): Promise<void> => {
    while (asked.length < times) await turn();
    await still();
    expect(asked.length).toBe(times);
  };
  // one is lost now and then: the next is asked for at once
  await asks(2);
  let times = 2;
  for (const leastMs of [500, 1000, 2000, 4000, 8000]) {
    place.world.move(leastMs - 1);
    await asks(times);
    place.world.move(leastMs + 1);
    await asks((times += 1));
  }
  for (let again = 0; again < 3; again += 1) {
    place.world.move(9999);
    await asks(times);
    place.world.move(1);
    await asks((times += 1));
  }
  await say(anna, boris, 'now');
  await arrives(anna, boris, 'now');
  await still();
  // one that was held well ends that: the next loss is one now and then
  loses = false;
  place.world.move(10_000);
  await still();
  loses = true;
  times = asked.length;
  await say(boris, anna, 'news');
  await boris.client.sync({ signal: stop.signal });
  await asks(times + 2);
  expect(await seen(anna, boris)).toContain('news');
  stop.abort();
  await running;
});

test('a relay that turns a watch away is not asked again at once, however long the line takes, and a text waits for none of that', async () => {
  await using place = await town({ relays: 2, limits: { waiting: 0 } });
  const asked: number[] = [];
  const slow = (transport: Transport): Transport => ({
    ...transport,
    async *carry(to, request, options) {
      if ((options.heldMs ?? 0) > 0) asked.push(place.world.now());
      place.world.pass(700);
      yield* transport.carry(to, request, options);
    },
  });
  const anna = await place.person('Anna', { relays: [1], through: slow });
  const boris = await place.person('Boris', { relays: [] });
  await meet(anna, boris);
  const stop = new AbortController();
  const running = anna.client.run({ signal: stop.signal });
  while (asked.length === 0) await turn();
  await still();
  expect(asked.length).toBe(1);
  for (const leastMs of [500, 1000, 2000, 4000, 8000, 16_000]) {
    const before = asked.length;
    place.world.move(leastMs - 1);
    await still();
    expect(asked.length).toBe(before);
    place.world.move(leastMs + 1);
    while (asked.length === before) await turn();
    await still();
    expect(asked.length).toBe(before + 1);
  }
  await say(anna, boris, 'now');
  await arrives(anna, boris, 'now');
  stop.abort();
  await running;
});

test('where every answer ends before it brings anything, the next one is not asked for at once for ever', async () => {
  await using place = await town();
  const asked: number[] = [];
  let ends = false;
  const cutting = (transport: Transport): Transport => ({
    ...transport,
    async *carry(to, request, options) {
      asked.push(place.world.now());
      let left = 1100;
      for await (const piece of transport.carry(to, request, options)) {
        yield ends ? piece.subarray(0, Math.max(0, left)) : piece;
        left -= piece.length;
        if (ends && left < 0) throw new UnreachableError('it ended', { code: 'cut' });
      }
    },
  });
  const anna = await place.person('Anna', { through: cutting });
  const boris = await place.person('Boris', { relays: [] });
  await meet(anna, boris);
  await say(boris, anna, 'at last');
  await boris.client.sync({ signal: new AbortController().signal });
  ends = true;
  asked.length = 0;
  const stop = new AbortController();
  const running = anna.client.run({ signal: stop.signal });
  await still();
  const times = asked.length;
  expect(times).toBeLessThan(12);
  await still();
  expect(asked.length).toBe(times);
  ends = false;
  place.world.move(1000);
  while (!(await seen(anna, boris)).includes('at last')) await turn();
  stop.abort();
  await running;
});

test('what a relay refuses however often it is sealed anew is left alone for a while', async () => {
  let refused: readonly Uint8Array[] = [];
  const primitives: typeof nodePrimitives = {
    ...nodePrimitives,
    ed25519Verify: (key, ...rest) =>
      !refused.some((one) => equalBytes(one, key)) && nodePrimitives.ed25519Verify(key, ...rest),
  };
  await using place = await town({ primitives });
  let asked = 0;
  const counting = (transport: Transport): Transport => ({
    ...transport,
    carry(...sent) {
      asked += 1;
      return transport.carry(...sent);
    },
  });
  const anna = await place.person('Anna', { through: counting });
  const boris = await place.person('Boris', { relays: [] });
  await meet(anna, boris);
  await say(boris, anna, 'received');
  await boris.client.sync({ signal: new AbortController().signal });
  refused = await anna.store.read(async (view) =>
    (await followedLogTable.list(view, '')).map(([, { policy }]) => decodePolicy(policy).appendKey),
  );
  asked = 0;
  const stop = new AbortController();
  const running = anna.client.run({ signal: stop.signal });
  for (let second = 0; second < 30; second += 1) {
    await still();
    place.world.move(1000);
  }
  expect(await seen(anna, boris)).toEqual(['received']);
  expect(asked).toBeLessThan(60);
  refused = [];
  await say(anna, boris, 'answer');
  place.world.move(10_000);
  await arrives(anna, boris, 'answer');
  stop.abort();
  await running;
});
