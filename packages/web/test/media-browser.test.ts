import { expect, test } from 'vitest';
import { runInBrowser } from './support/in-browser.ts';

const entry = new URL('browser/media-entry.ts', import.meta.url);

for (const worker of [false, true]) {
  const place = worker ? 'in a worker' : 'in a page';
  for (const { name, error } of await runInBrowser(entry, { worker }))
    test(`${place}: ${name}`, () => expect(error).toBeUndefined());
}
