import { describe, expect, test } from 'vitest';
import { addressGuard } from '../src/index.ts';
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
  '169.254.169.254',
  '192.0.0.8',
  '198.18.0.1',
  '198.19.255.255',
  '224.0.0.1',
  '239.255.255.255',
  '240.0.0.1',
  '255.255.255.255',
  '::',
  '::127.0.0.1',
  '::ffff:127.0.0.1',
  '::ffff:8.8.8.8',
  '::ffff:7f00:1',
  '::FFFF:0808:0808',
  '0:0:0:0:0:ffff:10.0.0.1',
  '64:ff9b::7f00:1',
  '64:ff9b:1::a00:1',
  '2002:7f00:1::1',
  '2001:0:1:2::3',
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
