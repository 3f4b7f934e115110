import type { Level } from '../scenario/target.ts';
import type { Late, Measures } from './measures.ts';
import type { Throttled } from './throttles.ts';
import type { Profile } from './profile.ts';

/** How one subject did in one run, why that says nothing (`void`), or why it cannot play on this machine (`missing`). */
export type Outcome = (
  | {
      readonly kind: 'measured';
      readonly measures: Measures;
      readonly level: Level;
      /** of a subject whose programs say what they find: everybody who met a limit */
      readonly throttled?: readonly Throttled[];
      /** what took longer than a minute, or did not come */
      readonly late?: readonly Late[];
    }
  | { readonly kind: 'void' | 'missing'; readonly because: string }
) & {
  readonly subject: string;
  /** tries of the same run that were void and were played again, in order */
  readonly earlier?: readonly EarlierTry[];
};

/** A try that said nothing. */
export interface EarlierTry {
  readonly because: string;
  readonly lagMs: RunRecord['lagMs'];
}

/** One run as it is kept in the results folder. */
export interface RunRecord {
  readonly scenario: string;
  /** of what was played: two files may give their scenarios one id. See `digestOf` */
  readonly digest: string;
  readonly seed: number;
  readonly profile: Profile['name'];
  /** of everything that was run: product and lab */
  readonly sources: string;
  readonly outcomes: readonly Outcome[];
  /** how late the engine was, and how long programs waited for a processor: 99th percentiles of the worst internet, milliseconds */
  readonly lagMs: { readonly engine: number; readonly programs: number };
  readonly seconds: number;
  /** of these from the block until nobody was watched any longer */
  readonly watchedSeconds: number;
}

/** A number of a cell; `never`: it did not happen while the run was watched; null: nothing was measured. */
export type Value = number | 'never' | null;

/** One cell of the table: a subject in a scenario, over all seeds. Its values are the worst of them, and so is its level. */
export interface Cell {
  readonly scenario: string;
  readonly subject: string;
  readonly level: Level | null;
  readonly text: Value;
  readonly eventual: Value;
  readonly ttr: Value;
  readonly media: Value;
  readonly cold: Value;
  readonly quiet: Value;
  readonly seeds: number;
  readonly profile: Profile['name'];
}

export interface CellWithMedians {
  readonly cell: Cell;
  /** only what is `measured` has values; a cell of which one seed is void is void */
  readonly state: Outcome['kind'];
  readonly medians: Readonly<Record<ValueName, Value>>;
  /** why there is nothing in it, or why its level is F although the numbers look well */
  readonly remark: string;
}

export const valueNames = ['text', 'eventual', 'ttr', 'media', 'cold', 'quiet'] as const;
export type ValueName = (typeof valueNames)[number];

const levels: readonly Level[] = ['A', 'B', 'C', 'F'];
const moreIsBetter: ReadonlySet<ValueName> = new Set<ValueName>(['text', 'eventual']);

/** One cell for each scenario and subject, in the order in which they first appear. A cell of which one seed is void is void. */
export function cellsOf(records: readonly RunRecord[]): readonly CellWithMedians[] {
  const groups = new Map<string, { readonly record: RunRecord; readonly outcomes: Outcome[] }>();
  for (const record of records) {
    for (const outcome of record.outcomes) {
      const name = `${record.scenario} ${outcome.subject}`;
      const group = groups.get(name) ?? { record, outcomes: [] };
      groups.set(name, group);
      group.outcomes.push(outcome);
    }
  }
  return [...groups.values()].map(({ record, outcomes }) => cellOf(record, outcomes));
}

function cellOf({ scenario, profile }: RunRecord, outcomes: readonly Outcome[]): CellWithMedians {
  const head = { scenario, subject: outcomes[0]?.subject ?? '' };
  const tail = { seeds: outcomes.length, profile };
  const measured = outcomes.filter((one) => one.kind === 'measured');
  const holes = outcomes.filter((one) => one.kind !== 'measured');
  const hole = holes.find(({ kind }) => kind === 'void') ?? holes[0];
  if (hole !== undefined) {
    const none = { text: null, eventual: null, ttr: null, media: null, cold: null, quiet: null };
    const played = { seeds: hole.kind === 'missing' ? 0 : outcomes.length, profile };
    const remark = hole.kind === 'missing' ? hole.because : `void: ${hole.because}`;
    return { cell: { ...head, level: null, ...none, ...played }, state: hole.kind, medians: none, remark };
  }
  const sorted = (name: ValueName): readonly Value[] =>
    measured
      .map(({ measures }) => rounded(measures[name]))
      .toSorted((one, other) => weight(other, name) - weight(one, name));
  const pick = (at: (values: readonly Value[]) => Value): Record<ValueName, Value> => ({
    text: at(sorted('text')),
    eventual: at(sorted('eventual')),
    ttr: at(sorted('ttr')),
    media: at(sorted('media')),
    cold: at(sorted('cold')),
    quiet: at(sorted('quiet')),
  });
  const worst = pick((values) => values[0] ?? null);
  const medians = pick((values) => values[Math.floor(values.length / 2)] ?? null);
  const level =
    measured.map((one) => one.level).toSorted((a, b) => levels.indexOf(b) - levels.indexOf(a))[0] ?? null;
  const wrong = measured.reduce((sum, { measures }) => sum + measures.wrong, 0);
  const remark = wrong === 0 ? '' : `${wrong} shown twice or wrongly`;
  return { cell: { ...head, level, ...worst, ...tail }, state: 'measured', medians, remark };
}

/** The greater, the worse. */
function weight(value: Value, name: ValueName): number {
  if (value === 'never' || value === null) return Number.MAX_VALUE;
  return moreIsBetter.has(name) ? -value : value;
}

function rounded(value: number | undefined): Value {
  return value === undefined ? 'never' : Math.round(value * 1000) / 1000;
}

export function jsonLine(cell: Cell): string {
  return JSON.stringify(cell);
}

/** A table in Markdown: `median / worst` where a cell has several seeds. */
export function tableOf(cells: readonly CellWithMedians[]): string {
  const rows = cells.map(({ cell, state, medians, remark }) => [
    cell.scenario,
    cell.subject,
    levelOr(state, cell.level),
    ...valueNames.map((name) => shown(medians[name], cell[name], { name, seeds: cell.seeds })),
    `${cell.seeds} ${cell.profile}`,
    remark,
  ]);
  return markdown(
    ['scenario', 'subject', 'level', 'text', 'eventual', 'ttr s', 'media s', 'cold s', 'quiet', 'seeds', ''],
    rows,
  );
}

/** Levels alone: scenarios down, subjects across, and how each row was played. */
export function levelsOf(cells: readonly CellWithMedians[]): string {
  const subjects = [...new Set(cells.map(({ cell }) => cell.subject))];
  const scenarios = [...new Set(cells.map(({ cell }) => cell.scenario))];
  const rows = scenarios.map((scenario) => {
    const those = cells.filter(({ cell }) => cell.scenario === scenario);
    const level = (subject: string): string => {
      const found = those.find(({ cell }) => cell.subject === subject);
      return levelOr(found?.state ?? 'void', found?.cell.level ?? null);
    };
    return [scenario, ...subjects.map(level), those[0]?.cell.profile ?? ''];
  });
  return markdown(['scenario', ...subjects, 'profile'], rows);
}

function levelOr(state: Outcome['kind'], level: Level | null): string {
  return level ?? (state === 'missing' ? 'not installed' : 'void');
}

function shown(
  median: Value,
  worst: Value,
  { name, seeds }: { readonly name: ValueName; readonly seeds: number },
): string {
  const one = (value: Value): string =>
    value === null ? '' : typeof value === 'number' && moreIsBetter.has(name) ? value.toFixed(2) : `${value}`;
  return seeds === 1 || one(median) === one(worst) ? one(worst) : `${one(median)} / ${one(worst)}`;
}

export function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((words, at) => Math.max(words.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((words, at) => words.padEnd(widths[at] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}
