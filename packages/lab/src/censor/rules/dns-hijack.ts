/**
 * Every question to any resolver is answered with an address of the censor's, before the true answer can come. Iran does it in the path
 * and the true answer never comes; China does it beside the path and it comes later (catalogue T02; 10.10.34.34-36). There up to three boxes
 * answer a question, by lists of their own ("Triplet Censors", FOCI 2020); who loses all of their answers on the way reads the true one.
 */
import { parseAddress } from '../../net/address.ts';
import { addresses, number, oneOf, type Fields } from '../../scenario/field.ts';
import { dnsQuestionOf, forgedAnswer } from '../dns-forging.ts';
import { type Bite, type Look } from '../look.ts';
import { type Which, whichFields } from '../which.ts';

export type DnsHijack = Which & {
  readonly technique: 'dns-hijack';
  /** The addresses in the forged answer. */
  readonly poison: readonly string[];
  /** Whether the question still goes its way and the true answer comes after the false one. */
  readonly trueAnswer: 'never' | 'later';
  /** How many boxes answer each question. */
  readonly injectors: number;
};

export const dnsHijackFields: Fields<DnsHijack> = {
  ...whichFields,
  scope: oneOf(['border', 'all'], 'all'),
  poison: addresses(['10.10.34.34']),
  trueAnswer: oneOf(['never', 'later'], 'never'),
  injectors: number({ least: 1, most: 8, whole: true }, 1),
};

export function dnsHijack(rule: DnsHijack, look: Look): Bite {
  const question = dnsQuestionOf(rule, look);
  if (question === undefined) return undefined;
  const answer = forgedAnswer(look.packet, question, rule.poison.map(parseAddress));
  return { drop: rule.trueAnswer === 'never', packets: Array.from({ length: rule.injectors }, () => answer) };
}

export function wordsOfDnsHijack({ poison, trueAnswer, injectors }: DnsHijack): string {
  const times = injectors === 1 ? '' : ` ${injectors} times`;
  const then = trueAnswer === 'later' ? 'the true answer comes after it' : 'the true answer never comes';
  return `every resolver seems to answer ${poison.join(', ')}${times}, and ${then}`;
}
