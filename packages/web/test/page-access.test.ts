import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPageSite, type PageSite } from './support/page-harness.ts';
import { lively } from './support/page-scenes.ts';

const axePath = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
let site: PageSite;

beforeAll(async () => {
  site = await openPageSite();
});
afterAll(() => site[Symbol.asyncDispose]());

interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
  }[];
}

/** What axe finds wrong by WCAG 2.2, A and AA. */
async function faults(page: Page): Promise<readonly string[]> {
  await page.addScriptTag({ path: axePath });
  const { violations } = await page.evaluate(() => {
    const axe = Reflect.get(globalThis, 'axe') as {
      run(root: Document, options: object): Promise<AxeResult>;
    };
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa', 'best-practice'];
    return axe.run(document, { runOnly: tags });
  });
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary ?? ''}`),
  );
}

const looks = (['light', 'dark'] as const).flatMap((theme) =>
  (['en', 'ru'] as const).map((language) => ({ theme, language, withoutPolicy: true })),
);

describe.each(looks)('axe finds nothing wrong, $theme, $language', (look) => {
  const open = async (width: number): Promise<Page> => {
    const page = await site.open({ ...lively, now: Date.now() }, { ...look, width });
    await page.locator('.conversation-row').first().waitFor();
    return page;
  };

  test('in the list', async () => {
    const page = await open(390);
    expect(await faults(page)).toEqual([]);
    await page.context().close();
  });

  test('in a conversation beside the list', async () => {
    const page = await open(1280);
    await page.locator('.conversation-row', { hasText: 'Anna' }).click();
    await page.locator('.unread-line').waitFor();
    await page.locator('.message-failed').waitFor();
    expect(await faults(page)).toEqual([]);
    await page.context().close();
  });

  test('in a search, a menu, a dialog and the list of keys', async () => {
    const page = await open(1280);
    await page.locator('#search').fill('a');
    await page.locator('.hit').first().waitFor();
    expect(await faults(page)).toEqual([]);
    await page.locator('#search').fill('');
    await page.locator('.conversation-row', { hasText: 'Anna' }).click();
    await page.locator('.message', { hasText: 'thermos' }).click({ button: 'right' });
    await page.getByRole('menu').waitFor();
    expect(await faults(page)).toEqual([]);
    await page.getByRole('menuitem').nth(3).click();
    await page.getByRole('dialog').waitFor();
    expect(await faults(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.locator('.message', { hasText: 'thermos' }).focus();
    await page.keyboard.press('Shift+?');
    await page.locator('.shortcuts').waitFor();
    expect(await faults(page)).toEqual([]);
    await page.context().close();
  });
});

describe('the frame', () => {
  test('shows one of the two on a phone, and both from about 800 pixels on', async () => {
    const page = await site.open({ ...lively, now: Date.now() }, { width: 390 });
    await page.locator('.conversation-row', { hasText: 'Mum' }).click();
    await page.locator('.message').first().waitFor();
    expect(await page.locator('.list').isVisible()).toBe(false);
    await page.setViewportSize({ width: 820, height: 700 });
    await page.locator('.list').waitFor();
    await page.setViewportSize({ width: 390, height: 700 });
    await page.goBack();
    await expect.poll(() => page.locator('.list').isVisible()).toBe(true);
    await page.context().close();
  });

  test('has nothing to hit that is smaller than 44 pixels on a phone', async () => {
    const page = await site.open({ ...lively, now: Date.now() }, { width: 390, touch: true });
    await page.locator('.conversation-row', { hasText: 'Mum' }).tap();
    await page.locator('.message').first().waitFor();
    const small = await page.locator('button:visible').evaluateAll((all) =>
      all
        .filter((one) => !one.matches('.reaction, .link-button'))
        .flatMap((one) => {
          const { width, height } = one.getBoundingClientRect();
          return width > 0 && (width < 43.5 || height < 43.5)
            ? [`${one.outerHTML.slice(0, 120)} ${width} ${height}`]
            : [];
        }),
    );
    expect(small).toEqual([]);
    await page.context().close();
  });

  test('fits at twice the size', async () => {
    const page = await site.open({ ...lively, now: Date.now() }, { width: 640, height: 400 });
    await page.locator('.conversation-row', { hasText: 'Anna' }).click();
    await page.locator('.message').first().waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(640);
    expect(await page.locator('.composer-field').isVisible()).toBe(true);
    await page.context().close();
  });
});
