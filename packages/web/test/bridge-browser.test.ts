import { expect, test } from 'vitest';
import { runInBrowser } from './support/in-browser.ts';

const entry = new URL('browser/bridge-entry.ts', import.meta.url);

for (const { name, error } of await runInBrowser(entry)) test(name, () => expect(error).toBeUndefined());
