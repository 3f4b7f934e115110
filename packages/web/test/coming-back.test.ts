import { expect, test } from 'vitest';
import { onComingBack } from '../src/engine/coming-back.ts';

class Page extends EventTarget {
  visibilityState = 'visible';
  turn(state: string): void {
    this.visibilityState = state;
    this.dispatchEvent(new Event('visibilitychange'));
  }
}

test('whoever looks at the page again after a minute has everything looked at, and after less nothing', () => {
  const page = new Page();
  let now = 5000;
  let calls = 0;
  const watching = onComingBack(page, { now: () => now }, () => (calls += 1));
  page.turn('visible');
  now += 100_000;
  page.turn('hidden');
  now += 59_999;
  page.turn('visible');
  expect(calls).toBe(0);
  page.turn('hidden');
  now += 30_000;
  page.turn('hidden');
  now += 30_000;
  page.turn('visible');
  expect(calls).toBe(1);
  page.turn('visible');
  expect(calls).toBe(1);
  watching[Symbol.dispose]();
  page.turn('hidden');
  now += 60_000;
  page.turn('visible');
  expect(calls).toBe(1);
});
