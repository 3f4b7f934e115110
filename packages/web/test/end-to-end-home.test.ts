import { afterAll, beforeAll, beforeEach, expect, onTestFailed, test } from 'vitest';
import {
  keepScreens,
  meet,
  openPerson,
  openTalk,
  reached,
  say,
  sees,
  type BrowserPerson,
} from './support/people.ts';
import { startRelay, type RelayProcess } from './support/relay-process.ts';

let relay: RelayProcess;
let anna: BrowserPerson;
let ben: BrowserPerson;

beforeAll(async () => {
  relay = await startRelay();
  [anna, ben] = await Promise.all([openPerson(), openPerson({ width: 390, height: 844 })]);
  await meet(relay.link, { anna, ben });
  await say(ben, 'written in the old browser');
  await reached(ben, 'written in the old browser', 'Delivered');
});

afterAll(async () => {
  await Promise.all([anna[Symbol.asyncDispose](), ben[Symbol.asyncDispose]()]);
  await relay[Symbol.asyncDispose]();
});

beforeEach(() => onTestFailed(() => keepScreens({ anna, ben })));

async function openSettings({ page }: BrowserPerson): Promise<void> {
  await page.getByRole('button', { name: 'Back', exact: true }).click();
  await page.getByRole('button', { name: 'More', exact: true }).click();
  await page.getByRole('menuitem', { name: 'Settings' }).click();
}

test('a passcode keeps everything shut until it is given, also after the browser was closed', async () => {
  await openSettings(ben);
  const { page } = ben;
  await page.getByRole('button', { name: 'Set a passcode' }).click();
  await page.getByLabel('New passcode').fill('green lamp');
  await page.getByLabel('Once more').fill('green lamp');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Lock now' }).click();
  await page.getByRole('heading', { name: 'Tern is locked' }).waitFor();
  expect(await page.locator('body').innerText()).not.toMatch(/Anna|old browser/u);
  await ben.restart();
  await ben.page.goto(relay.link.split('#')[0] ?? '');
  await ben.page.getByLabel('Passcode').fill('red lamp');
  await ben.page.keyboard.press('Enter');
  await ben.page.getByText('That is not the passcode').waitFor();
  await ben.page.getByLabel('Passcode').fill('green lamp');
  await ben.page.keyboard.press('Enter');
  await openTalk(ben, 'Anna');
  await sees(ben, 'written in the old browser');
});

test('an export brings somebody into another browser, with their people and what was said', async () => {
  await openSettings(ben);
  await ben.page.getByRole('button', { name: 'Export to a file' }).click();
  await ben.page.getByLabel('Passphrase').fill('five words that nobody guesses');
  await ben.page.getByLabel('Once more').fill('five words that nobody guesses');
  const saving = ben.page.waitForEvent('download');
  await ben.page.keyboard.press('Enter');
  const file = await (await saving).path();

  await using moved = await openPerson({ width: 390, height: 844 });
  const { page } = moved;
  await page.goto(relay.link);
  await page.getByRole('button', { name: 'I am new here' }).click();
  await page.getByRole('button', { name: 'I have an export' }).click();
  await page.locator('input[type=file]').setInputFiles(file);
  await page.getByLabel('Passphrase').fill('five words that nobody guesses');
  await page.keyboard.press('Enter');
  // whoever lives here now is asked about the link that this browser was opened with
  await page.getByRole('heading', { name: 'Add a link' }).waitFor();
  await openTalk(moved, 'Anna');
  await sees(moved, 'written in the old browser');
  expect([...moved.complaints, ...ben.complaints]).toEqual([]);
});
