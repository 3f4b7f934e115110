import type { Way } from './diagnosis.ts';
import type { Observation } from './observation.ts';

/** Where the handshakes of TCP and TLS are counted as packets: three, two of the hello, three or four of its answer. */
const handshakePackets = 8;
export const segmentBytes = 1448;
/** A receiver acknowledges about every second segment. */
const segmentsAnAcknowledgement = 2.4;
/** Ten segments, some of them small, leave before the first acknowledgement, then twice as many each round trip (RFC 6928, RFC 5681). */
const firstWindowBytes = 12_000;
/** Below it, an exchange is over before a speed can be seen: the first window of TCP, or a policer's burst. */
const telling = { bytes: 12_000, ms: 1000, hiddenMs: 2000 } as const;
/** On a connection that stands: three segments and more, and no shorter than one read follows another. */
const flowTells = { bytes: 3000, ms: 10 } as const;

export function median(values: readonly number[]): number | undefined {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)];
}

/** Bytes of the whole connection, both directions; those of the exchange where a browser hides the connection. */
export function connectionBytes({ connection, upBytes, downBytes }: Observation): number {
  return connection === undefined ? upBytes + downBytes : connection.upBytes + connection.downBytes;
}

/**
 * Of a connection, what came down after the answer to its hello, bytes; undefined where that is hidden.
 * @param own attempts on the same way, of which a fresh one shows how long that answer is
 */
export function beyondHello({ connection }: Observation, own: readonly Observation[]): number | undefined {
  const hellos = own.flatMap(({ connection: its, helloAnsweredAfterMs, downBytes }) =>
    its?.fresh === true && helloAnsweredAfterMs !== undefined && its.downBytes > downBytes
      ? [its.downBytes - downBytes]
      : [],
  );
  if (connection === undefined || hellos.length === 0) return undefined;
  return Math.max(0, connection.downBytes - Math.max(...hellos));
}

/** Packets of the whole connection, both directions, as near as bytes can tell. */
export function packetsEstimate(one: Observation): number {
  const { upBytes, downBytes, exchangesBefore } = one.connection ?? { ...one, exchangesBefore: 0 };
  // an exchange before ended in a segment of its own in each direction
  const segments = Math.ceil(upBytes / segmentBytes) + Math.ceil(downBytes / segmentBytes) + exchangesBefore;
  return Math.round(handshakePackets + segments * (1 + 1 / segmentsAnAcknowledgement));
}

/**
 * Bits a second of the direction that carried most, while it carried and without the round trips that TCP needs to get going;
 * undefined where too little went to say. An exchange that was given up counts too, as far as it came: that is how a crawl shows.
 */
export function bitsPerSecond(one: Observation): number | undefined {
  const { firstByteAfterMs, lastByteAfterMs, upBytes, downBytes, connectedAfterMs = 0, flow } = one;
  if (firstByteAfterMs === undefined) return undefined;
  if (flow !== undefined) {
    // left in a pause: so far it came, whatever it was
    const tells = flow.bytes >= flowTells.bytes || flow.ms >= telling.ms || one.end === 'cancelled';
    return tells ? Math.round((flow.bytes * 8000) / Math.max(flow.ms, flowTells.ms)) : undefined;
  }
  const { helloAnsweredAfterMs = connectedAfterMs } = one;
  const roundTrip = shortestTurnMs(one, helloAnsweredAfterMs);
  const down = downBytes >= upBytes;
  const bytes = down ? downBytes : upBytes;
  // what goes up has arrived when the answer begins, a round trip after it left
  const ms = down
    ? (lastByteAfterMs ?? firstByteAfterMs) - firstByteAfterMs
    : firstByteAfterMs - helloAnsweredAfterMs - roundTrip;
  // where the handshakes are hidden they are in it, so only what took much longer than they do can tell
  if (!down && roundTripMs(one) === undefined && isFresh(one) && ms < telling.hiddenMs) return undefined;
  if (bytes < telling.bytes && !(ms >= telling.ms && bytes >= telling.bytes / 4)) return undefined;
  const doublings = Math.max(0, Math.ceil(Math.log2(bytes / firstWindowBytes)));
  return Math.round((bytes * 8000) / Math.max(ms - doublings * roundTrip, ms / 8, 20));
}

/** The shortest of the turns of an attempt: each of them is a round trip, and one or two may have waited for a lost packet. */
function shortestTurnMs(one: Observation, helloAnsweredAfterMs: number): number {
  const { connectedAfterMs, firstByteAfterMs = 0 } = one;
  const connecting = roundTripMs(one);
  if (connecting === undefined || connectedAfterMs === undefined)
    return isFresh(one) ? firstByteAfterMs / 4 : 0;
  const hello = helloAnsweredAfterMs - connectedAfterMs;
  return Math.min(connecting, ...[hello, firstByteAfterMs - helloAnsweredAfterMs].filter((ms) => ms > 0));
}

/** As the TCP handshake took; undefined on a connection that stood already. */
export function roundTripMs({ connectedAfterMs, resolved }: Observation): number | undefined {
  if (connectedAfterMs === undefined) return undefined;
  return Math.max(1, connectedAfterMs - (resolved?.afterMs ?? 0));
}

/** Did it open a connection? A browser that hides it is taken for one that did. */
export function isFresh({ connection }: Observation): boolean {
  return connection?.fresh ?? true;
}

/** TCP stood, and a hello left. */
export function sentHello(one: Observation): boolean {
  return isFresh(one) && (one.connectedAfterMs !== undefined || one.helloAnsweredAfterMs !== undefined);
}

/** The hello left and nothing came back. */
export function helloUnanswered(one: Observation): boolean {
  return sentHello(one) && one.helloAnsweredAfterMs === undefined && one.firstByteAfterMs === undefined;
}

/** Not even TCP stood. A browser, which does not say, is not counted. */
export function neverConnected(one: Observation): boolean {
  return (
    isFresh(one) &&
    one.connection !== undefined &&
    one.connectedAfterMs === undefined &&
    !(one.resolved !== undefined && 'failed' in one.resolved)
  );
}

/** Two ways of one relay have its id in common; where it is not known, the name or address and the port. */
export function sameRelay(one: Way, other: Way): boolean {
  return one.relay !== undefined && other.relay !== undefined
    ? one.relay === other.relay
    : placeOf(one) === placeOf(other) && one.port === other.port;
}

/** What a network would know a way by: the name it says, or the address. */
export function placeOf({ name, address, key }: Way): string {
  return name ?? address ?? key;
}

/** Addresses of homes and machines themselves, and those that are known to be given out for names that are to vanish. */
export function isNobodysAddress(address: string): boolean {
  return /^(?:0\.|10\.|127\.|169\.254\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|::1?$|f[cd][\da-f]{2}:|fe80:)/iu.test(
    address,
  );
}
