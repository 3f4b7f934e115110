/**
 * A person with the app in a real Chromium, told by lines of JSON on standard input what to do and telling on standard output what the
 * screen shows, as the lab's other clients do (packages/lab/src/programs/lines.ts has the lines). The profile outlives the program.
 * Settings as one JSON argument.
 */
import { createCipheriv, createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { chromium, type Page } from 'playwright-core';
import { chromiumLaunchOptions } from '../support/chromium.ts';
import {
  acceptRequest,
  begin,
  chooseSave,
  composerOf,
  invite,
  openTalk,
  say,
  sendFiles,
  type BrowserPerson,
} from '../support/people.ts';

interface Settings {
  readonly name: string;
  readonly profile: string;
  /** of the key of an authority to trust: SHA-256 of its SubjectPublicKeyInfo, base64 */
  readonly trusted: string;
}

type Order = { readonly number: number } & (
  | { readonly do: 'text'; readonly to: string; readonly text: string }
  | { readonly do: 'file'; readonly to: string; readonly name: string; readonly size: number }
  | { readonly do: 'relay' | 'accept'; readonly link: string }
  | { readonly do: 'invite' }
  | { readonly do: 'welcome' | 'admit'; readonly person: string }
);

/** What is done one after the other in each tab. */
class Turns {
  readonly #last = new Map<BrowserPerson, Promise<unknown>>();

  take<T>(tab: BrowserPerson, work: () => Promise<T>): Promise<T> {
    const turn = (this.#last.get(tab) ?? Promise.resolve()).then(work);
    this.#last.set(
      tab,
      turn.catch(() => undefined),
    );
    return turn;
  }
}

const settings = JSON.parse(process.argv[2] ?? '{}') as Settings;
const startFile = join(settings.profile, 'start');
const saveAgainMs = 3000;
/** longer than one takes for a message in view; meanwhile nothing is said in that tab, and what moves it away lets one try again */
const handMs = 3000;
/** until what came into view is drawn */
const drawnMs = 60;
const patienceMs = 60_000;

const options = await chromiumLaunchOptions();
const context = await chromium.launchPersistentContext(join(settings.profile, 'chromium'), {
  ...options,
  // here names are looked up: this is no test that stays on one machine
  args: [
    ...(options.args ?? []).filter((flag) => !flag.startsWith('--host-resolver-rules')),
    `--ignore-certificate-errors-spki-list=${settings.trusted}`,
  ],
  locale: 'en-US',
  viewport: { width: 1000, height: 760 },
  permissions: ['clipboard-read', 'clipboard-write'],
});
context.setDefaultTimeout(patienceMs);
/** by the name of whoever one talks to there: each conversation has a tab of its own, so that nothing that comes is overlooked */
const tabs = new Map<string, BrowserPerson>();
/** one person has one pair of hands: a menu that opens would take the words that are being typed */
const hands = new Turns();
/** of two that are under way in one tab nothing says which is which */
const savings = new Turns();
const shown = new Set<string>();
let begun = false;

const first = tabOf(context.pages()[0] ?? (await context.newPage()));
if (existsSync(startFile)) {
  const { url, people } = JSON.parse(readFileSync(startFile, 'utf8')) as { url: string; people: string[] };
  for (const [at, name] of people.entries()) await openTab(name, at === 0 ? first : undefined, url);
}
tell({ is: 'ready' });
for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line) as Order;
  try {
    await carryOut(order);
    tell({ is: 'done', number: order.number });
  } catch (error) {
    tell({ is: 'note', words: `${order.do}: ${error instanceof Error ? error.message : ''}` });
  }
}
process.exit(0);

async function carryOut(order: Order): Promise<void> {
  switch (order.do) {
    case 'relay':
      await (begun ? addRelay(order.link) : begin(first, order.link, settings.name));
      begun = true;
      return;
    case 'invite':
      tell({ is: 'link', link: await invite(first) });
      return;
    case 'accept':
      begun = true;
      await begin(first, order.link, settings.name);
      // whoever invites is `a`
      await watch('a', first);
      return;
    case 'welcome': {
      const { person } = order;
      const tab = tabOf(await context.newPage()); // invitations are made in the first one
      await tab.page.goto(first.page.url());
      await openTalk(tab, person);
      await acceptRequest(tab);
      await watch(person, tab);
      tell({ is: 'met', person });
      return;
    }
    case 'admit':
      await openTalk(first, order.person);
      await acceptRequest(first);
      tell({ is: 'met', person: order.person });
      return;
    case 'text': {
      const tab = tabWith(order.to);
      await hands.take(tab, () => say(tab, order.text));
      return;
    }
    case 'file': {
      const tab = tabWith(order.to);
      const buffer = fileBytes(order.name, order.size);
      const file = { name: order.name, mimeType: 'application/octet-stream', buffer };
      await hands.take(tab, () => sendFiles(tab, [file]));
    }
  }
}

/** Opens the link in the app that one has, in a tab for nothing else. */
async function addRelay(link: string): Promise<void> {
  const page = await context.newPage();
  await page.goto(new URL(new URL(link).hash, first.page.url()).href);
  await page.getByRole('button', { name: 'Use this relay' }).click();
  await page.getByText('The relay is added.').first().waitFor();
  await page.close();
}

function tabOf(page: Page): BrowserPerson {
  return {
    page,
    context,
    complaints: [],
    restart: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  };
}

function tabWith(name: string): BrowserPerson {
  const tab = tabs.get(name);
  if (tab === undefined) throw new Error(`${settings.name} does not talk to ${name}`);
  return tab;
}

async function openTab(name: string, given: BrowserPerson | undefined, url: string): Promise<void> {
  const tab = given ?? tabOf(await context.newPage());
  await tab.page.goto(url);
  await openTalk(tab, name);
  await watch(name, tab);
}

/**
 * From now on tells everything that others say there. Only what is in view is in the page, and what comes late may stand above: where the
 * places of the lines say that there are more than were ever in view, all is looked through.
 */
async function watch(name: string, tab: BrowserPerson): Promise<void> {
  const { page } = tab;
  await composerOf(tab).waitFor();
  tabs.set(name, tab);
  writeFileSync(startFile, JSON.stringify({ url: page.url(), people: [...tabs.keys()] }));
  await page.exposeFunction('tellLab', async (id: string, text: string, file: string) => {
    if (shown.has(id)) return;
    shown.add(id);
    if (file === '') tell({ is: 'got', from: name, text });
    else await save(tab, { id, name: file, from: name });
  });
  await page.evaluate((frameMs) => {
    const lookThroughMs = 5000;
    const { tellLab } = globalThis as unknown as {
      tellLab(id: string, text: string, file: string): Promise<void>;
    };
    const seenLines = new Set<string>();
    /** what is being told: a file stays in view until it is saved */
    let telling = 0;
    let looking = false;
    const look = (): void => {
      for (const line of document.querySelectorAll('.messages [data-key]')) {
        const key = line.getAttribute('data-key') ?? '';
        if (!key.startsWith('gap ')) seenLines.add(key); // that one goes when it is filled
      }
      for (const message of document.querySelectorAll('.theirs [data-message]')) {
        const words = message.querySelector('.text')?.cloneNode(true);
        if (words instanceof Element)
          for (const meta of words.querySelectorAll('.message-meta')) meta.remove();
        const file = /photo|voice/u.exec(message.querySelector('.file')?.textContent ?? '')?.[0] ?? '';
        const text = words?.textContent ?? '';
        if (text === '' && file === '') continue;
        telling += 1;
        void tellLab(message.getAttribute('data-message') ?? '', text, file).finally(() => (telling -= 1));
      }
    };
    const lookThrough = async (): Promise<void> => {
      const list = document.querySelector('.messages');
      const places = [...document.querySelectorAll('[aria-posinset]')].map((line) =>
        Number(line.getAttribute('aria-posinset')),
      );
      if (list === null || telling > 0 || looking || Math.max(0, ...places) <= seenLines.size) return;
      looking = true;
      for (let top = list.scrollHeight; top > 0; top -= list.clientHeight) {
        list.scrollTop = top - list.clientHeight;
        await new Promise((drawn) => setTimeout(drawn, frameMs));
      }
      list.scrollTop = list.scrollHeight;
      looking = false;
    };
    new MutationObserver(look).observe(document, { childList: true, subtree: true });
    setInterval(() => void lookThrough(), lookThroughMs);
    look();
  }, drawnMs);
}

/** As somebody would who wants to have it. */
async function save(
  tab: BrowserPerson,
  file: { readonly id: string; readonly name: string; readonly from: string },
): Promise<void> {
  for (;;) {
    try {
      const bytes = await savings.take(tab, async () => {
        const { arriving } = await hands.take(tab, () => askFor(tab, file.id));
        return arriving;
      });
      const whole = bytes.equals(fileBytes(file.name, bytes.length));
      if (whole) tell({ is: 'file', from: file.from, name: file.name, size: bytes.length });
      return;
    } catch (error) {
      tell({ is: 'note', words: `${file.name}: ${error instanceof Error ? error.message : ''}` });
      await wait(saveAgainMs);
    }
  }
}

/** Scrolls to a message, which what came after it may have moved out of the page, and chooses in its menu to save its file. */
async function askFor(tab: BrowserPerson, id: string): ReturnType<typeof chooseSave> {
  const { page } = tab;
  const message = page.locator(`[data-message="${id}"]`);
  const list = page.locator('.messages');
  let top = await list.evaluate(({ scrollHeight }) => scrollHeight);
  while (top > 0 && (await message.count()) === 0) {
    top = await list.evaluate((element, from) => (element.scrollTop = from - element.clientHeight), top);
    await wait(drawnMs);
  }
  try {
    return await chooseSave(tab, message, { timeout: handMs });
  } finally {
    await list.evaluate((element) => (element.scrollTop = element.scrollHeight));
  }
}

function fileBytes(name: string, size: number): Buffer {
  const key = createHash('sha256').update(name).digest();
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(size));
}

function tell(news: object): void {
  process.stdout.write(`${JSON.stringify(news)}\n`);
}
