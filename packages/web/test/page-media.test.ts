import type { FileView } from '@tern/core';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FakeApp, FakeLine, FakeScene } from './support/fake-app.ts';
import { callsOf, happen, openPageSite, type PageLook, type PageSite } from './support/page-harness.ts';
import { photo } from './support/page-scenes.ts';

let site: PageSite;

beforeAll(async () => {
  site = await openPageSite();
});
afterAll(() => site[Symbol.asyncDispose]());

const small: FileView = { ...photo, size: 60_000 };
const sent = (file: FileView, more: Partial<FakeLine> = {}): FakeLine => ({
  file,
  by: 'Anna',
  ago: 1,
  ...more,
});

/** Opens a conversation whose files are a picture that the browser draws first. */
async function open(
  lines: readonly FakeLine[],
  { look, ...scene }: Partial<FakeScene> & { readonly look?: PageLook; readonly request?: boolean } = {},
): Promise<Page> {
  const conversations = [{ name: 'Anna', lines, request: scene.request ?? false }];
  const page = await site.open({ now: Date.now(), conversations, ...scene }, look);
  await page.evaluate(async () => {
    const canvas = new OffscreenCanvas(160, 120);
    const context = canvas.getContext('2d');
    if (context === null) throw new Error('no canvas');
    context.fillStyle = 'seagreen';
    context.fillRect(0, 0, 160, 120);
    const bytes = await (await canvas.convertToBlob({ type: 'image/jpeg' })).arrayBuffer();
    (Reflect.get(globalThis, 'fake') as FakeApp).fileOf(new Uint8Array(bytes));
  });
  await page.locator('.conversation-row').first().click();
  await page.locator('.message').first().waitFor();
  return page;
}

describe('pictures and files', () => {
  test('a small picture on a good path comes by itself, into a place that was there from the beginning', async () => {
    const page = await open([sent(small)]);
    await page.locator('.picture').waitFor();
    const before = await page.locator('.picture').boundingBox();
    await page.locator('.picture-open img').waitFor();
    expect((await page.locator('.picture').boundingBox())?.height).toBe(before?.height);
    expect(await page.locator('.picture-open img').getAttribute('src')).toMatch(/^blob:/);
    await page.context().close();
  });

  test('a large one waits to be asked for, and says how large it is', async () => {
    const page = await open([sent(photo)]);
    const load = page.getByRole('button', { name: /^Load the picture, .?2\.4 MB/u });
    await load.waitFor();
    expect(await callsOf(page)).not.toContain('fileContent Anna-0');
    await load.click();
    await page.locator('.picture-open img').waitFor();
    await page.context().close();
  });

  test('on a slow path, and from somebody who only asks to talk, nothing comes by itself', async () => {
    const slow = await open([sent(small)], { latencyMs: 2500 });
    await slow.getByRole('button', { name: /^Load the picture, .?60 kB/u }).waitFor();
    await slow.context().close();
    const request = await open([sent(small)], { request: true });
    await request.getByRole('button', { name: /^Load the picture, .?60 kB/u }).waitFor();
    await request.context().close();
  });

  test('one that did not come, although it was asked for, comes when there is a way again', async () => {
    const page = await open([sent(photo)], { offline: true });
    await page.getByRole('button', { name: /^Load the picture, .?2\.4 MB/u }).click();
    await page.getByRole('button', { name: 'Could not be loaded' }).waitFor();
    await happen(page, (fake) => fake.setPath(true), undefined);
    await page.locator('.picture-open img').waitFor();
    await page.context().close();
  });

  test('loading shows how far it is, and can be stopped', async () => {
    const page = await open([sent(photo)]);
    await happen(page, (fake) => fake.holdFiles(true), undefined);
    await page.getByRole('button', { name: /^Load the picture, .?2\.4 MB/u }).click();
    await happen(
      page,
      (fake, message) =>
        fake.transfer([{ message: message as never, direction: 'down', done: 500_000, total: 1_000_000 }]),
      'Anna-0',
    );
    const ring = page.locator('.ring [role=progressbar]');
    await expect.poll(() => ring.getAttribute('aria-valuenow')).toBe('50');
    await page.getByRole('button', { name: 'Stop loading' }).click();
    await page.getByRole('button', { name: /^Load the picture, .?2\.4 MB/u }).waitFor();
    await page.context().close();
  });

  test('sending shows how far it is, and can be taken back', async () => {
    const page = await open([{ file: small, status: 'queued' }]);
    // also while nothing moves yet
    await page.getByRole('button', { name: 'Stop sending' }).waitFor();
    await happen(
      page,
      (fake, message) => fake.transfer([{ message: message as never, direction: 'up', done: 1, total: 4 }]),
      'Anna-0',
    );
    await page.getByRole('button', { name: 'Stop sending' }).click();
    await expect.poll(() => callsOf(page)).toContain('cancel Anna-0');
    await page.context().close();
  });

  test('a file has its name and size, and is saved under a safe name', async () => {
    const name = 'invoice\u202egpj.exe';
    const page = await open([sent({ name, type: 'text/html', size: 12_000, here: true })]);
    await page.getByText('invoicegpj.exe').waitFor();
    const downloading = page.waitForEvent('download');
    await page.getByRole('button', { name: /^Save .*invoicegpj\.exe.*12 kB/ }).click();
    expect((await downloading).suggestedFilename()).toBe('invoicegpj.exe');
    await page.context().close();
  });

  test('the viewer zooms, turns over and closes by keys, and gives the focus back', async () => {
    const page = await open([sent(small), sent(small, { text: 'the second' })]);
    await page.locator('.picture-open').first().click();
    const viewer = page.getByRole('dialog', { name: 'Pictures' });
    await viewer.getByText('Picture').waitFor();
    const image = viewer.locator('img');
    await page.keyboard.press('+');
    await expect.poll(() => image.evaluate((one) => one.style.transform)).toContain('scale(1.5)');
    await page.keyboard.press('-');
    await page.keyboard.press('ArrowRight');
    await viewer.getByText('the second').waitFor();
    await page.keyboard.press('ArrowLeft');
    await expect.poll(() => viewer.getByText('the second').count()).toBe(0);
    await page.keyboard.press('Escape');
    await expect.poll(() => page.getByRole('dialog').count()).toBe(0);
    await expect.poll(() => page.evaluate(() => document.activeElement?.className)).toBe('picture-open');
    await page.context().close();
  });

  test('the viewer zooms by the wheel where the pointer is, and moves by dragging', async () => {
    const page = await open([sent(small)]);
    await page.locator('.picture-open').first().click();
    const image = page.locator('.viewer-stage img');
    await image.waitFor();
    await page.mouse.move(640, 400);
    await page.mouse.wheel(0, -400);
    await expect.poll(() => image.evaluate((one) => one.style.transform)).toMatch(/scale\([2-9]/);
    const before = await image.evaluate((one) => one.style.transform);
    await page.mouse.down();
    await page.mouse.move(700, 430);
    await page.mouse.up();
    await expect.poll(() => image.evaluate((one) => one.style.transform)).not.toBe(before);
    await page.context().close();
  });

  test('what is no picture is not shown, whatever its sender says', async () => {
    const page = await open([sent(photo)]);
    await happen(
      page,
      (fake, svg) => fake.fileOf(new TextEncoder().encode(svg)),
      '<svg xmlns="http://www.w3.org/2000/svg" onload="globalThis.executed=1"><script>globalThis.executed=1</script></svg>',
    );
    await page.getByRole('button', { name: /^Load the picture, .?2\.4 MB/u }).click();
    await page.getByText('This picture cannot be shown safely.').waitFor();
    expect(await page.evaluate(() => Reflect.has(globalThis, 'executed'))).toBe(false);
    await page.context().close();
  });
});
