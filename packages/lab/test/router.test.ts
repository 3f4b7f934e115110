import { expect, test } from 'vitest';

import {
  decodeQuery,
  encodeAnswer,
  encodeQuery,
  makeTcp,
  makeUdp,
  Names,
  parseAddress,
  parsePacket,
  Router,
  Schedule,
  tcpFlag,
  type HostPlan,
  type Packet,
  type Sight,
} from '@tern/lab';

import { HandClock } from './support/hand-clock.ts';

const hosts: readonly HostPlan[] = [
  {
    name: 'anna',
    addresses: ['192.0.2.100'],
    isp: 'isp-1',
    link: { up: { delayMs: 30 }, down: { delayMs: 30 } },
  },
  { name: 'ben', addresses: ['192.0.2.101'], isp: 'isp-2' },
  { name: 'ann', addresses: ['192.0.2.102'], isp: 'isp-1' },
  { name: 'web', addresses: ['198.51.100.80', '198.51.100.81'] },
];
const [anna, ben, ann, web] = [0, 1, 2, 3] as const;

interface Arrival {
  readonly host: number;
  readonly at: number;
  readonly packet: Packet;
}

function aRouter(): { readonly router: Router; readonly clock: HandClock; readonly arrivals: Arrival[] } {
  const clock = new HandClock();
  const schedule = new Schedule(clock, () => undefined);
  const arrivals: Arrival[] = [];
  const names = new Names({ 'big-news.example': ['198.51.100.80'] });
  const router = new Router(
    { hosts, inside: ['192.0.2.0/24'], seed: 1 },
    {
      names,
      schedule,
      now: clock.now,
      deliver: (host, bytes) => {
        const packet = parsePacket(bytes);
        if (packet !== undefined) arrivals.push({ host, at: clock.now(), packet });
      },
    },
  );
  return { router, clock, arrivals };
}

function segment(from: string, to: string): Packet {
  const ends = { source: parseAddress(from), target: parseAddress(to), sourcePort: 40_000, targetPort: 443 };
  return makeTcp(ends, { sequence: 100, acknowledgement: 0, flags: tcpFlag.syn });
}

function datagram(from: string, to: string, payload: Uint8Array): Packet {
  const ends = { source: parseAddress(from), target: parseAddress(to), sourcePort: 40_000, targetPort: 53 };
  return makeUdp(ends, payload);
}

test('a packet arrives after both access lines, byte for byte', () => {
  const { router, clock, arrivals } = aRouter();
  const packet = segment('198.51.100.80', '192.0.2.100');
  router.take(web, packet.bytes);
  clock.moveTo(29);
  expect(arrivals).toEqual([]);
  clock.moveTo(100);
  expect(arrivals).toEqual([{ host: anna, at: 30, packet }]);
});

test('a packet to nobody, or from an address that is not its sender’s, is lost', () => {
  const { router, arrivals } = aRouter();
  router.take(ben, segment('192.0.2.101', '203.0.113.99').bytes);
  router.take(ben, segment('192.0.2.100', '198.51.100.80').bytes);
  expect(arrivals).toEqual([]);
  expect(router.counts()).toMatchObject({ sent: 2, nobody: 2, delivered: 0 });
});

test('the censors of sender and receiver see a packet, each once, and know its direction and whether it crosses the border', () => {
  const { router, clock } = aRouter();
  const seen: string[] = [];
  for (const isp of ['isp-1', 'isp-2']) {
    router.setInspect(isp, ({ up, border, at }) => {
      seen.push(`${isp} ${up ? 'up' : 'down'} ${border ? 'border' : 'home'} ${at}`);
      return { kind: 'pass' };
    });
  }
  const sent = (from: number, packet: Packet): readonly string[] => {
    seen.length = 0;
    router.take(from, packet.bytes);
    clock.moveTo(clock.now() + 100);
    return [...seen];
  };
  expect(sent(ben, segment('192.0.2.101', '198.51.100.81'))).toEqual(['isp-2 up border 0']);
  expect(sent(web, segment('198.51.100.80', '192.0.2.101'))).toEqual(['isp-2 down border 100']);
  expect(sent(anna, segment('192.0.2.100', '192.0.2.101'))).toEqual([
    'isp-1 up home 230',
    'isp-2 down home 230',
  ]);
  expect(sent(anna, segment('192.0.2.100', '192.0.2.102'))).toEqual(['isp-1 up home 330']);
  expect(sent(ann, segment('192.0.2.102', '203.0.113.99'))).toEqual(['isp-1 up border 400']);
});

test('what a censor drops goes no further, not even to the next censor', () => {
  const { router, clock, arrivals } = aRouter();
  router.setInspect('isp-1', () => ({ kind: 'drop', rule: 0 }));
  router.setInspect('isp-2', () => expect.unreachable('it was dropped'));
  router.take(anna, segment('192.0.2.100', '192.0.2.101').bytes);
  clock.moveTo(100);
  expect(arrivals).toEqual([]);
  expect(router.counts()).toMatchObject({ dropped: 1, delivered: 0 });
});

test('what a censor forges is delivered to both ends, unseen by any censor, and before what it forged it from', () => {
  const { router, clock, arrivals } = aRouter();
  let looks = 0;
  router.setInspect('isp-2', ({ packet }) => {
    looks += 1;
    const { source, target, sourcePort, targetPort } = packet;
    const there = makeTcp(packet, { sequence: 101, acknowledgement: 0, flags: tcpFlag.reset });
    const back = { source: target, target: source, sourcePort: targetPort, targetPort: sourcePort };
    const here = makeTcp(back, { sequence: 0, acknowledgement: 101, flags: tcpFlag.reset });
    return { kind: 'inject', rule: 0, packets: [there, here], drop: false };
  });
  router.take(ben, segment('192.0.2.101', '198.51.100.80').bytes);
  clock.moveTo(100);
  expect(looks).toBe(1);
  expect(arrivals.map(({ host, packet }) => [host, packet.tcp?.flags])).toEqual([
    [web, tcpFlag.reset],
    [ben, tcpFlag.reset],
    [web, tcpFlag.syn],
  ]);
  expect(router.counts()).toMatchObject({ injected: 2, dropped: 0, delivered: 3 });
});

test('chance that a censor uses is the same for the same seed', () => {
  const numbersOf = (): readonly number[] => {
    const { router } = aRouter();
    const numbers: number[] = [];
    router.setInspect('isp-2', ({ chance }) => {
      numbers.push(chance());
      return { kind: 'pass' };
    });
    for (let count = 0; count < 5; count += 1)
      router.take(ben, segment('192.0.2.101', '198.51.100.80').bytes);
    return numbers;
  };
  expect(numbersOf()).toEqual(numbersOf());
  expect(new Set(numbersOf()).size).toBe(5);
});

test('a name is answered whatever resolver is asked, and question and answer pass the censor', () => {
  const { router, clock, arrivals } = aRouter();
  const seen: Pick<Sight, 'up' | 'border'>[] = [];
  router.setInspect('isp-2', ({ up, border }) => {
    seen.push({ up, border });
    return { kind: 'pass' };
  });
  for (const resolver of ['192.0.2.53', '9.9.9.9']) {
    router.take(ben, datagram('192.0.2.101', resolver, encodeQuery(5, 'big-news.example')).bytes);
  }
  clock.moveTo(100);
  expect(
    arrivals.map(({ host, packet }) => [host, packet.source, packet.sourcePort, packet.targetPort]),
  ).toEqual([
    [ben, parseAddress('192.0.2.53'), 53, 40_000],
    [ben, parseAddress('9.9.9.9'), 53, 40_000],
  ]);
  const answer = arrivals[0]?.packet.payload ?? new Uint8Array();
  expect([...answer.subarray(-4)]).toEqual([198, 51, 100, 80]);
  expect(seen).toEqual([
    { up: true, border: false },
    { up: false, border: false },
    { up: true, border: true },
    { up: false, border: true },
  ]);
});

test('a censor may answer in the resolver’s place', () => {
  const { router, arrivals } = aRouter();
  router.setInspect('isp-2', ({ packet }) => {
    if (packet.targetPort !== 53) return { kind: 'pass' };
    const { source, target, sourcePort, targetPort } = packet;
    const back = { source: target, target: source, sourcePort: targetPort, targetPort: sourcePort };
    const lie = { code: 'ok', addresses: [parseAddress('10.10.34.34')], ttl: 1 } as const;
    const forged = makeUdp(back, encodeAnswer(decodeQuery(packet.payload), lie));
    return { kind: 'inject', rule: 3, packets: [forged], drop: true };
  });
  router.take(ben, datagram('192.0.2.101', '9.9.9.9', encodeQuery(5, 'big-news.example')).bytes);
  expect(arrivals.map(({ packet }) => [...packet.payload.subarray(-4)])).toEqual([[10, 10, 34, 34]]);
});

test('what each host and each connection costs is counted in whole packets', () => {
  const { router, clock } = aRouter();
  const there = segment('192.0.2.101', '198.51.100.80');
  router.take(ben, there.bytes);
  router.take(ben, there.bytes);
  router.take(
    web,
    makeTcp({ ...reversed(there) }, { sequence: 0, acknowledgement: 0, flags: 16 }, new Uint8Array(60)).bytes,
  );
  clock.moveTo(10);
  const expected = { sent: { packets: 2, bytes: 80 }, received: { packets: 1, bytes: 100 } };
  expect(router.traffic('ben')).toEqual({
    ...expected,
    flows: [{ protocol: 'tcp', localPort: 40_000, remote: '198.51.100.80', remotePort: 443, ...expected }],
  });
  expect(router.traffic('web')).toMatchObject({ sent: expected.received, received: expected.sent });
});

test('a cut ends every connection of a host for both sides, at once and for good, and no other', () => {
  const { router, clock, arrivals } = aRouter();
  const there = segment('192.0.2.101', '198.51.100.80');
  const data = (from: Packet, sequence: number, acknowledgement: number): Packet =>
    makeTcp(from, { sequence, acknowledgement, flags: tcpFlag.acknowledge }, new Uint8Array(10));
  const back = makeTcp(reversed(there), { sequence: 0, acknowledgement: 0, flags: 16 });
  router.take(ben, there.bytes);
  router.take(web, data(back, 500, 101).bytes);
  router.take(ben, data(there, 101, 510).bytes);
  router.take(anna, segment('192.0.2.100', '198.51.100.80').bytes);
  clock.moveTo(100);
  arrivals.length = 0;
  router.cut('ben');
  const resets = arrivals.map(({ host, packet: { tcp } }) => [host, tcp?.flags, tcp?.sequence]);
  expect(new Set(resets)).toEqual(
    new Set([
      [ben, tcpFlag.reset, 510],
      [web, tcpFlag.reset, 101],
    ]),
  );
  arrivals.length = 0;
  router.take(web, data(back, 510, 111).bytes);
  expect(arrivals.map(({ host, packet: { tcp } }) => [host, tcp?.flags, tcp?.sequence])).toEqual([
    [web, tcpFlag.reset, 111],
  ]);
  arrivals.length = 0;
  router.take(ben, there.bytes);
  expect(arrivals.map(({ host, packet }) => [host, packet.tcp?.flags])).toEqual([[web, tcpFlag.syn]]);
});

test('what both sides have ended is not there any more to be cut', () => {
  const { router, clock, arrivals } = aRouter();
  const there = segment('192.0.2.101', '198.51.100.80');
  const end = (from: Packet, sequence: number, acknowledgement: number): Packet =>
    makeTcp(from, { sequence, acknowledgement, flags: tcpFlag.acknowledge | tcpFlag.fin });
  router.take(ben, there.bytes);
  const back = makeTcp(reversed(there), { sequence: 0, acknowledgement: 0, flags: 16 });
  router.take(web, end(back, 500, 101).bytes);
  router.cut('anna');
  router.take(ben, end(there, 101, 501).bytes);
  clock.moveTo(100);
  arrivals.length = 0;
  router.cut('ben');
  expect(arrivals).toEqual([]);
});

test('two hosts cannot share an address, and a stranger’s name is refused', () => {
  const { router } = aRouter();
  expect(() => router.traffic('nobody')).toThrow('nobody');
  expect(() => router.setInspect('isp-9', undefined)).toThrow('isp-9');
  const parts = {
    names: new Names({}),
    schedule: new Schedule(new HandClock(), () => undefined),
    now: () => 0,
  };
  const twice = [...hosts, { name: 'thief', addresses: ['192.0.2.100'] }];
  expect(
    () => new Router({ hosts: twice, inside: [], seed: 1 }, { ...parts, deliver: () => undefined }),
  ).toThrow('thief');
});

function reversed({ source, target, sourcePort, targetPort }: Packet) {
  return { source: target, target: source, sourcePort: targetPort, targetPort: sourcePort };
}
