/** What a censor takes a datagram for, from its first bytes alone. Any bytes are read; none throw. */

const quicVersion1 = 1;
const stunCookie = 0x2112a442;
const stunHeaderBytes = 20;
const dtlsHeaderBytes = 13;

/** A long header of QUIC version 1 (RFC 9000 section 17.2): how every QUIC connection of a browser begins. */
export function isQuicV1(payload: Uint8Array): boolean {
  return payload.length >= 7 && ((payload[0] ?? 0) & 0xc0) === 0xc0 && word(payload, 1) === quicVersion1;
}

/** RFC 8489 section 5: two zero bits, a length in whole words that fits, the magic cookie. */
export function isStun(payload: Uint8Array): boolean {
  if (payload.length < stunHeaderBytes || ((payload[0] ?? 0) & 0xc0) !== 0) return false;
  const length = ((payload[2] ?? 0) << 8) | (payload[3] ?? 0);
  return length % 4 === 0 && stunHeaderBytes + length <= payload.length && word(payload, 4) === stunCookie;
}

/** A DTLS 1.0 or 1.2 record header (RFC 6347 section 4.1); the handshake of DTLS 1.3 begins with one too. */
export function isDtls(payload: Uint8Array): boolean {
  if (payload.length < dtlsHeaderBytes) return false;
  const [type = 0, major = 0, minor = 0] = payload;
  return type >= 20 && type <= 25 && major === 0xfe && (minor === 0xff || minor === 0xfd);
}

function word(payload: Uint8Array, place: number): number {
  return new DataView(payload.buffer, payload.byteOffset, payload.byteLength).getUint32(place);
}
