/**
 * Datagrams are dropped by what their first bytes look like: QUIC version 1 (Russia 2022, long packets to port 443; catalogue T10),
 * STUN (calls, August 2025; T18), DTLS (T17), or all but DNS (Iran, June 2025; T30).
 */
import { isDtls, isQuicV1, isStun } from '../../net/datagram-kind.ts';
import { protocolUdp } from '../../net/packet.ts';
import { fail, flag, number, show, texts, type Fields } from '../../scenario/field.ts';
import { dropped, markOf, type Bite, type Look } from '../look.ts';
import { type Which, whichFields } from '../which.ts';

type Kind = (typeof kinds)[number];
const kinds = ['quic', 'stun', 'dtls', 'any'] as const;

export type UdpFilter = Which & {
  readonly technique: 'udp-filter';
  /** Of `quic`, `stun`, `dtls` and `any`. */
  readonly kinds: readonly string[];
  /** Shorter datagrams are not taken for QUIC. */
  readonly quicLeastBytes: number;
  /** Whether the flow is over with the first one that was dropped; else each datagram is looked at by itself. */
  readonly wholeFlow: boolean;
};

export const udpFilterFields: Fields<UdpFilter> = {
  ...whichFields,
  kinds: texts(undefined, (text, path) => {
    if (!isKind(text)) fail(path, `must be one of ${kinds.join(', ')}, not ${show(text)}`);
  }),
  quicLeastBytes: number({ least: 0, most: 65_535, whole: true }, 1001),
  wholeFlow: flag(true),
};

export function udpFilter(rule: UdpFilter, look: Look): Bite {
  if (look.packet.protocol !== protocolUdp) return undefined;
  const mark = markOf(look, () => ({ over: false }));
  if (mark.over) return dropped;
  if (!rule.kinds.some((kind) => isKind(kind) && isOfKind(kind, rule, look))) return undefined;
  mark.over = rule.wholeFlow;
  return dropped;
}

function isOfKind(kind: Kind, { quicLeastBytes }: UdpFilter, { packet: { payload } }: Look): boolean {
  switch (kind) {
    case 'quic':
      return payload.length >= quicLeastBytes && isQuicV1(payload);
    case 'stun':
      return isStun(payload);
    case 'dtls':
      return isDtls(payload);
    case 'any':
      return true;
  }
}

function isKind(text: string): text is Kind {
  return kinds.some((kind) => kind === text);
}

export function wordsOfUdpFilter(rule: UdpFilter): string {
  const quic = `QUIC (version 1, ${rule.quicLeastBytes} bytes or longer)`;
  const named = rule.kinds.map(
    (kind) => ({ quic, stun: 'STUN', dtls: 'DTLS', any: 'every datagram' })[kind] ?? kind,
  );
  return `dropped: ${named.join(', ')}`;
}
