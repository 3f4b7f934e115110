/**
 * Every question to any resolver is answered with an address of the censor's, before the true answer can come. Iran does it in the path
 * and the true answer never comes; China does it beside the path and it comes later (catalogue T02; 10.10.34.34-36).
 */
import { parseAddress } from '../../net/address.ts';
import { addresses, oneOf, type Fields } from '../../scenario/field.ts';
import { dnsQuestionOf, forgedAnswer } from '../dns-forging.ts';
import { type Bite, type Look } from '../look.ts';
import { type Which, whichFields } from '../which.ts';

export type DnsHijack = Which & {
  readonly technique: 'dns-hijack';
  /** The addresses in the forged answer. */
  readonly poison: readonly string[];
  /** Whether the question still goes its way and the true answer comes after the false one. */
  readonly trueAnswer: 'never' | 'later';
};

export const dnsHijackFields: Fields<DnsHijack> = {
  ...whichFields,
  scope: oneOf(['border', 'all'], 'all'),
  poison: addresses(['10.10.34.34']),
  trueAnswer: oneOf(['never', 'later'], 'never'),
};

export function dnsHijack(rule: DnsHijack, look: Look): Bite {
  const question = dnsQuestionOf(rule, look);
  if (question === undefined) return undefined;
  const answer = forgedAnswer(look.packet, question, rule.poison.map(parseAddress));
  return { drop: rule.trueAnswer === 'never', packets: [answer] };
}

export function wordsOfDnsHijack({ poison, trueAnswer }: DnsHijack): string {
  const then = trueAnswer === 'later' ? 'the true answer comes after it' : 'the true answer never comes';
  return `every resolver seems to answer ${poison.join(', ')}, and ${then}`;
}
