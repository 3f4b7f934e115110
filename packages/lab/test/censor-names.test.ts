import { describe, expect, test } from 'vitest';

import { burnedOf, firedOf, retriesOf } from '../src/censor/memory.ts';
import { matcherOf } from '../src/censor/name-pattern.ts';
import { parseAddress } from '../src/net/address.ts';
import { type Verdict } from '../src/net/inspection.ts';
import { tcpFlag } from '../src/net/packet.ts';
import { madeHello } from './support/made-hello.ts';
import { hosts, kindOf, kindsOf, WatchedWire } from './support/watched-wire.ts';

const blocked = ['cloud-notes.example'];
const reset = { technique: 'name-reset', names: blocked };
const blackhole = { technique: 'name-blackhole', names: blocked };

function injectedBy(
  verdict: Verdict,
): readonly (readonly [to: number, flags: number, sequence: number, acknowledgement: number])[] {
  if (verdict.kind !== 'inject') return [];
  return verdict.packets.map(({ target, tcp }) => [
    target,
    tcp?.flags ?? 0,
    tcp?.sequence ?? 0,
    tcp?.acknowledgement ?? 0,
  ]);
}

const rstAck = tcpFlag.reset | tcpFlag.acknowledge;

test('a star in a name stands for any characters, and nothing fits the hello without a name', () => {
  const fits = matcherOf(['*t.co*', '*.example', 'a*b*c', 'exact.net']);
  expect(['t.co', 'reddit.com', 'x.example', 'abc', 'a12b3bc', 'exact.net'].every(fits)).toBe(true);
  expect(['', 'example', 'not-exact.net', 'acb', 'ab'].some(fits)).toBe(false);
  expect(matcherOf(['*'])('')).toBe(false);
  expect(matcherOf(['aa*aa'])('aaa')).toBe(false);
});

describe('a reset by name', () => {
  test('comes at the hello, to the client alone, with the true numbers, and the hello does not pass', () => {
    const wire = WatchedWire.blocked(reset);
    const connection = wire.tcp();
    expect(kindsOf(connection.open())).toEqual(['pass', 'pass', 'pass']);
    const before = { ...connection.next };
    const hello = madeHello({ name: 'cloud-notes.example' });
    const verdict = connection.send(hello);
    expect(verdict).toMatchObject({ kind: 'inject', rule: 0, drop: true });
    expect(injectedBy(verdict)).toEqual([
      [parseAddress(hosts.client), rstAck, before.server, before.client + hello.length],
    ]);
    expect(kindOf(connection.answer(100))).toBe('drop');
    expect(kindOf(connection.send(100))).toBe('drop');
  });

  test('goes to both ends where both are told', () => {
    const wire = WatchedWire.blocked({ ...reset, to: 'both' });
    const connection = wire.tcp();
    connection.open();
    const before = { ...connection.next };
    const verdict = connection.hello({ name: 'cloud-notes.example' });
    expect(injectedBy(verdict).map(([to]) => to)).toEqual([
      parseAddress(hosts.client),
      parseAddress(hosts.abroad),
    ]);
    expect(injectedBy(verdict)[1]).toEqual([
      parseAddress(hosts.abroad),
      rstAck,
      before.client,
      before.server,
    ]);
  });

  test('at the answer lets the hello through and takes the place of what the server says', () => {
    const wire = WatchedWire.blocked({ ...reset, on: 'answer' });
    const connection = wire.tcp();
    connection.open();
    expect(kindOf(connection.hello({ name: 'cloud-notes.example' }))).toBe('pass');
    expect(kindOf(connection.serverAck())).toBe('pass');
    const before = { ...connection.next };
    const verdict = connection.answer(1400);
    expect(injectedBy(verdict)).toEqual([[parseAddress(hosts.client), rstAck, before.server, before.client]]);
    expect(verdict).toMatchObject({ drop: true });
  });

  test('to one end alone leaves the rest of the connection, where it is set so', () => {
    const wire = WatchedWire.blocked({ ...reset, afterwards: 'pass' });
    const connection = wire.tcp();
    connection.open();
    expect(connection.hello({ name: 'cloud-notes.example' })).toMatchObject({ kind: 'inject', drop: false });
    expect(kindOf(connection.answer(100))).toBe('pass');
  });

  test('spares other names, no name, other ISPs’ listeners and domestic servers', () => {
    const wire = WatchedWire.blocked(reset);
    expect(wire.verdicts).toEqual([]);
    wire.tls('garden-photos.example').answer(100);
    wire.tls(undefined).answer(100);
    wire.tls('cloud-notes.example', { to: hosts.home }).answer(100);
    wire.tls('cloud-notes.example', { from: hosts.abroad, to: hosts.client });
    expect(new Set(kindsOf(wire.verdicts))).toEqual(new Set(['pass']));
    expect(firedOf(wire.memory)).toEqual([]);
  });

  test('reaches domestic servers and what comes from abroad where its scope says so', () => {
    const wire = WatchedWire.blocked({ ...reset, scope: 'all', openedInside: false });
    const home = wire.tls('cloud-notes.example', { to: hosts.home });
    const abroad = wire.tls('cloud-notes.example', { from: hosts.abroad, to: hosts.client });
    expect([kindOf(home.answer(1)), kindOf(abroad.answer(1))]).toEqual(['drop', 'drop']);
    expect(firedOf(wire.memory)).toEqual([
      { rule: 0, client: parseAddress(hosts.client), bites: 4, triggers: 2 },
    ]);
  });

  test('leaves its mark for a while on the client, address and port, and no longer', () => {
    const wire = WatchedWire.blocked({ ...reset, residualSeconds: 90 });
    wire.tls('cloud-notes.example');
    wire.wait(60_000);
    expect(kindOf(wire.tcp().syn())).toBe('drop');
    expect(kindOf(wire.tcp({ port: 8443 }).syn())).toBe('pass');
    expect(kindOf(wire.tcp({ from: hosts.otherClient }).syn())).toBe('pass');
    wire.wait(30_001);
    expect(kindOf(wire.tcp().syn())).toBe('pass');
    expect(burnedOf(wire.memory)).toEqual([
      {
        rule: 0,
        client: parseAddress(hosts.client),
        what: 'address',
        value: hosts.abroad,
        at: 1000,
        until: 91_000,
      },
    ]);
  });

  test('and counts what somebody inside opens into it after the connection that met it', () => {
    const wire = WatchedWire.blocked({ ...reset, residualSeconds: 90 });
    const standing = wire.tcp();
    standing.open();
    wire.tls('cloud-notes.example');
    standing.hello({ name: 'weather.example' });
    expect(retriesOf(wire.memory)).toBe(0);
    const first = wire.tcp();
    first.syn();
    first.ack(); // one connection, whatever it sends
    expect(retriesOf(wire.memory)).toBe(0);
    wire.tcp().syn();
    wire.tcp().syn();
    wire.tcp({ port: 8443 }).syn();
    expect(retriesOf(wire.memory)).toBe(2);
    wire.wait(90_001);
    wire.tcp().syn();
    wire.tls('cloud-notes.example');
    wire.tcp().syn();
    expect(retriesOf(wire.memory)).toBe(2);
    wire.tcp().syn();
    expect(retriesOf(wire.memory)).toBe(3);
  });

  test('and each packet sent into the residual starts it anew where it is set so', () => {
    const wire = WatchedWire.blocked({
      ...reset,
      residualSeconds: 60,
      residualRestarts: true,
      residualAction: 'reset',
    });
    wire.tls('cloud-notes.example');
    wire.wait(50_000);
    const verdict = wire.tcp().syn();
    expect(injectedBy(verdict)).toEqual([[parseAddress(hosts.client), rstAck, 0, 5001]]);
    wire.wait(50_000);
    expect(kindOf(wire.tcp().syn())).toBe('inject');
    wire.wait(60_001);
    expect(kindOf(wire.tcp().syn())).toBe('pass');
    expect(burnedOf(wire.memory)).toHaveLength(1);
  });
});

describe('silence by name', () => {
  test('begins with the hello', () => {
    const wire = WatchedWire.blocked(blackhole);
    const connection = wire.tls('cloud-notes.example');
    expect(wire.verdicts.map(kindOf)).toEqual(['pass', 'pass', 'pass', 'drop']);
    expect(kindOf(connection.answer(10))).toBe('drop');
    expect(kindOf(connection.ack())).toBe('drop');
  });

  test('or after so many further packets of either side', () => {
    const wire = WatchedWire.blocked({ ...blackhole, furtherPackets: 5 });
    const connection = wire.tls('cloud-notes.example');
    const later = [1, 2, 3].flatMap(() => [connection.answer(1400), connection.ack()]);
    expect(wire.verdicts.slice(0, 4).map(kindOf)).toEqual(['pass', 'pass', 'pass', 'pass']);
    expect(kindsOf(later)).toEqual(['pass', 'pass', 'pass', 'pass', 'pass', 'drop']);
  });

  test('its residual is counted anew from what is sent again on that very connection, where it is set so', () => {
    for (const [residualRestarts, after] of [
      [true, 'drop'],
      [false, 'pass'],
    ] as const) {
      const wire = WatchedWire.blocked({ ...blackhole, residualSeconds: 60, residualRestarts });
      const connection = wire.tls('cloud-notes.example');
      wire.wait(50_000);
      // what comes from the server does not
      expect([kindOf(connection.ack()), kindOf(connection.answer(10))]).toEqual(['drop', 'drop']);
      wire.wait(50_000);
      expect(kindOf(connection.answer(10))).toBe('drop');
      expect(kindOf(wire.tcp().syn())).toBe(after);
    }
  });

  test('a box that looks at single packets misses a name in the second segment, one that reassembles does not', () => {
    const plan = { name: 'cloud-notes.example', paddingFirst: 1500 };
    for (const [reading, last] of [
      ['naive', 'pass'],
      ['reassembling', 'drop'],
    ] as const) {
      const wire = WatchedWire.blocked({ ...blackhole, reading });
      const connection = wire.tcp();
      connection.open();
      expect(kindsOf(connection.helloInPieces(plan, 1400))).toEqual(['pass', last]);
      expect(kindOf(connection.answer(100))).toBe(last);
    }
  });

  test('a name in the first of two segments is seen by both, by the reassembling one at the second', () => {
    const plan = {
      name: 'cloud-notes.example',
      extensions: [[21, Array.from({ length: 1500 }, () => 0)]],
    } as const;
    for (const [reading, verdicts] of [
      ['naive', ['drop', 'drop']],
      ['reassembling', ['pass', 'drop']],
    ] as const) {
      const connection = WatchedWire.blocked({ ...blackhole, reading }).tcp();
      connection.open();
      expect(kindsOf(connection.helloInPieces(plan, 1400))).toEqual(verdicts);
    }
  });
});

test('nothing is bitten before the block, and a connection of before is bitten at its next packet', () => {
  const wire = new WatchedWire(blackhole);
  const connection = wire.tls('cloud-notes.example');
  connection.answer(1400);
  expect(new Set(kindsOf(wire.verdicts))).toEqual(new Set(['pass']));
  wire.block();
  expect(kindOf(connection.ack())).toBe('drop');
});

test('a rule bites only between its begin and its end', () => {
  const wire = WatchedWire.blocked({ ...blackhole, beginSeconds: 10, endSeconds: 60 });
  const at = (seconds: number): string => {
    wire.nowMs = 1000 + seconds * 1000;
    return kindOf(wire.tls('cloud-notes.example').answer(1));
  };
  expect([at(9.9), at(10), at(59.9), at(60)]).toEqual(['pass', 'drop', 'drop', 'pass']);
});

test('addresses are cut, or refused with a reset, for the protocols and ports that the rule says', () => {
  const drop = WatchedWire.blocked({
    technique: 'address-block',
    addresses: ['203.0.113.0/24'],
    protocols: 'tcp',
    exceptPorts: [8443],
  });
  expect(kindsOf(drop.tcp().open())).toEqual(['drop', 'drop', 'drop']);
  expect(kindOf(drop.tcp({ port: 8443 }).syn())).toBe('pass');
  expect(kindOf(drop.tcp({ to: hosts.otherAbroad }).syn())).toBe('pass');
  expect(kindOf(drop.datagram(new Uint8Array(20)))).toBe('pass');
  const refuse = WatchedWire.blocked({
    technique: 'address-block',
    addresses: [hosts.abroad],
    action: 'reset',
  });
  const connection = refuse.tcp();
  expect(injectedBy(connection.syn())).toEqual([[parseAddress(hosts.client), rstAck, 0, 5001]]);
});

test('a cut border passes the listed and nothing else, or opens TCP and passes no data', () => {
  const cut = WatchedWire.blocked({ technique: 'border-cut', exceptAddresses: [hosts.otherAbroad] });
  expect(kindOf(cut.tcp().syn())).toBe('drop');
  expect(kindOf(cut.datagram(new Uint8Array(5)))).toBe('drop');
  expect(kindOf(cut.tcp({ to: hosts.otherAbroad }).syn())).toBe('pass');
  expect(kindOf(cut.tcp({ to: hosts.home }).syn())).toBe('pass');
  const open = WatchedWire.blocked({
    technique: 'border-cut',
    handshake: 'passes',
    exceptNames: ['big-news.example'],
  });
  const other = open.tcp();
  expect(kindsOf([...other.open(), other.hello({ name: 'cloud-notes.example' })])).toEqual([
    'pass',
    'pass',
    'pass',
    'drop',
  ]);
  const listed = open.tls('big-news.example');
  expect(kindOf(listed.answer(1000))).toBe('pass');
  expect(kindOf(open.tls(undefined).answer(1000))).toBe('drop');
  const noise = open.tcp();
  noise.open();
  expect(kindOf(noise.send(100))).toBe('drop');
});

test('a fingerprint that is not on the list is dropped once the hello is whole, and so is an unusual protocol', () => {
  const wire = WatchedWire.blocked({
    technique: 'tls-print',
    allow: ['t13d??h2*', 't13d*h2_*'],
    alpn: ['h2', 'http/1.1'],
  });
  expect(kindOf(wire.tls('a.example', { alpn: ['h2'] }).answer(1))).toBe('pass');
  expect(kindOf(wire.tls('a.example', { alpn: ['h2', 'imap'] }).answer(1))).toBe('drop');
  expect(kindOf(wire.tls('a.example').answer(1))).toBe('drop');
  const connection = wire.tcp();
  connection.open();
  expect(kindsOf(connection.helloInPieces({ name: 'a.example', paddingFirst: 2000 }, 1400))).toEqual([
    'pass',
    'drop',
  ]);
});
