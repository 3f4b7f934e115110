import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { afterAll, describe, expect, test } from 'vitest';
import type { Part } from './browser/store-life-entry.ts';
import { chromiumLaunchOptions, launchChromium } from './support/chromium.ts';
import { serveEntry } from './support/in-browser.ts';

const entry = new URL('browser/store-life-entry.ts', import.meta.url);
const root = mkdtempSync(join(tmpdir(), 'tern-browser-store-'));
afterAll(() => rmSync(root, { recursive: true }));

interface Told {
  readonly part: Part;
  readonly from?: number;
  readonly text?: string;
}

/** Runs a part in a worker of its own. @param killAfter steps, after which the worker is ended wherever it is */
async function run(
  page: Page,
  told: Told,
  killAfter = Infinity,
): Promise<{ readonly done: number; readonly found: readonly string[] }> {
  return page.evaluate(
    ({ told: given, steps }) =>
      new Promise<{ done: number; found: readonly string[] }>((resolve, reject) => {
        const worker = new Worker('/tests.js', { type: 'module' });
        let done = -1;
        let heard = 0;
        let found: readonly string[] = [];
        worker.addEventListener('error', (event) => reject(new Error(event.message)));
        worker.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
          if (Array.isArray(data)) {
            const [outcome] = data as readonly { readonly error?: string }[];
            worker.terminate();
            if (outcome?.error === undefined) resolve({ done, found });
            else reject(new Error(outcome.error));
            return;
          }
          const step = data as { readonly done?: number; readonly found?: readonly string[] };
          found = step.found ?? found;
          if (step.done === undefined) return;
          done = step.done;
          heard += 1;
          if (heard < steps) return;
          worker.terminate();
          resolve({ done, found });
        });
        worker.postMessage(given, []);
      }),
    { told: { ...told }, steps: killAfter === Infinity ? 1e9 : killAfter },
  );
}

describe('a worker that is killed', () => {
  test('leaves every change whole or absent, and nothing it was told of is lost', async () => {
    await using site = await serveEntry(entry);
    await using browser = await launchChromium();
    const page = await browser.newPage();
    await page.goto(`${site.origin}/page.html`);
    let from = 1;
    for (let round = 1; round <= 15; round += 1) {
      const { done } = await run(page, { part: 'count up', from }, 1 + ((round * 5) % 11));
      const { found } = await run(page, { part: 'count' });
      expect(found).toHaveLength(1);
      expect(Number(found[0])).toBeGreaterThanOrEqual(done);
      from = Number(found[0]) + 1;
    }
  });

  test('in the middle of changing the passcode leaves the old one or the new one, and one key', async () => {
    await using site = await serveEntry(entry);
    await using browser = await launchChromium();
    const page = await browser.newPage();
    await page.goto(`${site.origin}/page.html`);
    const keys = new Set<string>();
    let from = 0;
    for (let round = 1; round <= 15; round += 1) {
      const { done } = await run(page, { part: 'change passcodes', from }, 1 + ((round * 5) % 11));
      const { found } = await run(page, { part: 'try passcodes', from: done });
      const [number, key] = found;
      expect(found).toHaveLength(2);
      expect(Number(number)).toBeGreaterThanOrEqual(done);
      keys.add(key ?? '');
      from = Number(number);
    }
    expect(keys.size).toBe(1);
  });
});

test('where there is no more space nothing is written, and the store works on', async () => {
  const moreSpace = Promise.withResolvers<() => Promise<void>>();
  await using site = await serveEntry(entry, {
    routes: {
      '/more-space': (_request, response) => {
        void moreSpace.promise.then((make) => make()).then(() => response.writeHead(204).end());
      },
    },
  });
  await using browser = await launchChromium();
  const page = await browser.newPage();
  const control = await page.context().newCDPSession(page);
  const { origin } = site;
  await control.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 4_000_000 });
  moreSpace.resolve(() => control.send('Storage.overrideQuotaForOrigin', { origin }).then(() => undefined));
  await page.goto(`${origin}/page.html`);
  const { found } = await run(page, { part: 'fill' });
  expect(found).toEqual(['storage-full', 'before 0', 'after 8']);
});

test('a copied profile shows no text, no passcode leaves its key bare, and a wiped home leaves none', async () => {
  await using site = await serveEntry(entry);
  const profile = join(root, 'profile');
  await using context = await chromium.launchPersistentContext(profile, await chromiumLaunchOptions());
  const page = await context.newPage();
  await page.goto(`${site.origin}/page.html`);
  const text = 'planted text to be looked for';
  const { found } = await run(page, { part: 'plant', text });
  const key = Buffer.from((found[0] ?? '').split(',').map(Number));
  expect(key).toHaveLength(32);
  await plainly(page, 'control of what can be found');
  expect(filesWith(profile, Buffer.from('control of what can be found'))).not.toEqual([]);
  expect(filesWith(profile, Buffer.from('control of what can be found', 'utf16le'))).toEqual([]);
  for (const writing of ['utf8', 'utf16le', 'hex', 'base64', 'base64url'] as const)
    expect(filesWith(profile, writingOf(text, writing)), writing).toEqual([]);
  // without a passcode the key lies there: the control of the next line
  expect(filesWith(profile, key)).toHaveLength(1);
  expect((await run(page, { part: 'guard' })).found).toEqual(['passcode']);
  expect(filesWith(profile, key)).toEqual([]);
  expect(filesWith(profile, Buffer.from('TERNKEY\u0001'))).toHaveLength(1);
  await run(page, { part: 'wipe' });
  expect(filesWith(profile, Buffer.from('TERNKEY\u0001'))).toEqual([]);
  const left = await page.evaluate(async () => {
    const names = (await indexedDB.databases()).map(({ name }) => name);
    const files: string[] = [];
    for await (const name of (await navigator.storage.getDirectory()).keys()) files.push(name);
    return { names, files };
  });
  expect(left).toEqual({ names: ['plain'], files: [] });
});

/** Something kept as any page keeps it, to show that the search finds what is there. */
async function plainly(page: Page, text: string): Promise<void> {
  await page.evaluate(
    (value) =>
      new Promise<void>((resolve, reject) => {
        const request = indexedDB.open('plain');
        request.addEventListener('upgradeneeded', () => request.result.createObjectStore('plain'));
        request.addEventListener('error', () => reject(new Error('it could not be opened')));
        request.addEventListener('success', () => {
          const transaction = request.result.transaction('plain', 'readwrite', { durability: 'strict' });
          transaction.objectStore('plain').put(new TextEncoder().encode(value), 'key');
          transaction.addEventListener('complete', () => {
            request.result.close();
            resolve();
          });
        });
      }),
    text,
  );
}

function writingOf(text: string, writing: BufferEncoding): Buffer {
  if (writing === 'utf8' || writing === 'utf16le') return Buffer.from(text, writing);
  return Buffer.from(Buffer.from(text).toString(writing).slice(0, -4));
}

/** Looks again from the beginning when the browser, which is running, takes a file away meanwhile: what was in it may be in another now. */
function filesWith(dir: string, needle: Buffer): readonly string[] {
  for (let look = 1; ; look += 1) {
    try {
      return readdirSync(dir, { recursive: true, withFileTypes: true })
        .filter((one) => one.isFile())
        .map((one) => join(one.parentPath, one.name))
        .filter((path) => readFileSync(path).includes(needle));
    } catch (cause) {
      if (look === 50 || !(cause instanceof Error) || Reflect.get(cause, 'code') !== 'ENOENT') throw cause;
    }
  }
}
