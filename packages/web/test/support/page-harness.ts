import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { bundleScripts, type Script } from '../../bundle/scripts.ts';
import { bundleStyle } from '../../bundle/styles.ts';
import { launchChromium } from './chromium.ts';
import { drawn, longestWaitMs } from './waiting.ts';
import type { FakeApp, FakeScene } from './fake-app.ts';

export interface PageLook {
  readonly width?: number;
  readonly height?: number;
  readonly theme?: 'light' | 'dark';
  readonly language?: 'en' | 'ru';
  /** a finger instead of a mouse */
  readonly touch?: boolean;
  /** lets a test bring a script of its own, such as axe */
  readonly withoutPolicy?: boolean;
}

export interface PageSite extends AsyncDisposable {
  readonly browser: Browser;
  readonly scripts: readonly Script[];
  /** A fresh context with nothing in its storage. Whoever opens it closes it by `page.context().close()`. */
  open(scene: FakeScene, look?: PageLook): Promise<Page>;
}

const policy =
  "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src blob:; media-src blob:; connect-src 'self' https: wss:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types tern";
const styles = join(import.meta.dirname, '../../src/page/styles');
const html = (entry: string): string =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover"><title>Tern</title><link rel="stylesheet" href="/page.css"><link rel="icon" href="blob:"><div id="app"></div><script type="module" src="/${entry}"></script></html>`;

/**
 * The page, bundled as it is shipped, over a home of memory, in a real Chromium under the app's own content policy.
 * @param entry what starts it
 */
export async function openPageSite(
  entry: string = join(import.meta.dirname, 'page-entry.ts'),
): Promise<PageSite> {
  const scripts = await bundleScripts({ entry, name: 'page' });
  const files = new Map<string, Uint8Array>(scripts.map(({ name, bytes }) => [`/${name}`, bytes]));
  for (const name of ['page.css', 'main.css', 'later.css'])
    files.set(`/${name}`, await bundleStyle(join(styles, name)));
  const first = scripts[0]?.name ?? '';
  const server = createServer((request, response) => {
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    const body = path === '/' ? new TextEncoder().encode(html(first)) : files.get(path);
    if (body === undefined) return response.writeHead(404).end();
    const type =
      path === '/' ? 'text/html' : basename(path).endsWith('.css') ? 'text/css' : 'text/javascript';
    return response
      .writeHead(200, { 'content-type': `${type}; charset=utf-8`, 'content-security-policy': policy })
      .end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const browser = await launchChromium();
  return {
    browser,
    scripts,
    async open(scene, look = {}) {
      const options: BrowserContextOptions = {
        viewport: { width: look.width ?? 1280, height: look.height ?? (look.width === 390 ? 844 : 800) },
        colorScheme: look.theme ?? 'light',
        locale: look.language ?? 'en',
        timezoneId: 'UTC',
        reducedMotion: 'reduce',
        hasTouch: look.touch === true,
        isMobile: look.touch === true,
        bypassCSP: look.withoutPolicy === true,
        permissions: ['clipboard-read', 'clipboard-write'],
      };
      const context = await browser.newContext(options);
      context.setDefaultTimeout(longestWaitMs);
      const page = await context.newPage();
      await page.addInitScript((scene) => Reflect.set(globalThis, 'scene', scene), scene);
      await page.goto(`http://127.0.0.1:${port}/`);
      await page.locator('.list').waitFor();
      await drawn(page);
      return page;
    },
    async [Symbol.asyncDispose]() {
      await browser.close();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** What the page asked its home for, in order. */
export function callsOf(page: Page): Promise<readonly string[]> {
  return page.evaluate(() => (Reflect.get(globalThis, 'fake') as FakeApp).calls);
}

/** Something happens in the home while the page is open. */
export function happen<T>(page: Page, what: (fake: FakeApp, told: T) => void, told: T): Promise<void> {
  return page.evaluate(`(${what.toString()})(globalThis.fake, ${JSON.stringify(told)})`);
}
