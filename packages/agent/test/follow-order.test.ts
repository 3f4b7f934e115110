import type { GapView, MessageView } from '@tern/core';
import type { DeviceId, MessageId, PersonId } from '@tern/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FollowOrder, longestHoldMs, mergedByArrival, type Item } from '../src/follow-order.ts';

function message(device: string, number: number, arrivedAt: number = number): MessageView {
  return {
    kind: 'message',
    id: `${device}${number}` as MessageId,
    conversation: 'c' as MessageView['conversation'],
    from: device as PersonId as MessageView['from'],
    device: device as DeviceId,
    fromMe: false,
    number,
    position: number,
    at: arrivedAt,
    arrivedAt,
    edited: false,
    deleted: false,
    reactions: [],
    newer: false,
    status: 'delivered',
  };
}

/** The list as core gives it: of each device in the order of numbers, with gaps. */
function listOf(arrived: readonly (readonly [device: string, number: number])[]): readonly Item[] {
  const items: Item[] = [];
  for (const device of new Set(arrived.map(([name]) => name))) {
    let last = 0;
    for (const number of arrived
      .filter(([name]) => name === device)
      .map(([, one]) => one)
      .toSorted((a, b) => a - b)) {
      const missing = number - last - 1;
      if (missing > 0)
        items.push({
          kind: 'gap',
          from: device as PersonId,
          device: device as DeviceId,
          missing,
        } satisfies GapView);
      items.push(message(device, number));
      last = number;
    }
  }
  return items;
}

const ids = (items: readonly Item[]): readonly string[] =>
  items.map((item) => (item.kind === 'message' ? item.id : `gap of ${item.missing}`));

describe('a stream of messages', () => {
  test('a gap is shown at once, what comes after it when the missing one has come, in order', () => {
    const order = new FollowOrder();
    expect(ids(order.next(listOf([['a', 1]]), 0).show)).toEqual(['a1']);
    const held = order.next(
      listOf([
        ['a', 1],
        ['a', 3],
        ['b', 1],
      ]),
      10,
    );
    expect(ids(held.show)).toEqual(['gap of 1', 'b1']);
    expect(held.againAt).toBe(10 + longestHoldMs);
    expect(
      ids(
        order.next(
          listOf([
            ['a', 1],
            ['a', 3],
            ['b', 1],
          ]),
          20,
        ).show,
      ),
    ).toEqual([]);
    expect(
      ids(
        order.next(
          listOf([
            ['a', 1],
            ['a', 2],
            ['a', 3],
            ['b', 1],
          ]),
          30,
        ).show,
      ),
    ).toEqual(['a2', 'a3']);
  });

  test('what never comes does not hold up the rest for ever', () => {
    const order = new FollowOrder();
    order.next(listOf([['a', 2]]), 0);
    const later = order.next(listOf([['a', 2]]), longestHoldMs);
    expect(ids(later.show)).toEqual(['a2']);
    expect(later.againAt).toBeUndefined();
    expect(
      ids(
        order.next(
          listOf([
            ['a', 1],
            ['a', 2],
          ]),
          longestHoldMs + 1,
        ).show,
      ),
    ).toEqual(['a1']);
  });

  test('however messages arrive, each is shown once, and those of a device in order', () => {
    const arrivals = fc
      .array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 1, max: 8 })), { maxLength: 30 })
      .map((pairs) => [...new Map(pairs.map((pair) => [pair.join(''), pair])).values()]);
    fc.assert(
      fc.property(arrivals, (arrived) => {
        const order = new FollowOrder();
        const shown: Item[] = [];
        for (let count = 1; count <= arrived.length; count += 1)
          shown.push(...order.next(listOf(arrived.slice(0, count)), 0).show);
        shown.push(...order.next(listOf(arrived), longestHoldMs).show);
        const messages = shown.filter((item) => item.kind === 'message');
        expect(new Set(messages.map((one) => one.id)).size).toBe(messages.length);
        expect(messages.length).toBe(arrived.length);
        for (const device of ['a', 'b', 'c']) {
          const numbers = messages.filter((one) => one.device === device).map((one) => one.number);
          expect(numbers).toEqual(numbers.toSorted((x, y) => x - y));
        }
      }),
    );
  });

  test('several conversations are one list by arrival, each in its own order', () => {
    const one = [message('a', 1, 10), message('a', 2, 5), message('a', 3, 30)];
    const other = [message('b', 1, 7), message('b', 2, 20)];
    expect(ids(mergedByArrival([one, other]))).toEqual(['b1', 'a1', 'a2', 'b2', 'a3']);
  });
});
