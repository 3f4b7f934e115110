import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, beforeEach, expect, onTestFailed, test } from 'vitest';
import type { Locator, Page } from 'playwright-core';
import type { Route } from '../src/page/navigation.ts';
import { enLater } from '../src/page/words/en-later.ts';
import { en } from '../src/page/words/en.ts';
import { ruLater } from '../src/page/words/ru-later.ts';
import { ru } from '../src/page/words/ru.ts';
import {
  composerOf,
  keepScreens,
  messageOf,
  openPerson,
  reached,
  type BrowserPerson,
} from './support/people.ts';
import { cameraPhoto } from './support/photo.ts';
import { startRelay, type RelayProcess } from './support/relay-process.ts';
import { press, write } from './support/screens-site.ts';

let relay: RelayProcess;
let anna: BrowserPerson;
let ben: BrowserPerson;
let axe: string;

beforeAll(async () => {
  relay = await startRelay();
  [anna, ben] = await Promise.all([openPerson(), openPerson({ width: 390, height: 844 })]);
  axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
});

afterAll(async () => {
  await Promise.all([anna[Symbol.asyncDispose](), ben[Symbol.asyncDispose]()]);
  await relay[Symbol.asyncDispose]();
});

beforeEach(() => onTestFailed(() => keepScreens({ anna, ben })));

test('by keyboard alone one begins, invites, is told who came, answers, and reacts', async () => {
  const { page } = anna;
  await Promise.all([watchPlaces(page), watchPlaces(ben.page)]);
  await page.goto(relay.link);
  await beginByKeys(page, 'Anna');
  expect(await placesOf(page)).not.toContain('list'); // an empty list flashes up nowhere
  await press(page, 'Make an invitation');
  await press(page, 'Copy the link');
  await ben.page.goto(await page.evaluate(() => navigator.clipboard.readText()));
  await beginByKeys(ben.page, 'Ben');
  await focused(composerOf(ben));
  expect(await placesOf(ben.page)).not.toContain('list');
  await ben.page.keyboard.type('Hello Anna');
  await ben.page.keyboard.press('Enter');

  await page
    .getByText(/Ben.? used your invitation/u)
    .first()
    .waitFor();
  await expect.poll(() => page.evaluate(() => document.activeElement?.className)).toBe('lead');
  await page.getByText('Used', { exact: true }).waitFor();
  await press(page, 'Look at the request');
  await page.getByRole('heading', { name: 'Ben' }).waitFor();
  await press(page, 'Accept');
  await messageOf(anna, 'Hello Anna').waitFor();
  await focused(composerOf(anna));
  await page.keyboard.type('Hello Ben');
  await page.keyboard.press('Enter');
  await reached(anna, 'Hello Ben', 'Delivered');

  await backTo(page, '[data-message]');
  await page.keyboard.press('ArrowUp');
  await focused(messageOf(anna, 'Hello Anna'));
  await page.keyboard.press('Enter');
  await page.getByRole('menu').waitFor();
  await page.keyboard.press('ArrowUp');
  await focused(page.getByRole('button', { name: /^React with .?🙏/u }));
  await page.keyboard.press('Escape');
  await focused(messageOf(anna, 'Hello Anna'));
  await page.keyboard.press('x');
  await page.getByRole('dialog').waitFor();
  await write(page, 'Emoji', '👍');
  await page.keyboard.press('Enter');
  await ben.page.getByRole('button', { name: /👍.*Anna/u }).waitFor();
  await focused(messageOf(anna, 'Hello Anna'));
  await page.keyboard.press('Escape');
  await page.getByText('Choose a conversation').waitFor();
  expect([...anna.complaints, ...ben.complaints]).toEqual([]);
});

const looks = [
  { language: 'en', theme: 'light', width: 1280, height: 800, say: { ...en, ...enLater } },
  { language: 'ru', theme: 'dark', width: 390, height: 844, say: { ...ru, ...ruLater } },
] as const;
type Look = (typeof looks)[number];

test.each(looks)('a newcomer finds nothing that axe objects to, $language, $theme', async (look) => {
  const { width, height, theme, language } = look;
  await using newcomer = await openPerson({ width, height, scheme: theme, locale: language });
  const { page } = newcomer;
  await page.goto(relay.link);
  await page.getByRole('button', { name: look.say['onboarding.iAmNew'] }).waitFor();
  await check(page, 'the question whether one is new');
  await page.getByRole('button', { name: look.say['onboarding.iAmNew'] }).click();
  await check(page, 'the name');
  await page.getByRole('button', { name: look.say['onboarding.bringExport'] }).click();
  await check(page, 'bringing an export');
});

test.each(looks)(
  'everything that is shown to somebody at home is clean for axe, $language, $theme',
  async (look) => {
    const { page } = anna;
    const { say } = look;
    await wear(page, look);
    await openTalk(page);
    if (look === looks[0]) {
      const photo = await cameraPhoto(page, 320, 240);
      await drop(page, { name: 'bay.jpg', type: 'image/jpeg', base64: photo.toString('base64') });
      await pressed(page, say['send.send']);
    }
    await page.locator('.picture-open').first().waitFor();
    await check(page, 'a conversation');

    const message = messageOf(anna, 'Hello Ben').first();
    const choose = async (item: string): Promise<void> => {
      await message.click({ button: 'right' });
      await page.getByRole('menuitem', { name: item, exact: true }).click();
      await page.getByRole('dialog').waitFor();
    };
    await message.click({ button: 'right' });
    await page.getByRole('menu').waitFor();
    await check(page, 'the menu of a message');
    await page.keyboard.press('Escape');
    for (const item of ['reactOther', 'forward', 'details', 'delete'] as const) {
      await choose(say[`conversation.${item}`]);
      await check(page, item);
      await page.keyboard.press('Escape');
    }
    await page.locator('.picture-open').first().click();
    await page.locator('.viewer img').waitFor();
    await check(page, 'the viewer');
    await page.keyboard.press('Escape');
    await drop(page, { name: 'notes.txt', type: 'text/plain', base64: '' });
    await page.getByRole('dialog').waitFor();
    await check(page, 'what is about to be sent');
    await page.keyboard.press('Escape');

    await at(page, { kind: 'list' });
    await check(page, 'the list');
    await page.locator('.conversation-row').first().click({ button: 'right' });
    await page.getByRole('menu').waitFor();
    await check(page, 'the menu of a conversation');
    await page.keyboard.press('Escape');
    await page.locator('#search').fill('Hello');
    await page.locator('.hit').first().waitFor();
    await check(page, 'what a search found');
    await page.locator('#search').fill('');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Shift+?');
    await page.locator('.shortcuts').waitFor();
    await check(page, 'the list of keys');
    await page.keyboard.press('Escape');

    await openTalk(page);
    await page.locator('.head-person').click();
    await page.locator('.contact-name').waitFor();
    await check(page, 'a contact');
    await pressed(page, say['contact.compare']);
    await check(page, 'comparing numbers');
    await page.keyboard.press('Escape');
    await pressed(page, say['contact.block']);
    await check(page, 'the question whether to block');
    await page.keyboard.press('Escape');
    await at(page, { kind: 'invite' });
    await pressed(page, say['invite.make']);
    await page.locator('.invitation').waitFor();
    await check(page, 'an invitation');
    await at(page, { kind: 'link', text: relay.link });
    await page.locator('.offer').waitFor();
    await check(page, 'a link that came');
    await at(page, { kind: 'connection' });
    await check(page, 'the connection');
    await at(page, { kind: 'settings' });
    await check(page, 'the settings');
    await pressed(page, say['safety.exportDo']);
    await check(page, 'an export');
    await page.keyboard.press('Escape');
    await pressed(page, say['settings.wipe']);
    await check(page, 'the question whether to wipe');
    await page.keyboard.press('Escape');
    await pressed(page, say['safety.passcodeSet']);
    await check(page, 'a passcode');
    await page.getByLabel(say['safety.passcodeNew']).fill('green lamp');
    await page.getByLabel(say['safety.again']).fill('green lamp');
    await page.keyboard.press('Enter');
    await pressed(page, say['safety.lockNow']);
    await page.getByRole('heading', { name: say['safety.locked'] }).waitFor();
    expect(await page.locator('.toast').count()).toBe(0);
    await check(page, 'the lock');
    await page.getByLabel(say['safety.passcode']).fill('green lamp');
    await page.keyboard.press('Enter');
    await page.locator('.frame').waitFor();
    await at(page, { kind: 'settings' });
    await pressed(page, say['safety.passcodeRemove']);
    await page.getByLabel(say['safety.passcodeOld']).fill('green lamp');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: say['safety.passcodeSet'] }).waitFor();
    expect(anna.complaints).toEqual([]);
  },
);

async function beginByKeys(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: 'I am new here' }).waitFor();
  await press(page, 'I am new here');
  await write(page, 'Your name', name);
  await page.keyboard.press('Enter');
  await page
    .getByRole('heading', { name: 'Invite somebody' })
    .or(page.locator('.composer'))
    .first()
    .waitFor();
}

/** Notes from the beginning what the frame shows: the list, or what is beside it. */
function watchPlaces(page: Page): Promise<unknown> {
  return page.addInitScript(() => {
    const places: string[] = [];
    Reflect.set(globalThis, 'places', places);
    new MutationObserver(() => {
      const place = document.querySelector('.frame')?.getAttribute('data-at');
      if (typeof place === 'string') places.push(place);
    }).observe(document, { childList: true, subtree: true, attributeFilter: ['data-at'] });
  });
}

async function placesOf(page: Page): Promise<readonly string[]> {
  return page.evaluate(() => Reflect.get(globalThis, 'places') as readonly string[]);
}

async function focused(what: Locator): Promise<void> {
  await what.waitFor();
  await expect
    .poll(() =>
      what.evaluate((element) =>
        element === document.activeElement
          ? 'it'
          : (document.activeElement?.outerHTML.slice(0, 200) ?? 'nothing'),
      ),
    )
    .toBe('it');
}

/** Moves the focus backwards until it is on what matches. */
async function backTo(page: Page, selector: string): Promise<void> {
  for (let steps = 0; steps < 20; steps += 1) {
    await page.keyboard.press('Shift+Tab');
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector)) return;
  }
  throw new Error(`the keyboard does not come back to ${selector}`);
}

async function wear(page: Page, { language, theme, width, height }: Look): Promise<void> {
  await page.setViewportSize({ width, height });
  await page.evaluate(
    ([spoken, worn]) => {
      localStorage.setItem('tern.language', spoken);
      localStorage.setItem('tern.theme', worn);
    },
    [language, theme] as const,
  );
  await page.reload();
  await page.locator('.conversation-row').first().waitFor({ state: 'attached' });
}

async function openTalk(page: Page): Promise<void> {
  await at(page, { kind: 'list' });
  await page.locator('.conversation-row').first().click();
  await page.locator('.composer-field').waitFor();
}

async function drop(
  page: Page,
  file: { readonly name: string; readonly type: string; readonly base64: string },
): Promise<void> {
  await page.evaluate(({ name, type, base64 }) => {
    const dataTransfer = new DataTransfer();
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    dataTransfer.items.add(new File([bytes], name, { type }));
    document.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
  }, file);
  await page.getByRole('dialog').waitFor();
}

/** Goes there as the browser's Back and Forward do. */
async function at(page: Page, route: Route): Promise<void> {
  await page.evaluate((to) => {
    const state = { route: to, depth: to.kind === 'list' ? 0 : 1 };
    dispatchEvent(new PopStateEvent('popstate', { state }));
  }, route);
  if (route.kind !== 'list') await page.locator('#place h1').first().waitFor();
}

async function check(page: Page, what: string): Promise<void> {
  await page.evaluate(() =>
    Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => undefined))),
  );
  await page.evaluate(axe);
  const faults = await page.evaluate(async () => {
    const { run } = Reflect.get(globalThis, 'axe') as {
      run(
        where: Document,
        options: object,
      ): Promise<{
        readonly violations: readonly {
          readonly id: string;
          readonly nodes: readonly { readonly target: unknown; readonly failureSummary?: string }[];
        }[];
      }>;
    };
    const { violations } = await run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],
      resultTypes: ['violations'],
    });
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(
        ({ target, failureSummary }) => `${id} at ${JSON.stringify(target)}: ${failureSummary ?? ''}`,
      ),
    );
  });
  expect([what, faults]).toEqual([what, []]);
}

async function pressed(page: Page, name: string): Promise<void> {
  // a dialog's come after those that it covers
  await page.getByRole('button', { name, exact: true }).last().click();
}
