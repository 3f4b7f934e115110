import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';

const root = resolve(import.meta.dirname, '../../../..');
const run = promisify(execFile);

/** One call of the real command on a home. @returns its lines, each an object @throws where it fails, with what it said */
export async function tern(
  home: string,
  ...args: readonly string[]
): Promise<readonly Record<string, unknown>[]> {
  const { stdout } = await run('sh', [resolve(root, 'tern'), ...args, '--home', home, '--json'], {
    maxBuffer: 1 << 26,
    // two seconds are little on a busy machine
    env: { ...process.env, TERN_PATIENCE: '240' },
  });
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
