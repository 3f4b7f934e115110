import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { drawn } from './support/waiting.ts';
import type { FakeConversation, FakeLine } from './support/fake-app.ts';
import { lively } from './support/page-scenes.ts';
import { callsOf, happen, openPageSite, type PageLook, type PageSite } from './support/page-harness.ts';

let site: PageSite;

beforeAll(async () => {
  site = await openPageSite();
});
afterAll(() => site[Symbol.asyncDispose]());

async function open(conversation: Partial<FakeConversation>, look?: PageLook): Promise<Page> {
  const page = await site.open({ now: Date.now(), conversations: [{ name: 'Anna', ...conversation }] }, look);
  await page.locator('.conversation-row').first().click();
  await page.locator('.messages').waitFor();
  await drawn(page);
  return page;
}
const message = (page: Page, text: string): ReturnType<Page['locator']> =>
  page.locator('.message', { hasText: text });
const menuItem = (page: Page, name: string): ReturnType<Page['locator']> =>
  page.getByRole('menuitem', { name, exact: true });
async function choose(page: Page, text: string, item: string): Promise<void> {
  await message(page, text).click({ button: 'right' });
  await menuItem(page, item).click();
}
const isAtEnd = (page: Page): Promise<boolean> =>
  page.locator('.messages').evaluate((box) => box.scrollHeight - box.scrollTop - box.clientHeight < 3);
const arrive = (page: Page, line: FakeLine): Promise<void> =>
  happen(page, (fake, told) => void fake.arrive('Anna', told), line);

/** A list that is still finding its place takes no wheel. */
async function wheelAway(page: Page): Promise<void> {
  await expect
    .poll(async () => {
      await page.mouse.wheel(0, -2500);
      return page.locator('.to-latest').isVisible();
    })
    .toBe(true);
}

describe('a conversation', () => {
  test('opens at its end, and stays there while messages arrive', async () => {
    const page = await open({ filled: 300 });
    await message(page, '300. ').waitFor();
    await expect.poll(() => isAtEnd(page)).toBe(true);
    await arrive(page, { text: 'one more', by: 'Anna' });
    await message(page, 'one more').waitFor();
    await expect.poll(() => isAtEnd(page)).toBe(true);
    await page.context().close();
  });

  test('opens at the first unread message under a mark, and tells that it was read', async () => {
    const page = await open({ filled: 300, unread: 30 });
    await page.locator('.unread-line').waitFor();
    const line = await page.locator('.unread-line').boundingBox();
    const frame = await page.locator('.messages').boundingBox();
    expect(line?.y).toBeGreaterThan(frame?.y ?? 0);
    await expect.poll(() => callsOf(page)).toContainEqual(expect.stringMatching(/^markRead Anna \d+$/));
    await page.keyboard.press('Escape');
    await page.context().close();
  });

  test('reads older messages when one nears the top, and nothing jumps', async () => {
    const page = await open({ filled: 600 });
    await message(page, '600. ').waitFor();
    await expect.poll(() => isAtEnd(page)).toBe(true);
    await page.locator('.messages').evaluate((box) => box.scrollTo({ top: 300 }));
    await expect.poll(() => callsOf(page)).toContain('window Anna 301');
    const topNumber = (): Promise<number> =>
      page.locator('.messages').evaluate((box) => {
        const { top } = box.getBoundingClientRect();
        const shown = [...box.querySelectorAll('.message')].find(
          (one) => one.getBoundingClientRect().bottom > top + 4,
        );
        return Number.parseInt(shown?.querySelector('.text')?.textContent ?? '0');
      });
    await expect.poll(() => page.locator('.messages').getAttribute('aria-busy')).toBe('false');
    const number = await topNumber();
    expect(number).toBeGreaterThan(495);
    expect(number).toBeLessThan(530);
    await page.context().close();
  });

  test('leads back to the latest message with a count', async () => {
    const page = await open({ filled: 300 });
    await message(page, '300. ').waitFor();
    await page.locator('.messages').hover();
    await wheelAway(page);
    await arrive(page, { text: 'unseen', by: 'Anna' });
    await page.getByRole('button', { name: 'To the latest, 1 new message' }).click();
    await message(page, 'unseen').waitFor();
    await expect.poll(() => isAtEnd(page)).toBe(true);
    await page.context().close();
  });

  test('comes back to where one was', async () => {
    const page = await site.open({
      now: Date.now(),
      conversations: [
        { name: 'Anna', filled: 400 },
        { name: 'Bo', filled: 3 },
      ],
    });
    await page.locator('.conversation-row', { hasText: 'Anna' }).click();
    await message(page, '400. ').waitFor();
    await page.locator('.messages').hover();
    await wheelAway(page);
    const first = await page
      .locator('.messages')
      .evaluate((box) => Math.round(box.scrollHeight - box.scrollTop));
    await page.locator('.conversation-row', { hasText: 'Bo' }).click();
    await message(page, '3. ').waitFor();
    await page.locator('.conversation-row', { hasText: 'Anna' }).click();
    await page.locator('.to-latest').waitFor();
    await expect
      .poll(async () =>
        Math.abs(
          (await page.locator('.messages').evaluate((box) => Math.round(box.scrollHeight - box.scrollTop))) -
            first,
        ),
      )
      .toBeLessThan(400);
    await page.context().close();
  });

  test('jumps to the message that is answered, however far back it is', async () => {
    const page = await open({
      lines: [
        { text: 'the very first', by: 'Anna', ago: 9000 },
        ...Array.from({ length: 400 }, (_, at) => ({ text: `filler ${at}`, ago: 8000 - at })),
        { text: 'an answer', by: 'Anna', answers: 401 },
      ],
    });
    await page.locator('.answered', { hasText: 'the very first' }).click();
    await message(page, 'the very first').first().waitFor();
    await expect.poll(() => page.locator('.message.flashed', { hasText: 'the very first' }).count()).toBe(1);
    await page.context().close();
  });

  test('separates days, groups what one person says, and shows quiet lines for what is no message', async () => {
    const page = await open({
      lines: [
        { notice: 'joined', ago: 3000 },
        { text: 'old', by: 'Anna', ago: 2990 },
        { text: 'a', by: 'Anna', ago: 3 },
        { text: 'b', by: 'Anna', ago: 2 },
        { gap: 2, by: 'Anna' },
        { newer: true, by: 'Anna', ago: 1 },
        { deleted: true, by: 'Anna', ago: 1 },
      ],
    });
    await page.getByText('2 messages of').waitFor();
    expect(await page.locator('.line .day').count()).toBeGreaterThanOrEqual(2);
    expect(await page.locator('.message-place', { hasText: /^b/ }).getAttribute('class')).not.toContain(
      'first',
    );
    await page.getByText('Sent by a newer Tern').first().waitFor();
    await page.getByText('This message was deleted').waitFor();
    await page.getByText('joined').waitFor();
    await page.context().close();
  });

  test('says in words and by shape where each own message is', async () => {
    const page = await open({
      lines: (['queued', 'nearby', 'stored', 'delivered', 'read', 'failed'] as const).map((status) => ({
        text: status,
        status,
      })),
    });
    const nearby = 'Waits at a relay nearby, goes on when there is a way';
    for (const word of ['Waits to leave', nearby, 'On a relay', 'Delivered', 'Read', 'Not sent'])
      await page.locator('.message').getByLabel(word, { exact: true }).first().waitFor();
    await page.context().close();
  });

  test('tries a failed message again, and takes a queued one back', async () => {
    const page = await open({
      lines: [
        { text: 'lost', status: 'failed' },
        { text: 'early', status: 'queued' },
      ],
    });
    await page.getByRole('button', { name: 'Try again' }).click();
    await expect.poll(() => callsOf(page)).toContain('retry Anna-0');
    await choose(page, 'early', 'Do not send');
    await expect.poll(() => message(page, 'early').count()).toBe(0);
    await page.context().close();
  });

  test('says of a message that waits at a relay nearby where it is, and what taking it back can do', async () => {
    const page = await open({ lines: [{ text: 'over the border', status: 'nearby' }] });
    await message(page, 'over the border').getByText('waits nearby').waitFor();
    await choose(page, 'over the border', 'Do not send');
    await page.getByText('It may already be on its way').waitFor();
    await page.getByRole('button', { name: 'Delete for everybody' }).click();
    await expect.poll(() => callsOf(page)).toContain('remove Anna-0 true');
    await page.context().close();
  });

  test('reacts with a quick emoji, takes it back, and takes any other emoji', async () => {
    const page = await open({ lines: [{ text: 'nice', by: 'Anna' }] });
    await message(page, 'nice').click({ button: 'right' });
    await page.getByRole('button', { name: /^React with .*❤️/u }).click();
    const given = page.locator('.reaction', { hasText: '❤️' });
    await given.waitFor();
    expect(await given.getAttribute('aria-pressed')).toBe('true');
    await given.click();
    await expect.poll(() => given.count()).toBe(0);
    await choose(page, 'nice', 'Another emoji…');
    await page.getByLabel('Emoji', { exact: true }).fill('abc');
    await page.keyboard.press('Enter');
    await page.getByText('One emoji, please.').waitFor();
    await page.getByLabel('Emoji', { exact: true }).fill('🦭');
    await page.keyboard.press('Enter');
    await page.locator('.reaction', { hasText: '🦭' }).waitFor();
    await page.context().close();
  });

  test('copies, edits, forwards and deletes', async () => {
    const page = await open({ lines: [{ text: 'my words' }] });
    await choose(page, 'my words', 'Copy');
    await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe('my words');
    await choose(page, 'my words', 'Edit');
    await page.locator('.composer-field').fill('my better words');
    await page.keyboard.press('Enter');
    await message(page, 'my better words').getByText('edited').waitFor();
    await choose(page, 'my better words', 'Forward');
    await page.getByRole('checkbox').check();
    await page.getByRole('button', { name: 'Forward to 1 person' }).click();
    await expect.poll(() => callsOf(page)).toContain('forward Anna-0 Anna');
    await choose(page, 'my better words', 'Details');
    await page.getByRole('dialog').getByText('Written').waitFor();
    await page.keyboard.press('Escape');
    await choose(page, 'my better words', 'Delete');
    await page.getByRole('button', { name: 'Delete for everybody' }).click();
    await page.getByText('This message was deleted').waitFor();
    await page.context().close();
  });

  test('answers a request by accepting it, and offers no composer before', async () => {
    const page = await open({ request: true, lines: [{ text: 'hello', by: 'Anna' }] });
    await page.getByText('wants to talk with you').first().waitFor();
    expect(await page.locator('.composer-field').count()).toBe(0);
    await page.getByRole('button', { name: 'Accept' }).click();
    await page.locator('.composer-field').waitFor();
    await page.context().close();
  });

  test('says that somebody is blocked, and unblocks', async () => {
    const page = await open({ blocked: true, lines: [{ text: 'hello', by: 'Anna' }] });
    await page.getByRole('button', { name: 'Unblock' }).click();
    await page.locator('.composer-field').waitFor();
    await page.context().close();
  });

  test('says that an invitation is not answered yet', async () => {
    const page = await open({ state: 'waiting' });
    await page.getByText('has not answered yet; what you write waits.').waitFor();
    await page.context().close();
  });

  test('says politely what arrives', async () => {
    const page = await open({ filled: 5 });
    await message(page, '5. ').waitFor();
    await arrive(page, { text: 'hear me', by: 'Anna' });
    await expect.poll(() => page.getByRole('log').innerText()).toContain('Anna: hear me');
    await page.context().close();
  });

  test('opens the menu of a message by a long press, by the right button and by a button beside it', async () => {
    const glass = await site.open({ ...lively, now: Date.now() }, { width: 390, touch: true });
    await glass.locator('.conversation-row', { hasText: 'Anna' }).tap();
    // where it is when it moves no more
    await message(glass, 'thermos').click({ trial: true });
    const touched = await message(glass, 'thermos').boundingBox();
    if (touched === null) throw new Error('no message');
    const session = await glass.context().newCDPSession(glass);
    const touchPoints = [{ x: touched.x + 20, y: touched.y + 12 }];
    await session.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints });
    await glass.getByRole('menuitem', { name: 'Reply', exact: true }).waitFor();
    await session.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
    await glass.getByRole('menuitem', { name: 'Reply', exact: true }).tap();
    await glass.locator('.aim').waitFor();
    await glass.context().close();

    const page = await site.open({ ...lively, now: Date.now() });
    await page.locator('.conversation-row', { hasText: 'Anna' }).click();
    await message(page, 'thermos').click({ button: 'right' });
    await page.getByRole('menu').waitFor();
    await page.keyboard.press('Escape');
    await message(page, 'thermos').hover();
    await page.locator('.message-place', { hasText: 'thermos' }).locator('.message-more').click();
    await page.getByRole('menu').waitFor();
    await page.context().close();
  });

  test('says the day above older messages, but not beside where it stands anyway', async () => {
    const page = await site.open({ now: Date.now(), conversations: [{ name: 'Anna', filled: 60 }] });
    await page.locator('.conversation-row').click();
    await message(page, '60. ').waitFor();
    const scrollTo = (top: number): Promise<void> =>
      page.locator('.messages').evaluate((box, to) => box.scrollTo(0, to), top);
    await expect
      .poll(async () => {
        await scrollTo(500);
        return page.locator('.sticky-day').count();
      })
      .toBe(1);
    await scrollTo(0);
    await expect.poll(() => page.locator('.sticky-day').count()).toBe(0);
    await page.context().close();
  });

  test('is read and used by keys alone', async () => {
    const page = await open({
      lines: [
        { text: 'one', by: 'Anna' },
        { text: 'two', by: 'Anna' },
        { text: 'three', by: 'Anna' },
      ],
    });
    await message(page, 'three').focus();
    await page.keyboard.press('ArrowUp');
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toContain('two');
    await page.keyboard.press('Enter');
    await menuItem(page, 'Reply').waitFor();
    await page.keyboard.press('Escape');
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toContain('two');
    await page.keyboard.press('r');
    await page.locator('.aim', { hasText: 'Reply to' }).waitFor();
    await page.keyboard.type('an answer');
    await page.keyboard.press('Enter');
    await expect.poll(() => callsOf(page)).toContain('sendText Anna an answer Anna-1');
    await page.context().close();
  });

  test('lists its keys on a question mark', async () => {
    const page = await open({ lines: [{ text: 'one', by: 'Anna' }] });
    await message(page, 'one').focus();
    await page.keyboard.press('Shift+?');
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
    await page.keyboard.press('Escape');
    await expect.poll(() => page.getByRole('dialog').count()).toBe(0);
    await page.context().close();
  });
});
