/**
 * Names are taken out of the resolvers that the state controls; nothing on the wire is touched and other resolvers answer.
 * Russia's NSDI, whatsapp.com and YouTube, 11-12 February 2026 (catalogue T01).
 */
import { oneOf, type Fields } from '../../scenario/field.ts';
import { dnsQuestionOf, forgedAnswer } from '../dns-forging.ts';
import { type Bite, type Look } from '../look.ts';
import { type Which, whichFields } from '../which.ts';

export type DnsRemove = Which & {
  readonly technique: 'dns-remove';
  /** What the resolver says instead. */
  readonly answer: 'no-such-name' | 'empty';
};

export const dnsRemoveFields: Fields<DnsRemove> = {
  ...whichFields,
  scope: oneOf(['border', 'all'], 'all'),
  answer: oneOf(['no-such-name', 'empty'], 'no-such-name'),
};

export function dnsRemove(rule: DnsRemove, look: Look): Bite {
  const question = dnsQuestionOf(rule, look);
  if (question === undefined) return undefined;
  const answer = forgedAnswer(look.packet, question, rule.answer);
  return { drop: true, packets: [answer] };
}

export function wordsOfDnsRemove({ answer }: DnsRemove): string {
  return answer === 'empty'
    ? 'the resolver gives no address'
    : 'the resolver says that there is no such name';
}
