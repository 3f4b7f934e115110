import type { Row } from './rows.ts';

const pageOfLines = 10;

/** @returns which row the focus goes to, undefined where the key is for somebody else */
export function moveInMessages(event: KeyboardEvent, rows: readonly Row[], at: number): number | undefined {
  const { target, key } = event;
  if (event.altKey || event.ctrlKey || event.metaKey) return undefined;
  if (!(target instanceof Element) || !target.matches('[data-message], .messages')) return undefined;
  const next = nextOf(key, rows, at);
  if (next === undefined) return undefined;
  event.preventDefault();
  return next;
}

function nextOf(key: string, rows: readonly Row[], at: number): number | undefined {
  switch (key) {
    case 'ArrowUp':
      return messageFrom(rows, at - 1, -1);
    case 'ArrowDown':
      return messageFrom(rows, at + 1, 1);
    case 'PageUp':
      return messageFrom(rows, Math.max(0, at - pageOfLines), 1);
    case 'PageDown':
      return messageFrom(rows, Math.min(rows.length - 1, at + pageOfLines), -1);
    case 'Home':
      return messageFrom(rows, 0, 1);
    case 'End':
      return messageFrom(rows, rows.length - 1, -1);
    default:
      return undefined;
  }
}

function messageFrom(rows: readonly Row[], from: number, step: 1 | -1): number | undefined {
  for (let at = from; at >= 0 && at < rows.length; at += step)
    if (rows[at]?.line.kind === 'message') return at;
  return undefined;
}
