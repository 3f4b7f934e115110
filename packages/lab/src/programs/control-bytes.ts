import { randomBytes } from 'node:crypto';
import type { Control } from '../scenario/control.ts';

const quicV1 = 1;
const stunCookie = 0x2112a442;

/** What a client of such a protocol says first, as far as a watcher can tell it by; behind its head it is noise. */
export function beginningOf(speaks: Control['speaks'], length: number): Buffer {
  switch (speaks) {
    case 'quic': {
      // a long header of an Initial (RFC 9000 section 17.2.2), in a datagram of 1,200 bytes
      const bytes = randomBytes(1200);
      bytes[0] = 0xc3;
      bytes.writeUInt32BE(quicV1, 1);
      bytes[5] = 8;
      return bytes;
    }
    case 'stun': {
      // a binding request without attributes (RFC 8489 section 5)
      const bytes = Buffer.concat([Buffer.of(0, 1, 0, 0), Buffer.alloc(4), randomBytes(12)]);
      bytes.writeUInt32BE(stunCookie, 4);
      return bytes;
    }
    case 'dtls': {
      // a handshake record of DTLS 1.2 (RFC 6347 section 4.1) with a hello in it
      const body = randomBytes(180);
      const head = Buffer.of(22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, body.length);
      body[0] = 1;
      return Buffer.concat([head, body]);
    }
    case 'https':
    case 'noise':
    case 'datagrams':
      return randomBytes(Math.max(1, length));
  }
}
