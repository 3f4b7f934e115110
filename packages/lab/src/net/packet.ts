import { headerChecksum, segmentChecksum } from './checksum.ts';

/**
 * An IPv4 packet, taken apart as far as a censor looks. `bytes` is the whole packet, `payload` a view into it.
 * Addresses are unsigned 32-bit numbers ({@link file://./address.ts}). Of protocols other than TCP and UDP, and of later fragments,
 * the ports are 0 and the payload is what follows the IP header.
 */
export interface Packet {
  readonly bytes: Uint8Array;
  readonly source: number;
  readonly target: number;
  readonly protocol: number;
  readonly sourcePort: number;
  readonly targetPort: number;
  readonly payload: Uint8Array;
  readonly tcp?: TcpPart;
}

export interface TcpPart {
  readonly sequence: number;
  readonly acknowledgement: number;
  /** The bits of {@link tcpFlag}. */
  readonly flags: number;
}

export const protocolTcp = 6;
export const protocolUdp = 17;

export const tcpFlag = { fin: 1, syn: 2, reset: 4, push: 8, acknowledge: 16 } as const;

/** Both ends of what is sent. */
export interface Ends {
  readonly source: number;
  readonly target: number;
  readonly sourcePort: number;
  readonly targetPort: number;
}

const ipHeaderLength = 20;
const tcpHeaderLength = 20;
const udpHeaderLength = 8;

/** @returns undefined for what is not one whole IPv4 packet: another version, a cut header, lengths that do not fit */
export function parsePacket(bytes: Uint8Array): Packet | undefined {
  if (bytes.length < ipHeaderLength) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const first = view.getUint8(0);
  const headerLength = (first & 15) * 4;
  const length = view.getUint16(2);
  if (first >>> 4 !== 4 || headerLength < ipHeaderLength || length < headerLength || length > bytes.length) {
    return undefined;
  }
  const whole = length === bytes.length ? bytes : bytes.subarray(0, length);
  const base = {
    bytes: whole,
    source: view.getUint32(12),
    target: view.getUint32(16),
    protocol: view.getUint8(9),
    sourcePort: 0,
    targetPort: 0,
    payload: whole.subarray(headerLength),
  };
  const laterFragment = (view.getUint16(6) & 0x1fff) !== 0;
  if (laterFragment) return base;
  if (base.protocol === protocolTcp) return withTcp(base, view, headerLength);
  if (base.protocol === protocolUdp) return withUdp(base, view, headerLength);
  return base;
}

function withTcp(base: Packet, view: DataView, offset: number): Packet | undefined {
  if (base.payload.length < tcpHeaderLength) return undefined;
  const dataOffset = (view.getUint8(offset + 12) >>> 4) * 4;
  if (dataOffset < tcpHeaderLength || dataOffset > base.payload.length) return undefined;
  return {
    ...base,
    sourcePort: view.getUint16(offset),
    targetPort: view.getUint16(offset + 2),
    payload: base.payload.subarray(dataOffset),
    tcp: {
      sequence: view.getUint32(offset + 4),
      acknowledgement: view.getUint32(offset + 8),
      flags: view.getUint8(offset + 13),
    },
  };
}

function withUdp(base: Packet, view: DataView, offset: number): Packet | undefined {
  if (base.payload.length < udpHeaderLength) return undefined;
  return {
    ...base,
    sourcePort: view.getUint16(offset),
    targetPort: view.getUint16(offset + 2),
    payload: base.payload.subarray(udpHeaderLength),
  };
}

/** A TCP segment without options; its window is wide open unless said otherwise. Sequence numbers are taken modulo 2^32. */
export function makeTcp(
  ends: Ends,
  tcp: TcpPart & { readonly window?: number },
  payload: Uint8Array = new Uint8Array(),
): Packet {
  const segment = new Uint8Array(tcpHeaderLength + payload.length);
  const view = new DataView(segment.buffer);
  writePorts(view, ends);
  view.setUint32(4, tcp.sequence);
  view.setUint32(8, tcp.acknowledgement);
  view.setUint8(12, (tcpHeaderLength / 4) << 4);
  view.setUint8(13, tcp.flags);
  view.setUint16(14, tcp.window ?? 65_535);
  segment.set(payload, tcpHeaderLength);
  return packetOf(ends, protocolTcp, segment);
}

export function makeUdp(ends: Ends, payload: Uint8Array): Packet {
  const segment = new Uint8Array(udpHeaderLength + payload.length);
  const view = new DataView(segment.buffer);
  writePorts(view, ends);
  view.setUint16(4, segment.length);
  segment.set(payload, udpHeaderLength);
  return packetOf(ends, protocolUdp, segment);
}

function writePorts(view: DataView, ends: Ends): void {
  view.setUint16(0, ends.sourcePort);
  view.setUint16(2, ends.targetPort);
}

const checksumAt = { [protocolTcp]: 16, [protocolUdp]: 6 } as const;

function packetOf(
  ends: Ends,
  protocol: typeof protocolTcp | typeof protocolUdp,
  segment: Uint8Array,
): Packet {
  const bytes = new Uint8Array(ipHeaderLength + segment.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, 0x45);
  view.setUint16(2, bytes.length);
  view.setUint16(6, 0x4000); // do not fragment
  view.setUint8(8, 64); // hops left
  view.setUint8(9, protocol);
  view.setUint32(12, ends.source);
  view.setUint32(16, ends.target);
  view.setUint16(10, headerChecksum(view, ipHeaderLength));
  bytes.set(segment, ipHeaderLength);
  const sum = segmentChecksum(view, ipHeaderLength, protocol);
  // a UDP checksum of 0 means that there is none (RFC 768)
  view.setUint16(ipHeaderLength + checksumAt[protocol], sum === 0 && protocol === protocolUdp ? 0xffff : sum);
  const packet = parsePacket(bytes);
  if (packet === undefined) throw new RangeError(`a packet of ${bytes.length} bytes`);
  return packet;
}
