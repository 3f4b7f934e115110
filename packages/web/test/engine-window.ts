import type { ConversationWindow, WindowLine } from '@tern/core';
import type { WindowUpdate } from '../src/engine/app-api.ts';

/** The page's side: a new window with the same objects for lines that did not change. `changed` says nothing to a page without a window. */
export function updatedWindow(
  before: ConversationWindow | undefined,
  update: WindowUpdate,
): ConversationWindow | undefined {
  if (update.kind === 'whole') return update.window;
  if (before === undefined) return undefined;
  const fresh = new Map(update.lines.map((line) => [line.key, line]));
  const gone = new Set(update.gone);
  const kept = before.lines.flatMap((line): readonly WindowLine[] => {
    if (gone.has(line.key)) return [];
    const changed = fresh.get(line.key);
    fresh.delete(line.key);
    return [changed ?? line];
  });
  // what is left of `fresh` is new, in its own order
  const joined = [...kept, ...fresh.values()];
  return { ...update.window, lines: update.order === undefined ? joined : ordered(joined, update.order) };
}

function ordered(lines: readonly WindowLine[], order: readonly string[]): readonly WindowLine[] {
  const byKey = new Map(lines.map((line) => [line.key, line]));
  return order.flatMap((key) => byKey.get(key) ?? []);
}
