import { describe, expect, test } from 'vitest';

import { firedOf } from '../src/censor/memory.ts';
import { parseAddress } from '../src/net/address.ts';
import { hosts, kindOf, kindsOf, WatchedWire } from './support/watched-wire.ts';

const count = (kinds: readonly string[], kind: string): number => kinds.filter((one) => one === kind).length;

describe('a freeze by packets', () => {
  const freeze = { technique: 'freeze-packets', packets: 25, addresses: ['203.0.113.0/24'] };

  test('lets 25 packets of both directions pass, SYN and ACK counted, and then none, either way', () => {
    const wire = WatchedWire.blocked(freeze);
    const connection = wire.tls('cloud-notes.example');
    while (wire.verdicts.length < 40) {
      connection.answer(1400);
      connection.ack();
    }
    expect(kindsOf(wire.verdicts).lastIndexOf('pass')).toBe(24);
    expect(count(kindsOf(wire.verdicts), 'drop')).toBe(15);
    expect(firedOf(wire.memory)).toEqual([
      { rule: 0, client: parseAddress(hosts.client), bites: 15, triggers: 1 },
    ]);
  });

  test('counts each connection for itself: a new one has its own 25', () => {
    const wire = WatchedWire.blocked(freeze);
    for (let round = 0; round < 3; round += 1) {
      const connection = wire.tls('cloud-notes.example');
      const rest = Array.from({ length: 21 }, () => kindOf(connection.answer(1400)));
      expect(count(rest, 'pass')).toBe(21);
      expect(kindOf(connection.ack())).toBe('drop');
    }
  });

  test('counts datagrams too, and TCP alone where it is set so', () => {
    const wire = WatchedWire.blocked({ ...freeze, packets: 3 });
    const datagrams = Array.from({ length: 5 }, () => kindOf(wire.datagram(new Uint8Array(100))));
    expect(datagrams).toEqual(['pass', 'pass', 'pass', 'drop', 'drop']);
    const tcpOnly = WatchedWire.blocked({ ...freeze, packets: 3, protocols: 'tcp' });
    expect(
      count(
        Array.from({ length: 9 }, () => kindOf(tcpOnly.datagram(new Uint8Array(100)))),
        'drop',
      ),
    ).toBe(0);
  });

  test('counts each direction for itself where it is set so', () => {
    const wire = WatchedWire.blocked({ ...freeze, packets: 5, count: 'each' });
    const connection = wire.tls('cloud-notes.example');
    const down = Array.from({ length: 6 }, () => kindOf(connection.answer(1400)));
    expect(down).toEqual(['pass', 'pass', 'pass', 'pass', 'drop', 'drop']);
    expect(kindsOf([connection.ack(), connection.ack(), connection.ack()])).toEqual(['pass', 'pass', 'drop']);
  });

  test('spares other addresses, domestic servers, excepted names and ports, and never bites before the block', () => {
    const wire = WatchedWire.blocked({ ...freeze, exceptNames: ['big-news.example'], exceptPorts: [22] });
    const talk = (connection: ReturnType<WatchedWire['tcp']>): string =>
      kindsOf(Array.from({ length: 60 }, () => connection.answer(1400))).at(-1) ?? '';
    expect(talk(wire.tls('a.example', { to: hosts.otherAbroad }))).toBe('pass');
    expect(talk(wire.tls('a.example', { to: hosts.home }))).toBe('pass');
    expect(talk(wire.tls('big-news.example'))).toBe('pass');
    expect(talk(wire.tls('a.example', { port: 22 }))).toBe('pass');
    expect(talk(wire.tls('a.example'))).toBe('drop');
    expect(talk(new WatchedWire(freeze).tls('a.example'))).toBe('pass');
  });

  test('takes a share of the connections, decided once for each', () => {
    const wire = WatchedWire.blocked({ ...freeze, packets: 2, probability: 0.7 });
    wire.chances = [0.69, 0.71];
    const kinds = [wire.tcp(), wire.tcp()].map((connection) =>
      kindsOf([...connection.open(), connection.send(1), connection.answer(1)]),
    );
    expect(kinds).toEqual([
      ['pass', 'pass', 'drop', 'drop', 'drop'],
      ['pass', 'pass', 'pass', 'pass', 'pass'],
    ]);
  });

  test('does not take a SYN that is sent again for a new connection, but a new one between the same ports', () => {
    const wire = WatchedWire.blocked({ ...freeze, packets: 3 });
    const options = { fromPort: 3000 };
    const again = Array.from({ length: 5 }, () => kindOf(wire.tcp(options).syn()));
    expect(again).toEqual(['pass', 'pass', 'pass', 'drop', 'drop']);
    const other = wire.tcp(options);
    other.next.client = 77;
    expect(kindOf(other.syn())).toBe('pass');
  });

  test('of a connection that stood before the block counts what went before', () => {
    const wire = new WatchedWire(freeze);
    const connection = wire.tls('cloud-notes.example');
    for (let round = 0; round < 30; round += 1) connection.answer(1400);
    wire.block();
    expect(kindOf(connection.ack())).toBe('drop');
  });
});

describe('a freeze by bytes', () => {
  const freeze = { technique: 'freeze-bytes', bytes: 16_384 };

  test('lets what the server says pass up to 16 KiB, and the client go on talking', () => {
    const wire = WatchedWire.blocked(freeze);
    const connection = wire.tls('cloud-notes.example');
    const down = Array.from({ length: 20 }, () => kindOf(connection.answer(1400)));
    expect(count(down, 'pass')).toBe(11);
    expect(down.indexOf('drop')).toBe(11);
    expect(kindOf(connection.send(1400))).toBe('pass');
    expect(kindOf(connection.answer(0))).toBe('drop');
  });

  test('or counts either direction, or both together', () => {
    const each = WatchedWire.blocked({ ...freeze, bytes: 4096, count: 'each' }).tcp();
    each.open();
    expect(
      kindsOf([
        each.send(2000),
        each.answer(2000),
        each.send(2000),
        each.answer(2000),
        each.send(2000),
        each.answer(2000),
      ]),
    ).toEqual(['pass', 'pass', 'pass', 'pass', 'drop', 'drop']);
    const both = WatchedWire.blocked({ ...freeze, bytes: 4096, count: 'both' }).tcp();
    both.open();
    expect(kindsOf([both.send(2000), both.answer(2000), both.send(2000), both.answer(1)])).toEqual([
      'pass',
      'pass',
      'drop',
      'drop',
    ]);
  });
});

describe('a policed rate', () => {
  const police = {
    technique: 'police',
    names: ['cloud-notes.example'],
    kilobitsPerSecond: 140,
    burstBytes: 8000,
  };

  test('lets a burst pass, then its bytes a second, each way and each connection for itself', () => {
    const wire = WatchedWire.blocked(police);
    const one = wire.tls('cloud-notes.example');
    const other = wire.tls('cloud-notes.example');
    for (const connection of [one, other]) {
      const burst = Array.from({ length: 8 }, () => kindOf(connection.answer(1460)));
      expect(burst.indexOf('drop')).toBe(5);
    }
    expect(kindOf(one.send(1460))).toBe('pass');
    let passed = 0;
    for (let step = 0; step < 1000; step += 1) {
      wire.wait(10);
      if (kindOf(one.answer(1460)) === 'pass') passed += 1500;
    }
    expect(passed).toBeGreaterThan(0.98 * 17_500 * 10);
    expect(passed).toBeLessThan(1.02 * 17_500 * 10);
  });

  test('leaves other names alone, and one direction where it is set so', () => {
    const wire = WatchedWire.blocked({ ...police, directions: 'down' });
    const free = wire.tls('river-maps.example');
    expect(
      count(
        Array.from({ length: 50 }, () => kindOf(free.answer(1460))),
        'drop',
      ),
    ).toBe(0);
    const held = wire.tls('cloud-notes.example');
    expect(
      count(
        Array.from({ length: 50 }, () => kindOf(held.send(1460))),
        'drop',
      ),
    ).toBe(0);
    expect(
      count(
        Array.from({ length: 50 }, () => kindOf(held.answer(1460))),
        'drop',
      ),
    ).toBe(45);
  });

  test('a crawl gives 650 bytes a second and still lets a full packet through now and then', () => {
    const wire = WatchedWire.blocked({ technique: 'crawl', names: ['cloud-notes.example'] });
    const connection = wire.tls('cloud-notes.example');
    let passed = 0;
    for (let step = 0; step < 600; step += 1) {
      wire.wait(100);
      if (kindOf(connection.answer(1460)) === 'pass') passed += 1500;
    }
    expect(passed).toBeGreaterThan(0.9 * 650 * 60);
    expect(passed).toBeLessThan(650 * 60 + 2000);
  });
});

test('a TCP connection of sixty seconds goes silent or is reset, a younger one and a datagram are not', () => {
  for (const [action, kind] of [
    ['drop', 'drop'],
    ['reset', 'inject'],
  ] as const) {
    const wire = WatchedWire.blocked({ technique: 'age-limit', action });
    const connection = wire.tls('a.example');
    const datagram = (): string => kindOf(wire.datagram(new Uint8Array(10)));
    datagram();
    wire.wait(59_999);
    expect(kindOf(connection.send(10))).toBe('pass');
    wire.wait(1);
    expect(kindOf(connection.send(10))).toBe(kind);
    expect(kindOf(connection.answer(10))).toBe(kind);
    expect(datagram()).toBe('pass');
    expect(kindOf(wire.tcp().syn())).toBe('pass');
  }
});

test('connections that stood when the block began are swallowed both ways, and new ones and datagrams pass', () => {
  const wire = new WatchedWire({ technique: 'swallow-standing', names: ['cloud-notes.example'] });
  const [standing, other] = [wire.tls('cloud-notes.example'), wire.tls('paper-boats.example')];
  expect(kindsOf([standing.send(10), standing.answer(10)])).toEqual(['pass', 'pass']);
  wire.wait(5000);
  wire.block();
  expect(kindsOf([standing.send(10), standing.answer(10), standing.ack()])).toEqual(['drop', 'drop', 'drop']);
  expect(kindsOf([other.send(10), other.answer(10)])).toEqual(['pass', 'pass']);
  const anew = wire.tls('cloud-notes.example');
  expect(kindsOf([anew.send(10), anew.answer(10)])).toEqual(['pass', 'pass']);
  expect(kindOf(wire.datagram(new Uint8Array(10)))).toBe('pass');
});

describe('a list of protocols', () => {
  const list = { technique: 'protocol-list' };
  const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));
  const said = (wire: WatchedWire, ...parts: readonly (Uint8Array | number)[]): readonly string[] => {
    const connection = wire.tcp();
    connection.open();
    return parts.map((part) => kindOf(connection.send(part)));
  };

  test('passes TLS, HTTP and DNS on any of its ports', () => {
    const wire = WatchedWire.blocked(list);
    const connection = wire.tcp();
    connection.open();
    expect(kindsOf(connection.helloInPieces({ name: 'a.example', paddingFirst: 2000 }, 1400))).toEqual([
      'pass',
      'pass',
    ]);
    expect(kindsOf([connection.send(100), connection.send(100)])).toEqual(['pass', 'pass']);
    expect(said(wire, bytes('GET / HTTP/1.1\r\n\r\n'), 300, 300)).toEqual(['pass', 'pass', 'pass']);
    expect(said(wire, bytes('POST'), bytes(' /x HTTP/1.1\r\n'), 300)).toEqual(['pass', 'pass', 'pass']);
    const dns = Uint8Array.from([0, 30, 1, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3, 97, 98, 99]);
    expect(said(wire, dns, 300, 300)).toEqual(['pass', 'pass', 'pass']);
  });

  test('drops what the client says from its second packet on when the first two fit nothing', () => {
    const wire = WatchedWire.blocked(list);
    expect(said(wire, 300, 300, 300)).toEqual(['pass', 'drop', 'drop']);
    const connection = wire.tcp();
    connection.open();
    connection.send(300);
    connection.send(300);
    expect(kindOf(connection.answer(300))).toBe('pass');
    expect(kindOf(connection.ack())).toBe('pass');
  });

  test('starts its sixty seconds anew with each packet sent into them, and ends after as many of quiet', () => {
    const wire = WatchedWire.blocked(list);
    const connection = wire.tcp();
    connection.open();
    connection.send(300);
    connection.send(300);
    wire.wait(59_000);
    expect(kindOf(connection.send(300))).toBe('drop');
    wire.wait(59_000);
    expect(kindOf(connection.send(300))).toBe('drop');
    wire.wait(60_000);
    expect(kindOf(connection.send(300))).toBe('pass');
  });

  test('looks at its ports alone', () => {
    const wire = WatchedWire.blocked(list);
    const connection = wire.tcp({ port: 8443 });
    connection.open();
    expect(kindsOf([connection.send(300), connection.send(300)])).toEqual(['pass', 'pass']);
  });
});

describe('a detector of noise', () => {
  const noise = Uint8Array.from({ length: 400 }, (_, place) => (place * 167 + (place >> 3) * 59 + 129) & 255);
  const detect = { technique: 'fully-encrypted', probability: 1, residualSeconds: 180 };
  const first = (wire: WatchedWire, bytes: Uint8Array): string => {
    const connection = wire.tcp({ port: 9001 });
    return [...connection.open(), connection.send(bytes)].map(kindOf).at(-1) ?? '';
  };

  test('drops it and stays silent for three minutes to that port', () => {
    const wire = WatchedWire.blocked(detect);
    expect(first(wire, noise)).toBe('drop');
    wire.wait(179_000);
    expect(kindOf(wire.tcp({ port: 9001 }).syn())).toBe('drop');
    wire.wait(1_001);
    expect(kindOf(wire.tcp({ port: 9001 }).syn())).toBe('pass');
  });

  test('exempts text, TLS, HTTP and what has too few or too many bits', () => {
    const wire = WatchedWire.blocked(detect);
    const text = Uint8Array.from(Buffer.from('SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n'));
    const tls = Uint8Array.from([22, 3, 1, ...noise]);
    const get = Uint8Array.from([...Buffer.from('GET /'), ...noise]);
    for (const bytes of [text, tls, get, new Uint8Array(200), new Uint8Array(200).fill(255)]) {
      expect(first(wire, bytes)).toBe('pass');
    }
    expect(first(wire, noise)).toBe('drop');
  });

  test('takes a share of the connections', () => {
    const wire = WatchedWire.blocked({ technique: 'fully-encrypted' });
    wire.chances = [0.27, 0.26];
    expect([first(wire, noise), first(wire, noise)]).toEqual(['pass', 'drop']);
  });
});
