import { mkdirSync, mkdtempDisposableSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { benchFiles, chosen, runBenches } from './bench.ts';
import { errorFigure, figureOf, jsonLine, tableLine, type Figure } from './bench-figure.ts';
import { recordedGoals, withGoal } from './bench-goals.ts';

const never = new AbortController().signal;

/** The figures of benchmarks with these sources, each in a process of its own. */
async function figuresOf(
  sources: Readonly<Record<string, string>>,
  word?: string,
): Promise<{ readonly figures: readonly Figure[]; readonly whole: boolean }> {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'tern-bench-test-'));
  for (const [name, source] of Object.entries(sources)) {
    const bench = join(folder.path, 'packages', name, 'bench');
    mkdirSync(bench, { recursive: true });
    writeFileSync(join(bench, `${name}.bench.ts`), source);
  }
  const files = benchFiles(folder.path).map((file) => join(folder.path, file));
  const figures: Figure[] = [];
  const whole = await runBenches(chosen(files, word), {
    show: (figure) => figures.push(figure),
    signal: never,
  });
  return { figures, whole };
}

const two = `export async function benchTwo() {
  console.log('not a figure');
  return [{ name: 'walking', value: 2, unit: 'ms', goal: 3 }, { name: 'running', value: 5, unit: 'msg/s' }];
}`;

describe('a figure', () => {
  test('meets its goal from below, or from above where it is a rate', () => {
    expect(figureOf({ name: 'a', value: 2, unit: 'ms', goal: 3 }).met).toBe(true);
    expect(figureOf({ name: 'a', value: 4, unit: 'ms', goal: 3 }).met).toBe(false);
    expect(figureOf({ name: 'a', value: 4, unit: 'msg/s', goal: 3 }).met).toBe(true);
    expect(figureOf({ name: 'a', value: 4, unit: 'x', goal: 3, atLeast: true }).met).toBe(true);
    expect(figureOf({ name: 'a', value: 4, unit: 'x' }).met).toBeNull();
  });

  test('is one line of JSON with every key, also where there is no goal', () => {
    expect(JSON.parse(jsonLine(figureOf({ name: 'a', value: 4, unit: 'ms' })))).toEqual({
      name: 'a',
      value: 4,
      unit: 'ms',
      goal: null,
      met: null,
    });
  });

  test('of a benchmark that failed says so in the table', () => {
    expect(tableLine(errorFigure('a'))).toMatch(/^a +failed/u);
  });
});

describe('a recorded goal', () => {
  test('belongs to a figure that some benchmark gives', () => {
    const root = resolve(import.meta.dirname, '..');
    const sources = benchFiles().map((file) => readFileSync(join(root, file), 'utf8'));
    for (const name of recordedGoals.keys())
      expect(
        sources.some((source) => source.includes(`'${name}'`)),
        name,
      ).toBe(true);
  });

  test("gives way to the benchmark's own", () => {
    const [[name, goal] = ['', 0]] = recordedGoals;
    expect(withGoal({ name, value: 1, unit: 'us' }).goal).toBe(goal);
    expect(withGoal({ name, value: 1, unit: 'us', goal: 7 }).goal).toBe(7);
  });
});

describe('the benchmarks', () => {
  test('give their figures whatever they print', async () => {
    const { figures, whole } = await figuresOf({ two });
    expect(figures.map(({ name, met }) => [name, met])).toEqual([
      ['walking', true],
      ['running', null],
    ]);
    expect(whole).toBe(true);
  });

  test('that fail are a figure each, and the others go on', async () => {
    const crash = 'export async function benchCrash() { process.abort(); }';
    const lie = `export async function benchLie() { return [{ name: 'a', value: NaN, unit: 'ms' }]; }`;
    const { figures, whole } = await figuresOf({ crash, lie, two });
    expect(figures.map(({ unit, met }) => [unit, met])).toEqual([
      ['error', false],
      ['error', false],
      ['ms', true],
      ['msg/s', null],
    ]);
    expect(whole).toBe(false);
  });

  test('end after what their file allows, and one that hangs is a failed figure', async () => {
    const hang = `export const longestMs = 50;
      export async function benchHang() { return new Promise((resolve) => setTimeout(resolve, 600_000)); }`;
    const { figures, whole } = await figuresOf({ hang, two: `export const longestMs = 600_000;\n${two}` });
    expect(figures.map(({ unit, met }) => [unit, met])).toEqual([
      ['error', false],
      ['ms', true],
      ['msg/s', null],
    ]);
    expect(whole).toBe(false);
  });

  test('are chosen by a word of their path, and else by a word of the figure', async () => {
    const other = two.replaceAll('walking', 'swimming').replaceAll('running', 'diving');
    expect((await figuresOf({ two, other }, 'two.bench')).figures.map(({ name }) => name)).toEqual([
      'walking',
      'running',
    ]);
    expect((await figuresOf({ two, other }, 'Swim')).figures.map(({ name }) => name)).toEqual(['swimming']);
  });
});
