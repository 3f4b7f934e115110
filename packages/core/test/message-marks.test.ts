import {
  base32,
  decodeContent,
  encodeContent,
  encodeItem,
  readItem,
  uintBytes,
  type Item,
  utf8,
  type Content,
  type ConversationId,
  type DeviceId,
  type MessageId,
  type PersonId,
} from '@tern/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pairRule } from '../src/authorise.ts';
import type { ClientStore } from '../src/client-store.ts';
import { emptyConversation } from '../src/conversation.ts';
import { memoryStore } from '../src/memory-store.ts';
import { takeMessage } from '../src/message-marks.ts';
import {
  messageById,
  messagesBeside,
  messagesFrom,
  type Message,
  type Placeless,
} from '../src/message-store.ts';
import { textOf } from '../src/file-parts.ts';

const id = (number: number, length: number): string => base32(uintBytes(number, length));
const conversation = id(1, 16) as ConversationId;
const self = id(2, 32) as PersonId;
const anna = id(3, 32) as PersonId;
const boris = id(4, 32) as PersonId;
const device = (person: PersonId): DeviceId => id(person === anna ? 5 : 6, 16) as DeviceId;
const messageId = (number: number): MessageId => id(number, 16) as MessageId;

const target = messageId(7);

function from(person: PersonId, number: number, content: Partial<Content>): Placeless {
  return {
    from: person,
    device: device(person),
    number,
    arrivedAt: 1000 + number,
    content: {
      id: messageId(number + (person === anna ? 200 : 300)),
      at: 1000 + number,
      part: words('?'),
      ...content,
    },
  };
}

function words(text: string, disposition = 1): Content['part'] {
  return { kind: 'single', disposition, type: 'text/plain', content: utf8(text) };
}

const line = from(anna, 1, { id: target, part: words('first') });
const edit = (number: number, text: string): Placeless =>
  from(anna, number, { replaces: target, part: words(text) });
const heart = (number: number, text: string): Placeless =>
  from(boris, number, { inReplyTo: target, part: words(text, 2) });
const away = (number: number): Placeless =>
  from(anna, number, { replaces: target, part: { kind: 'null', disposition: 1 } });
const foreign = from(boris, 9, { replaces: target, part: words('hijacked') });

async function taken(
  messages: readonly Placeless[],
): Promise<{ readonly store: ClientStore; readonly message: Message }> {
  const store = memoryStore({ world: { now: () => 0 } });
  let known = emptyConversation(conversation, pairRule(new Uint8Array(32), new Uint8Array(32).fill(1)));
  await store.change(async (change) => {
    for (const message of messages) known = await takeMessage(change, known, message, { self });
  });
  const [message, ...others] = await store.read((view) => messagesFrom(view, known, 0));
  if (message === undefined || others.length > 0) throw new Error('there is one line');
  const beside = await store.read((view) => messagesBeside(view, known));
  expect(beside.length).toBe(messages.length - 1);
  return { store, message };
}

test('rules 14 and 24: in whatever order they arrive, the last edit and the last reaction of each hold, of none but the author', async () => {
  const all = [line, edit(2, 'second'), edit(3, 'third'), heart(1, 'x'), heart(2, 'y'), foreign];
  await fc.assert(
    fc.asyncProperty(fc.shuffledSubarray(all, { minLength: all.length }), async (order) => {
      const { message } = await taken(order);
      expect(textOf(message.content.part)).toBe('third');
      expect(message.marks?.reactions.map((one) => [one.from, one.text])).toEqual([[boris, 'y']]);
    }),
  );
});

test('what its author took back is nowhere in the store any more, however often it was said differently', async () => {
  const all = [line, edit(2, 'secret two'), edit(3, 'secret three'), heart(1, 'x'), away(4)];
  await fc.assert(
    fc.asyncProperty(fc.shuffledSubarray(all, { minLength: all.length }), async (order) => {
      const { store, message } = await taken(order);
      expect(message.content.part.kind).toBe('null');
      expect(message.marks?.reactions ?? []).toEqual([]);
      for (const one of all) {
        const kept = await store.read((view) => messageById(view, one.content.id));
        expect(kept === undefined ? '' : (textOf(kept.content.part) ?? '')).not.toMatch(/secret|first/u);
      }
    }),
  );
});

test('a reaction that is no word, and one too long for one, are not shown', async () => {
  const image: Content['part'] = {
    kind: 'single',
    disposition: 2,
    type: 'image/png',
    content: new Uint8Array(9),
  };
  const { message } = await taken([
    line,
    heart(1, 'x'.repeat(33)),
    from(boris, 2, { inReplyTo: target, part: image }),
  ]);
  expect(message.marks?.reactions ?? []).toEqual([]);
});

test('rule 31: an edit of a newer Tern is kept byte for byte, and takes the place of what was said', async () => {
  const { content } = edit(2, 'second');
  const newer: Item = [9, new Map([[1, new Uint8Array(3).fill(7)]])];
  const kept = encodeItem(new Map([...(readItem(encodeContent(content)) as Map<number, Item>), [6, newer]]));
  const { message } = await taken([line, { ...edit(2, 'second'), content: decodeContent(kept), kept }]);
  expect(message.content).toMatchObject({ id: target, at: line.content.at, part: { kind: 'unknown' } });
  expect(message.content.replaces).toBeUndefined();
  const read = readItem(message.kept ?? new Uint8Array()) as Map<number, Item>;
  expect(read.get(6)).toEqual(newer);
});
