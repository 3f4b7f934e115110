import { utf8, type ConversationId, type DeviceId, type MessageId, type PersonId } from '@tern/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arrange } from '../src/arrangement.ts';
import type { GapView, MessageView } from '../src/client.ts';
import type { Message } from '../src/message-store.ts';

const conversation = 'c' as ConversationId;
const standing = (): { readonly fromMe: boolean; readonly status: 'delivered' } => ({
  fromMe: false,
  status: 'delivered',
});

function message(
  device: string,
  number: number,
  extra: Partial<Message['content']> = {},
): Omit<Message, 'position'> {
  return {
    conversation,
    from: device.slice(0, 1) as PersonId,
    device: device as DeviceId,
    number,
    arrivedAt: 0,
    content: {
      id: `${device}-${number}` as MessageId,
      at: 0,
      part: { kind: 'single', disposition: 1, type: 'text/plain', content: utf8(`${device} ${number}`) },
      ...extra,
    },
  };
}

function listed(messages: readonly Omit<Message, 'position'>[]): readonly (MessageView | GapView)[] {
  const there = new Set(messages.map((one) => `${one.device} ${one.number}`));
  const missing = (device: DeviceId, from: number, to: number): number => {
    let count = 0;
    for (let number = from; number <= to; number += 1) if (!there.has(`${device} ${number}`)) count += 1;
    return count;
  };
  return arrange(
    messages.map((one, position) => ({ ...one, position })),
    { standing, missing },
  );
}

const words = (lines: readonly (MessageView | GapView)[]): readonly string[] =>
  lines.map((line) =>
    line.kind === 'gap' ? `(${line.missing})` : (line.text ?? (line.deleted ? 'deleted' : '?')),
  );

test('rule 14: messages of a device stand in the order of their numbers, whatever order they arrived in', () => {
  const arrivals = fc.uniqueArray(
    fc.tuple(fc.constantFrom('a1', 'a2', 'b1'), fc.integer({ min: 1, max: 30 })),
    {
      selector: ([device, number]) => `${device} ${number}`,
    },
  );
  fc.assert(
    fc.property(arrivals, (arrived) => {
      const lines = listed(arrived.map(([device, number]) => message(device, number)));
      const shown = lines.filter((line) => line.kind === 'message');
      expect(shown.length).toBe(arrived.length);
      for (const device of ['a1', 'a2', 'b1']) {
        const numbers = shown.filter((line) => line.device === device).map((line) => line.number);
        expect(numbers).toEqual(numbers.toSorted((x, y) => x - y));
        const missing = lines.filter((line) => line.kind === 'gap' && line.device === device);
        const counted = missing.reduce((sum, line) => sum + (line.kind === 'gap' ? line.missing : 0), 0);
        expect(counted).toBe((numbers.at(-1) ?? 0) - numbers.length);
      }
    }),
  );
});

test('rule 14: what is missing is shown where it will be, and filled later', () => {
  expect(words(listed([message('a1', 1), message('a1', 4)]))).toEqual(['a1 1', '(2)', 'a1 4']);
  expect(words(listed([message('a1', 1), message('a1', 4), message('a1', 2), message('a1', 3)]))).toEqual([
    'a1 1',
    'a1 2',
    'a1 3',
    'a1 4',
  ]);
});

test('rule 14: any end of a list keeps the order, and shows only those gaps that stand in it', () => {
  const arrivals = fc.shuffledSubarray([1, 2, 3, 4, 5, 6, 7, 8], { minLength: 1 });
  fc.assert(
    fc.property(arrivals, fc.integer({ min: 0, max: 7 }), (numbers, from) => {
      const there = (number: number): boolean => numbers.includes(number);
      const messages = numbers.map((number, position) => ({ ...message('a1', number), position }));
      const end = messages.slice(from);
      const lines = arrange(end, {
        standing,
        missing: (_device, first, last) =>
          Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => first + at).filter(
            (number) => !there(number),
          ).length,
        before: (_device, number) => numbers.filter((one) => one < number).toSorted((x, y) => y - x)[0] ?? 0,
      });
      const shown = lines.flatMap((line) => (line.kind === 'message' ? [line.number] : []));
      expect(shown).toEqual(end.map((one) => one.number).toSorted((x, y) => x - y));
    }),
  );
});

test('twenty thousand messages are arranged without going through all of them for each', () => {
  const many = Array.from({ length: 20_000 }, (_, at) =>
    message(at % 2 === 0 ? 'a1' : 'b1', Math.floor(at / 2) + 1),
  );
  expect(listed(many).length).toBe(20_000);
});
