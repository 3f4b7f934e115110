/** How often what was said was what is so. */
import type { Expected } from './expected.ts';

/** One judgement of the product's, beside what the rules say. */
export interface Judgement {
  readonly scenario: string;
  readonly seed: number;
  readonly who: string;
  /** the relay's origin; empty for the one over all ways */
  readonly way: string;
  /** several where more than one answer is right */
  readonly expected: readonly Expected[];
  readonly said: string;
  /** by which rule of the product's */
  readonly by: string;
}

export interface Tally {
  readonly judgements: number;
  readonly right: number;
  readonly counts: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

export function tallyOf(judgements: readonly Judgement[]): Tally {
  const counts = new Map<string, Map<string, number>>();
  let right = 0;
  for (const { expected, said } of judgements) {
    const isRight = expected.some((one) => one === said);
    if (isRight) right += 1;
    const row = isRight ? said : (expected[0] ?? '');
    const of = counts.get(row) ?? new Map<string, number>();
    counts.set(row, of.set(said, (of.get(said) ?? 0) + 1));
  }
  return { judgements: judgements.length, right, counts };
}

/** The rules were made on even seeds and mended after a look at odd ones below this. */
export const firstHeldOut = 57;

/**
 * Odd seeds from {@link firstHeldOut} on are held out and published. Who looks at one of them to mend a rule moves that number beyond it, since
 * from then on it is one of the making.
 */
export function isHeldOut({ seed }: Pick<Judgement, 'seed'>): boolean {
  return seed % 2 === 1 && seed >= firstHeldOut;
}

/** A table in Markdown: a row for what was so, a column for what was said. */
export function matrixOf({ counts, judgements, right }: Tally): string {
  const said = [
    ...new Set([...counts.keys(), ...[...counts.values()].flatMap((row) => [...row.keys()])]),
  ].toSorted();
  const rows = [...counts.keys()].toSorted().map((truth) => {
    const row = counts.get(truth) ?? new Map<string, number>();
    const all = [...row.values()].reduce((sum, one) => sum + one, 0);
    return [truth, ...said.map((one) => `${row.get(one) ?? ''}`), percent(row.get(truth) ?? 0, all)];
  });
  const head = ['true \\ said', ...said, 'right'];
  const widths = head.map((words, at) => Math.max(words.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((words, at) => words.padEnd(widths[at] ?? 0)).join(' | ')} |`;
  return [
    line(head),
    line(widths.map((width) => '-'.repeat(width))),
    ...rows.map(line),
    '',
    `${right} of ${judgements} right (${percent(right, judgements)})`,
  ].join('\n');
}

function percent(part: number, whole: number): string {
  return `${((part * 100) / Math.max(1, whole)).toFixed(1)} %`;
}
