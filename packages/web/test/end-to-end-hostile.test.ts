import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, expect, onTestFailed, test } from 'vitest';
import {
  acceptRequest,
  begin,
  invite,
  keepScreens,
  messageOf,
  openPerson,
  say,
  savedFile,
  sees,
  type BrowserPerson,
} from './support/people.ts';
import { startRelay, type RelayProcess } from './support/relay-process.ts';
import { tern } from './support/tern-command.ts';

/** Somebody with the real command sends what a browser must not fall for; the real app shows it. */
let relay: RelayProcess;
let anna: BrowserPerson;
let home: string;

const bird = '<img src=x onerror="window.fallen=1">';
const script = '<script>window.fallen=1</script><svg onload="window.fallen=1">';

beforeAll(async () => {
  relay = await startRelay();
  anna = await openPerson({ width: 390, height: 844 });
  home = await mkdtemp(join(tmpdir(), 'tern-hostile-'));
  await begin(anna, relay.link, 'Anna');
  await tern(home, 'init', '--name', bird);
  await tern(home, 'accept', await invite(anna));
  await tern(home, 'send', 'Anna', script, '--wait', 'stored');
});

afterAll(async () => {
  await anna[Symbol.asyncDispose]();
  await relay[Symbol.asyncDispose]();
  await rm(home, { recursive: true });
});

beforeEach(() => onTestFailed(() => keepScreens({ anna })));

/** Nothing ran, nothing broke, and what is said next still arrives. */
async function stands(words: string): Promise<void> {
  await tern(home, 'send', 'Anna', words, '--wait', 'stored');
  await sees(anna, words);
  expect(await anna.page.evaluate(() => Reflect.get(window, 'fallen') as unknown)).toBeUndefined();
  expect(anna.complaints).toEqual([]);
}

async function sendsFile(name: string, content: Uint8Array): Promise<void> {
  const path = join(home, name);
  await writeFile(path, content);
  await tern(home, 'send', 'Anna', '--file', path, '--wait', 'stored');
}

test('a name and words of markup are shown as what they are', async () => {
  await anna.page.getByRole('button', { name: 'Back', exact: true }).click();
  await anna.page
    .getByRole('list')
    .getByRole('button', { name: bird.slice(0, 12) })
    .first()
    .click();
  await acceptRequest(anna);
  await sees(anna, script);
  await stands('after markup');
});

test('words that turn the direction, control characters and combining marks stay inside their message', async () => {
  const turned = `\u202Etxt.exe \u2066\u2067 \u0007\u001B[2J ${'z\u0337\u0336\u0335'.repeat(40)} end`;
  await tern(home, 'send', 'Anna', turned, '--wait', 'stored');
  await stands('after bidi');
  const place = await messageOf(anna, 'after bidi').first().boundingBox();
  expect(place?.x).toBeGreaterThanOrEqual(0);
  expect((place?.x ?? 0) + (place?.width ?? 0)).toBeLessThanOrEqual(390);
});

test('pages and drawings that can run are files to save, and nothing else', async () => {
  const svg = Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg"><script>window.fallen=1</script></svg>`);
  await sendsFile('picture.svg', svg);
  await sendsFile('page.html', Buffer.from(`<!doctype html>${script}`));
  await sees(anna, 'picture.svg');
  await sees(anna, 'page.html');
  expect(await messageOf(anna, 'picture.svg').locator('img').count()).toBe(0);
  expect((await savedFile(anna, messageOf(anna, 'picture.svg'))).equals(svg)).toBe(true);
  await stands('after documents');
});

test('a name of a file that turns its ending round is shown and saved tame', async () => {
  await sendsFile('\u202Egpj.exe', Buffer.from('MZ'));
  await sees(anna, 'gpj.exe');
  const message = messageOf(anna, 'gpj.exe');
  expect(await message.innerText()).not.toContain('\u202E');
  await message.click({ button: 'right' });
  const downloading = anna.page.waitForEvent('download');
  await anna.page.getByRole('menuitem', { name: 'Save', exact: true }).click();
  expect((await downloading).suggestedFilename()).toMatch(/gpj\.exe$/u);
  expect((await downloading).suggestedFilename()).not.toContain('\u202E');
});

test('a picture of twenty thousand pixels a side is not drawn, and can be saved', async () => {
  const png = plainPng(20_000, 20_000);
  await sendsFile('huge.png', png);
  await stands('after the huge picture');
  expect((await savedFile(anna, messageOf(anna, 'huge.png'))).equals(png)).toBe(true);
  expect(await anna.page.locator('[data-message] img').count()).toBe(0);
});

test('a very long text comes whole and does not hold up the page', async () => {
  const long = `long beginning ${'word '.repeat(25_000)} long end`;
  await writeFile(join(home, 'long.txt'), long);
  await tern(home, 'send', 'Anna', long, '--wait', 'stored');
  await sees(anna, 'long beginning');
  await stands('after the long text');
  await messageOf(anna, 'long beginning')
    .getByRole('button', { name: /^Show all/u })
    .click();
  await messageOf(anna, 'long end').waitFor();
  await say(anna, 'still here');
  await sees(anna, 'still here');
});

/** One bit a pixel, all black: small as a file, large as a picture. */
function plainPng(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([1, 0, 0, 0, 0], 8);
  const rows = deflateSync(Buffer.alloc((Math.ceil(width / 8) + 1) * height));
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('IDAT', rows),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, content: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), content]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(content.length, 0);
  frame.writeUInt32BE(crc32(named), 4);
  return Buffer.concat([frame.subarray(0, 4), named, frame.subarray(4)]);
}
