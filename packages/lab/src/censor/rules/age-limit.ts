/** TCP connections do not grow old: after 60 seconds they are cut (Iran 2013; Fifield, "Turbo Tunnel"; catalogue T25). */
import { protocolTcp } from '../../net/packet.ts';
import { number, oneOf, type Fields } from '../../scenario/field.ts';
import { resetToReceiver, resetToSender } from '../forge.ts';
import { dropped, isExcepted, type Bite, type Look } from '../look.ts';
import { type Which, whichFields } from '../which.ts';

export type AgeLimit = Which & {
  readonly technique: 'age-limit';
  /** Counted from the connection's first packet. */
  readonly seconds: number;
  readonly action: 'drop' | 'reset';
};

export const ageLimitFields: Fields<AgeLimit> = {
  ...whichFields,
  seconds: number({ least: 1, most: 86_400 }, 60),
  action: oneOf(['drop', 'reset'], 'drop'),
};

export function ageLimit(rule: AgeLimit, look: Look): Bite {
  const { flow, packet, at } = look;
  if (flow.protocol !== protocolTcp || at - flow.openedAt < rule.seconds * 1000 || isExcepted(look))
    return undefined;
  if (rule.action === 'drop' || packet.tcp === undefined) return dropped;
  return {
    drop: true,
    packets: [resetToSender(packet, packet.tcp), resetToReceiver(packet, packet.tcp, false)],
  };
}

export function wordsOfAgeLimit(rule: AgeLimit): string {
  return `TCP connections older than ${Math.round(rule.seconds)} s ${rule.action === 'drop' ? 'go silent' : 'are reset'}`;
}
