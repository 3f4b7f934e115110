import type { LinkProfile } from '../engine/link.ts';
import type { News } from '../programs/lines.ts';
import type { Program } from '../subjects/program.ts';
import type { Subject } from '../subjects/subject.ts';
import { openPair, type RuleWords } from './pair.ts';

/** Who is behind the censor: `a` sends up, or gets what `c`, who is abroad, sent before. */
export interface Transfer {
  readonly direction: 'up' | 'down';
  readonly bytes: number;
}

export interface TransferRun {
  readonly rule: RuleWords;
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
  await using pair = await openPair(run);
  const { a, c } = pair;
  pair.stage.block();
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
