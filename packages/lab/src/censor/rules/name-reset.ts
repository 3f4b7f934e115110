/**
 * A connection whose ClientHello names a blocked host is ended by forged RST/ACK segments. Russia's TSPU rewrites the server's answer and
 * tells the client alone (SNI-I; Xue et al., IMC 2022; catalogue T04); China tells both ends (T26).
 */
import { type TcpPart } from '../../net/packet.ts';
import { oneOf, type Fields } from '../../scenario/field.ts';
import { resetToReceiver, resetToSender } from '../forge.ts';
import { type Reading } from '../hello-assembly.ts';
import { dropped, isNamed, markOf, type Bite, type Look } from '../look.ts';
import {
  beginResidual,
  biteOfResidual,
  residualFields,
  wordsOfResidual,
  type Residual,
} from '../residual.ts';
import { type Which, whichFields } from '../which.ts';

export type NameReset = Which &
  Residual & {
    readonly technique: 'name-reset';
    readonly reading: Reading;
    readonly to: 'client' | 'both';
    /** At the hello itself, which is dropped; or the server gets it, and its first answer is turned into the reset. */
    readonly on: 'hello' | 'answer';
    /** What becomes of the connection's later packets. */
    readonly afterwards: 'drop' | 'pass';
  };

export const nameResetFields: Fields<NameReset> = {
  ...whichFields,
  ...residualFields,
  reading: oneOf(['reassembling', 'naive'], 'reassembling'),
  to: oneOf(['client', 'both'], 'client'),
  on: oneOf(['hello', 'answer'], 'hello'),
  afterwards: oneOf(['drop', 'pass'], 'drop'),
};

export function nameReset(rule: NameReset, look: Look): Bite {
  const mark = markOf(look, () => ({ cut: false }));
  const later = mark.cut && rule.afterwards === 'pass' ? undefined : biteOfResidual(rule, look);
  if (later !== undefined) return later;
  if (mark.cut) return rule.afterwards === 'drop' ? dropped : undefined;
  const { tcp } = look.packet;
  if (tcp === undefined || look.packet.payload.length === 0 || !isNamed(look, rule.reading, rule))
    return undefined;
  if (look.news.forth === (rule.on === 'answer')) return undefined;
  mark.cut = true;
  beginResidual(rule, look);
  return rule.on === 'hello' ? atHello(rule, look, tcp) : atAnswer(rule, look, tcp);
}

function atHello(rule: NameReset, { packet }: Look, tcp: TcpPart): Bite {
  const toClient = resetToSender(packet, tcp);
  const toServer = rule.to === 'both' ? [resetToReceiver(packet, tcp, false)] : [];
  return { drop: rule.afterwards === 'drop', packets: [toClient, ...toServer] };
}

function atAnswer(rule: NameReset, { packet }: Look, tcp: TcpPart): Bite {
  const toClient = resetToReceiver(packet, tcp, false);
  const toServer = rule.to === 'both' ? [resetToSender(packet, tcp)] : [];
  return { drop: true, packets: [toClient, ...toServer] };
}

export function wordsOfNameReset(rule: NameReset): string {
  const who = rule.to === 'both' ? 'both ends' : 'the client alone';
  const when = rule.on === 'hello' ? 'at the ClientHello' : "in place of the server's first answer";
  return `${when} a forged RST/ACK tells ${who} that the connection is over${wordsOfResidual(rule)}`;
}
