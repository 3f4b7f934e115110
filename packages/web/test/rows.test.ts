import type { WindowLine } from '@tern/core';
import type { ConversationId, DeviceId, MessageId, PersonId } from '@tern/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rowMaker } from '../src/page/conversation/rows.ts';

interface Drawn {
  readonly kind: 'message' | 'gap';
  readonly by: 'Anna' | 'Ben';
  /** after the one before it, minutes */
  readonly minutes: number;
}

const drawn = fc.record<Drawn>({
  kind: fc.constantFrom('message', 'message', 'message', 'gap'),
  by: fc.constantFrom('Anna', 'Ben'),
  minutes: fc.constantFrom(0, 1, 4, 6, 600, 1500),
});
let made = 0;

function lineOf({ kind, by, minutes }: Drawn, since: number): WindowLine {
  made += 1;
  const key = `m${made}`;
  if (kind === 'gap')
    return { kind: 'gap', key, from: by as string as PersonId, device: 'd' as DeviceId, missing: 1 };
  const at = since + minutes * 60_000;
  return {
    kind: 'message',
    key,
    id: key as MessageId,
    conversation: 'c' as ConversationId,
    from: by as string as PersonId,
    device: 'd' as DeviceId,
    fromMe: by === 'Anna',
    number: made,
    position: made,
    at,
    arrivedAt: at,
    text: key,
    edited: false,
    deleted: false,
    newer: false,
    reactions: [],
    status: 'read',
  };
}

const change = fc.record({
  what: fc.constantFrom('alter', 'append', 'prepend', 'remove', 'move', 'mark'),
  at: fc.nat(),
  to: fc.nat(),
  line: drawn,
  more: fc.array(drawn, { maxLength: 4 }),
});

test('rows that are made from what changed are those that are made anew', () => {
  fc.assert(
    fc.property(
      fc.array(drawn, { maxLength: 30 }),
      fc.array(change, { minLength: 1, maxLength: 12 }),
      (first, changes) => {
        const makeRows = rowMaker();
        let now = Date.UTC(2026, 0, 1);
        const make = (one: Drawn): WindowLine => lineOf(one, (now += 60_000));
        let lines: readonly WindowLine[] = first.map(make);
        let unread: MessageId | undefined;
        makeRows(lines, unread);
        for (const { what, at, to, line, more } of changes) {
          const place = lines.length === 0 ? 0 : at % lines.length;
          const next = [...lines];
          if (what === 'alter' && next.length > 0) next[place] = make(line);
          if (what === 'append') next.push(make(line), ...more.map(make));
          if (what === 'prepend') next.unshift(make(line), ...more.map(make));
          if (what === 'remove') next.splice(place, 1 + (to % 3));
          if (what === 'move') next.splice(to % (next.length + 1), 0, ...next.splice(place, 1));
          if (what === 'mark') unread = next[place]?.key as MessageId | undefined;
          lines = next;
          expect(makeRows(lines, unread)).toEqual(rowMaker()(lines, unread));
        }
      },
    ),
  );
});

test('what did not change stays the same row', () => {
  const lines = Array.from({ length: 20 }, (_, at) =>
    lineOf({ kind: 'message', by: 'Ben', minutes: 1 }, at * 60_000),
  );
  const makeRows = rowMaker();
  const before = makeRows(lines, undefined);
  const after = makeRows(
    lines.map((line, at) => (at === 10 ? { ...line } : line)),
    undefined,
  );
  expect(after.flatMap((row, at) => (row === before[at] ? [] : [at]))).toEqual([10]);
});
