/**
 * After a number of payload bytes a connection goes silent, with no reset: 16 KiB, up to 64 kB on some networks, 5 kB seen once (catalogue T13;
 * net4people/bbs 490, chatmail/core 8423). What is sent again counts again.
 */
import { number, oneOf, type Fields } from '../../scenario/field.ts';
import { dropped, isExcepted, isNamed, markOf, type Bite, type Look } from '../look.ts';
import { carries, protocolField, wordsOfProtocols, type OverProtocol } from '../over-protocol.ts';
import { type Which, whichFields } from '../which.ts';

export type FreezeBytes = Which &
  OverProtocol & {
    readonly technique: 'freeze-bytes';
    /** So many pass; the packet that goes beyond does not. */
    readonly bytes: number;
    /** What the client gets, either direction for itself, or both together. */
    readonly count: 'down' | 'each' | 'both';
    readonly probability: number;
  };

export const freezeBytesFields: Fields<FreezeBytes> = {
  ...whichFields,
  protocols: protocolField,
  bytes: number({ least: 1, most: 1_000_000_000, whole: true }),
  count: oneOf(['down', 'each', 'both'], 'down'),
  probability: number({ least: 0, most: 1 }, 1),
};

export function freezeBytes(rule: FreezeBytes, look: Look): Bite {
  const { flow, news } = look;
  if (!carries(rule, flow.protocol)) return undefined;
  const mark = markOf(look, () => ({ chosen: rule.probability >= 1 || look.chance() < rule.probability }));
  if (!mark.chosen || isExcepted(look) || !isNamed(look, 'reassembling', rule)) return undefined;
  if (rule.count === 'down' && news.forth) return undefined;
  const direction = news.forth ? flow.forth.bytes : flow.back.bytes;
  const counted = rule.count === 'both' ? flow.forth.bytes + flow.back.bytes : direction;
  return counted > rule.bytes ? dropped : undefined;
}

export function wordsOfFreezeBytes(rule: FreezeBytes): string {
  const how = {
    down: 'bytes from the server',
    each: 'bytes in either direction',
    both: 'bytes of both directions together',
  }[rule.count];
  const share = rule.probability < 1 ? ` (${Math.round(rule.probability * 100)} % of the connections)` : '';
  return `after ${rule.bytes} ${how}${share}, ${wordsOfProtocols(rule)}, silence`;
}
