import { describe, expect, test } from 'vitest';
import { runInBrowser } from './support/in-browser.ts';

describe('the key of a home, in a worker of a real Chromium', async () => {
  const outcomes = await runInBrowser(new URL('browser/store-home-key-entry.ts', import.meta.url), {
    worker: true,
  });
  for (const { name, error } of outcomes) test(name, () => expect(error).toBeUndefined());
});
