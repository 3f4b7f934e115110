import { execFile } from 'node:child_process';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { Branch } from './fuzz/branches.ts';
import type { FuzzReport } from './programs/fuzz.ts';

const program = join(import.meta.dirname, 'programs/fuzz.ts');
/** They take some minutes; `TERN_FUZZ_COUNT=2000 npm test -- packages/relay/test/fuzz.test.ts` is a quick look. */
const count = Number(process.env['TERN_FUZZ_COUNT'] ?? 100_000);
/** Always these, so that a failure is of what was changed; `npm run soak` tries others, `TERN_SEED` one. */
const gateSeeds = [740_495_000, 35_148_500];
const given = process.env['TERN_SEED'];
/** One process for each, which counts up from it arena by arena. */
const seeds = given === undefined ? gateSeeds : [Number(given), Number(given) + 500];
const minutes = 60_000;

test(
  'a relay lives through mutated batches, does nothing it may not, and loses nothing it has acknowledged',
  // twenty times of what a quiet machine takes
  { timeout: 10 * minutes + count * 40 },
  async ({ signal }) => {
    console.log(`${count} batches of the seeds ${seeds.join(' and ')}`);
    const started = performance.now();
    const reports = await Promise.all(
      seeds.map((seed) => fuzz({ count: Math.ceil(count / seeds.length), seed }, signal)),
    );
    const seconds = (performance.now() - started) / 1000;
    const tally = new Map<string, number>();
    for (const report of reports)
      for (const [name, times] of Object.entries(report.tally))
        tally.set(name, (tally.get(name) ?? 0) + times);
    const outcomes = ['answered', 'card', 'unknown-ticket', 'not opened', 'busy'];
    expect(outcomes.reduce((sum, name) => sum + (tally.get(name) ?? 0), 0)).toBeGreaterThanOrEqual(count);
    expect(tally.get('answered') ?? 0).toBeGreaterThan(count * 0.9);
    const branches = merged(reports.map((report) => report.branches));
    const covered = branches.filter((branch) => branch.count > 0).length;
    console.log(
      `${count} batches in ${seconds.toFixed(0)} s: ${[...tally].map(([name, times]) => `${name} ${times}`).join(', ')}`,
    );
    console.log(tableOf(branches));
    expect(covered / branches.length).toBeGreaterThanOrEqual(0.9);
  },
);

async function fuzz(
  batches: { readonly count: number; readonly seed: number },
  signal: AbortSignal,
): Promise<FuzzReport> {
  const args = [
    '--disable-warning=ExperimentalWarning',
    program,
    '--report',
    `--count=${batches.count}`,
    `--seed=${batches.seed}`,
  ];
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 2 ** 28, signal });
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as FuzzReport;
}

/** The same branches of several runs, together. */
function merged([first = [], ...others]: readonly (readonly Branch[])[]): readonly Branch[] {
  return first.map((branch, at) => ({
    ...branch,
    count: others.reduce((sum, one) => sum + Math.max(0, one[at]?.count ?? 0), Math.max(0, branch.count)),
  }));
}

function tableOf(branches: readonly Branch[]): string {
  const files = Object.groupBy(branches, (branch) => branch.file);
  const lines = Object.entries(files).map(([file, all = []]) => {
    const missed = all
      .filter((branch) => branch.count === 0)
      .map((branch) => `${branch.line} ${branch.what}`);
    const name = `${basename(dirname(dirname(file)))} ${basename(file)}`;
    return `  ${name.padEnd(28)} ${String(all.length - missed.length).padStart(3)} of ${String(all.length).padStart(3)}  ${missed.join(', ')}`;
  });
  const covered = branches.filter((branch) => branch.count > 0).length;
  const percent = ((covered / branches.length) * 100).toFixed(1);
  return [
    'branches that ran, and by their lines those that did not:',
    ...lines,
    `${covered} of ${branches.length} branches, ${percent} %`,
  ].join('\n');
}
