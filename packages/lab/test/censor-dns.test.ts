import { expect, test } from 'vitest';

import { encodeQuery } from '../src/net/dns.ts';
import { type Verdict } from '../src/net/inspection.ts';
import { hosts, kindOf, WatchedWire } from './support/watched-wire.ts';

const port = 53;
const question = encodeQuery(7, 'cloud-notes.example');

/** The code and the last four bytes of a forged answer. */
function forged(
  verdict: Verdict,
): { readonly code: number; readonly answers: number; readonly last: string } | undefined {
  const [packet] = verdict.kind === 'inject' ? verdict.packets : [];
  if (packet === undefined) return undefined;
  const { payload } = packet;
  return {
    code: (payload[3] ?? 0) & 15,
    answers: payload[7] ?? 0,
    last: payload.subarray(-4).join('.'),
  };
}

test('a name is gone from the resolver that the rule names, and another resolver still knows it', () => {
  const wire = WatchedWire.blocked({
    technique: 'dns-remove',
    names: ['cloud-notes.example'],
    addresses: [hosts.resolver],
  });
  const gone = wire.datagram(question, { to: hosts.resolver, port });
  expect(gone).toMatchObject({ kind: 'inject', drop: true });
  expect(forged(gone)).toMatchObject({ code: 3, answers: 0 });
  expect(kindOf(wire.datagram(question, { to: '198.51.100.53', port }))).toBe('pass');
  expect(kindOf(wire.datagram(encodeQuery(8, 'river-maps.example'), { to: hosts.resolver, port }))).toBe(
    'pass',
  );
});

test('the forged answer comes from the resolver and from its port, and answers the question that was asked', () => {
  const wire = WatchedWire.blocked({ technique: 'dns-remove' });
  const verdict = wire.datagram(question, { to: hosts.resolver, port, fromPort: 3333 });
  const [packet] = verdict.kind === 'inject' ? verdict.packets : [];
  expect(packet).toMatchObject({ sourcePort: port, targetPort: 3333 });
  expect([...(packet?.payload.subarray(0, 2) ?? [])]).toEqual([0, 7]);
});

test('every resolver seems to give the poisoned address, for every name or the listed ones', () => {
  const all = WatchedWire.blocked({ technique: 'dns-hijack', poison: ['10.10.34.35'] });
  for (const to of [hosts.resolver, '198.51.100.53', '8.8.8.8']) {
    const verdict = all.datagram(question, { to, port });
    expect(verdict).toMatchObject({ kind: 'inject', drop: true });
    expect(forged(verdict)).toEqual({ code: 0, answers: 1, last: '10.10.34.35' });
  }
  const some = WatchedWire.blocked({ technique: 'dns-hijack', names: ['*.blocked.example'] });
  expect(kindOf(some.datagram(question, { to: hosts.resolver, port }))).toBe('pass');
});

test('the true answer comes later where the box stands beside the way', () => {
  const wire = WatchedWire.blocked({ technique: 'dns-hijack', trueAnswer: 'later' });
  expect(wire.datagram(question, { to: '198.51.100.53', port })).toMatchObject({
    kind: 'inject',
    drop: false,
  });
  expect(kindOf(wire.answerDatagram(question, { to: '198.51.100.53', port }))).toBe('pass');
});

test('each box that answers sends an answer of its own, so that all of them must be lost for the true one to be read', () => {
  const wire = WatchedWire.blocked({ technique: 'dns-hijack', trueAnswer: 'later', injectors: 3 });
  const verdict = wire.datagram(question, { to: hosts.resolver, port });
  expect(verdict.kind === 'inject' ? verdict.packets.length : 0).toBe(3);
});

test('who asks for another type gets an empty answer', () => {
  const wire = WatchedWire.blocked({ technique: 'dns-hijack' });
  expect(forged(wire.datagram(encodeQuery(9, 'a.example', 28), { to: hosts.resolver, port }))).toMatchObject({
    code: 0,
    answers: 0,
  });
});

test('what is no question passes, and so does DNS on another port', () => {
  const wire = WatchedWire.blocked({ technique: 'dns-hijack' });
  expect(kindOf(wire.datagram(Uint8Array.from([1, 2, 3]), { to: hosts.resolver, port }))).toBe('pass');
  expect(kindOf(wire.datagram(question, { to: hosts.resolver, port: 5353 }))).toBe('pass');
});
