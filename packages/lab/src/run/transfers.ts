import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LinkProfile } from '../engine/link.ts';
import type { News } from '../programs/lines.ts';
import { decodeScenario, drawPolicies } from '../scenario/scenario.ts';
import type { Program } from '../subjects/program.ts';
import type { Subject } from '../subjects/subject.ts';
import { openStage } from './stage.ts';

/** 60 ms there and back, nothing lost, and as fast as the machine. */
export const plainLine: LinkProfile = { up: { delayMs: 30 }, down: { delayMs: 30 } };

/** Who is behind the censor: `a` sends up, or gets what `c`, who is abroad, sent before. */
export interface Transfer {
  readonly direction: 'up' | 'down';
  readonly bytes: number;
}

export interface TransferRun {
  /** one rule for what is abroad, in the words of a scenario file */
  readonly rule: Readonly<Record<string, unknown>>;
  readonly line: LinkProfile;
  readonly subject: Subject;
  /** one after the other, the first ones by somebody who knows nothing of the network yet */
  readonly transfers: readonly Transfer[];
  readonly longestMs: number;
  readonly seed: number;
}

/**
 * Files under one rule that begins when people have met; each arrives byte for byte, or it did not.
 * @returns for each the seconds that it took `a`; undefined where it did not come in time, and for all after it
 */
export async function playTransfers(run: TransferRun): Promise<readonly (number | undefined)[]> {
  const folder = await mkdtemp(join(tmpdir(), 'tern-lab-'));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const policies = drawPolicies(scenarioOf(run.rule), { seed: run.seed });
  const stage = stack.use(await openStage({ seed: run.seed, policies, folder, line: run.line }));
  const { people } = await run.subject.open(stage.ground);
  const [a, c] = [people.get('a'), people.get('c')];
  if (a === undefined || c === undefined) throw new Error('nobody is there');
  stage.block();
  const took: (number | undefined)[] = [];
  for (const [at, transfer] of run.transfers.entries()) {
    const ends = transfer.direction === 'up' ? { from: a, to: c, name: 'c' } : { from: c, to: a, name: 'a' };
    const seconds = await transferOnce({ ...ends, ...transfer, file: `file-${at}` }, run.longestMs);
    if (seconds === undefined) break;
    took.push(seconds);
  }
  return run.transfers.map((_, at) => took[at]);
}

async function transferOnce(
  of: Transfer & {
    readonly from: Program;
    readonly to: Program;
    readonly name: string;
    readonly file: string;
  },
  longestMs: number,
): Promise<number | undefined> {
  const began = performance.now();
  of.from.order({ do: 'file', to: of.name, name: of.file, size: of.bytes });
  try {
    const { tookMs = 0 } = await of.to.first(
      (news): news is Extract<News, { is: 'file' }> => news.is === 'file' && news.name === of.file,
      { what: of.file, longestMs },
    );
    const ms = of.direction === 'down' ? tookMs : performance.now() - began - tookMs;
    return ms / 1000;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : ''}\n`);
    return undefined;
  }
}

function scenarioOf(rule: TransferRun['rule']): ReturnType<typeof decodeScenario> {
  const rules = [{ addresses: ['@abroad'], ...rule }];
  return decodeScenario(
    JSON.stringify({
      format: 1,
      id: 'transfers',
      title: 'files under one rule',
      source: 'T13',
      about: 'One rule, each number fixed.',
      lists: { abroad: ['203.0.113.0/24', '198.51.100.0/24'] },
      isps: { 'isp-1': { rules }, 'isp-2': { rules } },
      target: { level: 'A' },
      controls: [],
    }),
  );
}
