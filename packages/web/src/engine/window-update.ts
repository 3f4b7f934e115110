import type { ConversationWindow, WindowLine } from '@tern/core';
import type { WindowUpdate } from './app-api.ts';
import { sameView } from './same-view.ts';

/**
 * What brings a page's copy of a window up to date; undefined where nothing changed. Ten thousand lines are looked at line by line,
 * and only those that changed cross to the page.
 * @param before what the page has; undefined for nothing
 */
export function windowUpdate(
  before: ConversationWindow | undefined,
  after: ConversationWindow,
): WindowUpdate | undefined {
  if (before === undefined || before.conversation !== after.conversation)
    return { kind: 'whole', window: after };
  const had = new Map(before.lines.map((line) => [line.key, line]));
  const lines = after.lines.filter((line) => !sameLine(had.get(line.key), line));
  const has = new Set(after.lines.map(({ key }) => key));
  const gone = before.lines.flatMap(({ key }) => (has.has(key) ? [] : [key]));
  const order = joins(before, after, has) ? undefined : after.lines.map(({ key }) => key);
  const { lines: _, ...window } = after;
  const { lines: __, ...old } = before;
  if (lines.length === 0 && gone.length === 0 && order === undefined && sameView(old, window))
    return undefined;
  return { kind: 'changed', lines, gone, ...(order === undefined ? {} : { order }), window };
}

/** Whether what is new stands after all that stayed, and what stayed is in its old order: then the order need not be told. */
function joins(before: ConversationWindow, after: ConversationWindow, has: ReadonlySet<string>): boolean {
  const stayed = before.lines.filter(({ key }) => has.has(key));
  return stayed.every(({ key }, at) => after.lines[at]?.key === key);
}

type MessageLine = Extract<WindowLine, { readonly kind: 'message' }>;

/** How each field of a message is compared. `never` changes as long as the key stays. */
const comparison: Readonly<Record<keyof MessageLine, 'value' | 'deep' | 'never'>> = {
  kind: 'never',
  key: 'never',
  id: 'value',
  conversation: 'never',
  from: 'value',
  device: 'value',
  fromMe: 'value',
  number: 'value',
  position: 'value',
  at: 'value',
  arrivedAt: 'value',
  text: 'value',
  file: 'deep',
  replyTo: 'value',
  edited: 'value',
  deleted: 'value',
  reactions: 'deep',
  newer: 'value',
  status: 'value',
  because: 'value',
};

const fieldsBy = (how: 'value' | 'deep'): readonly (keyof MessageLine)[] =>
  (Object.keys(comparison) as (keyof MessageLine)[]).filter((name) => comparison[name] === how);
const valueFields = fieldsBy('value');
const deepFields = fieldsBy('deep');

function sameLine(before: WindowLine | undefined, after: WindowLine): boolean {
  if (before?.kind !== 'message' || after.kind !== 'message') return sameView(before, after);
  return (
    valueFields.every((name) => before[name] === after[name]) &&
    deepFields.every((name) => sameView(before[name], after[name]))
  );
}
