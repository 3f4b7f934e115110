import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { drawn } from './support/waiting.ts';
import type { FakeLine } from './support/fake-app.ts';
import { happen, openPageSite, type PageSite } from './support/page-harness.ts';

let site: PageSite;

beforeAll(async () => {
  site = await openPageSite();
});
afterAll(() => site[Symbol.asyncDispose]());

const markup = '<img src=x onerror="globalThis.executed=1"><script>globalThis.executed=1</script>{{7*7}}';

async function open(
  lines: readonly FakeLine[],
  name = 'Anna',
): Promise<{ readonly page: Page; readonly errors: readonly string[] }> {
  const page = await site.open({ now: Date.now(), conversations: [{ name, lines }] });
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (said) => said.type() === 'error' && errors.push(said.text()));
  await page.locator('.conversation-row').first().click();
  await page.locator('.message').first().waitFor();
  return { page, errors };
}
const executed = (page: Page): Promise<boolean> => page.evaluate(() => Reflect.has(globalThis, 'executed'));

describe('hostile content', () => {
  test('markup in names, texts, file names and reactions stays text', async () => {
    const { page, errors } = await open(
      [
        { text: markup, by: markup, reactions: [[markup, markup]] },
        { file: { name: markup, type: 'text/html', size: 10, here: true }, by: markup, text: markup },
      ],
      markup,
    );
    await page.getByText('{{7*7}}').first().waitFor();
    expect(await executed(page)).toBe(false);
    expect(await page.locator('#app img, #app script').count()).toBe(0);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  test('marks that turn the direction of text turn nothing beyond it', async () => {
    const { page } = await open(
      [
        { text: 'abc\u202e\u2066def', by: 'Anna\u202e' },
        { text: 'plain', by: 'Anna\u202e' },
      ],
      'Anna\u202e',
    );
    const line = page.locator('.message', { hasText: 'abc' });
    // the time stays at the end and reads from left to right
    const [time, text] = await Promise.all([line.locator('time').boundingBox(), line.boundingBox()]);
    expect((time?.x ?? 0) + (time?.width ?? 0)).toBeGreaterThan((text?.x ?? 0) + (text?.width ?? 0) - 40);
    expect(
      await page
        .locator('.conversation-row .conversation-name bdi')
        .evaluate((one) => getComputedStyle(one).unicodeBidi),
    ).toBe('isolate');
    await page.context().close();
  });

  test('only http and https become links, and show what they really ask for', async () => {
    const { page } = await open([
      {
        by: 'Anna',
        text: [
          'https://example.org/a?b=c.',
          'javascript:globalThis.executed=1',
          'data:text/html,hi',
          'https://bank.example@evil.example/',
          'https://xn--80ak6aa92e.com and https://аррӏе.com/x',
          'https://exa\u202emple.org',
        ].join('\n'),
      },
    ]);
    const links = page.locator('.text a');
    await links.first().waitFor();
    const hrefs = await links.evaluateAll((all) => all.map((one) => one.getAttribute('href')));
    expect(hrefs).toEqual([
      'https://example.org/a?b=c',
      'https://xn--80ak6aa92e.com/',
      'https://xn--80ak6aa92e.com/x',
      'https://exa/',
    ]);
    expect(await links.nth(2).innerText()).toBe('https://xn--80ak6aa92e.com/x');
    expect(await links.first().getAttribute('rel')).toBe('noopener noreferrer');
    expect(await links.first().getAttribute('target')).toBe('_blank');
    await page.context().close();
  });

  test('a text of a million letters is shown in part, then whole, and typing stays possible', async () => {
    const { page, errors } = await open([
      { text: 'w'.repeat(1_000_000), by: 'Anna' },
      { text: 'after', by: 'Anna' },
    ]);
    const shown = (): Promise<number> =>
      page
        .locator('.text')
        .first()
        .evaluate((one) => one.textContent.length);
    expect(await shown()).toBeLessThan(4000);
    await page.getByRole('button', { name: /^Show all \(.?1 MB/u }).click();
    await expect.poll(shown).toBeGreaterThan(1_000_000);
    await page.locator('.composer-field').fill('still here');
    await page.getByRole('button', { name: 'Show less' }).click();
    await expect.poll(shown).toBeLessThan(4000);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  test('ten thousand reactions are counted, and few of them shown', async () => {
    const reactions = Array.from(
      { length: 10_000 },
      (_, at) => [`p${at}`, String.fromCodePoint(0x1f600 + (at % 60))] as const,
    );
    const { page, errors } = await open([{ text: 'popular', by: 'Anna', reactions }]);
    await page.locator('.reaction').first().waitFor();
    expect(await page.locator('.reaction').count()).toBe(13);
    expect(await page.locator('.reaction').first().innerText()).toContain('167');
    await page.locator('.reaction').last().click();
    await page.getByRole('dialog').getByText('+9,800').waitFor();
    expect(errors).toEqual([]);
    await page.context().close();
  });

  test('an answer to what was said elsewhere quotes nothing of it', async () => {
    const page = await site.open({
      now: Date.now(),
      conversations: [
        { name: 'Bo', lines: [{ text: 'said between us two', by: 'Bo' }] },
        { name: 'Anna', lines: [{ text: 'an answer', by: 'Anna' }] },
      ],
    });
    await happen(
      page,
      (fake) => {
        const id = fake.arrive('Bo', { text: 'only for Bo' });
        fake.change('Anna', 1, { replyTo: id });
      },
      null,
    );
    await page.locator('.conversation-row', { hasText: 'Anna' }).click();
    await page.locator('.message', { hasText: 'an answer' }).waitFor();
    // what is asked of the engine is answered by then
    await drawn(page);
    expect(await page.locator('.answered').allInnerTexts()).toEqual([expect.not.stringContaining('Bo')]);
    await page.context().close();
  });

  test('names and words without an end do not widen the page', async () => {
    const name = 'N'.repeat(2000);
    const { page } = await open(
      [
        { text: 'W'.repeat(2900), by: name },
        { file: { name: 'F'.repeat(2000), type: 'x', size: 1, here: true }, by: name },
      ],
      name,
    );
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
    expect(await page.locator('.messages').evaluate((box) => box.scrollWidth <= box.clientWidth)).toBe(true);
    await page.context().close();
  });
});
