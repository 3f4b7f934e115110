/**
 * `npm run soak`: the tests that live by chance, with seeds that nobody has tried, again and again until one fails or the time is over.
 * The gate has fixed seeds for them; here is where new ones are looked for.
 *
 *     npm run soak                        once, some minutes
 *     npm run soak -- --minutes 60        begins anew until an hour has passed; what has begun is finished
 *     npm run soak -- schedules           ten thousand schedules of cuts and deaths, then two hundred over real sockets: always the same
 *                                         ones, unless told otherwise by `--seed 20001 --count 1000 --sockets 0`
 *
 * The exit code is 1 at the first failure, and the last line says how to bring it back.
 */
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

const root = resolve(import.meta.dirname, '..');

/** Each takes `TERN_SEED`, a whole number. */
const chancy: readonly string[] = [
  'packages/core/test/group-crypto-random.test.ts',
  'packages/relay/test/fuzz.test.ts',
  'packages/agent/test/crash.test.ts',
  'packages/agent/test/schedules.test.ts',
];
const schedules = 'packages/agent/test/programs/run-schedules.ts';
const highestSeed = 2 ** 31;

/** What soaking needs of the machine. */
export interface Soaking {
  /** @returns whether the tests of that file held with that seed */
  run(file: string, seed: number): Promise<boolean>;
  /** milliseconds that only grow */
  now(): number;
  /** a whole number that was most likely never tried */
  seed(): number;
  tell(line: string): void;
}

/** Round after round, a fresh seed for each. @param minutes no round begins after them; the first one always does @returns whether all held */
export async function soak(minutes: number, { run, now, seed, tell }: Soaking): Promise<boolean> {
  const startedAt = now();
  const passed = (): number => (now() - startedAt) / 60_000;
  for (let round = 1; round === 1 || passed() < minutes; round += 1) {
    const fresh = seed();
    tell(`round ${round}, after ${passed().toFixed(1)} minutes: TERN_SEED=${fresh}`);
    for (const file of chancy) {
      if (await run(file, fresh)) continue;
      tell(`failed; TERN_SEED=${fresh} npm test -- ${file} brings it back`);
      return false;
    }
  }
  tell(`all held for ${passed().toFixed(1)} minutes`);
  return true;
}

/** @throws {TypeError} for options that mean nothing */
export function minutesIn(args: readonly string[]): number {
  const { values } = parseArgs({ args: [...args], options: { minutes: { type: 'string', default: '0' } } });
  const minutes = Number(values.minutes);
  if (!(minutes >= 0)) throw new TypeError(`--minutes ${values.minutes} is no number of minutes`);
  return minutes;
}

function runVitest(file: string, seed: number): Promise<boolean> {
  return runNode(['node_modules/vitest/vitest.mjs', 'run', file], { TERN_SEED: `${seed}` });
}

/** @returns whether it ended well */
async function runNode(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<boolean> {
  const child = spawn(process.execPath, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...env },
  });
  const stop = (signal: NodeJS.Signals): boolean => child.kill(signal);
  process.on('SIGINT', stop).on('SIGTERM', stop);
  await once(child, 'close');
  process.off('SIGINT', stop).off('SIGTERM', stop);
  return child.exitCode === 0;
}

if (import.meta.main) {
  const [what, ...rest] = process.argv.slice(2);
  const held =
    what === 'schedules'
      ? await runNode([schedules, ...rest])
      : await soak(minutesIn(process.argv.slice(2)), {
          run: runVitest,
          now: () => performance.now(),
          seed: () => randomInt(1, highestSeed),
          tell: console.log,
        });
  process.exitCode = held ? 0 : 1;
}
