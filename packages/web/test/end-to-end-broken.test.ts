import { afterAll, beforeAll, beforeEach, expect, onTestFailed, test } from 'vitest';
import {
  composerOf,
  keepScreens,
  leaveTalk,
  meet,
  messageOf,
  openPerson,
  openTalk,
  reached,
  savedFile,
  say,
  sees,
  sendFiles,
  type BrowserPerson,
} from './support/people.ts';
import { cameraPhoto } from './support/photo.ts';
import { startRelay, type RelayProcess } from './support/relay-process.ts';
import { layWire, type Wire } from './support/wire.ts';

/** One relay that can be killed, behind one line that can be cut; every browser reaches it only through that line. */
let relay: RelayProcess;
let wire: Wire;
let anna: BrowserPerson;
let ben: BrowserPerson;

beforeAll(async () => {
  wire = await layWire(() => relay.port);
  relay = await startRelay({ publicPort: wire.port });
  [anna, ben] = [await openPerson(), await openPerson()];
  await meet(relay.link, { anna, ben });
  await say(ben, 'we have met');
  await reached(ben, 'we have met', 'Delivered');
});

afterAll(async () => {
  await Promise.all([anna[Symbol.asyncDispose](), ben[Symbol.asyncDispose]()]);
  await relay[Symbol.asyncDispose]();
  await wire[Symbol.asyncDispose]();
});

beforeEach(() => onTestFailed(() => keepScreens({ anna, ben })));

/** Each of these words stands in one message, and that stays so when everything is read from the store again. */
async function onceEach(person: BrowserPerson, words: readonly string[]): Promise<void> {
  for (const word of words) await sees(person, word);
  for (const word of words) expect(await messageOf(person, word).count(), word).toBe(1);
}

async function reopened(person: BrowserPerson, name: string): Promise<void> {
  await person.page.close();
  person.page = await person.context.newPage();
  await person.page.goto(appOf(relay.link));
  await openTalk(person, name);
}

function appOf(link: string): string {
  return link.split('#')[0] ?? '';
}

test('what is written while the relay is dead leaves by itself when it is back, once', async () => {
  await relay.kill();
  await say(anna, 'into the silence');
  await messageOf(anna, 'into the silence').getByRole('img', { name: 'Waits to leave' }).waitFor();
  await relay.restart();
  await reached(anna, 'into the silence', 'Delivered');
  await onceEach(ben, ['into the silence']);
});

test('a photo goes on where it stopped when its tab is killed in the middle, and arrives whole and once', async () => {
  const photo = await cameraPhoto(ben.page, 2600, 2000);
  const before = wire.passed.up;
  const enough = wire.up(1_200_000);
  await sendFiles(ben, [{ name: 'killed.jpg', mimeType: 'image/jpeg', buffer: photo }], {
    original: true,
    caption: 'through a killed tab',
  });
  await enough;
  wire.cut();
  const crashed = ben.page.waitForEvent('crash');
  await Promise.all([crashed, ben.page.goto('chrome://crash').catch(() => undefined)]);
  await ben.page.close();
  wire.mend();
  ben.page = await ben.context.newPage();
  await ben.page.goto(appOf(relay.link));
  await openTalk(ben, 'Anna');
  await reached(ben, 'through a killed tab', 'Delivered');
  await onceEach(anna, ['through a killed tab']);
  expect((await savedFile(anna, messageOf(anna, 'through a killed tab'))).equals(photo)).toBe(true);
  // what had arrived before the kill was not sent a second time, but for what was on the way
  const up = wire.passed.up - before;
  expect(up).toBeLessThan(photo.length * 1.4 + 1_000_000);
});

test('two tabs show the same, and when the one that did the work is closed the other goes on', async () => {
  const first = ben.page;
  const second = await ben.context.newPage();
  await second.goto(appOf(relay.link));
  ben.page = second;
  await openTalk(ben, 'Anna');
  await say(ben, 'from the second tab');
  await onceEach(anna, ['from the second tab']);
  await messageOf({ ...ben, page: first }, 'from the second tab')
    .first()
    .waitFor();
  await first.close();
  await say(ben, 'after the first was closed');
  await reached(ben, 'after the first was closed', 'Delivered');
  await say(anna, 'I can hear you');
  await onceEach(ben, ['from the second tab', 'after the first was closed', 'I can hear you']);
  await onceEach(anna, ['from the second tab', 'after the first was closed']);
});

test('a day without any network: everything can be read and written, also after opening it anew, and leaves once', async () => {
  wire.cut();
  await say(ben, 'offline one');
  await say(ben, 'offline two');
  await passDays(ben, 1);
  await messageOf(ben, 'offline two').getByRole('img', { name: 'Waits to leave' }).waitFor();
  await reopened(ben, 'Anna');
  await sees(ben, 'we have met');
  await onceEach(ben, ['offline one', 'offline two']);
  await passDays(ben, 1);
  await say(ben, 'offline three');
  await composerOf(ben).fill('a draft that is not sent');
  await leaveTalk(ben);
  await ben.page.getByText('Draft: a draft that is not sent').waitFor();
  await ben.restart();
  await ben.page.goto(appOf(relay.link));
  await openTalk(ben, 'Anna');
  await expect.poll(() => composerOf(ben).inputValue()).toBe('a draft that is not sent');
  await composerOf(ben).fill('');
  wire.mend();
  await reached(ben, 'offline three', 'Delivered');
  await onceEach(anna, ['offline one', 'offline two', 'offline three']);
  const order = await anna.page.locator('[data-message]').allInnerTexts();
  const places = ['offline one', 'offline two', 'offline three'].map((word) =>
    order.findIndex((line) => line.includes(word)),
  );
  expect(places).toEqual(places.toSorted((a, b) => a - b));
  await reopened(anna, 'Ben');
  await onceEach(anna, ['offline one', 'offline two', 'offline three', 'through a killed tab']);
  expect(ben.complaints.concat(anna.complaints)).toEqual([]);
});

/** The engine's clock, in the worker that runs now, goes on by so much. */
async function passDays(person: BrowserPerson, days: number): Promise<void> {
  for (const worker of person.page.workers())
    await worker.evaluate((ms) => {
      const now = Date.now.bind(Date);
      Date.now = () => now() + ms;
    }, days * 86_400_000);
}
