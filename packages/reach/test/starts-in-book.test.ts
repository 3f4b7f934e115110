import type { Hint } from '@tern/protocol';
import { bansInBook, startsInBook } from '@tern/reach/node';
import { expect, test } from 'vitest';
import { dialRules } from '../src/dialer/dial-rules.ts';
import { freshPace, unanswered, type Pace } from '../src/dialer/pace.ts';
import type { WayBookRecord } from '../src/index.ts';

const now = 1_794_000_000_000;
const one: Hint = { address: 'one.example', port: 443, tls: true, path: 'secret' };
const other: Hint = { address: '203.0.113.10', port: 443, tls: true, path: 'secret' };

function bookOf(paces: Readonly<Record<string, Pace>>): WayBookRecord {
  const page = { ways: new Map(), paces: new Map(Object.entries(paces)), addresses: new Map() };
  return { pages: new Map([['here', page]]), cards: new Map() };
}

function told(
  paces: Readonly<Record<string, Pace>>,
  at = { network: 'here', now },
): Readonly<Record<string, readonly number[]>> {
  return Object.fromEntries(startsInBook(bookOf(paces), [one, other], at));
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

test('a ban of a name is told as long as nothing may be sent, and no other silence', () => {
  const { silenceMs } = dialRules;
  const starts = [now - 50_000, now - 40_000, now - 30_000];
  const metAt = now - 20_000;
  const before: Pace = { ...freshPace, answered: 3, starts };
  const bannedIn = (pace: Pace, at = { network: 'here', now }): unknown =>
    Object.fromEntries(bansInBook(bookOf({ 'one.example': pace }), [one, other], at));
  const banned = unanswered(before, { now: metAt, alone: true });
  expect(bannedIn(banned)).toEqual({ 'one.example': metAt + silenceMs });
  expect(bannedIn(banned, { network: 'there', now })).toEqual({});
  expect(bannedIn(banned, { network: 'here', now: metAt + silenceMs })).toEqual({});
  // the clock was set back
  expect(bannedIn(banned, { network: 'here', now: metAt - 1 })).toEqual({});
  // in it again
  const still = unanswered(banned, { now: metAt + silenceMs + 3000, alone: false });
  expect(bannedIn(still, { network: 'here', now: metAt + silenceMs + 4000 })).toEqual({
    'one.example': metAt + 2 * silenceMs + 3000,
  });
  // what is blocked by its name may be looked at
  const blocked = unanswered({ ...freshPace, starts: [metAt] }, { now: metAt, alone: false });
  expect(blocked.silentUntil).toBe(metAt + silenceMs);
  expect(bannedIn(blocked)).toEqual({});
  expect(bannedIn(unanswered(before, { now: metAt, alone: false, cut: true }))).toEqual({});
});
