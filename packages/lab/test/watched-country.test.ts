import { expect, test } from 'vitest';

import { whenOf } from './support/watched-country.ts';

const short = { requests: 1, everyMs: 0, connections: 1, gapMs: 0 };
const long = { ...short, requests: 75, everyMs: 1000 };

test('a long try that was all but over when the rules began to bite shows nothing of them', () => {
  const ends = { began: 1000, tookMs: 74_500 };
  expect(whenOf(long, { ...ends, went: 'whole' }, 75_400)).toBe('across');
  expect(whenOf(long, { ...ends, went: 'reset' }, 60_000)).toBe('after');
  expect(whenOf(long, { ...ends, went: 'whole' }, 999)).toBe('after');
});

test('a short try shows something of the rules only if they bit from its beginning', () => {
  const went = { began: 1000, tookMs: 300, went: 'silence' };
  expect([500, 1200, 2000].map((blockedAt) => whenOf(short, went, blockedAt))).toEqual([
    'after',
    'across',
    'before',
  ]);
});
