import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { callsOf, happen, openPageSite, type PageLook, type PageSite } from './support/page-harness.ts';
import { lively } from './support/page-scenes.ts';
import type { FakeScene } from './support/fake-app.ts';

let site: PageSite;

beforeAll(async () => {
  site = await openPageSite();
});
afterAll(() => site[Symbol.asyncDispose]());

async function open(look?: PageLook, scene: FakeScene = { ...lively, now: Date.now() }): Promise<Page> {
  const page = await site.open(scene, look);
  await page.locator('.conversation-row, .empty h2').first().waitFor();
  return page;
}
const names = (page: Page): Promise<readonly string[]> =>
  page.locator('.conversation-row .conversation-name bdi').allTextContents();
const row = (page: Page, name: string): ReturnType<Page['locator']> =>
  page.locator('.conversation-row', { hasText: name });

describe('the conversation list', () => {
  test('shows requests first, then what is pinned, then the latest, and keeps archived ones apart', async () => {
    const page = await open();
    const shown = await names(page);
    expect(shown.slice(0, 3)).toEqual(['Sam from the ferry', 'Anna Lindqvist', 'Harbour choir']);
    expect(shown).not.toContain('Old flat share');
    await page.getByRole('button', { name: 'Archive (1)' }).click();
    await expect.poll(() => names(page)).toEqual(['Old flat share']);
    await page.getByRole('button', { name: 'Back to all conversations' }).click();
    await expect.poll(() => names(page)).toContain('Anna Lindqvist');
    await page.context().close();
  });

  test('says what is unread, failed, drafted and muted, to eyes and to screen readers', async () => {
    const page = await open();
    expect(await row(page, 'Anna').innerText()).toContain('2 unread messages');
    expect(await row(page, 'Mum').innerText()).toContain('Draft: I will call you tonight when');
    expect(await row(page, 'Harbour').getByLabel('Muted').count()).toBe(1);
    expect(await row(page, 'Kaya').getByLabel('Not sent', { exact: true }).count()).toBe(1);
    await expect.poll(() => page.title()).toBe('(4) Tern');
    await page.context().close();
  });

  test('finds conversations by name at once and messages as they are found, with the words marked', async () => {
    const page = await open();
    await page.keyboard.press('/');
    await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe('search');
    await page.keyboard.type('thermos');
    const hit = page.locator('.hit');
    await hit.waitFor();
    expect(await hit.locator('mark').innerText()).toBe('thermos');
    await hit.click();
    await page.locator('.message', { hasText: 'thermos' }).waitFor();
    await page.locator('#search').fill('harb');
    await expect.poll(() => names(page)).toEqual(['Harbour choir']);
    await page.locator('#search').fill('nobody at all');
    await page.getByText('Nothing found').first().waitFor();
    await page.locator('#search').press('Escape');
    await expect.poll(() => page.locator('#search').inputValue()).toBe('');
    await page.context().close();
  });

  test('pins, mutes, archives and marks unread by the right button', async () => {
    const page = await open();
    for (const [item, call] of [
      ['Pin', 'setFlags Mum {"pinned":true}'],
      ['Mute', 'setFlags Mum {"muted":true}'],
      ['Mark as unread', 'setFlags Mum {"markedUnread":true}'],
      ['Archive', 'setFlags Mum {"archived":true}'],
    ] as const) {
      await row(page, 'Mum').click({ button: 'right' });
      await page.getByRole('menuitem', { name: item, exact: true }).click();
      await expect.poll(() => callsOf(page)).toContain(call);
    }
    await expect.poll(() => names(page)).not.toContain('Mum');
    await page.context().close();
  });

  test('opens the same menu by the keyboard, and gives the focus back', async () => {
    const page = await open();
    await row(page, 'Kaya').focus();
    await page.keyboard.press('Shift+F10');
    await page.getByRole('menuitem', { name: 'Pin', exact: true }).waitFor();
    await page.keyboard.press('ArrowDown');
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('Mute');
    await page.keyboard.press('Escape');
    await expect
      .poll(() => page.evaluate(() => document.activeElement?.getAttribute('data-conversation')))
      .toBe('Kaya');
    await page.context().close();
  });

  test('is left by Back and by Esc where the archive is open, which is a step of its own', async () => {
    const page = await open({ width: 390 });
    const archive = page.getByRole('button', { name: 'Archive (1)' });
    await archive.click();
    await row(page, 'Old flat share').click();
    await page.locator('.message').first().waitFor();
    await page.goBack();
    await row(page, 'Old flat share').waitFor();
    await page.goBack();
    await archive.click();
    await page.getByRole('button', { name: 'Back to all conversations' }).waitFor();
    await page.keyboard.press('Escape');
    await archive.waitFor();
    await page.context().close();
  });

  test('comes after one step back from a conversation that was reached by its contact', async () => {
    const page = await open({ width: 390 });
    await row(page, 'Anna').click();
    await page.locator('.head-person').click();
    await page.getByRole('button', { name: 'Write' }).click();
    await page.locator('.message').first().waitFor();
    await page.goBack();
    await expect.poll(() => page.locator('.frame').getAttribute('data-at')).toBe('list');
    await page.context().close();
  });

  test('opens the menu by a long press', async () => {
    const page = await open({ width: 390, touch: true });
    // where it is when it moves no more
    await row(page, 'Mum').click({ trial: true });
    const box = await row(page, 'Mum').boundingBox();
    if (box === null) throw new Error('no row');
    const session = await page.context().newCDPSession(page);
    const touchPoints = [{ x: box.x + 100, y: box.y + 20 }];
    await session.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints });
    await page.getByRole('menuitem', { name: 'Pin', exact: true }).waitFor();
    await session.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
    expect(await page.locator('.message').count()).toBe(0);
    await page.context().close();
  });

  test('moves by arrows, opens by Enter, and comes back by Esc to the same row', async () => {
    const page = await open({ width: 390 });
    await page.locator('#search').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.locator('.message').first().waitFor();
    await page.keyboard.press('Escape');
    await expect.poll(() => page.locator('.frame').getAttribute('data-at')).toBe('list');
    await page.context().close();
  });

  test('moves to the next conversation by Alt and an arrow, from anywhere', async () => {
    const page = await open();
    await row(page, 'Anna').click();
    await page.locator('.composer-field').waitFor();
    await page.keyboard.press('Alt+ArrowDown');
    await page.getByRole('heading', { name: 'Harbour choir' }).waitFor();
    await page.context().close();
  });

  test('puts a conversation in which something is said on top', async () => {
    const page = await open(undefined, {
      now: Date.now(),
      conversations: [
        { name: 'First', lines: [{ text: 'a', by: 'First', ago: 1 }] },
        { name: 'Second', lines: [{ text: 'b', by: 'Second', ago: 2 }] },
      ],
    });
    await expect.poll(() => names(page)).toEqual(['First', 'Second']);
    await happen(page, (fake) => void fake.arrive('Second', { text: 'news', by: 'Second' }), undefined);
    await expect.poll(() => names(page)).toEqual(['Second', 'First']);
    await page.context().close();
  });

  test('leads to inviting where nobody is there yet', async () => {
    const page = await open(undefined, { conversations: [] });
    await page.getByRole('button', { name: 'Invite somebody' }).last().click();
    await page.locator('#place h1').waitFor();
    await page.context().close();
  });
});
