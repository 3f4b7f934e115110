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

/**
 * Makes rows of lines, again and again while lines change. Rows that did not change stay the same objects, and what stands among the
 * same neighbours as before is not looked at closer: of ten thousand lines, mostly one has changed.
 */
export function rowMaker(): (
  lines: readonly WindowLine[],
  unreadFrom: MessageId | undefined,
) => readonly Row[] {
  let before: readonly WindowLine[] = [];
  let made: readonly Row[] = [];
  let known = new Map<WindowLine, Row>();
  let mark: MessageId | undefined;
  return (lines, unreadFrom) => {
    if (unreadFrom !== mark) before = [];
    const shift = before.length > 0 && lines[0] !== before[0] ? lines.length - before.length : 0;
    // lines that came before all others, or went: those behind them have moved by as many places
    const by = shift > 0 && lines[shift] === before[0] ? shift : 0;
    if (by === 0 && lines[0] !== before[0]) known = new Map(made.map((row) => [row.line, row]));
    const rows: (Row | undefined)[] =
      by > 0 ? [...Array<undefined>(by), ...made] : made.slice(0, lines.length);
    /** all above it are as they will be */
    let next = 0;
    const remake = (from: number, to: number): void => {
      // a gap hides from the line below it which day is above
      const isWithin = (): boolean => next <= to || lines[next - 1]?.kind === 'gap';
      for (next = Math.max(next, from); next < lines.length && isWithin(); next += 1) {
        const old = rows[next];
        const line = lines[next] as WindowLine;
        rows[next] = kept(old?.line === line ? old : known.get(line), rowOf(lines, next, unreadFrom));
      }
    };
    // one comparison for each line and no more: this runs for every tick
    for (let at = 0; at < lines.length; at += 1) if (lines[at] !== before[at - by]) remake(at - 1, at + 1);
    if (lines.length < made.length + by) remake(lines.length - 1, lines.length);
    before = lines;
    made = rows as readonly Row[];
    mark = unreadFrom;
    return made;
  };
}

function rowOf(lines: readonly WindowLine[], at: number, unreadFrom: MessageId | undefined): Row {
  const line = lines[at] as WindowLine;
  const before = lines[at - 1];
  const after = lines[at + 1];
  const day = beginsDay(timedBefore(lines, at), line) ? line.at : undefined;
  const unread = isMarked(line, unreadFrom);
  return {
    line,
    unread,
    first: day !== undefined || unread || !isTogether(before, line),
    last: !isTogether(line, after) || isMarked(after, unreadFrom),
    ...(day !== undefined && { day }),
  };
}

function kept(old: Row | undefined, row: Row): Row {
  const isSame =
    old?.line === row.line &&
    old.day === row.day &&
    old.unread === row.unread &&
    old.first === row.first &&
    old.last === row.last;
  return isSame ? old : row;
}

function isMarked(line: WindowLine | undefined, unreadFrom: MessageId | undefined): boolean {
  return unreadFrom !== undefined && line?.kind === 'message' && line.id === unreadFrom;
}

function isTogether(a: WindowLine | undefined, b: WindowLine | undefined): boolean {
  return (
    a?.kind === 'message' &&
    b?.kind === 'message' &&
    a.from === b.from &&
    Math.abs(b.at - a.at) < togetherMs &&
    dayOf(a.at) === dayOf(b.at)
  );
}

/** A gap has no time of its own, and begins no day. */
function beginsDay(before: Timed | undefined, line: WindowLine): line is Timed {
  return line.kind !== 'gap' && (before === undefined || dayOf(before.at) !== dayOf(line.at));
}

type Timed = Exclude<WindowLine, { readonly kind: 'gap' }>;

function timedBefore(lines: readonly WindowLine[], at: number): Timed | undefined {
  for (let before = at - 1; before >= 0; before -= 1) {
    const line = lines[before];
    if (line !== undefined && line.kind !== 'gap') return line;
  }
  return undefined;
}

function dayOf(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0);
}
