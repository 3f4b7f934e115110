import type { NumberRange } from '@tern/protocol';

/** Sets of running numbers as ascending, disjoint, not touching ranges: mostly one. */
export type Ranges = readonly NumberRange[];

export function rangesHave(ranges: Ranges, number: number): boolean {
  return ranges.some(([from, to]) => from <= number && number <= to);
}

export function rangesWith(ranges: Ranges, number: number): Ranges {
  return rangesUnion(ranges, [[number, number]]);
}

export function rangesUnion(a: Ranges, b: Ranges): Ranges {
  const sorted = [...a, ...b].filter(([from, to]) => from <= to).toSorted((x, y) => x[0] - y[0]);
  const merged: [number, number][] = [];
  for (const [from, to] of sorted) {
    const last = merged.at(-1);
    if (last !== undefined && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else merged.push([from, to]);
  }
  return merged;
}

/** Nobody loses so many single messages; who numbers theirs like that may not make a home keep it all. */
export const mostRanges = 1024;

/** At most {@link mostRanges} of them, the lowest holes closed: what is missing there is asked for no more. */
export function rangesClosed(ranges: Ranges): Ranges {
  const [first] = ranges;
  const until = ranges.at(-mostRanges);
  if (first === undefined || until === undefined || ranges.length <= mostRanges) return ranges;
  return [[first[0], until[1]], ...ranges.slice(1 - mostRanges)];
}

/** What is missing between a first number and the highest one. */
export function rangesGaps(ranges: Ranges, first: number): Ranges {
  const gaps: NumberRange[] = [];
  let next = first;
  for (const [from, to] of ranges) {
    if (from > next) gaps.push([next, from - 1]);
    next = Math.max(next, to + 1);
  }
  return gaps;
}

/** How many numbers from `from` to `to`, both included, are not there. */
export function rangesMissing(ranges: Ranges, from: number, to: number): number {
  let missing = Math.max(0, to - from + 1);
  for (const range of ranges) missing -= Math.max(0, Math.min(to, range[1]) - Math.max(from, range[0]) + 1);
  return missing;
}
