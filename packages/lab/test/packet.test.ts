import fc from 'fast-check';
import { expect, test } from 'vitest';

import {
  formatAddress,
  isWithin,
  makeTcp,
  makeUdp,
  parseAddress,
  parsePacket,
  parsePrefix,
  protocolTcp,
  tcpFlag,
} from '@tern/lab';
import { MalformedError } from '@tern/protocol';

import { headerChecksum, segmentChecksum } from '../src/net/checksum.ts';

const address = fc.integer({ min: 0, max: 0xffffffff });
const port = fc.integer({ min: 0, max: 0xffff });
const ends = fc.record({ source: address, target: address, sourcePort: port, targetPort: port });
const payload = fc.uint8Array({ maxLength: 1460 });

function sumsOf(bytes: Uint8Array, protocol: number): readonly [number, number] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return [headerChecksum(view, 20), segmentChecksum(view, 20, protocol)];
}

test('an address is written as it was read', () => {
  fc.assert(
    fc.property(address, (number) => {
      expect(parseAddress(formatAddress(number))).toBe(number);
    }),
  );
  expect(parseAddress('192.0.2.1')).toBe(0xc0000201);
});

test('what is no address is refused', () => {
  for (const text of ['', '1.2.3', '1.2.3.4.5', '1.2.3.256', '01.2.3.4', ' 1.2.3.4', '1.2.3.-4']) {
    expect(() => parseAddress(text)).toThrow(MalformedError);
  }
  for (const text of ['1.2.3.4/33', '1.2.3.4/x', '1.2.3.4/8/8', '1.2.3/8']) {
    expect(() => parsePrefix(text)).toThrow(MalformedError);
  }
});

test('a network holds its own addresses and no other', () => {
  const home = parsePrefix('192.0.2.0/24');
  expect(isWithin(parseAddress('192.0.2.255'), home)).toBe(true);
  expect(isWithin(parseAddress('192.0.3.0'), home)).toBe(false);
  expect(isWithin(parseAddress('8.8.8.8'), parsePrefix('0.0.0.0/0'))).toBe(true);
  expect(isWithin(parseAddress('8.8.8.9'), parsePrefix('8.8.8.8'))).toBe(false);
});

test('a segment that is made is read as the same, with sums that hold', () => {
  fc.assert(
    fc.property(
      ends,
      payload,
      fc.record({ sequence: address, acknowledgement: address, flags: fc.integer({ min: 0, max: 63 }) }),
      (between, data, tcp) => {
        const packet = makeTcp(between, tcp, data);
        expect(packet).toMatchObject({ ...between, protocol: protocolTcp, tcp });
        expect(packet.payload).toEqual(data);
        expect(sumsOf(packet.bytes, packet.protocol)).toEqual([0, 0]);
      },
    ),
  );
});

test('a datagram that is made is read as the same, with sums that hold', () => {
  fc.assert(
    fc.property(ends, payload, (between, data) => {
      const packet = makeUdp(between, data);
      expect(packet).toMatchObject(between);
      expect(packet.payload).toEqual(data);
      expect(packet.tcp).toBeUndefined();
      expect(sumsOf(packet.bytes, packet.protocol)).toEqual([0, 0]);
    }),
  );
});

test('a sum is that of a packet worked out elsewhere', () => {
  // SYN, 10.0.0.2:43210 -> 10.0.0.1:80, its sums by another program from RFC 1071
  const whole = Uint8Array.from(
    Buffer.from('4500002800004000400626ce0a0000020a000001a8ca005000000001000000005002fffff2c40000', 'hex'),
  );
  expect(parsePacket(whole)?.tcp).toEqual({ sequence: 1, acknowledgement: 0, flags: tcpFlag.syn });
  expect(sumsOf(whole, protocolTcp)).toEqual([0, 0]);
});

test('bytes of any kind are a packet or nothing', () => {
  const almost = fc
    .tuple(
      ends,
      payload,
      fc.array(fc.tuple(fc.nat({ max: 60 }), fc.nat({ max: 255 })), { maxLength: 6 }),
      fc.nat(80),
    )
    .map(([between, data, changes, cut]) => {
      const bytes = makeTcp(between, { sequence: 1, acknowledgement: 2, flags: 16 }, data).bytes.slice();
      for (const [at, value] of changes) bytes[at % bytes.length] = value;
      return bytes.subarray(0, bytes.length - Math.min(cut, bytes.length));
    });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 90 }), almost), (bytes) => {
      const packet = parsePacket(bytes);
      if (packet === undefined) return;
      expect(packet.bytes.length).toBeLessThanOrEqual(bytes.length);
      expect(packet.payload.length).toBeLessThan(packet.bytes.length);
    }),
  );
});
