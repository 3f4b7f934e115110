import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext, type Locator, type Page } from 'playwright-core';
import { chromiumLaunchOptions } from './chromium.ts';
import { longestWaitMs } from './waiting.ts';

/** A person with a browser of their own, whose profile outlives it. Acts by what is on the screen, and by nothing else. */
export interface BrowserPerson extends AsyncDisposable {
  /** the tab they look at */
  page: Page;
  readonly context: BrowserContext;
  /** what the pages and workers complained about */
  readonly complaints: string[];
  /** Ends the browser, tabs, workers and all, and starts it again on the same profile without opening a page. */
  restart(): Promise<void>;
}

export async function openPerson(
  options: {
    readonly locale?: string;
    readonly width?: number;
    readonly height?: number;
    readonly scheme?: 'light' | 'dark';
  } = {},
): Promise<BrowserPerson> {
  const profile = await mkdtemp(join(tmpdir(), 'tern-browser-'));
  const complaints: string[] = [];
  const launch = async (): Promise<BrowserContext> => {
    const context = await chromium.launchPersistentContext(profile, {
      ...(await chromiumLaunchOptions()),
      locale: options.locale ?? 'en-US',
      colorScheme: options.scheme ?? 'light',
      viewport: { width: options.width ?? 1000, height: options.height ?? 760 },
      permissions: ['clipboard-read', 'clipboard-write'],
      acceptDownloads: true,
    });
    context.setDefaultTimeout(longestWaitMs);
    context.on('weberror', (error) => complaints.push(`error: ${error.error().message}`));
    context.on('console', (message) => {
      // a network that is cut is what these tests are about
      if (message.type() === 'error' && !/net::ERR_|WebSocket connection/u.test(message.text()))
        complaints.push(`${message.type()}: ${message.text()}`);
    });
    return context;
  };
  const first = await launch();
  const person = {
    context: first,
    page: first.pages()[0] ?? (await first.newPage()),
    complaints,
    async restart() {
      await person.context.close();
      person.context = await launch();
      person.page = person.context.pages()[0] ?? (await person.context.newPage());
    },
    async [Symbol.asyncDispose]() {
      await person.context.close();
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
  return person;
}

/** Opens a link in an empty browser and begins under a name, by keyboard alone. */
export async function begin(person: BrowserPerson, link: string, name: string): Promise<void> {
  const { page } = person;
  await page.goto(link);
  await page.getByRole('button', { name: 'I am new here' }).click();
  await page.getByRole('textbox', { name: 'Your name' }).fill(name);
  await page.keyboard.press('Enter');
  // from there one goes on: to whoever invited, or to inviting
  await page.getByRole('heading', { name: 'Invite somebody' }).or(composerOf(person)).first().waitFor();
}

/** @returns the link that the screen hands to the clipboard */
export async function invite(person: BrowserPerson): Promise<string> {
  const { page } = person;
  const make = page.getByRole('button', { name: 'Make an invitation' });
  const goThere = page.getByRole('button', { name: 'Invite somebody' }).first();
  const there = page.getByRole('heading', { name: 'Invite somebody' });
  if (!(await there.isVisible())) {
    await toList(person);
    await goThere.click();
  }
  await make.click();
  await page.getByRole('button', { name: 'Copy the link' }).click();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  if (!/#i/u.test(link)) throw new Error(`what was copied is no invitation: ${link}`);
  return link;
}

/** On a narrow screen one goes back to the list, on a wide one it is beside. */
async function toList(person: BrowserPerson): Promise<void> {
  const { page } = person;
  const list = page.getByRole('list', { name: 'Conversations' });
  const back = backOf(person);
  for (let depth = 0; depth < 4 && !(await list.isVisible()) && (await back.isVisible()); depth += 1) {
    const before = await page.evaluate(() => JSON.stringify(history.state));
    await back.click();
    // a browser goes back a moment later, and asked twice it would leave the app
    await page.waitForFunction((state) => JSON.stringify(history.state) !== state, before);
  }
}

function backOf(person: BrowserPerson): Locator {
  return person.page.getByRole('button', { name: 'Back', exact: true });
}

/** Opens the conversation with somebody. */
export async function openTalk(person: BrowserPerson, name: string): Promise<void> {
  await toList(person);
  await person.page
    .getByRole('list')
    .getByRole('button', { name: new RegExp(`^${name}\\b`, 'u') })
    .first()
    .click();
}

export async function acceptRequest(person: BrowserPerson): Promise<void> {
  await person.page.getByRole('button', { name: 'Accept', exact: true }).click();
  await composerOf(person).waitFor();
}

/** Back to the list, as Esc does; what was written and not sent stays as a draft. */
export async function leaveTalk(person: BrowserPerson): Promise<void> {
  await composerOf(person).press('Escape');
  await composerOf(person).waitFor({ state: 'detached' });
}

export function composerOf(person: BrowserPerson): Locator {
  return person.page.getByRole('textbox', { name: /^Message/u });
}

/** @throws where the words went elsewhere: they go to whatever has the focus in that moment */
export async function say(person: BrowserPerson, text: string): Promise<void> {
  const composer = composerOf(person);
  await composer.fill(text);
  if ((await composer.inputValue()) !== text) throw new Error(`not in the composer: ${text.slice(0, 40)}`);
  await composer.press('Enter');
}

export function messageOf(person: BrowserPerson, text: string): Locator {
  return person.page.locator('[data-message]').filter({ hasText: text });
}

export async function sees(person: BrowserPerson, text: string): Promise<void> {
  await messageOf(person, text).first().waitFor();
}

/** Waits until an own message has come at least so far. */
export async function reached(
  person: BrowserPerson,
  text: string,
  state: 'Waits to leave' | 'On a relay' | 'Delivered' | 'Read',
): Promise<void> {
  const order = ['Waits to leave', 'On a relay', 'Delivered', 'Read'];
  const enough = order.slice(order.indexOf(state)).join('|');
  await messageOf(person, text)
    .first()
    .getByRole('img', { name: new RegExp(`^(?:${enough})$`, 'u') })
    .waitFor();
}

/** Two people who have met and can write to each other, each in a browser of their own. */
export async function meet(
  link: string,
  people: { readonly anna: BrowserPerson; readonly ben: BrowserPerson },
): Promise<void> {
  const { anna, ben } = people;
  await begin(anna, link, 'Anna');
  await begin(ben, await invite(anna), 'Ben');
  await openTalk(anna, 'Ben');
  await acceptRequest(anna);
}

/** Where a test failed, what each of them saw is kept beside the build. */
export async function keepScreens(people: Readonly<Record<string, BrowserPerson>>): Promise<void> {
  const folder = join(import.meta.dirname, '../../../../build/failed-screens');
  for (const [name, { page }] of Object.entries(people))
    await page.screenshot({ path: join(folder, `${name}.png`), timeout: 5000 }).catch(() => undefined);
}

export interface PickedFile {
  readonly name: string;
  readonly mimeType: string;
  readonly buffer: Buffer;
}

/** Sends files from the picker into the open conversation. */
export async function sendFiles(
  person: BrowserPerson,
  files: readonly PickedFile[],
  options: { readonly original?: boolean; readonly caption?: string } = {},
): Promise<void> {
  const { page } = person;
  const choosing = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'Add a photo or a file' }).click();
  await page.getByRole('menuitem', { name: 'File', exact: true }).click();
  await (await choosing).setFiles([...files]);
  const dialog = page.getByRole('dialog');
  if (options.original === true) await dialog.getByRole('checkbox', { name: /^Send originals/u }).check();
  if (options.caption !== undefined)
    await dialog.getByRole('textbox', { name: 'Caption' }).fill(options.caption);
  await dialog.getByRole('button', { name: 'Send', exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
}

/** @returns the bytes that a person gets who saves the file of a message */
export async function savedFile(person: BrowserPerson, message: Locator): Promise<Buffer> {
  const { arriving } = await chooseSave(person, message);
  return arriving;
}

/** Asks for the file of a message by its menu. @returns what comes of it, when all of it has come */
export async function chooseSave(
  person: BrowserPerson,
  message: Locator,
  patience: { readonly timeout?: number } = {},
): Promise<{ readonly arriving: Promise<Buffer> }> {
  const { page } = person;
  await message.click({ button: 'right', ...patience });
  const item = page.getByRole('menuitem', { name: 'Save', exact: true });
  await item.waitFor(patience);
  const download = page.waitForEvent('download');
  const arriving = download.then(async (file) => readFile(await file.path()));
  arriving.catch(() => undefined); // whoever waits for it hears of that
  await item.click(patience);
  return { arriving };
}
