import { formatInvitationLink, parseInvitationLink } from '@tern/protocol';
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFailed, test } from 'vitest';
import { builtWeb, readWebBuild } from '../bundle/built-web.ts';
import type { WebBuild } from '../bundle/web-build.ts';
import {
  acceptRequest,
  begin,
  composerOf,
  invite,
  keepScreens,
  messageOf,
  openPerson,
  openTalk,
  reached,
  say,
  sees,
  type BrowserPerson,
} from './support/people.ts';
import { startRelay, type RelayProcess } from './support/relay-process.ts';

let build: WebBuild;
let relay: RelayProcess;
let anna: BrowserPerson;
let ben: BrowserPerson;
/** an invitation of Anna's */
let link: string;

beforeAll(async () => {
  build = await readWebBuild(await builtWeb());
  relay = await startRelay();
  anna = await openPerson();
  await begin(anna, relay.link, 'Anna');
  link = await invite(anna);
});

afterAll(async () => {
  await anna[Symbol.asyncDispose]();
  await relay[Symbol.asyncDispose]();
});

beforeEach(async () => {
  ben = await openPerson({ width: 390, height: 844 });
  onTestFailed(() => keepScreens({ anna, ben }));
});

afterEach(() => ben[Symbol.asyncDispose]());

/** Pieces of a part of the app come when they are let through. */
async function holdBack(person: BrowserPerson, load: string): Promise<() => void> {
  const held = Promise.withResolvers<void>();
  for (const piece of build.set.loads[load]?.pieces ?? [])
    await person.context.route(`**/p/${piece}`, async (route) => {
      await held.promise;
      // what was given up meanwhile is asked for again
      await route.continue().catch(() => undefined);
    });
  return held.resolve;
}

async function sayName(person: BrowserPerson, name: string): Promise<void> {
  await person.page.locator('#name').fill(name);
  await person.page.keyboard.press('Enter');
}

/** What was said, by somebody's own screen. */
async function said(person: BrowserPerson): Promise<readonly (string | undefined)[]> {
  const texts = await person.page.locator('[data-message] .text').allInnerTexts();
  return texts.map((text) => text.split('\n')[0]);
}

test('who was invited writes before the engine is there, and every word arrives once and in order', async () => {
  const { page } = ben;
  const letEngine = await holdBack(ben, 'engine');
  await page.goto(link);
  await sayName(ben, 'Ben');
  await say(ben, 'the first');
  await say(ben, 'the second');
  await reached(ben, 'the second', 'Waits to leave');
  expect(await page.locator('.early').innerText()).toContain('Tern is still on its way');
  await composerOf(ben).fill('not finished');
  // the place in the field goes with it
  await page.keyboard.press('Home');
  letEngine();
  await reached(ben, 'the first', 'On a relay');
  await reached(ben, 'the second', 'On a relay');
  await page.locator('.early').waitFor({ state: 'detached' });
  expect(await said(ben)).toEqual(['the first', 'the second']);
  expect(await composerOf(ben).inputValue()).toBe('not finished');
  await page.keyboard.type('still ');
  expect(await composerOf(ben).inputValue()).toBe('still not finished');
  await page.keyboard.press('Enter');

  await openTalk(anna, 'Ben');
  await acceptRequest(anna);
  await sees(anna, 'still not finished');
  expect(await said(anna)).toEqual(['the first', 'the second', 'still not finished']);
  await say(anna, 'an answer');
  await sees(ben, 'an answer');
  expect([...anna.complaints, ...ben.complaints]).toEqual([]);
});

test('the relay of the invitation is asked for its card once, when there is a name, before the engine is there', async () => {
  const { page } = ben;
  const asked: string[] = [];
  // with what the engine's worker sends
  ben.context.on('request', (request) => {
    if (request.method() === 'POST')
      asked.push((request.postDataBuffer()?.length ?? 0) === 0 ? 'card' : 'batch');
  });
  const letEngine = await holdBack(ben, 'engine');
  await page.goto(await invite(anna));
  await page.locator('#name').waitFor();
  await page.waitForFunction(() => performance.getEntriesByName('tern-first-screen').length > 0);
  expect(asked).toEqual([]);
  const answered = page.waitForResponse((response) => response.request().method() === 'POST');
  await sayName(ben, 'Ben');
  await (await answered).finished();
  expect(asked).toEqual(['card']);
  letEngine();
  await say(ben, 'hello');
  await reached(ben, 'hello', 'On a relay');
  expect(asked).toContain('batch');
  expect(asked.filter((what) => what === 'card')).toEqual(['card']);
});

test('a tab that is loaded anew while the engine is on its way keeps what was written, and none of it on a disk', async () => {
  const { page } = ben;
  const asked: string[] = [];
  page.on('dialog', (dialog) => {
    asked.push(dialog.type());
    void dialog.accept();
  });
  const letEngine = await holdBack(ben, 'engine');
  await page.goto(await invite(anna));
  await sayName(ben, 'Cleo');
  await say(ben, 'before it');
  await composerOf(ben).fill('half a wo');
  await page.reload();
  await sees(ben, 'before it');
  expect(asked).toEqual(['beforeunload']);
  expect(await composerOf(ben).inputValue()).toBe('half a wo');
  const stored = await page.evaluate(async () => {
    const databases = (await indexedDB.databases()).map(({ name }) => name);
    const kept = await Promise.all(
      (await caches.keys()).map(async (name) => (await caches.open(name)).keys()),
    );
    const urls = kept.flat().map(({ url }) => url);
    return JSON.stringify([localStorage, sessionStorage, databases, urls, history.state]);
  });
  expect(stored).not.toMatch(/before it|half a wo|Cleo/u);
  await composerOf(ben).fill('after it');
  await page.keyboard.press('Enter');
  letEngine();
  await reached(ben, 'after it', 'On a relay');
  await page.locator('.early').waitFor({ state: 'detached' });
  expect(await said(ben)).toEqual(['before it', 'after it']);
  // everything is where it belongs: nobody is asked any more, and nothing is sent again
  await page.reload();
  await sees(ben, 'after it');
  expect(asked).toEqual(['beforeunload']);
  await openTalk(anna, 'Cleo');
  await sees(anna, 'after it');
  expect(await said(anna)).toEqual(['before it', 'after it']);
  expect(ben.complaints).toEqual([]);
});

test('an invitation that is of no use is said to be so, and what was written stays to be copied', async () => {
  const { page } = ben;
  // another's seed: that it does not fit shows only where it is used
  await page.goto(formatInvitationLink({ ...parseInvitationLink(link), seed: new Uint8Array(32) }));
  await sayName(ben, 'Dora');
  await say(ben, 'for nobody');
  const goOn = page.getByRole('button', { name: 'Go on' });
  await goOn.waitFor();
  expect(await page.locator('.early').innerText()).toContain('nothing was sent');
  expect(await messageOf(ben, 'for nobody').isVisible()).toBe(true);
  await goOn.click();
  await page.getByText('invites you').waitFor();
  expect(await page.locator('.early').count()).toBe(0);
});

test('nobody writes to a link that was cut', async () => {
  const { page } = ben;
  await page.goto(link.slice(0, -9));
  await sayName(ben, 'Dora');
  await page.getByText('The link is not complete').waitFor();
  expect(await page.locator('.early').count()).toBe(0);
});

test('who takes their time with the name is asked as ever, whether they have Tern already', async () => {
  const { page } = ben;
  await page.goto(await invite(anna));
  await page.getByRole('button', { name: 'I am new here' }).click();
  expect(await page.locator('.early').count()).toBe(0);
  await page.getByRole('textbox', { name: 'Your name' }).fill('Emil');
  await page.keyboard.press('Enter');
  await composerOf(ben).waitFor();
  await say(ben, 'as ever');
  await reached(ben, 'as ever', 'On a relay');
});
