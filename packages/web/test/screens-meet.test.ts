import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import {
  callsOf,
  openScreensSite,
  press,
  reach,
  write,
  type Opening,
  type ScreensSite,
} from './support/screens-site.ts';
import type { PersonId } from '@tern/protocol';

let site: ScreensSite;
beforeAll(async () => {
  site = await openScreensSite();
});
afterAll(() => site[Symbol.asyncDispose]());

const invitation = 'https://relay-7.example/x8Kq/#iQm9hdHM';
const relayLink = 'https://harbour.example/x8Kq/#rQm9hdHM';
const linking: Opening = { home: 'open', route: { kind: 'link' } };
const inviting: Opening = { home: 'open', route: { kind: 'invite' } };
const contact: Opening = {
  home: 'open',
  contacts: [{ name: 'Ben', ownName: 'Benjamin' }],
  route: { kind: 'contact', person: 'person-0' as PersonId },
};

/** What is drawn of an element, as a file that somebody was sent. */
async function pictureOf(page: Page, selector: string): Promise<Buffer> {
  return page.locator(selector).screenshot();
}

test('a pasted invitation says whose it is and which relay it leads to before anything is done, and accepting leads to the conversation', async () => {
  const page = await site.open({ ...linking, inviter: 'Ben' });
  await write(page, 'Link', `  ${invitation} `);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'invites you' }).waitFor();
  await page.getByText(/go through .?harbour\.example/u).waitFor();
  expect(await callsOf(page)).toEqual([]);
  await press(page, 'Accept');
  await page.getByRole('heading', { name: 'conversation conversation-0' }).waitFor();
  expect(await callsOf(page)).toEqual([`accept(${invitation})`]);
  await page.context().close();
});

test('a pasted relay link says which relay it is, and is added when the person says so', async () => {
  const page = await site.open(linking);
  await write(page, 'Link', relayLink);
  await press(page, 'Continue');
  await page.getByRole('heading', { name: 'harbour.example' }).waitFor();
  expect(await callsOf(page)).toEqual([]);
  await press(page, 'Use this relay');
  await page.getByRole('heading', { name: 'Invite somebody' }).waitFor();
  expect(await callsOf(page)).toEqual([`addRelay(${relayLink})`]);
  await page.context().close();
});

test('a relay that refuses is said in words, with what to do', async () => {
  const page = await site.open({ ...linking, failing: { addRelay: 'wrong-relay' } });
  await write(page, 'Link', relayLink);
  await page.keyboard.press('Enter');
  await press(page, 'Use this relay');
  await page.getByText('Another relay answers at this address').waitFor();
  await page.getByText('Ask whoever gave you its link').waitFor();
  await page.context().close();
});

test('a relay that is used already is not offered again', async () => {
  const page = await site.open(linking);
  await write(page, 'Link', `${relayLink}known`);
  await page.keyboard.press('Enter');
  await page.getByText('You use this relay already').waitFor();
  expect(await page.getByRole('button', { name: 'Use this relay' }).count()).toBe(0);
  await press(page, 'Another link');
  await reach(page, 'Link');
  await page.context().close();
});

test('what is no link, too long, expired or one’s own is said in words', async () => {
  const page = await site.open(linking);
  await write(page, 'Link', 'hello');
  await page.keyboard.press('Enter');
  await page.getByText('This is no link of Tern').waitFor();
  await write(page, 'Link', `https://a/#i${'x'.repeat(900)}`);
  await page.keyboard.press('Enter');
  await page.getByText('too long for a link').waitFor();
  await page.context().close();
  for (const [accepted, words] of [
    ['expired', 'has expired'],
    ['own', 'your own invitation'],
  ] as const) {
    const refused = await site.open({ ...linking, accepted });
    await write(refused, 'Link', invitation);
    await refused.keyboard.press('Enter');
    await press(refused, 'Accept');
    await refused.getByText(words).waitFor();
    await refused.context().close();
  }
});

test('a picture of a QR code is read, and one without is said to have none', async () => {
  const maker = await site.open(inviting);
  await press(maker, 'Make an invitation');
  const picture = await pictureOf(maker, '.qr');
  const blank = await pictureOf(maker, '.screen-head');
  await maker.context().close();
  const page = await site.open({ ...linking, inviter: 'Ben' });
  await reach(page, 'From a picture');
  await page
    .locator('input[type=file]')
    .setInputFiles({ name: 'a.png', mimeType: 'image/png', buffer: blank });
  await page.getByText('no QR code to be seen').waitFor();
  await page
    .locator('input[type=file]')
    .setInputFiles({ name: 'b.png', mimeType: 'image/png', buffer: picture });
  await page.getByRole('heading', { name: 'invites you' }).waitFor();
  await page.context().close();
});

test('a file that is no picture breaks nothing', async () => {
  const page = await site.open(linking);
  await page
    .locator('input[type=file]')
    .setInputFiles({ name: 'a.png', mimeType: 'image/png', buffer: Buffer.from('<svg onload=alert(1)>') });
  await page.getByText('no QR code to be seen').waitFor();
  await page.context().close();
});

test('scanning is not offered where there is no camera', async () => {
  const page = await site.open(linking);
  await reach(page, 'From a picture');
  expect(await page.getByRole('button', { name: 'Scan with the camera' }).count()).toBe(0);
  await page.context().close();
});

test('an invitation is for one person and a week, is shown as a code and a link, and can be copied', async () => {
  const page = await site.open(inviting);
  await press(page, 'Make an invitation');
  await page.getByRole('img', { name: 'QR code of the invitation' }).waitFor();
  const link = await page.getByLabel('Invitation link').inputValue();
  await press(page, 'Copy the link');
  await page.getByRole('button', { name: 'Copied' }).waitFor();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(link);
  expect(await callsOf(page)).toEqual(['invite({"uses":1,"lifetimeMs":604800000})']);
  await page.context().close();
});

test('invitations are listed with what became of them, and an open one can be taken back', async () => {
  const page = await site.open({
    ...inviting,
    invitations: [{}, { state: 'used', used: 1 }, { state: 'expired' }, { state: 'revoked' }],
  });
  for (const state of ['Not used yet', 'Used', 'Expired', 'Taken back'])
    await page.getByText(state, { exact: true }).waitFor();
  await press(page, 'Show');
  await page.getByRole('img', { name: 'QR code of the invitation' }).waitFor();
  await press(page, 'Take back');
  await press(page, 'Take it back');
  await page.getByText('no longer works').first().waitFor();
  await page.getByRole('button', { name: 'Make an invitation' }).waitFor();
  expect(await callsOf(page)).toEqual(['revokeInvitation(invitation-0)']);
  await page.context().close();
});

test('without a relay, inviting explains what is missing and leads there', async () => {
  const page = await site.open({ ...inviting, relays: [] });
  await page.getByRole('heading', { name: 'A relay is needed first' }).waitFor();
  await press(page, 'Add a relay link');
  await page.getByRole('heading', { name: 'Add a link' }).waitFor();
  await page.context().close();
});

test('the safety number stands in groups of five, and can be marked as verified and unmarked', async () => {
  const page = await site.open(contact);
  const groups = await page.locator('.safety-number span').allTextContents();
  expect(groups.map((group) => group.length)).toEqual(Array.from({ length: 12 }, () => 5));
  await press(page, 'Mark as verified');
  await page.getByText('You have made sure').waitFor();
  await press(page, 'Take the mark off');
  await page.getByText('You have not compared').waitFor();
  expect(await callsOf(page)).toEqual(['verify(true)', 'verify(false)']);
  await page.context().close();
});

test('two screens with the same number match, and two with different ones warn', async () => {
  const theirs = await site.open(contact);
  await press(theirs, 'Compare by QR code');
  const same = await pictureOf(theirs, '.compare .qr');
  await theirs.context().close();
  const stranger = await site.open({
    ...contact,
    contacts: [{ name: 'Ben', safetyNumber: '1'.repeat(60) }],
  });
  await press(stranger, 'Compare by QR code');
  const different = await pictureOf(stranger, '.compare .qr');
  await stranger.context().close();
  const page = await site.open(contact);
  await press(page, 'Compare by QR code');
  const file = page.locator('dialog input[type=file]');
  await file.setInputFiles({ name: 'a.png', mimeType: 'image/png', buffer: different });
  await page.getByText('The numbers do not match').waitFor();
  await file.setInputFiles({ name: 'b.png', mimeType: 'image/png', buffer: same });
  await page.getByText('The numbers match').waitFor();
  await press(page, 'Mark as verified');
  await page.getByText('You have made sure').waitFor();
  expect(await callsOf(page)).toEqual(['verify(true)']);
  await page.context().close();
});

test('what a contact is called here can be changed, and left to them', async () => {
  const page = await site.open(contact);
  await write(page, 'What you call them', 'Grandpa');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Grandpa' }).waitFor();
  await page.getByText('Calls themselves').waitFor();
  await write(page, 'What you call them', '');
  await press(page, 'Save');
  await page.getByRole('heading', { name: 'Benjamin' }).waitFor();
  expect(await callsOf(page)).toEqual(['rename(Grandpa)', 'rename()']);
  await page.context().close();
});

test('blocking says what it does and asks; unblocking is done at once', async () => {
  const page = await site.open(contact);
  await press(page, 'Block');
  await page.getByRole('dialog').getByText('They are not told').waitFor();
  await reach(page, 'Cancel');
  await press(page, 'Block');
  await press(page, 'Unblock');
  await reach(page, 'Block');
  expect(await callsOf(page)).toEqual(['block(true)', 'block(false)']);
  await page.context().close();
});

test('the files of a conversation are told by their size and can be cleared, and a contact removed', async () => {
  const page = await site.open(contact);
  await page.getByText(/41\.3 MB.? of pictures and files/u).waitFor();
  await press(page, 'Free their space');
  await press(page, 'Free it');
  await page.getByText('The space is free again').first().waitFor();
  await page.getByText('No pictures or files of this conversation are kept here.').waitFor();
  await press(page, 'Remove');
  await page.getByRole('dialog').getByText('leaves your list').waitFor();
  await reach(page, 'Cancel');
  await press(page, 'Remove');
  await page.getByText('was removed').first().waitFor();
  expect(await callsOf(page)).toEqual(['clearFiles({"conversation":"conversation-0"})', 'removeContact()']);
  await page.context().close();
});

test('the focus returns to the button that opened a dialog', async () => {
  const page = await site.open(contact);
  await press(page, 'Block');
  await page.getByRole('dialog').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('Block');
  await page.context().close();
});
