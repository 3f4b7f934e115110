import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ConnectionView } from '@tern/core';
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

const settings: Opening = { home: 'open', route: { kind: 'settings' } };
const panel: Opening = { home: 'open', route: { kind: 'connection' } };
const online: ConnectionView = {
  origin: 'https://relay-7.example:8443',
  state: 'online',
  transport: 'websocket',
  latencyMs: 84,
};

function away(trouble: string, edit: Partial<ConnectionView> = {}): ConnectionView {
  return { origin: 'https://harbour.example', state: 'waiting', trouble, ...edit };
}

test('a passcode is set only when it is long enough and written twice the same', async () => {
  const page = await site.open(settings);
  await press(page, 'Set a passcode');
  await write(page, 'New passcode', '12345');
  await write(page, 'Once more', '12345');
  await page.keyboard.press('Enter');
  await page.getByText('At least 6 characters, please').waitFor();
  await write(page, 'New passcode', 'six or more');
  await page.keyboard.press('Enter');
  await page.getByText('not the same').waitFor();
  await write(page, 'Once more', 'six or more');
  await page.keyboard.press('Enter');
  await page.getByText('The passcode is set').first().waitFor();
  expect(await callsOf(page)).toEqual(['setPasscode(six or more)']);
  await page.context().close();
});

test('a passcode is changed and removed only by who knows it', async () => {
  const page = await site.open({ ...settings, passcode: 'the old one' });
  await press(page, 'Change the passcode');
  await write(page, 'Passcode now', 'no idea');
  await write(page, 'New passcode', 'the new one');
  await write(page, 'Once more', 'the new one');
  await press(page, 'Save');
  await page.getByText('That is not the passcode').waitFor();
  await write(page, 'Passcode now', 'the old one');
  await press(page, 'Save');
  await page.getByText('The passcode is changed').first().waitFor();
  await press(page, 'Remove the passcode');
  await write(page, 'Passcode now', 'the new one');
  await page.keyboard.press('Enter');
  await page.getByText('The passcode is gone').first().waitFor();
  await reach(page, 'Set a passcode');
  await page.context().close();
});

test('with a passcode, Tern locks now or after the minutes that one chooses', async () => {
  const page = await site.open({ ...settings, passcode: 'the old one' });
  await reach(page, 'Lock by itself after');
  await page.getByLabel('Lock by itself after').selectOption({ label: '15 minutes' });
  await press(page, 'Lock now');
  await page.getByRole('heading', { name: 'Tern is locked' }).waitFor();
  expect(await callsOf(page)).toEqual(['setLockAfter(15)', 'lock()']);
  await page.context().close();
});

test('an export is saved as a file, under a passphrase that was written twice', async () => {
  const page = await site.open(settings);
  await press(page, 'Export to a file');
  await page.getByText('can be you').waitFor();
  await write(page, 'Passphrase', 'one two three');
  await write(page, 'Once more', 'one two three');
  const download = page.waitForEvent('download');
  await page.keyboard.press('Enter');
  expect((await download).suggestedFilename()).toMatch(/^tern-\d{4}-\d\d-\d\d\.tern$/);
  expect(await callsOf(page)).toEqual(['exportHome(one two three)']);
  await page.context().close();
});

test('a language is spoken at once, everywhere, and is remembered', async () => {
  const page = await site.open(settings);
  await page.getByRole('radio', { name: 'Русский' }).focus();
  await page.keyboard.press('Space');
  await page.getByRole('heading', { name: 'Настройки' }).waitFor();
  await expect.poll(() => page.locator('html').getAttribute('lang')).toBe('ru');
  await page.reload();
  await page.getByRole('heading', { name: 'Настройки' }).waitFor();
  await page.context().close();
});

test('a theme is worn at once and is remembered', async () => {
  const page = await site.open(settings);
  const ground = (): Promise<string> =>
    page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const light = await ground();
  await page.getByRole('radio', { name: 'Dark' }).focus();
  await page.keyboard.press('Space');
  await expect.poll(ground).not.toBe(light);
  await page.reload();
  await page.getByRole('heading', { name: 'Settings' }).waitFor();
  expect(await page.getByRole('radio', { name: 'Dark' }).isChecked()).toBe(true);
  await page.context().close();
});

test('saving data is a choice that is remembered', async () => {
  const page = await site.open(settings);
  await page.getByRole('group', { name: 'Saving data' }).getByRole('radio', { name: 'Always' }).focus();
  await page.keyboard.press('Space');
  await expect.poll(() => page.evaluate(() => localStorage.getItem('tern.lowData'))).toBe('on');
  await page.context().close();
});

test('relays are listed with what they do, and the only one is not removed without a warning', async () => {
  const page = await site.open({ ...settings, relays: ['https://a.example', 'https://b.example'] });
  await page.getByText('Keeps your messages and takes invitations').waitFor();
  await page.getByText('Only reached to talk with others').waitFor();
  await press(page, 'Remove');
  await page.getByRole('dialog').getByText('no longer uses it').waitFor();
  await reach(page, 'Cancel');
  await press(page, 'Remove');
  await page.getByText('a.example').waitFor({ state: 'detached' });
  await press(page, 'Remove');
  await page.getByRole('dialog').getByText('your only one').waitFor();
  expect(await callsOf(page)).toEqual(['removeRelay(relay-0)']);
  await page.context().close();
});

test('a relay is added from the settings by its link', async () => {
  const page = await site.open(settings);
  await press(page, 'Add a relay');
  await page.getByRole('heading', { name: 'Add a link' }).waitFor();
  await page.context().close();
});

test('storage is told in sizes, says whether it is kept, and files can be cleared', async () => {
  const page = await site.open(settings);
  await page.getByText('83.2 MB').waitFor();
  await page.getByText('The browser may clear it').waitFor();
  await press(page, 'Free the space of files');
  await press(page, 'Free it');
  await page.getByText('0 B').waitFor();
  await press(page, 'Ask the browser to keep it');
  await page.getByText('The browser declined').waitFor();
  await page.context().close();
  const kept = await site.open({ ...settings, storage: { persistent: true } });
  await kept.getByText('The browser has promised').waitFor();
  await kept.context().close();
});

test('about says the version, the licence and what Tern cannot do, and looks for a newer one', async () => {
  const page = await site.open(settings);
  await page.getByText('0.1.0 (3fk9Qv1x)').waitFor();
  await page.getByText('It does not hide from a relay').waitFor();
  await press(page, 'Look for a newer version');
  await page.getByText('This is the newest version').waitFor();
  await page.context().close();
  const renewed = await site.open({ ...settings, renewal: true });
  await reach(renewed, 'Use it now');
  await renewed.context().close();
});

test('the list of keys is a button away', async () => {
  const page = await site.open(settings);
  await reach(page, 'Keyboard shortcuts');
  await page.context().close();
});

test('an offer of the browser to install the app waits in the settings', async () => {
  const page = await site.open(settings);
  expect(await page.getByRole('button', { name: 'Install as an app' }).count()).toBe(0);
  const held = await page.evaluate(() => {
    const offer = new Event('beforeinstallprompt', { cancelable: true });
    Object.assign(offer, { prompt: () => Promise.resolve({ outcome: 'accepted' }) });
    return !dispatchEvent(offer);
  });
  expect(held).toBe(true);
  await press(page, 'Install as an app');
  await page.getByRole('button', { name: 'Install as an app' }).waitFor({ state: 'detached' });
  await page.context().close();
});

test('wiping asks for a written word', async () => {
  const page = await site.open(settings);
  await press(page, 'Wipe this device…');
  await page.getByText('may still find traces').waitFor();
  await write(page, 'Write “\u2068wipe\u2069” to go on', 'wip');
  expect(await page.getByRole('button', { name: 'Wipe everything' }).isDisabled()).toBe(true);
  await page.keyboard.insertText('e');
  await press(page, 'Wipe everything');
  await page.getByLabel('Your name').waitFor();
  await page.context().close();
});

test('what the engine could not do is said, and can be tried again', async () => {
  const page = await site.open({ ...settings, failing: { wipe: 'storage-busy' } });
  await press(page, 'Wipe this device…');
  await write(page, 'Write “\u2068wipe\u2069” to go on', 'wipe');
  await press(page, 'Wipe everything');
  await page.getByText('That did not work').waitFor();
  await page.getByRole('button', { name: 'Wipe everything', disabled: false }).waitFor();
  await page.context().close();
});

test('the chip tells how the connection stands', async () => {
  const soon = Date.now() + 60_000;
  const cases: readonly (readonly [Opening['connections'], string | RegExp])[] = [
    [{ paths: [online], queued: 0, online: true }, 'via \u2068relay-7.example\u2069 · \u2068WebSocket\u2069'],
    [{ paths: [away('silent', { state: 'connecting' })], queued: 0, online: true }, 'Connecting…'],
    [{ paths: [online], queued: 3, online: false }, 'Offline, 3 waiting'],
    [{ paths: [online], queued: 0, online: false }, 'Offline'],
    [{ paths: [away('silent', { nextTryAt: soon })], queued: 0, online: true }, /^Trying again in /],
    [{ paths: [], queued: 0, online: true }, 'No relay yet'],
  ];
  for (const [connections, words] of cases) {
    const page = await site.open(
      { ...settings, ...(connections !== undefined && { connections }) },
      { width: 1280 },
    );
    await page.locator('.chip-text').getByText(words, { exact: true }).waitFor();
    await page.context().close();
  }
});

test('the chip opens the panel', async () => {
  const page = await site.open(
    { home: 'open', route: { kind: 'invite' }, connections: { paths: [online], queued: 0, online: true } },
    { width: 1280 },
  );
  await page.getByRole('button', { name: /^Connection/ }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Connection' }).waitFor();
  await page.context().close();
});

test('the panel says how each path does, why one does not and what helps, and tries again on demand', async () => {
  const paths = [
    online,
    away('not-a-relay', { nextTryAt: Date.now() + 100_000, lastContactAt: Date.now() - 3_600_000 }),
  ];
  const page = await site.open({ ...panel, connections: { paths, queued: 3, online: true } });
  await page.getByText('3 things wait here').waitFor();
  for (const words of [
    'WebSocket',
    '84 ms',
    'Something answers, but not as a relay',
    'not-a-relay',
    '1 hour ago',
  ])
    await page.locator('.paths').getByText(words).first().waitFor();
  await press(page, 'Try again now');
  await page.getByRole('button', { name: 'Try again now', disabled: false }).waitFor();
  expect(await callsOf(page)).toEqual(['retryNow()']);
  await press(page, 'Add a relay');
  await page.getByRole('heading', { name: 'Add a link' }).waitFor();
  await page.context().close();
});

test('every trouble has a sentence and a next step, also one that this Tern does not know', async () => {
  const codes = [
    'unreachable',
    'silent',
    'busy',
    'full',
    'quota',
    'refused',
    'wrong-relay',
    'not-a-relay',
    'clock',
  ];
  const more = ['spent', 'revoked', 'expired', 'malformed', 'unsupported', 'storage-full', 'from-the-future'];
  const paths = [...codes, ...more].map((code, at) => away(code, { origin: `https://r${at}.example` }));
  const page = await site.open({ ...panel, connections: { paths, queued: 0, online: true } });
  const said = await page.locator('.path-trouble').allTextContents();
  expect(said).toHaveLength(paths.length);
  for (const words of said) expect(words.length).toBeGreaterThan(40);
  await page.context().close();
});

test('steps on the way to success are not shown as troubles', async () => {
  const paths = [away('conflict'), away('closed', { origin: 'https://b.example' })];
  const page = await site.open({ ...panel, connections: { paths, queued: 0, online: true } });
  await page.locator('.path').first().waitFor();
  expect(await page.locator('.path-trouble').count()).toBe(0);
  await page.context().close();
});

test('a calm banner says that nothing gets through, and where to look; a short trouble is not mentioned', async () => {
  const stuck = away('silent', { lastContactAt: Date.now() - 60_000, nextTryAt: Date.now() + 60_000 });
  const page = await site.open({ ...settings, connections: { paths: [stuck], queued: 0, online: true } });
  await page.locator('.banner').getByText('Nothing gets through just now').waitFor();
  await press(page, 'Why?');
  await page.getByRole('heading', { name: 'Connection' }).waitFor();
  await page.context().close();
  const short = away('silent', { lastContactAt: Date.now() });
  const calm = await site.open({ ...settings, connections: { paths: [short], queued: 0, online: true } });
  await calm.getByRole('heading', { name: 'Settings' }).waitFor();
  expect(await calm.locator('.banner').count()).toBe(0);
  await calm.context().close();
});
