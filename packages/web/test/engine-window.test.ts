import type { ConversationWindow, MessageView, WindowLine } from '@tern/core';
import type { ConversationId, DeviceId, MessageId, PersonId } from '@tern/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sameView } from '../src/engine/same-view.ts';
import { windowUpdate } from '../src/engine/window-update.ts';
import { updatedWindow } from './engine-window.ts';

const conversation = 'conversation' as ConversationId;
const person = 'person' as PersonId;
const device = 'device' as DeviceId;

function message(key: string, about: Partial<MessageView> = {}): WindowLine {
  return {
    kind: 'message',
    key,
    id: key as MessageId,
    conversation,
    from: person,
    device,
    fromMe: true,
    number: 1,
    position: 0,
    at: 0,
    arrivedAt: 0,
    text: 'words',
    edited: false,
    deleted: false,
    reactions: [],
    newer: false,
    status: 'queued',
    ...about,
  };
}

const line: fc.Arbitrary<WindowLine> = fc
  .record({
    key: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'),
    text: fc.constantFrom('one', 'two'),
    status: fc.constantFrom('queued', 'stored'),
    reactions: fc.array(fc.record({ from: fc.constant(person), text: fc.constantFrom('👍', '❤️') }), {
      maxLength: 2,
    }),
    gap: fc.boolean(),
  })
  .map(({ key, gap, ...about }) =>
    gap ? { kind: 'gap', key, from: person, device, missing: about.text.length } : message(key, about),
  );

const window: fc.Arbitrary<ConversationWindow> = fc.record({
  conversation: fc.constant(conversation),
  lines: fc.uniqueArray(line, { selector: ({ key }) => key, maxLength: 10 }),
  from: fc.nat(3),
  whole: fc.boolean(),
  unread: fc.nat(2),
});

test('a page that takes every update in turn has what the engine has', () => {
  fc.assert(
    fc.property(fc.array(window, { maxLength: 8 }), (windows) => {
      let told: ConversationWindow | undefined;
      let page: ConversationWindow | undefined;
      for (const now of windows) {
        const update = windowUpdate(told, now);
        if (update !== undefined) page = updatedWindow(page, structuredClone(update));
        told = now;
        expect(page).toEqual(now);
      }
    }),
    { numRuns: 1000 },
  );
});

test('nothing is told of a window that did not change', () => {
  fc.assert(
    fc.property(window, (now) => {
      expect(windowUpdate(now, structuredClone(now))).toBeUndefined();
    }),
  );
});

test('a message that joins, and one whose state changes, are all that is told of ten thousand', () => {
  const lines = Array.from({ length: 10_000 }, (_, at) => message(`m${at}`, { position: at }));
  const before: ConversationWindow = { conversation, lines, from: 0, whole: true, unread: 0 };
  // as it is read anew from a store: no object is the same
  const after = structuredClone(before);
  const changed = after.lines.map((each, at) =>
    at === 9_999 ? message('m9999', { position: 9_999, status: 'read' }) : each,
  );
  const joined = message('m10000', { position: 10_000 });
  const update = windowUpdate(before, { ...after, lines: [...changed, joined] });
  expect(update).toEqual({
    kind: 'changed',
    lines: [changed[9_999], joined],
    gone: [],
    window: { conversation, from: 0, whole: true, unread: 0 },
  });
});

test('older messages in front come with the order of all', () => {
  const before = { conversation, lines: [message('b')], from: 1, whole: false, unread: 0 };
  const update = windowUpdate(before, { ...before, lines: [message('a'), message('b')], from: 0 });
  expect(update).toMatchObject({ kind: 'changed', lines: [{ key: 'a' }], order: ['a', 'b'] });
});

test('two views are the same when all that is in them is', () => {
  const bytes = (last: number): Uint8Array => new Uint8Array([1, 2, last]);
  expect(sameView({ a: [1, { b: bytes(3) }] }, { a: [1, { b: bytes(3) }] })).toBe(true);
  for (const [one, other] of [
    [{ a: bytes(3) }, { a: bytes(4) }],
    [{ a: 1 }, { a: 1, b: 2 }],
    [
      { a: 1, b: undefined },
      { a: 1, c: undefined },
    ],
    [[1], { 0: 1 }],
    [null, {}],
    [bytes(1), { 0: 1, 1: 2, 2: 1 }],
  ]) {
    expect(sameView(one, other)).toBe(false);
    expect(sameView(other, one)).toBe(false);
  }
});
