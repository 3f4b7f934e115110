import type { Hint } from '@tern/protocol';
import { describe, expect, test } from 'vitest';
import { countedBy, entranceOf, isUncounted, wayKey, waysOf, withEndpoints } from '../src/dialer/way.ts';

const hint: Hint = { address: 'one.example', port: 443, tls: true, path: 'secret' };
const all = { choosesAddress: true, remembers: () => true };
const plain = { choosesAddress: false, remembers: () => true };
const hosts = (endpoints: readonly string[], from: Hint = hint): readonly string[] =>
  withEndpoints(entranceOf(from), endpoints)
    .endpoints.slice(1)
    .map(({ host, port }) => `${host} ${port}`);

describe('the ways of one name', () => {
  test('are, for an agent: as it is, by addresses from elsewhere, and each of these without saying the name', () => {
    expect(waysOf(entranceOf(hint), all).map(wayKey)).toEqual([
      'https:system:one.example:443',
      'https:remembered:one.example:443',
      'https:doh:one.example:443',
      'https:system:one.example:443()',
      'https:remembered:one.example:443()',
      'https:doh:one.example:443()',
    ]);
  });

  test('are, for a browser, one', () => {
    expect(waysOf(entranceOf(hint), plain).map(wayKey)).toEqual(['https:system:one.example:443']);
  });

  test('say the secret path nowhere in their names', () => {
    for (const way of waysOf(entranceOf(hint), all)) expect(wayKey(way)).not.toContain('secret');
  });
});

test('an address says no name, and counts by itself', () => {
  const [way] = waysOf(entranceOf({ ...hint, address: '[2001:db8::1]' }), all);
  expect(way).toMatchObject({ by: 'literal', serverName: '', host: '2001:db8::1' });
  expect(way === undefined ? '' : countedBy(way)).toBe('@2001:db8::1');
});

test('what has no hello, or never leaves the machine, is not counted', () => {
  const [clear] = waysOf(entranceOf({ ...hint, tls: false }), all);
  const [here] = waysOf(entranceOf({ ...hint, address: '127.0.0.1' }), all);
  const [there] = waysOf(entranceOf(hint), all);
  expect([clear, here, there].map((way) => way !== undefined && isUncounted(way))).toEqual([
    true,
    true,
    false,
  ]);
});

describe('the endpoints of a card', () => {
  test('are added to what the hint says, once each', () => {
    expect(
      hosts([
        'https://one.example:443',
        'https://two.example',
        'https://203.0.113.9:8443',
        'https://[2001:db8::1]:1',
      ]),
    ).toEqual(['two.example 443', '203.0.113.9 8443', '2001:db8::1 1']);
  });

  test.for([
    'http://two.example',
    'https://10.0.0.1',
    'https://192.168.1.1:443',
    'https://127.0.0.1',
    'https://localhost',
    'https://[::1]',
    'https://[fd00::1]',
    'https://printer.local',
    'https://169.254.169.254',
    'https://two.example:0',
    'https://two.example:70000',
    'ftp://two.example',
  ])('lead neither out of TLS nor into the network around us: %s', (endpoint) => {
    expect(hosts([endpoint])).toEqual([]);
  });

  test('may be next door where the hint was', () => {
    expect(hosts(['http://192.168.1.5:80'], { ...hint, address: '192.168.1.4', tls: false })).toEqual([
      '192.168.1.5 80',
    ]);
  });
});
