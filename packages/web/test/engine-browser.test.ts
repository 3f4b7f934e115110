import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { expect, test } from 'vitest';
import { runInBrowser } from './support/in-browser.ts';

const entry = new URL('browser/engine-entry.ts', import.meta.url);
const worker = fileURLToPath(new URL('../src/engine/main.ts', import.meta.url));

await using bundle = await rolldown({
  input: worker,
  platform: 'browser',
  transform: { target: 'chrome123' },
});
const { output } = await bundle.generate({ format: 'esm', codeSplitting: false });
const outcomes = await runInBrowser(entry, {
  routes: {
    '/engine.js': (_, response) => {
      response.writeHead(200, { 'content-type': 'text/javascript' }).end(output[0].code);
    },
  },
});

for (const { name, error } of outcomes) test(name, () => expect(error).toBeUndefined());
