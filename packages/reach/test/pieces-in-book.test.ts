import type { Hint, RelayId } from '@tern/protocol';
import { piecesInBook } from '@tern/reach/node';
import { expect, test } from 'vitest';
import { freshStanding, type Standing } from '../src/dialer/standing.ts';
import type { WayBookRecord } from '../src/index.ts';

const now = 1_794_000_000_000;
const relay = 'a'.repeat(52) as RelayId;
const one: Hint = { address: 'one.example', port: 443, tls: true, path: 'secret', relay };
const other: Hint = { address: 'other.example', port: 443, tls: true, path: 'secret' };
const frozen: Standing = { ...freshStanding, grade: 'text', goodAt: now - 1000, stoppedAt: now - 60_000 };

function told(ways: Readonly<Record<string, Standing>>, at = { network: 'here', now }): readonly string[] {
  const page = { ways: new Map(Object.entries(ways)), paces: new Map(), addresses: new Map() };
  const cards = new Map([[relay, { number: 1, endpoints: ['https://two.example', 'https://203.0.113.10'] }]]);
  const record: WayBookRecord = { pages: new Map([['here', page]]), cards };
  return [...piecesInBook(record, [one, other], at)];
}

test('a relay is reached in small pieces where the book says so, or says so of another of its ways', () => {
  expect(told({})).toEqual([]);
  expect(told({ 'https:system:one.example:443': frozen })).toEqual(['https://one.example:443']);
  expect(told({ 'https:system:two.example:443': frozen })).toEqual(['https://one.example:443']);
  expect(told({ 'https:literal:203.0.113.10:443()': frozen })).toEqual(['https://one.example:443']);
  expect(told({ 'https:system:other.example:443': frozen })).toEqual(['https://other.example:443']);
});

test('not where it carried much since, or what stopped it is long ago, elsewhere, or still to come', () => {
  const way = 'https:system:one.example:443';
  expect(told({ [way]: { ...frozen, grade: 'bulk' } })).toEqual([]);
  expect(told({ [way]: { ...frozen, grade: 'unknown' } })).toEqual([]);
  expect(
    told({ [way]: { ...freshStanding, goodAt: now - 30_000 }, 'https:system:two.example:443': frozen }),
  ).toEqual([]);
  expect(told({ [way]: { ...frozen, stoppedAt: now - 600_000 } })).toEqual([]);
  expect(told({ [way]: { ...frozen, stoppedAt: now + 1 } })).toEqual([]);
  expect(told({ [way]: frozen }, { network: 'there', now })).toEqual([]);
  expect(told({ [way]: frozen }, { network: 'here', now: now + 3_600_000 })).toEqual([]);
  expect(told({ [way]: frozen }, { network: 'here', now: now - 3_600_000 })).toEqual([]);
});
