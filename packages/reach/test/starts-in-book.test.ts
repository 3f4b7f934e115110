import type { Hint } from '@tern/protocol';
import { startsInBook } from '@tern/reach/node';
import { expect, test } from 'vitest';
import { freshPace, type Pace } from '../src/dialer/pace.ts';
import type { WayBookRecord } from '../src/index.ts';

const now = 1_794_000_000_000;
const one: Hint = { address: 'one.example', port: 443, tls: true, path: 'secret' };
const other: Hint = { address: '203.0.113.10', port: 443, tls: true, path: 'secret' };

function told(
  paces: Readonly<Record<string, Pace>>,
  at = { network: 'here', now },
): Readonly<Record<string, readonly number[]>> {
  const page = { ways: new Map(), paces: new Map(Object.entries(paces)), addresses: new Map() };
  const record: WayBookRecord = { pages: new Map([['here', page]]), cards: new Map() };
  return Object.fromEntries(startsInBook(record, [one, other], at));
}

test('hellos that said a name within the last minute are told, by whichever process', () => {
  const starts = [now - 70_000, now - 59_000, now - 2000, now + 1000];
  expect(told({ 'one.example': { ...freshPace, starts } })).toEqual({
    'one.example': [now - 59_000, now - 2000],
  });
  expect(told({})).toEqual({ 'one.example': [] });
});

test('not of an address, elsewhere, or where nobody counts', () => {
  const pace: Pace = { ...freshPace, starts: [now - 2000] };
  expect(told({ '@203.0.113.10': pace })).toEqual({ 'one.example': [] });
  expect(told({ 'one.example': pace }, { network: 'there', now })).toEqual({ 'one.example': [] });
  expect(told({ 'one.example': { ...pace, rule: 'free' } })).toEqual({});
  // what one name met is believed of all
  expect(told({ 'one.example': pace, 'two.example': { ...freshPace, rule: 'free' } })).toEqual({});
});
