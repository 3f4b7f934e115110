/**
 * The quick part of the tests: what can be said about the sources without running them. `npm run check`.
 * All steps run at once; a step that passes is one line, one that fails shows what its tool said.
 */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';

export type Check = {
  readonly name: string;
  /** A script for this very Node, not a command: the host's Node may be too old for the tools. */
  readonly script: string;
  readonly args: readonly string[];
};

export const checks: readonly Check[] = [
  { name: 'types', script: 'node_modules/typescript/bin/tsc', args: ['-p', 'tsconfig.json'] },
  // the page's own, because only it may know a browser's names
  { name: 'types of the web app', script: 'node_modules/typescript/bin/tsc', args: ['-p', 'packages/web'] },
  {
    name: 'lint',
    script: 'node_modules/oxlint/bin/oxlint',
    args: ['--type-aware', '--deny-warnings', '--report-unused-disable-directives', '--format=unix'],
  },
  { name: 'format', script: 'node_modules/oxfmt/bin/oxfmt', args: ['--check', '.'] },
  { name: 'arrows', script: 'tools/arrows.ts', args: [] },
  { name: 'unused', script: 'node_modules/knip/bin/knip.js', args: ['--no-progress', '--no-config-hints'] },
];

export type CheckResult = { readonly name: string; readonly passed: boolean };

const root = resolve(import.meta.dirname, '..');

/** Runs them all, as many at a time as there are processors, and tells each result as soon as it is known. */
export async function runChecks(
  list: readonly Check[],
  tell: (line: string) => void,
): Promise<readonly CheckResult[]> {
  const results: CheckResult[] = [];
  const waiting = [...list];
  const worker = async (): Promise<void> => {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
      results.push(await runCheck(check, tell));
    }
  };
  await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, worker));
  return results;
}

async function runCheck(check: Check, tell: (line: string) => void): Promise<CheckResult> {
  const startedAt = performance.now();
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', resolve(root, check.script), ...check.args],
    { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const ended = new Promise<boolean>((settle, fail) => {
    child.once('error', fail);
    child.once('close', (code) => {
      settle(code === 0);
    });
  });
  const [passed, output, errors] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  tell(`${passed ? 'ok    ' : 'FAILED'} ${check.name.padEnd(7)} ${seconds.padStart(5)} s`);
  if (!passed) tell(`${output}${errors}`.trimEnd().replaceAll(/^/gmu, '    '));
  return { name: check.name, passed };
}

if (import.meta.main) {
  const results = await runChecks(checks, console.log);
  process.exitCode = results.every((result) => result.passed) ? 0 : 1;
}
