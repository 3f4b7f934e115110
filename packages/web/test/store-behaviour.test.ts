import { describe, expect, test } from 'vitest';
import { runInBrowser } from './support/in-browser.ts';

describe('a store in IndexedDB', async () => {
  const outcomes = await runInBrowser(new URL('browser/store-behaviour-entry.ts', import.meta.url), {
    worker: true,
  });
  for (const { name, error } of outcomes) test(name, () => expect(error).toBeUndefined());
});
