import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addressGuard } from '../src/index.ts';
import { endsInNumber } from '../src/forward/address-guard.ts';
import { Ration } from '../src/forward/ration.ts';
import { testWorld } from '../src/testing/index.ts';

const own = (): readonly string[] => ['198.51.100.9', '2606:4700::9', 'fe80::1%eth0'];

const ordinary = [
  '1.1.1.1',
  '8.8.8.8',
  '172.15.255.255',
  '172.32.0.0',
  '100.63.255.255',
  '100.128.0.0',
  '192.0.2.50',
  '198.51.100.20',
  '203.0.113.10',
  '223.255.255.255',
  '2606:4700::1111',
  '2001:200::1',
  '2001:db8::1',
  '2a00:1450:4001:800::200e',
];
const ofThisNetwork = [
  '10.0.0.1',
  '10.255.255.255',
  '127.0.0.1',
  '127.255.255.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '100.64.0.1',
  '100.127.255.255',
  '::1',
  '0:0:0:0:0:0:0:1',
  'fc00::1',
  'fdff:ffff::1',
];
const ofNobody = [
  '0.0.0.0',
  '0.1.2.3',
  '100.100.100.200',
  '168.63.129.16',
  '169.254.169.254',
  '192.0.0.8',
  '192.31.196.1',
  '192.52.193.255',
  '192.88.99.1',
  '192.175.48.42',
  '198.18.0.1',
  '198.19.255.255',
  '224.0.0.1',
  '239.255.255.255',
  '240.0.0.1',
  '255.255.255.255',
  '::',
  '::2',
  '::127.0.0.1',
  '::ffff:0:127.0.0.1',
  '::ffff:0:8.8.8.8',
  '::ffff:127.0.0.1',
  '::ffff:8.8.8.8',
  '::ffff:7f00:1',
  '::FFFF:0808:0808',
  '0:0:0:0:0:ffff:10.0.0.1',
  '64:ff9b::7f00:1',
  '64:ff9b:1::a00:1',
  '2002:7f00:1::1',
  '100::1',
  '100:0:0:1::1',
  '2001:0:1:2::3',
  '2001:1::1',
  '2001:1ff:ffff::1',
  '2001:3::1',
  '2001:4:112::1',
  '2001:30::1',
  '2620:4f:8000::1',
  '4000::1',
  '5f00::1',
  'fd00:ec2::254',
  'fd20:ce::254',
  'fe80::1',
  'fe80::1%eth0',
  'febf::1',
  'fec0::1',
  'ff02::1',
  'ff0e::1',
];
const noAddresses = [
  '',
  'localhost',
  'relay.example',
  '127.1',
  '2130706433',
  '0x7f.0.0.1',
  '1.2.3',
  '1.2.3.4.5',
];

describe('addresses to which something is handed on', () => {
  const guard = addressGuard({ own });

  test('rule 29: are the public ones, those for documentation included', () => {
    for (const address of ordinary) expect([address, guard(address)]).toEqual([address, true]);
  });

  test('rule 29: those that are private, loopback, link-local, multicast, mapped or its own are refused, however they are written', () => {
    for (const address of [...ofThisNetwork, ...ofNobody, ...noAddresses, ...own()])
      expect([address, guard(address)]).toEqual([address, false]);
    expect(guard('2606:4700:0::0009')).toBe(false);
  });

  test('rule 29: an operator may open their own network, never link-local, multicast or mapped addresses', () => {
    const open = addressGuard({ own, alsoPrivate: true });
    for (const address of [...ordinary, ...ofThisNetwork, '198.51.100.9'])
      expect([address, open(address)]).toEqual([address, true]);
    for (const address of [...ofNobody, ...noAddresses])
      expect([address, open(address)]).toEqual([address, false]);
  });

  test('rule 29: the addresses of the machine itself are refused without being told', () => {
    expect(addressGuard({ own: () => ['203.0.113.10'] })('203.0.113.10')).toBe(false);
    expect(addressGuard()('127.0.0.1')).toBe(false);
  });
});

describe('whatever an address is', () => {
  const guards = [addressGuard({ own }), addressGuard({ own, alsoPrivate: true })];
  const refuse = (address: string): boolean => isIP(address) !== 0 && !guards.some((guard) => guard(address));
  const bits = (length: number): fc.Arbitrary<bigint> =>
    fc.bigInt({ min: 0n, max: (1n << BigInt(length)) - 1n });

  test('rule 29: whatever lies in a range for a special purpose is refused, however it is written', () => {
    const ranges = [
      '0.0.0.0/8',
      '168.63.129.16/32',
      '169.254.0.0/16',
      '192.0.0.0/24',
      '192.31.196.0/24',
      '192.52.193.0/24',
      '192.88.99.0/24',
      '192.175.48.0/24',
      '198.18.0.0/15',
      '224.0.0.0/3',
    ].map((range) => range.split(/[./]/).map(Number));
    fc.assert(
      fc.property(
        fc.constantFrom(...ranges),
        bits(32),
        ([a = 0, b = 0, c = 0, d = 0, length = 0], random) => {
          const rest = random & ((1n << BigInt(32 - length)) - 1n);
          return refuse(ipv4((BigInt(a) << 24n) | BigInt((b << 16) | (c << 8) | d) | rest));
        },
      ),
    );
  });

  test('rule 29: an IPv6 address that is neither public nor of this network is refused, and so is one that carries an IPv4 address', () => {
    fc.assert(
      fc.property(bits(128), fc.boolean(), (address, long) => {
        const top = address >> 125n;
        return top === 1n || address >> 121n === 0x7en || address === 1n || refuse(ipv6(address, long));
      }),
    );
    const carriers = [
      0n,
      0xffffn << 32n,
      0xffffn << 48n,
      0x64_ff9bn << 96n,
      (0x64_ff9bn << 96n) | (1n << 80n),
    ];
    fc.assert(
      fc.property(fc.constantFrom(...carriers), bits(32), fc.boolean(), (carrier, address, long) => {
        const carried = carrier | address;
        return carried === 1n || refuse(ipv6(carried, long));
      }),
    );
    fc.assert(fc.property(bits(112), (rest) => refuse(ipv6((0x2002n << 112n) | rest, true))));
  });

  test('rule 29: an IPv4 address is four plain numbers; every other way of writing one is refused', () => {
    const part = fc.integer({ min: 0, max: 255 });
    const written = fc.oneof(
      part.map(String),
      part.map((number) => `0${number.toString(8)}`),
      part.map((number) => `0x${number.toString(16)}`),
      bits(32).map(String),
      bits(32).map((number) => `0x${number.toString(16)}`),
    );
    fc.assert(
      fc.property(
        fc.array(written, { minLength: 1, maxLength: 4 }),
        fc.constantFrom('', '.'),
        (parts, end) => {
          const address = `${parts.join('.')}${end}`;
          const plain =
            parts.length === 4 &&
            end === '' &&
            parts.every((one) => String(Number(one)) === one && Number(one) < 256);
          return plain || (endsInNumber(address) && guards.every((guard) => !guard(address)));
        },
      ),
    );
    for (const name of ['relay.example', '1.example', '0x1.example', 'a1', 'x0x7f'])
      expect(endsInNumber(name)).toBe(false);
  });
});

function ipv4(address: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => (address >> shift) & 255n).join('.');
}

/** @param long false: as IPv6 addresses may end, in the form of an IPv4 one */
function ipv6(address: bigint, long: boolean): string {
  const words = Array.from({ length: 8 }, (_, at) =>
    ((address >> BigInt(112 - 16 * at)) & 0xffffn).toString(16),
  );
  return long ? words.join(':') : `${words.slice(0, 6).join(':')}:${ipv4(address & 0xffff_ffffn)}`;
}

test('a ration comes back evenly, and who has overdrawn it waits', () => {
  const world = testWorld();
  const ration = new Ration(world, { most: 100, ms: 1000 });
  expect([ration.take('a', 60), ration.take('a', 60), ration.take('b', 60)]).toEqual([true, false, true]);
  world.pass(200);
  expect(ration.take('a', 60)).toBe(true);
  ration.spend('a', 100);
  world.pass(1000);
  expect(ration.left('a')).toBeCloseTo(0);
  world.pass(10_000);
  expect(ration.left('a')).toBe(100);
});
