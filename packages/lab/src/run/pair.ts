import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LinkProfile } from '../engine/link.ts';
import { decodeScenario, drawPolicies } from '../scenario/scenario.ts';
import type { Program } from '../subjects/program.ts';
import type { Subject } from '../subjects/subject.ts';
import { openStage, type Stage } from './stage.ts';

/** 60 ms there and back, nothing lost, and as fast as the machine. */
export const plainLine: LinkProfile = { up: { delayMs: 30 }, down: { delayMs: 30 } };

/** One rule in the words of a scenario file, of what is abroad. */
export type RuleWords = Readonly<Record<string, unknown>>;

/** Two people who have met: `a` behind a provider's one rule, or none, and `c` abroad. */
export interface Pair extends AsyncDisposable {
  readonly stage: Stage;
  readonly a: Program;
  readonly c: Program;
}

export async function openPair(of: {
  readonly rule?: RuleWords;
  readonly line: LinkProfile;
  readonly subject: Subject;
  readonly seed: number;
}): Promise<Pair> {
  const { rule, line, subject, seed } = of;
  await using opening = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'tern-lab-'));
  opening.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const policies = drawPolicies(scenarioOf(rule), { seed });
  const stage = opening.use(await openStage({ seed, policies, folder, line }));
  const { people } = await subject.open(stage.ground);
  const [a, c] = [people.get('a'), people.get('c')];
  if (a === undefined || c === undefined) throw new Error('nobody is there');
  const stack = opening.move();
  return { stage, a, c, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

function scenarioOf(rule: RuleWords | undefined): ReturnType<typeof decodeScenario> {
  const rules = rule === undefined ? [] : [{ addresses: ['@abroad'], ...rule }];
  return decodeScenario(
    JSON.stringify({
      format: 1,
      id: 'pair',
      title: 'one rule',
      source: 'none',
      about: 'One rule, each number fixed.',
      lists: { abroad: ['203.0.113.0/24', '198.51.100.0/24'] },
      isps: { 'isp-1': { rules }, 'isp-2': { rules: [] } },
      target: { level: 'A' },
      controls: [],
    }),
  );
}
