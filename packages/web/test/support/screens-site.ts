import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { rolldown } from 'rolldown';
import { launchChromium } from './chromium.ts';
import { drawn, longestWaitMs } from './waiting.ts';
import type { Route } from '../../src/page/navigation.ts';
import type { Hindrance } from '../../src/page/screens/onboarding-hindrance.tsx';
import type { Scene } from './screens-fake.ts';

export interface Opening extends Scene {
  readonly route?: Route;
  readonly hindrance?: Hindrance;
}

export interface Look {
  readonly width?: number;
  readonly theme?: 'light' | 'dark';
  readonly language?: 'en' | 'ru';
}

export interface ScreensSite extends AsyncDisposable {
  readonly browser: Browser;
  /** A fresh context with nothing in its storage. Whoever opens it closes it by `page.context().close()`. */
  open(opening: Opening, look?: Look): Promise<Page>;
}

const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src blob:; media-src blob:; connect-src 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types tern";

const styles = join(import.meta.dirname, '../../src/page/styles');

/** The screens in a real Chromium under the app's own content policy. @param flags of the browser */
export async function openScreensSite(flags: readonly string[] = []): Promise<ScreensSite> {
  const files = await bundled();
  const server = createServer((request, response) => {
    const name = basename((request.url ?? '/').split('?')[0] ?? '/');
    const answer = (type: string, body: string): void => {
      response.writeHead(200, { 'content-type': type, 'content-security-policy': policy }).end(body);
    };
    const script = files.get(name);
    if (name === '') answer('text/html; charset=utf-8', html);
    else if (script !== undefined) answer('text/javascript; charset=utf-8', script);
    else
      readFile(join(styles, name), 'utf8').then(
        (css) => answer('text/css; charset=utf-8', css),
        () => response.writeHead(404).end(),
      );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const browser = await launchChromium({ args: [...flags] });
  return {
    browser,
    async open(opening, look = {}) {
      const options: BrowserContextOptions = {
        viewport: { width: look.width ?? 390, height: 844 },
        colorScheme: look.theme ?? 'light',
        locale: look.language ?? 'en',
        permissions: ['clipboard-read', 'clipboard-write'],
      };
      const context = await browser.newContext(options);
      context.setDefaultTimeout(longestWaitMs);
      const page = await context.newPage();
      await page.addInitScript((scene) => Reflect.set(globalThis, 'scene', scene), opening);
      await page.goto(`http://127.0.0.1:${port}/`);
      await page.locator('.place h1, .welcome :is(h1, h2), .mishap h2').first().waitFor();
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

/** What the home was asked to do, in order. */
export function callsOf(page: Page): Promise<readonly string[]> {
  return page.evaluate(() => Reflect.get(globalThis, 'calls') as readonly string[]);
}

const html =
  '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Tern</title><link rel="stylesheet" href="page.css"><link rel="stylesheet" href="main.css"><link rel="stylesheet" href="later.css"><div id="app"></div><script type="module" src="screens-entry.js"></script></html>';

async function bundled(): Promise<ReadonlyMap<string, string>> {
  await using bundle = await rolldown({
    input: { 'screens-entry': join(import.meta.dirname, 'screens-entry.tsx') },
    platform: 'browser',
    transform: { target: 'chrome123', jsx: { runtime: 'automatic', importSource: 'preact' } },
    logLevel: 'silent',
  });
  const { output } = await bundle.generate({
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
  });
  return new Map(output.flatMap((part) => (part.type === 'chunk' ? [[part.fileName, part.code]] : [])));
}

/** Moves the focus forwards by the keyboard until it is on what a screen reader calls so. @throws where no number of steps leads there */
export async function reach(page: Page, name: string): Promise<void> {
  const focused = page.locator('*:focus');
  // a screen that has just come puts the focus in its place, and would take it away from where the steps have led
  await drawn(page);
  for (let steps = 0; steps < 120; steps++) {
    if ((await focused.count()) > 0 && (await nameOf(page)) === name) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`the keyboard does not reach "${name}"`);
}

/** Reaches a button, a link or a choice by the keyboard and presses it. */
export async function press(page: Page, name: string): Promise<void> {
  await reach(page, name);
  await page.keyboard.press('Enter');
}

/** Reaches a field by the keyboard, and writes into it instead of what stood there. */
export async function write(page: Page, field: string, text: string): Promise<void> {
  await reach(page, field);
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.press('Delete');
  await page.keyboard.insertText(text);
}

function nameOf(page: Page): Promise<string> {
  return page.evaluate(() => {
    const { activeElement } = document;
    if (activeElement === null) return '';
    const { labels } = activeElement as HTMLInputElement;
    const label = activeElement.getAttribute('aria-label') ?? labels?.[0]?.textContent;
    return (label ?? activeElement.textContent).trim();
  });
}
