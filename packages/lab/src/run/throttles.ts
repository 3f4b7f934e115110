/** Whether what is slowed down on purpose is called so by whoever meets it: the catalogue asks it of S05, within 20 s. */
import { firstBiteOf, type Memory } from '../censor/memory.ts';
import { matcherOf } from '../censor/name-pattern.ts';
import type { Policy } from '../censor/policy.ts';
import type { RunRecord } from './results.ts';
import type { Person } from './workload.ts';

/** What somebody's program called throttled. Seconds since the block. */
export interface Throttled {
  readonly who: Person;
  /** a packet of theirs, or for them, was dropped by a limit for the first time */
  readonly metSeconds: number;
  /** their program said it of a name that has a limit; null: not while it was watched */
  readonly saidSeconds: number | null;
}

/** The limits on one person's line. */
export interface Limits {
  /** one of them is about connections that say this name */
  has(name: string): boolean;
  /** on the engine's clock; undefined: none has dropped anything of theirs */
  metAt(): number | undefined;
}

export function limitsOf(policy: Policy, memory: Memory, client: number): Limits {
  const limits = policy.rules.flatMap((rule, at) =>
    rule.technique === 'police' || rule.technique === 'crawl' ? [{ rule, at }] : [],
  );
  const rules = limits.map(({ at }) => at);
  return {
    has: (name) => limits.some(({ rule }) => rule.names.length === 0 || matcherOf(rule.names)(name)),
    metAt: () => firstBiteOf(memory, { client, rules }),
  };
}

/** One line of everybody who met a limit and whose program says what it finds. */
export function wordsOfThrottled(records: readonly RunRecord[]): readonly string[] {
  const each = records.flatMap(({ scenario, seed, outcomes }) =>
    outcomes.flatMap((outcome) =>
      outcome.kind === 'measured'
        ? (outcome.throttled ?? []).map(
            ({ who, metSeconds, saidSeconds }) =>
              `${scenario} ${outcome.subject} seed ${seed} ${who} ${saidSeconds === null ? 'never' : `${saidSeconds} s`} (met at ${metSeconds} s)`,
          )
        : [],
    ),
  );
  return each.length === 0 ? [] : [`called throttled after the block: ${each.join(', ')}`];
}
