import fc from 'fast-check';
import { expect, test } from 'vitest';

import { describePolicy } from '../src/censor/describe.ts';
import { inspect } from '../src/censor/inspect.ts';
import {
  beginBlock,
  burnedOf,
  createMemory,
  firedOf,
  flowIdleMs,
  mostFlows,
  type Memory,
} from '../src/censor/memory.ts';
import { techniques } from '../src/censor/techniques.ts';
import { parseAddress } from '../src/net/address.ts';
import { makeTcp, makeUdp, parsePacket, tcpFlag, type Packet } from '../src/net/packet.ts';
import { madeHello } from './support/made-hello.ts';
import { hosts, kindOf, kindsOf, policyOf, WatchedWire } from './support/watched-wire.ts';

/** What a rule of each technique needs to be complete, and wide enough to bite often. */
const everyRule = techniques.map((technique) => ({
  technique,
  ...{
    'freeze-packets': { packets: 10 },
    'freeze-bytes': { bytes: 5000 },
    police: { kilobitsPerSecond: 100, names: ['*'] },
    crawl: { names: ['*.crawl'] },
    'udp-filter': { kinds: ['quic', 'stun', 'dtls'] },
    siberian: { reading: 'run' },
    'name-reset': { names: ['*.reset'], residualSeconds: 60 },
    'name-blackhole': { names: ['*.black'], residualSeconds: 60, furtherPackets: 2 },
    'address-block': { addresses: ['198.51.100.0/24'] },
    'border-cut': { exceptAddresses: ['203.0.113.0/24', '198.51.100.0/24'] },
    'tls-print': { deny: ['t12*'] },
  }[technique],
}));

const address = fc.constantFrom(...Object.values(hosts)).map(parseAddress);
const port = fc.constantFrom(53, 80, 443, 8443, 40_000, 40_001);
const ends = fc.record({ source: address, target: address, sourcePort: port, targetPort: port });
const payload = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.constantFrom('x.reset', 'x.black', 'x.crawl', 'other').map((name) => madeHello({ name })),
  fc.constant(madeHello({ name: 'a.black', paddingFirst: 900 }).subarray(0, 600)),
);
const packet: fc.Arbitrary<Packet> = fc.oneof(
  fc
    .tuple(ends, payload, fc.nat(31), fc.nat(5000), fc.nat(5000))
    .map(([at, bytes, flags, sequence, acknowledgement]) =>
      makeTcp(at, { flags, sequence, acknowledgement }, bytes),
    ),
  fc.tuple(ends, payload).map(([at, bytes]) => makeUdp(at, bytes)),
  fc
    .tuple(ends, fc.uint8Array({ minLength: 20, maxLength: 60 }))
    .map(
      ([at, bytes]) =>
        parsePacket(Uint8Array.from([0x45, 0, 0, bytes.length, ...bytes.subarray(4)])) ?? makeUdp(at, bytes),
    ),
);

test('any packets are judged without an exception by all rules together, and what is forged is a whole packet', () => {
  const policy = policyOf(...everyRule.map((rule) => ({ scope: 'all', openedInside: false, ...rule })));
  fc.assert(
    fc.property(
      fc.array(fc.tuple(packet, fc.nat(20_000), fc.boolean(), fc.boolean()), { maxLength: 60 }),
      (sights) => {
        const memory = createMemory(policy);
        let at = 0;
        beginBlock(memory, at);
        for (const [seen, wait, up, border] of sights) {
          at += wait;
          const verdict = inspect({ packet: seen, at, up, border, chance: () => 0.1 }, memory, policy);
          if (verdict.kind === 'inject') {
            for (const forged of verdict.packets) expect(parsePacket(forged.bytes)).toEqual(forged);
          }
        }
      },
    ),
    { numRuns: 300 },
  );
});

test('the same packets at the same times get the same verdicts', () => {
  const policy = policyOf(...everyRule);
  fc.assert(
    fc.property(fc.array(fc.tuple(packet, fc.nat(1000)), { maxLength: 40 }), (sights) => {
      const judged = (): string => {
        const memory = createMemory(policy);
        beginBlock(memory, 0);
        return JSON.stringify(
          sights.map(([seen, at], place) =>
            inspect(
              { packet: seen, at: place * 1000 + at, up: true, border: true, chance: () => 0.3 },
              memory,
              policy,
            ),
          ),
        );
      };
      expect(judged()).toBe(judged());
    }),
    { numRuns: 50 },
  );
});

function sizeOf(memory: Memory): number {
  return (
    memory.flows.size + memory.rules.reduce((sum, { bans, records }) => sum + bans.size + records.size, 0)
  );
}

test('flows that are silent for ten minutes are forgotten, and bans that are over too', () => {
  const wire = WatchedWire.blocked({ technique: 'name-reset', names: ['*'], residualSeconds: 30 });
  for (let round = 0; round < 500; round += 1) {
    wire.tls('a.example', { to: `203.0.113.${round % 250}`, port: 1000 + round });
    wire.wait(1000);
  }
  expect(wire.memory.rules[0]?.bans.size).toBeLessThan(32);
  expect(wire.memory.flows.size).toBe(500);
  wire.wait(flowIdleMs);
  wire.tls('a.example');
  expect(wire.memory.flows.size).toBe(1);
  expect(wire.memory.rules[0]?.bans.size).toBe(1);
});

test('what is remembered has an end, however many flows, names and ports come by', () => {
  const wire = WatchedWire.blocked(
    { technique: 'siberian', reading: 'count', hellos: 1, scope: 'all' },
    { technique: 'name-reset', names: ['*.reset'], residualSeconds: 86_400 },
  );
  for (let round = 0; round < mostFlows + 500; round += 1) {
    const from = { fromPort: 1 + (round % 65_000), from: `192.0.2.${round % 250}` };
    const connection = wire.tcp(from);
    connection.syn();
    if (round % 2 === 0) connection.hello({ name: `n${round}.reset` });
    wire.verdicts.length = 0;
  }
  expect(wire.memory.flows.size).toBe(mostFlows);
  expect(sizeOf(wire.memory)).toBeLessThan(3 * mostFlows);
});

test('rules stand one behind the other: what one drops the next never sees, and what both let pass passes', () => {
  const wire = WatchedWire.blocked(
    { technique: 'name-blackhole', names: ['black.example'] },
    { technique: 'freeze-packets', packets: 6 },
    { technique: 'police', names: ['slow.example'], kilobitsPerSecond: 8, burstBytes: 3000 },
  );
  wire.tls('black.example');
  expect(firedOf(wire.memory).map(({ rule }) => rule)).toEqual([0]);
  const slow = wire.tls('slow.example');
  expect(kindsOf([slow.answer(1400), slow.answer(1400), slow.answer(1400), slow.answer(10)])).toEqual([
    'pass',
    'pass',
    'drop',
    'drop',
  ]);
  expect(firedOf(wire.memory).map(({ rule, bites }) => [rule, bites])).toEqual([
    [0, 1],
    [1, 2],
  ]);
  const small = wire.tls('slow.example');
  small.answer(1400);
  small.answer(1400);
  wire.verdicts.length = 0;
  expect(
    wire.see(makeTcp(small.ends, { flags: tcpFlag.acknowledge, sequence: 1, acknowledgement: 1 })),
  ).toEqual({ kind: 'drop', rule: 1 });
});

test('a forged answer of one rule and the drop of the next one both happen', () => {
  const wire = WatchedWire.blocked(
    { technique: 'name-reset', names: ['a.example'], afterwards: 'pass' },
    { technique: 'name-blackhole', names: ['a.example'] },
  );
  const connection = wire.tcp();
  connection.open();
  expect(connection.hello({ name: 'a.example' })).toMatchObject({ kind: 'inject', rule: 0, drop: true });
  expect(kindOf(connection.answer(5))).toBe('drop');
});

test('without rules everything passes and nothing is noted', () => {
  const wire = WatchedWire.blocked();
  wire.tls('cloud-notes.example').answer(1000);
  wire.datagram(new Uint8Array(1200));
  expect(new Set(kindsOf(wire.verdicts))).toEqual(new Set(['pass']));
  expect([firedOf(wire.memory), burnedOf(wire.memory)]).toEqual([[], []]);
});

test('every rule can be said in words, with what it is about and when', () => {
  expect(describePolicy(policyOf())).toEqual(['nothing is blocked']);
  expect(describePolicy(policyOf(...everyRule))).toHaveLength(techniques.length);
  expect(
    describePolicy(
      policyOf({
        technique: 'freeze-packets',
        packets: 25,
        addresses: ['203.0.113.0/24'],
        exceptNames: ['big-news.example'],
        probability: 0.7,
        beginSeconds: 10,
        endSeconds: 60,
      }),
    ),
  ).toEqual([
    'freeze-packets: after 25 packets of a connection (of 70 % of the connections), both directions counted together, over TCP and UDP, silence [across the border; to 203.0.113.0/24; not for big-news.example] from 10 s after the block began until 60 s after the block began',
  ]);
});
