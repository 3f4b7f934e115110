/** Answers to DNS questions in a resolver's name. */
import { decodeQuery, dnsPort, encodeAnswer, type DnsQuery } from '../net/dns.ts';
import { makeUdp, protocolUdp, type Packet } from '../net/packet.ts';
import { type Look } from './look.ts';
import { type Which } from './which.ts';

/** Short, as the forged answers seen in the wild. Seconds. */
const forgedTtl = 60;

/** The question in this datagram, where it is one and the rule is about its name. */
export function dnsQuestionOf({ names }: Which, { packet, news, flow, memory }: Look): DnsQuery | undefined {
  if (packet.protocol !== protocolUdp || !news.forth || flow.serverPort !== dnsPort) return undefined;
  const query = questionIn(packet.payload);
  if (query === undefined || memory.matchers.exceptNames(query.name)) return undefined;
  return names.length === 0 || memory.matchers.names(query.name) ? query : undefined;
}

function questionIn(payload: Uint8Array): DnsQuery | undefined {
  try {
    return decodeQuery(payload);
  } catch {
    // whatever else is sent to that port is no question, and not the rule's affair
    return undefined;
  }
}

/** @param answer addresses, or why there are none */
export function forgedAnswer(
  { source, target, sourcePort, targetPort }: Packet,
  query: DnsQuery,
  answer: 'no-such-name' | 'empty' | readonly number[],
): Packet {
  const ends = { source: target, target: source, sourcePort: targetPort, targetPort: sourcePort };
  const addresses = typeof answer === 'string' ? [] : answer;
  const code = answer === 'no-such-name' ? 'no-such-name' : 'ok';
  return makeUdp(ends, encodeAnswer(query, { code, addresses, ttl: forgedTtl }));
}
