import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { MessageStatus } from '@tern/core';
import type { Line } from '../programs/crash-command.ts';
import { faultsBetween, type Side } from './crash-check.ts';
import type { Pair } from './crash-life.ts';
import { compiledIn, type CrashTown, type Device } from './crash-town.ts';

const tern = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const run = promisify(execFile);

/** A line of `tern read --json`, as far as it matters here. */
interface Read {
  readonly gap?: number;
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly text: string;
  readonly number?: number;
  readonly status: MessageStatus;
}

/** What a person is shown by `tern read`, in a process beside the one that has the home open. */
async function readAloud(town: CrashTown, device: Device): Promise<readonly Read[]> {
  const args = ['--disable-warning=ExperimentalWarning', tern, 'read', '--json', '--home', device.home];
  const { stdout } = await run(process.execPath, args, {
    maxBuffer: 2 ** 28,
    env: { ...process.env, NODE_COMPILE_CACHE: compiledIn(town.dir) },
  });
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Read);
}

function linesWith(read: readonly Read[], me: string, other: string): readonly Line[] {
  return read
    .filter(({ from, to }) => from === other || (from === me && to === other))
    .map(({ gap, id, from, text, number, status }, position) =>
      gap === undefined
        ? { kind: 'message', id, fromMe: from === me, number: number ?? 0, position, status, text }
        : { kind: 'gap', missing: gap },
    );
}

/** Everything wrong in a town that is at rest, by its stores, and by what `tern read` shows to those named. */
export async function faultsIn(
  town: CrashTown,
  look: { readonly pairs: readonly Pair[]; readonly reading: readonly string[] },
): Promise<readonly string[]> {
  const faults: string[] = [];
  const aloud = new Map<string, readonly Read[]>();
  for (const name of look.reading) aloud.set(name, await readAloud(town, town.device(name)));
  for (const [one, other] of look.pairs) {
    const [left, right] = [await kept(town, one, other), await kept(town, other, one)];
    faults.push(...faultsBetween(left, right));
    const [leftRead, rightRead] = [aloud.get(one), aloud.get(other)];
    if (leftRead === undefined && rightRead === undefined) continue;
    faults.push(
      ...faultsBetween(
        leftRead === undefined ? left : { ...left, lines: linesWith(leftRead, one, other) },
        rightRead === undefined ? right : { ...right, lines: linesWith(rightRead, other, one) },
      ).map((fault) => `read aloud: ${fault}`),
    );
  }
  return faults;
}

async function kept(town: CrashTown, name: string, other: string): Promise<Side> {
  const device = town.device(name);
  const { lines = [], notices = [], invitations = [] } = await device.insist({ do: 'list', with: other });
  return { name, journal: device.journal(), lines, notices, invitations };
}
