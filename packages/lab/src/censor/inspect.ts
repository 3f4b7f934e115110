/**
 * What the censor of one ISP does to one packet. It has no clock, no chance and no hands of its own: time and chance come with the packet, what it
 * remembers is `memory`, and what is to happen it says in its verdict. Rules stand one behind the other: what one drops the next never sees.
 */
import { isWithin } from '../net/address.ts';
import { type Sight, type Verdict } from '../net/inspection.ts';
import { type Packet } from '../net/packet.ts';
import { beginFlow, flowKeyOf, insiderOf, isAnew, watch, type Flow } from './flow.ts';
import { flowIdleMs, keep, mostFlows, mostKept, type Memory, type RuleMemory } from './memory.ts';
import { type Policy, type Rule } from './policy.ts';
import { biteOf } from './techniques.ts';

/** @param memory made by `createMemory` for this policy; it is changed */
export function inspect(sight: Sight, memory: Memory, policy: Policy): Verdict {
  const flow = flowOf(sight, memory, policy);
  const news = watch(flow, sight);
  const { blockAt } = memory;
  if (blockAt === undefined) return { kind: 'pass' };
  const injected: Packet[] = [];
  let first = -1;
  for (const [place, rule] of policy.rules.entries()) {
    const ruleMemory = memory.rules[place];
    const { packet, at, chance } = sight;
    const concerned = flow.concerns[place] === true && isNow(rule, blockAt, at);
    if (ruleMemory === undefined || !concerned) continue;
    const bite = biteOf(rule, { packet, at, blockAt, flow, news, chance, memory: ruleMemory, place });
    if (bite === undefined) continue;
    note(ruleMemory, { flow, place, at });
    injected.push(...(bite.packets ?? []));
    if (first === -1) first = place;
    if (bite.drop)
      return injected.length === 0 ? { kind: 'drop', rule: place } : inject(first, injected, true);
  }
  return injected.length === 0 ? { kind: 'pass' } : inject(first, injected, false);
}

function inject(rule: number, packets: readonly Packet[], drop: boolean): Verdict {
  return { kind: 'inject', rule, packets, drop };
}

function flowOf(sight: Sight, memory: Memory, policy: Policy): Flow {
  const key = flowKeyOf(sight.packet);
  const known = memory.flows.get(key);
  if (known !== undefined && sight.at - known.lastAt < flowIdleMs && !isAnew(known, sight.packet)) {
    keep(memory.flows, key, { value: known, most: mostFlows });
    return known;
  }
  forgetIdle(memory, sight.at);
  const begun = beginFlow(key, sight);
  const concerns = policy.rules.map((rule, place) => isConcerned(rule, memory.rules[place], begun));
  const flow = { ...begun, concerns };
  keep(memory.flows, key, { value: flow, most: mostFlows });
  return flow;
}

/** The flows are in the order in which they were last seen. */
function forgetIdle({ flows }: Memory, at: number): void {
  for (const [key, flow] of flows) {
    if (at - flow.lastAt < flowIdleMs) return;
    flows.delete(key);
  }
}

/** What can be said of a flow from its ends alone. */
function isConcerned(
  rule: Rule,
  memory: RuleMemory | undefined,
  flow: Pick<Flow, 'border' | 'openedInside' | 'server' | 'serverPort'>,
): boolean {
  if (memory === undefined) return false;
  if ((rule.scope === 'border' && !flow.border) || (rule.openedInside && !flow.openedInside)) return false;
  const { addresses, exceptAddresses } = memory.matchers;
  if (addresses.length > 0 && !addresses.some((prefix) => isWithin(flow.server, prefix))) return false;
  if (exceptAddresses.some((prefix) => isWithin(flow.server, prefix))) return false;
  const isListed = rule.ports.length === 0 || rule.ports.includes(flow.serverPort);
  return isListed && !rule.exceptPorts.includes(flow.serverPort);
}

function isNow(rule: Rule, blockAt: number, at: number): boolean {
  const seconds = (at - blockAt) / 1000;
  return seconds >= rule.beginSeconds && (rule.endSeconds === 0 || seconds < rule.endSeconds);
}

function note(
  { fired }: RuleMemory,
  { flow, place, at }: { readonly flow: Flow; readonly place: number; readonly at: number },
): void {
  const client = insiderOf(flow);
  const so = fired.get(client) ?? { bites: 0, triggers: 0, firstAt: at };
  so.bites += 1;
  if (flow.bitten[place] !== true) so.triggers += 1;
  flow.bitten[place] = true;
  keep(fired, client, { value: so, most: mostKept });
}
