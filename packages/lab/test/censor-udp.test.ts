import fc from 'fast-check';
import { expect, test } from 'vitest';

import { isDtls, isQuicV1, isStun } from '../src/net/datagram-kind.ts';
import { hosts, kindOf, WatchedWire } from './support/watched-wire.ts';

const quic = (length: number, version = 1): Uint8Array => {
  const bytes = new Uint8Array(length).fill(7);
  bytes.set([0xc3, 0, 0, 0, version], 0);
  return bytes;
};
const stun = Uint8Array.from([0, 1, 0, 8, 0x21, 0x12, 0xa4, 0x42, ...new Uint8Array(20)]);
const dtls = Uint8Array.from([22, 0xfe, 0xfd, ...new Uint8Array(30)]);

test('datagrams are told by their first bytes', () => {
  expect([quic(1200), quic(1200, 2), stun, dtls].map(isQuicV1)).toEqual([true, false, false, false]);
  expect([quic(1200), stun, stun.subarray(0, 25), dtls].map(isStun)).toEqual([false, true, false, false]);
  expect([quic(1200), stun, dtls, dtls.subarray(0, 12)].map(isDtls)).toEqual([false, false, true, false]);
});

test('any datagram is told without an exception', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      expect([isQuicV1(bytes), isStun(bytes), isDtls(bytes)].filter(Boolean).length).toBeLessThan(2);
    }),
  );
});

test('QUIC is dropped from its first long packet on, and what follows in that flow', () => {
  const wire = WatchedWire.blocked({ technique: 'udp-filter', kinds: ['quic'], ports: [443] });
  expect(kindOf(wire.datagram(quic(1200)))).toBe('drop');
  expect(kindOf(wire.datagram(new Uint8Array(50)))).toBe('drop');
  expect(kindOf(wire.answerDatagram(new Uint8Array(50)))).toBe('drop');
  expect(kindOf(wire.datagram(new Uint8Array(50), { fromPort: 41_000 }))).toBe('pass');
});

test('a short packet, another version and another port are not taken for QUIC', () => {
  const wire = WatchedWire.blocked({ technique: 'udp-filter', kinds: ['quic'], ports: [443] });
  expect(kindOf(wire.datagram(quic(1000), { fromPort: 1 }))).toBe('pass');
  expect(kindOf(wire.datagram(quic(1001), { fromPort: 2 }))).toBe('drop');
  expect(kindOf(wire.datagram(quic(1200, 2), { fromPort: 3 }))).toBe('pass');
  expect(kindOf(wire.datagram(quic(1200), { fromPort: 4, port: 8443 }))).toBe('pass');
});

test('calls: STUN and DTLS are dropped one by one where the flow is not over with them', () => {
  const wire = WatchedWire.blocked({ technique: 'udp-filter', kinds: ['stun', 'dtls'], wholeFlow: false });
  expect(
    [stun, dtls, new Uint8Array(40), stun].map((bytes) => kindOf(wire.datagram(bytes, { port: 3478 }))),
  ).toEqual(['drop', 'drop', 'pass', 'drop']);
});

test('all datagrams but those to port 53 are dropped, at the border, and TCP is not', () => {
  const wire = WatchedWire.blocked({ technique: 'udp-filter', kinds: ['any'], exceptPorts: [53] });
  expect(kindOf(wire.datagram(new Uint8Array(3), { port: 123 }))).toBe('drop');
  expect(kindOf(wire.datagram(new Uint8Array(3), { port: 53 }))).toBe('pass');
  expect(kindOf(wire.datagram(new Uint8Array(3), { to: hosts.home }))).toBe('pass');
  expect(kindOf(wire.tcp().syn())).toBe('pass');
});
