import { connectionBytes, helloUnanswered, roundTripMs, segmentBytes } from './measures.ts';
import type { Observation } from './observation.ts';

/** What is not acknowledged is sent again after a round trip and so long, then twice as long each time, its first segment alone (RFC 6298). */
const leastAgainMs = 200;

/**
 * What an attempt took of the line, without the headers of packets: what went over its socket, and what the kernel sent again of it, as
 * near as a program can tell that sees no packets.
 * @param before bytes that were counted already of the same connection
 */
export function spentBytes(one: Observation, before = 0): number {
  return Math.max(0, connectionBytes(one) - before) + sentAgain(one);
}

function sentAgain(one: Observation): number {
  const unheard = helloUnanswered(one)
    ? (one.connection?.upBytes ?? 0)
    : one.end === 'silent'
      ? one.upBytes
      : 0;
  if (unheard === 0) return 0;
  const roundTrip = roundTripMs(one) ?? 0;
  const firstMs = Math.max(leastAgainMs + roundTrip, 3 * roundTrip);
  const waitedMs = Math.max(0, one.endedAt - one.beganAt - (one.connectedAfterMs ?? 0));
  // and once sooner, as a probe of the tail (RFC 8985)
  const times = Math.floor(Math.log2(waitedMs / firstMs + 1)) + 1;
  return times * Math.min(unheard, segmentBytes);
}
