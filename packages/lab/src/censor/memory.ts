/**
 * What the censor of one ISP remembers: its flows, and for each rule its bans, counters and lists. Plain data, held by the engine and
 * changed by `inspect` alone. It stays small: flows idle for long and bans that are over are forgotten, and every list has an end.
 */
import { parsePrefix, type Prefix } from '../net/address.ts';
import { type Flow } from './flow.ts';
import { matcherOf, type NameMatcher } from './name-pattern.ts';
import { type Policy } from './policy.ts';
import { type Which } from './which.ts';

export type Memory = {
  /** When the block began, on the clock of {@link Sight.at}; until then rules watch and never bite. */
  blockAt: number | undefined;
  /** The one that was quiet for longest comes first. */
  readonly flows: Map<string, Flow>;
  readonly rules: readonly RuleMemory[];
};

export type RuleMemory = {
  readonly matchers: Matchers;
  /** Until when something is banned. The key is the rule's own affair. */
  readonly bans: Map<string, number>;
  /** What a rule counts over time, by its own key. The one untouched for longest comes first. */
  readonly records: Map<string, Trail>;
  /** By the address inside. */
  readonly fired: Map<number, { bites: number; triggers: number; readonly firstAt: number }>;
  readonly burned: Burn[];
  /** Of residuals, by the key of their ban. */
  readonly entered: Map<string, Entered>;
};

/** What clients inside opened into a residual: the first connection finds it out, and each further one is a retry. */
export type Entered = {
  /** Since it began. */
  now: number;
  /** Retries in all residuals that this key had. */
  retries: number;
};

/** The rule's lists, made ready to be compared with. */
export type Matchers = {
  readonly names: NameMatcher;
  readonly exceptNames: NameMatcher;
  readonly addresses: readonly Prefix[];
  readonly exceptAddresses: readonly Prefix[];
};

/** What a rule saw of somebody before: when, and with which fingerprint. */
export type Trail = { times: number[]; print: string };

/** Something that a client lost for a while by how it behaved. */
export type Burn = {
  readonly client: number;
  readonly what: 'name' | 'address';
  readonly value: string;
  readonly at: number;
  readonly until: number;
};

/** A flow that was silent for so long is forgotten; the throttle of 2021 kept its own for ten minutes. */
export const flowIdleMs = 600_000;
export const mostFlows = 20_000;
export const mostKept = 10_000;

export function createMemory(policy: Policy): Memory {
  return { blockAt: undefined, flows: new Map(), rules: policy.rules.map(emptyRuleMemory) };
}

/** From now on the rules bite. */
export function beginBlock(memory: Memory, at: number): void {
  memory.blockAt = at;
}

function emptyRuleMemory(rule: Which): RuleMemory {
  return {
    matchers: {
      names: matcherOf(rule.names),
      exceptNames: matcherOf(rule.exceptNames),
      addresses: rule.addresses.map(parsePrefix),
      exceptAddresses: rule.exceptAddresses.map(parsePrefix),
    },
    bans: new Map(),
    records: new Map(),
    fired: new Map(),
    burned: [],
    entered: new Map(),
  };
}

/** How often each rule bit, by the address inside. A *bite* is a packet that did not pass as it was, a *trigger* a flow bitten first. */
export function firedOf(memory: Memory): readonly {
  readonly rule: number;
  readonly client: number;
  readonly bites: number;
  readonly triggers: number;
}[] {
  return memory.rules.flatMap(({ fired }, rule) =>
    [...fired].map(([client, { bites, triggers }]) => ({ rule, client, bites, triggers })),
  );
}

/** When the first of these rules bit this client for the first time; undefined: none did. @param rules by their places */
export function firstBiteOf(
  memory: Memory,
  { client, rules }: { readonly client: number; readonly rules: readonly number[] },
): number | undefined {
  const times = rules.flatMap((rule) => memory.rules[rule]?.fired.get(client)?.firstAt ?? []);
  return times.length === 0 ? undefined : Math.min(...times);
}

/** The names and addresses that clients lost for a while, in the order it happened within each rule. */
export function burnedOf(memory: Memory): readonly (Burn & { readonly rule: number })[] {
  return memory.rules.flatMap(({ burned }, rule) => burned.map((burn) => ({ ...burn, rule })));
}

/** How many connections clients inside opened into a residual that they had met before. */
export function retriesOf(memory: Memory): number {
  return memory.rules
    .flatMap(({ entered }) => [...entered.values()])
    .reduce((sum, { retries }) => sum + retries, 0);
}

/** Puts it at the end, as the one touched last, and forgets those at the beginning that are too many. */
export function keep<Key, Value>(
  map: Map<Key, Value>,
  key: Key,
  { value, most }: { value: Value; most: number },
): void {
  map.delete(key);
  map.set(key, value);
  for (const first of map.keys()) {
    if (map.size <= most) break;
    map.delete(first);
  }
}
