import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { BrowserContextOptions } from 'playwright-core';
import { rolldown } from 'rolldown';
import { launchChromium } from './chromium.ts';
import type { Given, Outcome } from './page-tests.ts';

export type { Given, Outcome } from './page-tests.ts';

export interface InBrowserOptions {
  /** run them in a dedicated worker instead of the page itself */
  readonly worker?: boolean;
  /** what the entry's tests are told: addresses, names. The page's own origin is there in any case. */
  readonly given?: Given;
  /** what the page's server answers beside the page, by path */
  readonly routes?: Readonly<Record<string, (request: IncomingMessage, response: ServerResponse) => void>>;
  /** false: without the policy that the app itself lives under */
  readonly policy?: boolean;
  readonly context?: BrowserContextOptions;
}

/** What the app's pages live under, but for the part about script addresses, which would need the app's own policy object. */
const contentPolicy =
  "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src blob:; media-src blob:; connect-src 'self' https: wss:; frame-ancestors 'none'";

/**
 * Runs tests inside a real Chromium. The entry is a module that exports `tests: PageTests`, which registers tests as a contract
 * suite does. A test file shows each of them as a test of its own:
 *
 *     for (const { name, error } of await runInBrowser(new URL('entry.ts', import.meta.url)))
 *       test(name, () => expect(error).toBeUndefined());
 *
 * @throws when the entry cannot be bundled, or the page dies
 */
export async function runInBrowser(entry: URL, options: InBrowserOptions = {}): Promise<readonly Outcome[]> {
  await using site = await serveEntry(entry, options);
  await using browser = await launchChromium();
  const context = await browser.newContext(options.context);
  const page = await context.newPage();
  const died = Promise.withResolvers<never>();
  died.promise.catch(() => undefined); // told to whoever still waits
  page.on('pageerror', (error) => died.reject(error));
  page.on('crash', () => died.reject(new Error('the page crashed')));
  const kind = options.worker === true ? 'worker' : 'page';
  await page.goto(`${site.origin}/${kind}.html`);
  const given: Given = { ...options.given, origin: site.origin };
  return await Promise.race([
    died.promise,
    page.evaluate((told) => {
      const run: unknown = Reflect.get(globalThis, 'runPageTests');
      if (typeof run !== 'function') throw new Error('the tests were not loaded');
      return (run as (given: Given) => Promise<readonly Outcome[]>)(told);
    }, given),
  ]);
}

/**
 * The page's server alone, for tests that need the browser in hand: `/page.html` runs the entry in the page, `/worker.html` in a
 * worker, and `/tests.js` is the entry itself.
 */
export async function serveEntry(
  entry: URL,
  options: Pick<InBrowserOptions, 'routes' | 'policy'> = {},
): Promise<{ readonly origin: string } & AsyncDisposable> {
  return serveSite(await bundled(fileURLToPath(entry)), options);
}

const virtual = '\0tests';

async function bundled(entry: string): Promise<string> {
  const harness = fileURLToPath(new URL('page-tests.ts', import.meta.url));
  await using bundle = await rolldown({
    input: virtual,
    platform: 'browser',
    transform: { target: 'chrome123' },
    plugins: [
      {
        name: 'tests',
        resolveId: (id) => (id === virtual ? id : undefined),
        load: (id) =>
          id === virtual
            ? `import { tests } from ${JSON.stringify(entry)}; import { offer } from ${JSON.stringify(harness)}; offer(tests);`
            : undefined,
      },
    ],
  });
  const { output } = await bundle.generate({ format: 'esm', codeSplitting: false, sourcemap: 'inline' });
  return output[0].code;
}

async function serveSite(
  script: string,
  options: InBrowserOptions,
): Promise<{ readonly origin: string } & AsyncDisposable> {
  const html = (source: string): readonly [string, string] => [
    'text/html; charset=utf-8',
    `<!doctype html><title>tests</title><script type="module" src="${source}"></script>`,
  ];
  const files: Readonly<Record<string, readonly [type: string, body: string]>> = {
    '/page.html': html('/tests.js'),
    '/worker.html': html('/start.js'),
    '/tests.js': ['text/javascript', script],
    '/start.js': ['text/javascript', startWorker],
  };
  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    const route = options.routes?.[path];
    if (route !== undefined) {
      route(request, response);
      return;
    }
    const [type, body] = files[path] ?? [];
    if (type === undefined) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, {
      'content-type': type,
      ...(options.policy !== false && { 'content-security-policy': contentPolicy }),
    });
    response.end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Begins the worker and hands it what it is told; everything else happens there. */
const startWorker = `
const worker = new Worker('/tests.js', { type: 'module' });
globalThis.runPageTests = (given) => new Promise((resolve, reject) => {
  worker.onmessage = (event) => resolve(event.data);
  worker.onerror = (event) => reject(new Error(event.message || 'the worker died'));
  worker.postMessage(given);
});
`;
