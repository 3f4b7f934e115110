import { describe, expect, test } from 'vitest';
import { runInBrowser } from './support/in-browser.ts';

for (const place of ['page', 'worker']) {
  const entry = new URL('browser/platform-entry.ts', import.meta.url);
  const outcomes = await runInBrowser(entry, { worker: place === 'worker' });
  describe(`time, chance and keys in a ${place} of a real Chromium`, () => {
    test('were put to the test', () => expect(outcomes.length).toBeGreaterThan(3));
    for (const { name, error } of outcomes) test(name, () => expect(error).toBeUndefined());
  });
}
