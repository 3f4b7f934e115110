/**
 * A connection whose ClientHello names a blocked host goes silent: with the hello itself (TSPU SNI-IV), or after some further
 * packets from either side (SNI-II: 5 to 8). Xue et al., IMC 2022; catalogue T05, T07.
 */
import { number, oneOf, type Fields } from '../../scenario/field.ts';
import { type Reading } from '../hello-assembly.ts';
import { dropped, isHello, isNamed, markOf, type Bite, type Look } from '../look.ts';
import {
  beginResidual,
  biteOfResidual,
  residualFields,
  wordsOfResidual,
  type Residual,
} from '../residual.ts';
import { type Which, whichFields } from '../which.ts';

export type NameBlackhole = Which &
  Residual & {
    readonly technique: 'name-blackhole';
    readonly reading: Reading;
    /** How many packets of either side pass after the hello. 0: the hello is dropped too. */
    readonly furtherPackets: number;
  };

export const nameBlackholeFields: Fields<NameBlackhole> = {
  ...whichFields,
  ...residualFields,
  reading: oneOf(['reassembling', 'naive'], 'reassembling'),
  furtherPackets: number({ least: 0, most: 1000, whole: true }, 0),
};

export function nameBlackhole(rule: NameBlackhole, look: Look): Bite {
  const mark = markOf(look, () => ({ left: -1 }));
  if (mark.left === -1) {
    const residual = biteOfResidual(rule, look);
    if (residual !== undefined) return residual;
    if (look.packet.tcp === undefined || !isNamed(look, rule.reading, rule)) return undefined;
    mark.left = rule.furtherPackets;
    beginResidual(rule, look);
    // the hello is not one of the further packets
    if (mark.left > 0 && isHello(look, rule.reading)) return undefined;
  }
  // what the client sends on into its own silence counts like any other packet sent there
  if (mark.left === 0) return biteOfResidual({ ...rule, residualAction: 'drop' }, look) ?? dropped;
  mark.left -= 1;
  return undefined;
}

export function wordsOfNameBlackhole(rule: NameBlackhole): string {
  const when =
    rule.furtherPackets === 0
      ? 'the ClientHello and everything after it is dropped'
      : `after the ClientHello ${rule.furtherPackets} further packets pass, then nothing does, neither way`;
  return `${when}${wordsOfResidual(rule)}`;
}
