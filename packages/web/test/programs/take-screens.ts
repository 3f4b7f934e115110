/**
 * Takes pictures of the real app as two people use it: `node packages/web/test/programs/take-screens.ts FOLDER`. Every screen in two
 * widths, light and dark, English and Russian, to be looked at before a change of the page is called done; the README's are among them.
 */
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Page } from 'playwright-core';
import {
  acceptRequest,
  begin,
  invite,
  messageOf,
  openPerson,
  openTalk,
  reached,
  say,
  sees,
  sendFiles,
  type BrowserPerson,
} from '../support/people.ts';
import { startRelay } from '../support/relay-process.ts';

interface Look {
  readonly locale: 'en-US' | 'ru-RU';
  readonly scheme: 'light' | 'dark';
  readonly width: number;
  readonly height: number;
}

const phone = { width: 390, height: 844 };
const wide = { width: 1280, height: 800 };
const looks: readonly Look[] = (['en-US', 'ru-RU'] as const).flatMap((locale) =>
  (['light', 'dark'] as const).flatMap((scheme) =>
    [phone, wide].map((size) => ({ locale, scheme, ...size })),
  ),
);

const folder = resolve(process.argv[2] ?? 'build/screens');
await mkdir(folder, { recursive: true });
await using relay = await startRelay();
await using anna = await openPerson(phone);
await using ben = await openPerson(phone);

await begin(anna, relay.link, 'Anna');
const invitation = await invite(anna);
for (const look of looks) {
  await using newcomer = await openPerson(look);
  await newcomer.page.goto(invitation);
  await picture(newcomer.page, 'begin-asked', look);
  await newcomer.page.locator('button.primary').first().click();
  await picture(newcomer.page, 'begin', look);
}
await begin(ben, invitation, 'Ben');
await say(ben, 'Hello Anna! Can you read this?');
await openTalk(anna, 'Ben');
await sees(anna, 'Can you read this?');
await everyLook(anna, 'request');
await acceptRequest(anna);
await talk();

const [, id = ''] = /"id":"(\w+)"/u.exec(await anna.page.evaluate(() => JSON.stringify(history.state))) ?? [];
const person = await anna.page.evaluate(() => {
  document.querySelector<HTMLElement>('.head-person')?.click();
  return (history.state as { route: { person: string } }).route.person;
});
await everyLook(anna, 'conversation', { kind: 'conversation', id });
await everyLook(anna, 'list', { kind: 'list' });
await everyLook(anna, 'contact', { kind: 'contact', person });
await everyLook(anna, 'invite', { kind: 'invite' });
await everyLook(anna, 'link', { kind: 'link' });
await everyLook(anna, 'settings', { kind: 'settings' });
await everyLook(anna, 'connection', { kind: 'connection' });

async function talk(): Promise<void> {
  await say(anna, 'Ben! Yes, every word.');
  await say(anna, 'They say the other one will be shut down on Monday.');
  await sees(ben, 'shut down on Monday');
  await say(ben, 'Then we stay here. Look where I am:');
  const sea = await photoOfTheSea(ben.page);
  await sendFiles(ben, [{ name: 'bay.jpg', mimeType: 'image/jpeg', buffer: sea }], {
    caption: 'The bay this morning',
  });
  await sees(anna, 'The bay this morning');
  await messageOf(anna, 'The bay this morning')
    .getByRole('button', { name: /^Open the picture/u })
    .waitFor();
  await choose(anna, 'The bay this morning', /❤/u);
  await choose(anna, 'The bay this morning', /^Reply$/u);
  await say(anna, 'How beautiful. Is grandmother with you?');
  await sees(ben, 'Is grandmother with you?');
  await say(ben, 'She is making tea, and sends you a kiss.');
  await sees(anna, 'sends you a kiss');
  await reached(anna, 'Is grandmother with you?', 'Read');
  await sendFiles(ben, [
    { name: 'Timetable of the ferries.pdf', mimeType: 'application/pdf', buffer: Buffer.alloc(48_000, 7) },
  ]);
  await sees(anna, 'Timetable of the ferries.pdf');
}

async function choose(who: BrowserPerson, text: string, item: RegExp): Promise<void> {
  await messageOf(who, text)
    .first()
    .click({ button: 'right', position: { x: 12, y: 12 } });
  await who.page.locator('.menu button').filter({ hasText: item }).first().click();
}

/** @param route where to go; where one is already, without */
async function everyLook(who: BrowserPerson, name: string, route?: object): Promise<void> {
  const { page } = who;
  for (const look of looks) {
    await page.setViewportSize(look);
    await page.evaluate(
      ([language, theme, to]) => {
        localStorage.setItem('tern.language', language);
        localStorage.setItem('tern.theme', theme);
        if (to !== undefined) history.replaceState({ route: to, depth: 1 }, '');
      },
      [look.locale.slice(0, 2), look.scheme, route] as const,
    );
    await page.reload();
    await picture(page, name, look);
  }
  await page.evaluate(() => localStorage.setItem('tern.language', 'en'));
  await page.setViewportSize(phone);
  await page.reload();
}

async function picture(page: Page, name: string, look: Look): Promise<void> {
  await page.locator('h1:visible').first().waitFor();
  await page.waitForTimeout(900); // whatever loads late is there; this is no test
  const file = `${name}-${look.locale.slice(0, 2)}-${look.scheme}-${look.width}.png`;
  await page.screenshot({ path: join(folder, file) });
}

/** Drawn here, so that it belongs to nobody else: evening over a bay. */
async function photoOfTheSea(page: Page): Promise<Buffer> {
  const base64 = await page.evaluate(async () => {
    const canvas = new OffscreenCanvas(1600, 1100);
    const draw = canvas.getContext('2d');
    if (draw === null) throw new Error('no canvas here');
    const fill = (stops: readonly string[], from: number, to: number): void => {
      const gradient = draw.createLinearGradient(0, from, 0, to);
      for (const [at, colour] of stops.entries()) gradient.addColorStop(at / (stops.length - 1), colour);
      draw.fillStyle = gradient;
      draw.fillRect(0, from, 1600, to - from);
    };
    fill(['#27456e', '#7f8fae', '#f0b58d', '#f9d9a4'], 0, 620);
    fill(['#d69c7d', '#4d6f8c', '#16344f'], 620, 1100);
    draw.fillStyle = '#fff3cf';
    draw.beginPath();
    draw.arc(1040, 560, 64, 0, 7);
    draw.fill();
    for (let line = 0; line < 260; line += 1) {
      const y = 628 + (line / 260) ** 1.6 * 470;
      const spread = 40 + (y - 620) * 0.7;
      const x = 1040 + Math.sin(line * 12.9898) * spread;
      draw.fillStyle = `rgba(255, 233, 190, ${0.5 - line / 640})`;
      draw.fillRect(x, y, 30 + (line % 7) * 9, 2 + line / 90);
    }
    for (const [base, height, colour] of [
      [628, 120, '#3c4f6d'],
      [660, 210, '#1d2f47'],
    ] as const) {
      draw.fillStyle = colour;
      draw.beginPath();
      draw.moveTo(0, base);
      for (let x = 0; x <= 900; x += 6)
        draw.lineTo(
          x,
          base - height * Math.max(0, 1 - x / 880) * (0.75 + 0.25 * Math.sin(x / 41) * Math.cos(x / 97)),
        );
      draw.lineTo(900, base);
      draw.fill();
    }
    const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.9 });
    const bytes = new Uint8Array(await blob.arrayBuffer());
    let text = '';
    for (let at = 0; at < bytes.length; at += 8192)
      text += String.fromCharCode(...bytes.subarray(at, at + 8192));
    return btoa(text);
  });
  return Buffer.from(base64, 'base64');
}
