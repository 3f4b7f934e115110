import { readFileSync } from 'node:fs';
import { serveTransportContract } from '@tern/relay/testing';
import { describe, expect, test } from 'vitest';
import { runInBrowser } from './support/in-browser.ts';

const tls = {
  cert: readFileSync(new URL('../../reach/test/localhost.pem', import.meta.url), 'utf8'),
  key: readFileSync(new URL('../../reach/test/localhost-key.pem', import.meta.url), 'utf8'),
};

/** From a page's origin to a relay on another one, over TLS, under the app's own content policy. */
for (const place of ['page', 'worker']) {
  await using server = await serveTransportContract({ tls });
  const outcomes = await runInBrowser(new URL('browser/transports-entry.ts', import.meta.url), {
    worker: place === 'worker',
    given: { run: place, port: server.port, unusedPort: server.unusedPort },
    context: { ignoreHTTPSErrors: true },
  });
  describe(`from a ${place} of a real Chromium`, () => {
    test('both transports were put to the test', () => expect(outcomes.length).toBeGreaterThan(20));
    for (const { name, error } of outcomes) test(name, () => expect(error).toBeUndefined());
  });
}
