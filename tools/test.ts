/**
 * `npm test`: the checks, then every test; `npm test -- PATTERN` runs the matching test files alone.
 * The last line says how many passed and failed, a check counting as one test.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempDisposableSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { checks, runChecks } from './check.ts';
import { closingLine, tallyOf, type Tally } from './tally.ts';

const root = resolve(import.meta.dirname, '..');

async function main(vitestArgs: readonly string[]): Promise<Tally> {
  const startedAt = performance.now();
  const results = vitestArgs.length === 0 ? await runChecks(checks, console.log) : [];
  const tests = await runVitest(vitestArgs);
  const seconds = (performance.now() - startedAt) / 1000;
  const failedChecks = results.filter((result) => !result.passed).map((result) => result.name);
  if (failedChecks.length > 0) console.log(`\nFailed above: ${failedChecks.join(', ')}`);
  console.log(`\nIt took ${seconds.toFixed(1)} s, not counting what was installed before.`);
  return {
    passed: tests.passed + results.length - failedChecks.length,
    failed: tests.failed + failedChecks.length,
  };
}

/** In a process of its own, so that a crash of what is tested is a failure and not our end. */
async function runVitest(args: readonly string[]): Promise<Tally> {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'tern-test-'));
  const reportPath = join(folder.path, 'report.json');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportPath}`];
  const vitest = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...reporters, ...args], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const stop = (signal: NodeJS.Signals): boolean => vitest.kill(signal);
  process.on('SIGINT', stop).on('SIGTERM', stop);
  await once(vitest, 'close');
  return tallyOf(readReport(reportPath), vitest.exitCode);
}

function readReport(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    console.error('vitest left no report:', error);
    return undefined;
  }
}

const tally = await main(process.argv.slice(2));
console.log(closingLine(tally));
process.exitCode = tally.failed === 0 ? 0 : 1;
