/**
 * After a number of packets a connection goes silent, with no reset: 25 packets of one 5-tuple, both directions and every SYN and ACK counted,
 * to foreign hosters (Russia since June 2025; hyperion-cs/dpi-checkers, net4people/bbs 490; catalogue T13). Networks differ in the number, and some spare listed names.
 */
import { number, oneOf, type Fields } from '../../scenario/field.ts';
import { dropped, isExcepted, isNamed, markOf, type Bite, type Look } from '../look.ts';
import { carries, protocolField, wordsOfProtocols, type OverProtocol } from '../over-protocol.ts';
import { type Which, whichFields } from '../which.ts';

export type FreezePackets = Which &
  OverProtocol & {
    readonly technique: 'freeze-packets';
    /** So many pass. */
    readonly packets: number;
    /** Both directions together, and then neither passes; or each direction for itself. */
    readonly count: 'both' | 'each';
    /** The share of connections that are counted at all. */
    readonly probability: number;
  };

export const freezePacketsFields: Fields<FreezePackets> = {
  ...whichFields,
  protocols: protocolField,
  packets: number({ least: 1, most: 100_000, whole: true }),
  count: oneOf(['both', 'each'], 'both'),
  probability: number({ least: 0, most: 1 }, 1),
};

export function freezePackets(rule: FreezePackets, look: Look): Bite {
  const { flow, news } = look;
  if (!carries(rule, flow.protocol)) return undefined;
  const mark = markOf(look, () => ({ chosen: rule.probability >= 1 || look.chance() < rule.probability }));
  if (!mark.chosen || isExcepted(look) || !isNamed(look, 'reassembling', rule)) return undefined;
  const direction = news.forth ? flow.forth.packets : flow.back.packets;
  const counted = rule.count === 'both' ? flow.forth.packets + flow.back.packets : direction;
  return counted > rule.packets ? dropped : undefined;
}

export function wordsOfFreezePackets(rule: FreezePackets): string {
  const how =
    rule.count === 'both' ? 'both directions counted together' : 'each direction counted for itself';
  const share =
    rule.probability < 1 ? ` (of ${Math.round(rule.probability * 100)} % of the connections)` : '';
  return `after ${rule.packets} packets of a connection${share}, ${how}, ${wordsOfProtocols(rule)}, silence`;
}
