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

/** What is missing between 1 and the highest number. */
export function rangesGaps(ranges: Ranges): Ranges {
  const gaps: NumberRange[] = [];
  let next = 1;
  for (const [from, to] of ranges) {
    if (from > next) gaps.push([next, from - 1]);
    next = to + 1;
  }
  return gaps;
}
