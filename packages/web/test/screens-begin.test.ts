import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  callsOf,
  openScreensSite,
  press,
  reach,
  write,
  type Opening,
  type ScreensSite,
} from './support/screens-site.ts';

let site: ScreensSite;
beforeAll(async () => {
  site = await openScreensSite();
});
afterAll(() => site[Symbol.asyncDispose]());

const invitation = 'https://relay-7.example/x8Kq/#iQm9hdHM';
const relayLink = 'https://harbour.example/x8Kq/#rQm9hdHM';

test('a name is all it takes to begin, and inviting somebody comes next', async () => {
  const page = await site.open({ home: 'new' });
  await write(page, 'Your name', ' Anna ');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Invite somebody' }).waitFor();
  expect(await callsOf(page)).toEqual(['begin(Anna)']);
  await page.context().close();
});

test('what was typed before the app was there is in the field, and Enter pressed then begins by itself', async () => {
  const page = await site.open({ home: 'new', typed: 'Anna' });
  expect(await page.getByLabel('Your name').inputValue()).toBe('Anna');
  await page.context().close();
  const eager = await site.open({ home: 'new', typed: 'Anna', submitted: true });
  await eager.getByRole('heading', { name: 'Invite somebody' }).waitFor();
  expect(await callsOf(eager)).toEqual(['begin(Anna)']);
  await eager.context().close();
});

test('no name, one that is too long and one that cannot be shown are each said in words, and nothing is asked of the engine', async () => {
  const page = await site.open({ home: 'new' });
  await page.keyboard.press('Enter');
  await page.getByText('Please write a name').waitFor();
  await write(page, 'Your name', 'ы'.repeat(41));
  await page.getByText('a little too long').waitFor();
  await write(page, 'Your name', 'A\u0007nna');
  await page.getByText('cannot be shown').waitFor();
  expect(await callsOf(page)).toEqual([]);
  await page.context().close();
});

test('whoever comes by an invitation is first asked whether they have Tern already, and may copy the link into it', async () => {
  const page = await site.open({ home: 'new', link: invitation, inviter: 'Ben' });
  await page.getByRole('heading', { name: 'invites you' }).waitFor();
  await page.getByRole('heading', { name: 'Already have Tern?' }).waitFor();
  expect(await page.getByLabel('Your name').count()).toBe(0);
  await press(page, 'Copy the link');
  await page.getByRole('button', { name: 'Copied' }).waitFor();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(invitation);
  await page.context().close();
});

test('who is new by an invitation begins, accepts it and lands in the conversation with who invited them', async () => {
  const page = await site.open({ home: 'new', link: invitation, inviter: 'Ben' });
  await press(page, 'I am new here');
  await write(page, 'Your name', 'Anna');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'conversation conversation-0' }).waitFor();
  expect(await callsOf(page)).toEqual(['begin(Anna)', `accept(${invitation})`]);
  await page.context().close();
});

test('a relay link is added right after the beginning', async () => {
  const page = await site.open({ home: 'new', link: relayLink });
  await press(page, 'I am new here');
  await page.getByText('harbour.example').waitFor();
  await write(page, 'Your name', 'Anna');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Invite somebody' }).waitFor();
  expect(await callsOf(page)).toEqual(['begin(Anna)', `addRelay(${relayLink})`]);
  await page.context().close();
});

test('a relay that does not answer costs nobody their name: its link is there to be tried again', async () => {
  const page = await site.open({
    home: 'new',
    link: relayLink,
    typed: 'Anna',
    submitted: true,
    failing: { addRelay: 'unreachable' },
  });
  await page.getByRole('button', { name: 'Use this relay' }).waitFor();
  await page.getByText('does not answer just now').first().waitFor();
  await page.context().close();
});

test('a link that is not complete is said to be so, and one can begin without it', async () => {
  const page = await site.open({ home: 'new', link: 'https://relay-7.example/#zz' });
  await page.getByText('The link is not complete').waitFor();
  await write(page, 'Your name', 'Anna');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Invite somebody' }).waitFor();
  await page.context().close();
});

test('an export becomes who one was, after the right passphrase', async () => {
  const page = await site.open({ home: 'new' });
  await press(page, 'I have an export');
  await reach(page, 'Choose the file');
  await page.locator('input[type=file]').setInputFiles({
    name: 'tern-2026.tern',
    mimeType: 'application/octet-stream',
    buffer: Buffer.from('an export'),
  });
  await page.getByText('tern-2026.tern').waitFor();
  await write(page, 'Passphrase', 'wrong');
  await page.keyboard.press('Enter');
  await page.getByText('does not fit').waitFor();
  await write(page, 'Passphrase', 'correct horse battery');
  await page.keyboard.press('Enter');
  await page.locator('.frame').waitFor();
  expect(await callsOf(page)).toEqual(['importHome(wrong)', 'importHome(correct horse battery)']);
  await page.context().close();
});

test('an export of a newer Tern, and a file that is none, are said in words', async () => {
  const newer: Opening = { home: 'new' };
  const page = await site.open(newer);
  await press(page, 'I have an export');
  await page
    .locator('input[type=file]')
    .setInputFiles({ name: 'a', mimeType: '', buffer: Buffer.from('newer') });
  await write(page, 'Passphrase', 'x');
  await page.keyboard.press('Enter');
  await page.getByText('comes from a newer Tern').waitFor();
  await page.context().close();
  const damaged = await site.open({ home: 'new', failing: { importHome: 'malformed' } });
  await press(damaged, 'I have an export');
  await damaged
    .locator('input[type=file]')
    .setInputFiles({ name: 'a', mimeType: '', buffer: Buffer.from('?') });
  await write(damaged, 'Passphrase', 'x');
  await damaged.keyboard.press('Enter');
  await damaged.getByText('is no export of Tern').waitFor();
  await damaged.context().close();
});

test('a locked home takes the passcode, and is calm about a wrong one', async () => {
  const page = await site.open({ home: 'locked', passcode: 'a good one' });
  await page.keyboard.type('a bad one');
  await page.keyboard.press('Enter');
  await page.getByText('That is not the passcode').waitFor();
  await expect.poll(() => page.getByLabel('Passcode').inputValue()).toBe('');
  await page.keyboard.type('a good one');
  await page.keyboard.press('Enter');
  await page.locator('.frame').waitFor();
  await page.context().close();
});

test('who forgot the passcode learns what is possible, and can wipe the device by writing a word', async () => {
  const page = await site.open({ home: 'locked', passcode: 'a good one' });
  await page.evaluate(() => localStorage.setItem('tern.home', 'true'));
  await press(page, 'I forgot it');
  await press(page, 'Wipe this device');
  await page.getByRole('dialog').waitFor();
  expect(await page.getByRole('button', { name: 'Wipe everything' }).isDisabled()).toBe(true);
  await write(page, 'Write “\u2068wipe\u2069” to go on', 'Wipe');
  await press(page, 'Wipe everything');
  await page.getByLabel('Your name').waitFor();
  expect(await callsOf(page)).toEqual(['wipe()']);
  await expect.poll(() => page.evaluate(() => localStorage.getItem('tern.home'))).toBe(null);
  await page.context().close();
});

test('a screen that cannot show the app says why and what to do', async () => {
  for (const hindrance of ['storage-refused', 'storage-full', 'taken-over', 'crash'] as const) {
    const page = await site.open({ home: 'new', hindrance });
    await reach(page, 'Load again');
    await page.context().close();
  }
});
