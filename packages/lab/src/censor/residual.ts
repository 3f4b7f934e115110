/**
 * Residual censorship: after a trigger the same ends stay cut for a while, whatever they say (Bock et al., "Your Censor is My Censor",
 * 2021: China 90-180 s by client, server and port; Kazakhstan 120 s by all four; in Iran and Kazakhstan a packet sent into it starts the time anew).
 */
import { ban as banSeconds, flag, oneOf, type Fields } from '../scenario/field.ts';
import { resetToSender } from './forge.ts';
import { keep, mostKept } from './memory.ts';
import { ban, bannedUntil, dropped, lostAddress, lostWith, type Bite, type Look } from './look.ts';

export type Residual = {
  /** 0: none. */
  readonly residualSeconds: number;
  /** What stays cut: client, server and port; client and server; or exactly this connection's ports. */
  readonly residualOn: '3-tuple' | 'address' | '5-tuple';
  readonly residualAction: 'drop' | 'reset';
  /** Whether each packet of the client sent into it starts the time anew. */
  readonly residualRestarts: boolean;
};

export const residualFields: Fields<Residual> = {
  residualSeconds: banSeconds({ least: 0, most: 86_400 }, 0),
  residualOn: oneOf(['3-tuple', 'address', '5-tuple'], '3-tuple'),
  residualAction: oneOf(['drop', 'reset'], 'drop'),
  residualRestarts: flag(false),
};

/** To be asked before anything else of the rule: whether this packet falls into a residual. */
export function biteOfResidual(rule: Residual, look: Look): Bite {
  if (rule.residualSeconds === 0) return undefined;
  const key = keyOf(rule, look);
  if (bannedUntil(look, key) === 0) return undefined;
  if (!look.news.forth) return dropped;
  noteEntry(look, key);
  if (rule.residualRestarts) {
    ban(look, key, { seconds: rule.residualSeconds, lost: lostAddress(look) });
  }
  const { tcp } = look.packet;
  return rule.residualAction === 'reset' && tcp !== undefined
    ? { drop: true, packets: [resetToSender(look.packet, tcp)] }
    : dropped;
}

export function beginResidual(rule: Residual, look: Look): void {
  if (rule.residualSeconds === 0) return;
  const lost = rule.residualOn === '5-tuple' ? lostWith(look) : lostAddress(look);
  const key = keyOf(rule, look);
  if (bannedUntil(look, key) === 0) {
    const retries = look.memory.entered.get(key)?.retries ?? 0;
    keep(look.memory.entered, key, { value: { now: 0, retries }, most: mostKept });
  }
  ban(look, key, { seconds: rule.residualSeconds, lost });
}

/** A connection counts with its first packet; one that stood before is none that somebody opened into it. */
function noteEntry({ flow, memory }: Look, key: string): void {
  const entered = memory.entered.get(key);
  if (entered === undefined || flow.forth.packets > 1 || !flow.openedInside) return;
  entered.now += 1;
  if (entered.now > 1) entered.retries += 1;
}

function keyOf({ residualOn }: Residual, { flow }: Look): string {
  if (residualOn === '5-tuple') return flow.key;
  const ends = `${flow.opener} ${flow.server}`;
  return residualOn === 'address' ? ends : `${ends} ${flow.serverPort}`;
}

export function wordsOfResidual(rule: Residual): string {
  if (rule.residualSeconds === 0) return '';
  const what = {
    '3-tuple': 'that address and port stay',
    address: 'that address stays',
    '5-tuple': 'that connection stays',
  }[rule.residualOn];
  const how = rule.residualAction === 'reset' ? 'reset' : 'silent';
  const anew = rule.residualRestarts ? ', counted anew from each packet sent into it' : '';
  return `; afterwards ${what} ${how} for the client for ${Math.round(rule.residualSeconds)} s${anew}`;
}
