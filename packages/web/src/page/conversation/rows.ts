import type { WindowLine } from '@tern/core';
import type { MessageId } from '@tern/protocol';

/** One line as it is drawn: what stands above it, and whether it goes on where the one before stopped. */
export interface Row {
  readonly line: WindowLine;
  /** a new day begins above it: a moment of that day, milliseconds since 1970 */
  readonly day?: number;
  /** the first that was not read yet stands below this mark */
  readonly unread: boolean;
  /** first and last of what one person said in a row */
  readonly first: boolean;
  readonly last: boolean;
}

/** What is said within this time belongs together. */
const togetherMs = 5 * 60_000;

/** Rows that did not change stay the same objects. Keeps what it made; one for each conversation that is shown. */
export function rowMaker(): (
  lines: readonly WindowLine[],
  unreadFrom: MessageId | undefined,
) => readonly Row[] {
  let made = new WeakMap<WindowLine, Row>();
  return (lines, unreadFrom) => {
    const calendar = openCalendar();
    const next = new WeakMap<WindowLine, Row>();
    const rows = lines.map((line, at) => {
      const before = lines[at - 1];
      const day = calendar(line);
      const unread = unreadFrom !== undefined && line.kind === 'message' && line.id === unreadFrom;
      const first = day !== undefined || unread || !isTogether(before, line);
      const after = lines[at + 1];
      const last = !isTogether(line, after) || (after?.kind === 'message' && after.id === unreadFrom);
      const old = made.get(line);
      const row =
        old !== undefined &&
        old.day === day &&
        old.unread === unread &&
        old.first === first &&
        old.last === last
          ? old
          : { line, unread, first, last, ...(day !== undefined && { day }) };
      next.set(line, row);
      return row;
    });
    made = next;
    return rows;
  };
}

function isTogether(a: WindowLine | undefined, b: WindowLine | undefined): boolean {
  return (
    a?.kind === 'message' &&
    b?.kind === 'message' &&
    a.from === b.from &&
    Math.abs(b.at - a.at) < togetherMs &&
    new Date(a.at).getDate() === new Date(b.at).getDate()
  );
}

/** Says of each line in turn whether a day begins with it. Clocks of people differ: going back within a day begins none. */
function openCalendar(): (line: WindowLine) => number | undefined {
  let from = Infinity;
  let to = -Infinity;
  return (line) => {
    if (line.kind === 'gap' || (line.at >= from && line.at < to)) return undefined;
    from = new Date(line.at).setHours(0, 0, 0, 0);
    const end = new Date(from);
    to = end.setDate(end.getDate() + 1);
    return line.at;
  };
}
