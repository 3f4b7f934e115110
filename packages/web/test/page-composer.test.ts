import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FakeConversation } from './support/fake-app.ts';
import { callsOf, happen, openPageSite, type PageLook, type PageSite } from './support/page-harness.ts';

let site: PageSite;

beforeAll(async () => {
  site = await openPageSite();
});
afterAll(() => site[Symbol.asyncDispose]());

async function open(others: readonly FakeConversation[] = [], look?: PageLook): Promise<Page> {
  const conversations = [
    { name: 'Anna', lines: [{ text: 'my last words' }, { text: 'hi', by: 'Anna' }] },
    ...others,
  ];
  const page = await site.open({ now: Date.now(), conversations }, look);
  await page.locator('.conversation-row', { hasText: 'Anna' }).click();
  await field(page).waitFor();
  // where there is a keyboard, the field takes what is typed from now on
  if (look?.touch !== true) await page.locator('.composer-field:focus').waitFor();
  return page;
}
const field = (page: Page): ReturnType<Page['locator']> => page.locator('.composer-field');
const calls = (page: Page): { readonly toContain: (call: string) => Promise<void> } => ({
  toContain: (call) => expect.poll(() => callsOf(page)).toContain(call),
});
/** 40 by 30 pixels, drawn by the browser itself */
const picture = (page: Page): Promise<readonly number[]> =>
  page.evaluate(async () => {
    const canvas = new OffscreenCanvas(40, 30);
    const context = canvas.getContext('2d');
    if (context === null) throw new Error('no canvas');
    context.fillStyle = 'teal';
    context.fillRect(5, 5, 30, 20);
    return [...new Uint8Array(await (await canvas.convertToBlob({ type: 'image/png' })).arrayBuffer())];
  });

describe('the composer', () => {
  test('has the focus where there is a keyboard; Enter sends, Shift and Enter make a new line', async () => {
    const page = await open();
    await page.keyboard.type('one');
    await page.keyboard.press('Shift+Enter');
    await page.keyboard.type('two');
    expect(await field(page).inputValue()).toBe('one\ntwo');
    await page.keyboard.press('Enter');
    await calls(page).toContain('sendText Anna one\ntwo');
    await expect.poll(() => field(page).inputValue()).toBe('');
    await page.locator('.message', { hasText: 'two' }).waitFor();
    await page.context().close();
  });

  test('sends by its button on glass, where Enter makes a new line', async () => {
    const page = await open([], { width: 390, touch: true });
    await field(page).tap();
    await page.keyboard.type('one');
    await page.keyboard.press('Enter');
    await page.keyboard.type('two');
    await page.getByRole('button', { name: 'Send', exact: true }).tap();
    await calls(page).toContain('sendText Anna one\ntwo');
    await page.context().close();
  });

  test('sends nothing but space', async () => {
    const page = await open();
    await page.keyboard.type('   ');
    await page.keyboard.press('Enter');
    expect((await callsOf(page)).filter((call) => call.startsWith('sendText'))).toEqual([]);
    await page.context().close();
  });

  test('keeps what is written for each conversation', async () => {
    const page = await open([{ name: 'Bo', filled: 2, draft: 'for Bo' }]);
    await page.keyboard.type('for Anna');
    await page.locator('.conversation-row', { hasText: 'Bo' }).click();
    await expect.poll(() => field(page).inputValue()).toBe('for Bo');
    await calls(page).toContain('setDraft Anna for Anna');
    await page.locator('.conversation-row', { hasText: 'Anna' }).click();
    await expect.poll(() => field(page).inputValue()).toBe('for Anna');
    await page.context().close();
  });

  test('gives a text back that could not be kept', async () => {
    const page = await open();
    await happen(page, (fake) => fake.refuse('sendText'), undefined);
    await page.keyboard.type('precious');
    await page.keyboard.press('Enter');
    await page.getByText('Your text is still here.').first().waitFor();
    await expect.poll(() => field(page).inputValue()).toBe('precious');
    await page.context().close();
  });

  test('gives it back before what was begun since', async () => {
    const page = await open();
    await happen(page, (fake) => fake.refuse('sendText'), undefined);
    await field(page).fill('precious');
    await field(page).evaluate((element: HTMLTextAreaElement) => {
      element.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }));
      element.value = 'begun since';
      element.dispatchEvent(new Event('input', { bubbles: true }));
    });
    await page.getByText('Your text is still here.').first().waitFor();
    await expect.poll(() => field(page).inputValue()).toBe('precious\nbegun since');
    await page.context().close();
  });

  test('gives it back beside an old message that is being changed by now, which stays as it is', async () => {
    const page = await open();
    await happen(page, (fake) => fake.refuse('sendText'), undefined);
    await field(page).fill('precious');
    const own = page.locator('[data-message]', { hasText: 'my last words' });
    await own.evaluate((message: HTMLElement) => {
      const press = (on: Element | null, keys: KeyboardEventInit): unknown =>
        on?.dispatchEvent(new KeyboardEvent('keydown', { ...keys, bubbles: true }));
      press(document.querySelector('.composer-field'), { key: 'Enter' });
      press(message, { key: 'e', code: 'KeyE' });
    });
    await page.getByText('Your text is still here.').first().waitFor();
    await expect.poll(() => field(page).inputValue()).toBe('precious');
    expect(await page.locator('.aim').count()).toBe(0);
    await calls(page).toContain('setDraft Anna precious');
    await page.context().close();
  });

  test('gives a change back that could not be kept, as a change of that message', async () => {
    const page = await open();
    await happen(page, (fake) => fake.refuse('edit'), undefined);
    await page.keyboard.press('ArrowUp');
    await expect.poll(() => field(page).inputValue()).toBe('my last words');
    await page.keyboard.type(', changed');
    await page.keyboard.press('Enter');
    await page.getByText('Your text is still here.').first().waitFor();
    await expect.poll(() => field(page).inputValue()).toBe('my last words, changed');
    await page.locator('.aim').waitFor();
    await page.context().close();
  });

  test('changes the last own message by ArrowUp, and leaves it by Esc', async () => {
    const page = await open();
    await page.keyboard.press('ArrowUp');
    await expect.poll(() => field(page).inputValue()).toBe('my last words');
    await page.keyboard.press('Escape');
    await expect.poll(() => field(page).inputValue()).toBe('');
    await page.keyboard.press('ArrowUp');
    await expect.poll(() => field(page).inputValue()).toBe('my last words');
    await page.keyboard.type(', changed');
    await page.keyboard.press('Enter');
    await calls(page).toContain('edit Anna-0 my last words, changed');
    expect((await callsOf(page)).filter((call) => call.startsWith('setDraft Anna my'))).toEqual([]);
    await page.context().close();
  });

  test('offers a file for a text that no message holds', async () => {
    const page = await open();
    await field(page).fill('x'.repeat(140_000));
    expect(await page.getByRole('button', { name: 'Send', exact: true }).isDisabled()).toBe(true);
    await page.getByRole('button', { name: 'Send as a file' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Send', exact: true }).click();
    await calls(page).toContain('sendFile Anna text.txt text/plain   file');
    await page.context().close();
  });

  test('sends several pictures at once, made smaller, with what is said', async () => {
    const page = await open();
    const buffer = Buffer.from(await picture(page));
    await page.locator('[data-attach=photos]').setInputFiles([
      { name: 'a.png', mimeType: 'image/png', buffer },
      { name: 'b.png', mimeType: 'image/png', buffer },
    ]);
    await page.getByRole('dialog', { name: 'Send 2 files' }).waitFor();
    await page.getByLabel('Caption').fill('look');
    await page.keyboard.press('Enter');
    await expect
      .poll(() => callsOf(page))
      .toContainEqual(
        expect.stringMatching(/^sendFile Anna a\.(?:webp|jpg) image\/(?:webp|jpeg) look {2}picture$/),
      );
    await expect
      .poll(() => callsOf(page))
      .toContainEqual(
        expect.stringMatching(/^sendFile Anna b\.(?:webp|jpg) image\/(?:webp|jpeg) {3}picture$/),
      );
    await expect.poll(() => page.getByRole('dialog').count()).toBe(0);
    await page.context().close();
  });

  test('sends originals where that is wanted', async () => {
    const page = await open();
    const buffer = Buffer.from(await picture(page));
    await page
      .locator('[data-attach=photos]')
      .setInputFiles([{ name: 'a.png', mimeType: 'image/png', buffer }]);
    await page.getByRole('checkbox').check();
    await page.getByRole('dialog').getByRole('button', { name: 'Send', exact: true }).click();
    await calls(page).toContain('sendFile Anna a.png image/png   picture');
    await page.context().close();
  });

  test('takes pictures that are pasted, and files that are dropped anywhere', async () => {
    const page = await open();
    for (const how of ['paste', 'drop'] as const) {
      await page.evaluate((how) => {
        const data = new DataTransfer();
        data.items.add(new File(['some bytes'], `${how}.bin`, { type: 'application/x-thing' }));
        const target = document.querySelector(how === 'paste' ? '.composer-field' : '.messages');
        target?.dispatchEvent(
          how === 'paste'
            ? new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true })
            : new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }),
        );
      }, how);
      await page.getByRole('dialog').getByText(`${how}.bin`).waitFor();
      await page.getByRole('dialog').getByRole('button', { name: 'Send', exact: true }).click();
      await calls(page).toContain(`sendFile Anna ${how}.bin application/x-thing   file`);
    }
    await page.context().close();
  });

  test('offers photos and files from its menu, and the camera on a phone', async () => {
    const page = await open();
    await page.getByRole('button', { name: 'Add a photo or a file' }).click();
    await page.getByRole('menuitem', { name: 'Photos' }).waitFor();
    expect(await page.getByRole('menuitem', { name: 'Camera' }).count()).toBe(0);
    await page.context().close();
    const phone = await open([], { width: 390, touch: true });
    await phone.getByRole('button', { name: 'Add a photo or a file' }).tap();
    await phone.getByRole('menuitem', { name: 'Camera' }).waitFor();
    await phone.context().close();
  });
});
