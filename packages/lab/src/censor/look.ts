/** What one rule is given of one packet, and the few ways in which it remembers. */
import { formatAddress } from '../net/address.ts';
import { type Sight } from '../net/inspection.ts';
import { type Packet } from '../net/packet.ts';
import { insiderOf, type Flow, type News } from './flow.ts';
import { type Reading } from './hello-assembly.ts';
import { keep, mostKept, type RuleMemory, type Trail } from './memory.ts';

export type Look = {
  readonly packet: Packet;
  /** Milliseconds on the engine's clock. */
  readonly at: number;
  /** When the block began, on the same clock. */
  readonly blockAt: number;
  readonly flow: Flow;
  readonly news: News;
  readonly chance: Sight['chance'];
  readonly memory: RuleMemory;
  /** The rule's place in the policy. */
  readonly place: number;
};

/** What a rule does to a packet. Undefined: nothing. */
export type Bite = { readonly drop: boolean; readonly packets?: readonly Packet[] } | undefined;

export const dropped: Bite = { drop: true };

/**
 * What the rule keeps of this flow, made when it is first asked for. A place in the policy belongs to one rule, which always asks
 * for the same shape; so the cast holds.
 */
export function markOf<Mark>({ flow, place }: Look, fresh: () => Mark): Mark {
  flow.marks[place] ??= fresh();
  return flow.marks[place] as Mark;
}

/** The name of the flow as far as a box of this kind knows it. Undefined: no hello so far. Empty: a hello without a name. */
function nameOf({ flow }: Look, reading: Reading): string | undefined {
  return reading === 'naive' ? flow.glimpse : flow.hello?.name;
}

/** Whether this packet is the one with which the name became known. */
export function isHello({ news }: Look, reading: Reading): boolean {
  return reading === 'naive' ? news.glimpse : news.hello;
}

/** Whether the rule is about this flow's name. A rule without names is about every flow, and about those that have no hello. */
export function isNamed(look: Look, reading: Reading, named: { readonly names: readonly string[] }): boolean {
  const name = nameOf(look, reading);
  const { matchers } = look.memory;
  if (name !== undefined && matchers.exceptNames(name)) return false;
  return named.names.length === 0 || (name !== undefined && matchers.names(name));
}

/** Whether a hello of any kind has been seen whose name is excepted. Counting boxes spare such a flow. */
export function isExcepted(look: Look): boolean {
  const name = look.flow.hello?.name ?? look.flow.glimpse;
  return name !== undefined && look.memory.matchers.exceptNames(name);
}

/** Until when this is banned, in milliseconds of the engine's clock; 0: it is not. */
export function bannedUntil({ memory, at }: Look, key: string): number {
  const until = memory.bans.get(key);
  if (until === undefined) return 0;
  if (until > at) return until;
  memory.bans.delete(key);
  return 0;
}

/** Bans it, or moves the end of its ban. `lost` is what the client has lost by it, and is noted when the ban is new. */
export function ban(look: Look, key: string, { seconds, lost }: { seconds: number; lost: Lost }): void {
  const { memory, at, flow } = look;
  const until = at + seconds * 1000;
  if (bannedUntil(look, key) === 0 && memory.burned.length < mostKept) {
    memory.burned.push({ client: insiderOf(flow), ...lost, at, until });
  }
  for (const [old, end] of memory.bans) {
    if (end > at) break;
    memory.bans.delete(old);
  }
  keep(memory.bans, key, { value: until, most: mostKept });
}

export type Lost = { readonly what: 'name' | 'address'; readonly value: string };

/** A flow's name, and where it has none its server's address. */
export function lostWith(look: Look): Lost {
  const name = look.flow.hello?.name ?? look.flow.glimpse ?? '';
  return name === '' ? lostAddress(look) : { what: 'name', value: name };
}

export function lostAddress({ flow }: Look): Lost {
  return { what: 'address', value: formatAddress(flow.server) };
}

/** What the rule wrote down under this key, emptied when it is new. */
export function trailOf({ memory }: Look, key: string): Trail {
  const value = memory.records.get(key) ?? { times: [], print: '' };
  keep(memory.records, key, { value, most: mostKept });
  return value;
}
