import { expect, test } from 'vitest';
import { runInBrowser } from './support/in-browser.ts';

const entry = new URL('browser/sample-entry.ts', import.meta.url);

test.for([false, true])(
  'tests run in a real browser, each with its own outcome (in a worker: %s)',
  async (worker) => {
    const outcomes = await runInBrowser(entry, { worker, given: { word: 'hello' } });
    expect(outcomes.map(({ name }) => name)).toEqual([
      'one that passes',
      'one that fails',
      'one with a worker of its own',
    ]);
    expect(outcomes[0]?.error).toBeUndefined();
    expect(outcomes[1]?.error).toContain(`hello from ${worker ? 'a worker' : 'a page'}`);
    expect(outcomes[2]?.error).toBeUndefined();
  },
);
