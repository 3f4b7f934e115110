/**
 * `npm run bench`: every `*.bench.ts` in the `bench` folders of the packages, one after the other, each in a process of its own, so
 * that none measures what another left behind and a crash is one failed figure.
 *
 *     npm run bench                       a table: name, value, unit, goal, whether it was met
 *     npm run bench -- WORD               only the files whose path has WORD in it; if none has, the figures whose name does
 *     npm run -s bench -- --json          one JSON object a line, and nothing else on standard output
 *
 * A goal that is missed is shown and is no failure: absolute figures belong to the machine they were measured on.
 * The exit code is 1 when a benchmark failed to give figures, or did not within a quarter of an hour or what its file allows itself (`export const longestMs`).
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { globSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

import {
  errorFigure,
  figureOf,
  jsonLine,
  measurementsFrom,
  tableHead,
  tableLine,
  type Figure,
} from './bench-figure.ts';
import { withGoal } from './bench-goals.ts';

const root = resolve(import.meta.dirname, '..');
/** beyond what most take; one that hangs is a failed figure. A file that takes longer exports its own limit as `longestMs` */
const usualLongestMs = 15 * 60_000;

export type BenchRun = {
  /** files, relative to the project's folder */
  readonly files: readonly string[];
  /** shows only figures with this in their name */
  readonly named: string | undefined;
};

/** @param files all there are @param word what somebody wants to see; without it everything */
export function chosen(files: readonly string[], word: string | undefined): BenchRun {
  if (word === undefined) return { files, named: undefined };
  const wanted = word.toLowerCase();
  const byPath = files.filter((file) => file.toLowerCase().includes(wanted));
  return byPath.length > 0 ? { files: byPath, named: undefined } : { files, named: wanted };
}

/** Runs them and hands on each figure when it is known. @returns whether every one gave its figures */
export async function runBenches(
  { files, named }: BenchRun,
  options: { readonly show: (figure: Figure) => void; readonly signal: AbortSignal },
): Promise<boolean> {
  let whole = true;
  for (const file of files) {
    const figures = await benchInProcess(file, options.signal);
    if (figures === undefined) whole = false;
    for (const figure of figures ?? [errorFigure(file)])
      if (named === undefined || figures === undefined || figure.name.toLowerCase().includes(named))
        options.show(figure);
  }
  return whole;
}

/** What the child says before it begins. */
type Limit = { readonly longestMs: number };

/** @returns undefined for one that failed; why stands on standard error */
async function benchInProcess(file: string, signal: AbortSignal): Promise<readonly Figure[] | undefined> {
  signal.throwIfAborted();
  const late = new AbortController();
  const within = (ms: number): NodeJS.Timeout =>
    setTimeout(() => {
      console.error(`${file}: not done in ${ms / 1000} s`);
      late.abort();
    }, ms);
  // what a benchmark prints goes to standard error
  const child = fork(import.meta.filename, ['--in-this-process', file], {
    cwd: root,
    stdio: ['ignore', 2, 2, 'ipc'],
    // memory is measured after everything that can go has gone
    execArgv: ['--expose-gc', '--disable-warning=ExperimentalWarning'],
    signal: AbortSignal.any([signal, late.signal]),
  });
  let message: unknown;
  let timer = within(usualLongestMs);
  child.on('message', (sent) => {
    if (!isLimit(sent)) {
      message ??= sent;
      return;
    }
    clearTimeout(timer);
    timer = within(sent.longestMs);
  });
  child.once('error', (cause) => console.error(`${file}: ${cause.message}`));
  await once(child, 'close').catch(() => undefined);
  clearTimeout(timer);
  if (message === undefined) return undefined;
  return measurementsFrom(message).map((one) => figureOf(withGoal(one)));
}

function isLimit(sent: unknown): sent is Limit {
  return typeof sent === 'object' && sent !== null && 'longestMs' in sent;
}

/** In the child: the one exported function whose name begins with `bench`. */
async function benchHere(file: string): Promise<void> {
  const module: unknown = await import(pathToFileURL(resolve(root, file)).href);
  const benches = Object.entries(module as object).filter(
    ([name, value]) => name.startsWith('bench') && typeof value === 'function',
  );
  const [bench] = benches;
  if (bench === undefined || benches.length > 1)
    throw new TypeError(`${file} exports ${benches.length} functions named bench..., and one is expected`);
  const limit: unknown = Reflect.get(module as object, 'longestMs');
  if (typeof limit === 'number') process.send?.({ longestMs: limit } satisfies Limit);
  const measured = measurementsFrom(await (bench[1] as () => Promise<unknown>)());
  process.send?.(measured, () => process.disconnect());
}

export function benchFiles(folder: string = root): readonly string[] {
  return globSync(join(folder, 'packages', '*', 'bench', '*.bench.ts'))
    .map((file) => relative(folder, file).split(sep).join('/'))
    .toSorted();
}

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { json: { type: 'boolean' } },
    allowPositionals: true,
  });
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());
  const { json = false } = values;
  if (!json) console.log(tableHead);
  const whole = await runBenches(chosen(benchFiles(), positionals[0]), {
    show: (figure) => console.log(json ? jsonLine(figure) : tableLine(figure)),
    signal: stop.signal,
  });
  return whole ? 0 : 1;
}

if (import.meta.main) {
  const [first, file] = process.argv.slice(2);
  if (first === '--in-this-process' && file !== undefined) await benchHere(file);
  else process.exitCode = await main(process.argv.slice(2));
}
