import { expect, test } from 'vitest';
import { Looks } from '../src/looks.ts';

const nothing = { more: false, moved: false, early: true };
const promised = { more: true, moved: false, early: false };

test('what brought something leads on at once, and something else to watch is looked at at once', () => {
  const looks = new Looks();
  expect(looks.isSoon('one')).toBe(false);
  expect(looks.took({ more: true, moved: true, early: true })).toBe('next');
  expect([looks.isSoon('one'), looks.isSoon('one'), looks.isSoon('other')]).toEqual([true, false, true]);
});

test('an answer that should have been held back is idle, one that was held back is not', () => {
  const looks = new Looks();
  expect([looks.took(nothing), looks.took({ ...nothing, early: false })]).toEqual(['idle', 'next']);
});

test('what is promised and never comes is not asked for without end, however slow each answer is', () => {
  const looks = new Looks();
  const seen = Array.from({ length: 5 }, () => looks.took(promised));
  expect(seen).toEqual(['again', 'again', 'again', 'stuck', 'stuck']);
  expect(looks.took({ more: false, moved: true, early: true })).toBe('next');
  expect(looks.took(promised)).toBe('again');
});

test('a relay that promises and takes back in turn never ends the pauses', () => {
  const looks = new Looks();
  const seen = Array.from({ length: 6 }, (_, at) => looks.took({ ...nothing, more: at % 2 === 0 }));
  expect(seen).not.toContain('next');
  // nor one that then keeps nothing back for a moment
  const held = Array.from({ length: 3 }, () => [
    looks.took(promised),
    looks.took({ ...nothing, early: false }),
  ]);
  expect(held.flat()).toEqual(['stuck', 'next', 'stuck', 'next', 'stuck', 'next']);
});
