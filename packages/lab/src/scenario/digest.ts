import { createHash } from 'node:crypto';
import { drawPolicies, type Scenario } from './scenario.ts';

/**
 * Names what a run plays: the rules that the scenario draws for its seed, what people do at the block, and the controls. Its id, its words and what is
 * hoped for have no part in it, and neither has the place where its file lies.
 */
export function digestOf(scenario: Pick<Scenario, 'drafts' | 'change' | 'controls'>, seed: number): string {
  const played = [drawPolicies(scenario, { seed }), scenario.change, scenario.controls];
  return createHash('sha256').update(JSON.stringify(played)).digest('hex').slice(0, 16);
}
