import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, onTestFailed, test } from 'vitest';
import {
  keepScreens,
  openPerson,
  invite,
  meet,
  openTalk,
  acceptRequest,
  reached,
  say,
  sees,
  messageOf,
  savedFile,
  sendFiles,
  type BrowserPerson,
} from './support/people.ts';
import { cameraPhoto, plantedPlace } from './support/photo.ts';
import { tern } from './support/tern-command.ts';
import { startRelay, type RelayProcess } from './support/relay-process.ts';

let relay: RelayProcess;
let anna: BrowserPerson;
let ben: BrowserPerson;

beforeAll(async () => {
  relay = await startRelay();
  [anna, ben] = [await openPerson(), await openPerson({ width: 390, height: 844 })];
});

afterAll(async () => {
  await Promise.all([anna[Symbol.asyncDispose](), ben[Symbol.asyncDispose]()]);
  await relay[Symbol.asyncDispose]();
});

beforeEach(() => onTestFailed(() => keepScreens({ anna, ben })));

test('two people who open two links meet and talk, and each sees how far their words have come', async () => {
  await meet(relay.link, { anna, ben });
  await say(ben, 'Hello Anna');
  await sees(anna, 'Hello Anna');
  await say(anna, 'Hello Ben');
  await sees(ben, 'Hello Ben');
  await reached(anna, 'Hello Ben', 'Read');
  await reached(ben, 'Hello Anna', 'Read');
  expect([...anna.complaints, ...ben.complaints]).toEqual([]);
});

test('a photo sent as it is arrives byte for byte, and one sent small has lost its place', async () => {
  const photo = await cameraPhoto(anna.page, 2600, 2000);
  expect(photo.length).toBeGreaterThan(3_000_000);
  await sendFiles(anna, [{ name: 'as-it-is.jpg', mimeType: 'image/jpeg', buffer: photo }], {
    original: true,
    caption: 'as it is',
  });
  await sees(ben, 'as it is');
  const whole = await savedFile(ben, messageOf(ben, 'as it is'));
  expect(whole.equals(photo)).toBe(true);

  await sendFiles(anna, [{ name: 'small.jpg', mimeType: 'image/jpeg', buffer: photo }], {
    caption: 'made small',
  });
  await sees(ben, 'made small');
  const small = await savedFile(ben, messageOf(ben, 'made small'));
  expect(small.length).toBeLessThan(photo.length / 2);
  expect(small.includes(plantedPlace.slice(0, 11)) || small.includes('Exif')).toBe(false);
  const sides = await ben.page.evaluate(async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (one) => one.codePointAt(0) ?? 0);
    const { width, height } = await createImageBitmap(new Blob([bytes]));
    return [width, height];
  }, small.toString('base64'));
  expect(Math.max(...sides)).toBeLessThanOrEqual(1600);
  expect([...anna.complaints, ...ben.complaints]).toEqual([]);
});

test('somebody in a browser and somebody in a terminal talk, and a file goes both ways', async () => {
  const home = await mkdtemp(join(tmpdir(), 'tern-home-'));
  try {
    const file = join(home, 'list.bin');
    const content = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, at) => (at * 7) & 255));
    await writeFile(file, content);
    await tern(home, 'init', '--name', 'Cleo');
    await tern(home, 'accept', await invite(anna));
    await tern(home, 'send', 'Anna', 'Hello from a terminal', '--wait', 'stored');
    await openTalk(anna, 'Cleo');
    await acceptRequest(anna);
    await sees(anna, 'Hello from a terminal');
    await say(anna, 'Hello from a browser');
    await sendFiles(anna, [{ name: 'list.bin', mimeType: 'application/octet-stream', buffer: content }]);
    await messageOf(anna, 'list.bin').getByRole('img', { name: 'On a relay' }).waitFor();
    await tern(home, 'send', 'Anna', '--file', file, '--wait', 'stored');
    const read = await tern(home, 'read', 'Anna');
    expect(read.some(({ text }) => text === 'Hello from a browser')).toBe(true);
    const theirs = read.find(
      ({ from, file: named }) =>
        from !== undefined && named !== undefined && JSON.stringify(read).includes('list.bin'),
    );
    expect(theirs).toBeDefined();
    await reached(anna, 'Hello from a browser', 'Read');
    const arrived = messageOf(anna, 'list.bin').nth(1);
    expect((await savedFile(anna, arrived)).equals(content)).toBe(true);
  } finally {
    await rm(home, { recursive: true });
  }
});
