import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pieceResponseBytes } from '../bundle/pieces.ts';
import { launchChromium } from './support/chromium.ts';
import { openShellSite } from './support/shell-site.ts';
import { longestWaitMs } from './support/waiting.ts';

let browser: Browser;

beforeAll(async () => {
  browser = await launchChromium();
});

afterAll(async () => {
  await browser.close();
});

interface Visit extends AsyncDisposable {
  readonly context: BrowserContext;
  readonly page: Page;
  /** what the browser and its rules complained of */
  readonly complaints: readonly string[];
}

/** A browser profile of its own, in which nobody was before. */
async function visit(options: Parameters<Browser['newContext']>[0] = {}): Promise<Visit> {
  const context = await browser.newContext({ locale: 'en-GB', ...options });
  context.setDefaultTimeout(longestWaitMs);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  return { context, page, complaints, [Symbol.asyncDispose]: () => context.close() };
}

/** What the app wrote there last. */
async function said(page: Page, id: string): Promise<string> {
  const place = page.locator(`#${id}`).last();
  await place.waitFor();
  return (await place.textContent()) ?? '';
}

/** Everything works here without a network from now on. */
async function keepAll(page: Page): Promise<void> {
  await said(page, 'style');
  await page.getByText('Keep').click();
  expect(await said(page, 'kept')).toBe('true');
}

/** The service worker answers for the first page from now on. */
async function untilKept(page: Page): Promise<void> {
  await page.waitForFunction(async () => (await navigator.serviceWorker.ready).active !== null);
  await expect.poll(() => page.evaluate(() => navigator.serviceWorker.controller !== null)).toBe(true);
}

/** Pieces come when they are let through. */
async function holdPieces(page: Page): Promise<() => void> {
  const held = Promise.withResolvers<void>();
  await page.context().route('**/p/*', async (route) => {
    await held.promise;
    await route.continue();
  });
  return held.resolve;
}

describe('the first page', () => {
  test('takes the secret out of the address bar, brings the app and hands it over', async () => {
    await using site = await openShellSite();
    await using guest = await visit();
    const { page } = guest;
    await page.goto(site.link, { waitUntil: 'commit' });
    expect(await said(page, 'greeting')).toBe('The app is here. In English. 0');
    expect(page.url()).toBe(site.url);
    expect(JSON.parse(await said(page, 'handover'))).toMatchObject({ link: site.link, submitted: false });
    expect(await said(page, 'engine')).toMatch(/^The engine runs at engine-[\w-]+\.js$/u);
    expect(await said(page, 'style')).toBe('rgb(4, 5, 6)');
    expect(await said(page, 'version')).toBe(`0.1.0 (${site.build.front.set.slice(0, 8)})`);
    await page.getByText('More').click();
    expect(await said(page, 'more')).toBe('And there is more.');
    expect(guest.complaints).toEqual([]);
  });

  test('hands over a name that was typed, and that it was sent, before the app was there', async () => {
    await using site = await openShellSite();
    await using guest = await visit({ locale: 'ru-RU' });
    const { page } = guest;
    const letThrough = await holdPieces(page);
    await page.goto(site.url);
    expect(await page.locator('#asks').textContent()).toBe('Как вас зовут?');
    expect(await page.locator('html').getAttribute('lang')).toBe('ru');
    await page.locator('#name').fill('  Вера ');
    await page.keyboard.press('Enter');
    letThrough();
    expect(JSON.parse(await said(page, 'handover'))).toEqual({ name: 'Вера', submitted: true, typing: true });
  });

  test('shows somebody who lives here an outline, in the colours they chose, and keeps a link for one tab', async () => {
    await using site = await openShellSite();
    await using guest = await visit();
    const { page, context } = guest;
    await page.goto(site.link);
    await said(page, 'style');
    await page.reload();
    expect(JSON.parse(await said(page, 'handover'))).toMatchObject({ link: site.link });
    await page.getByText('Live here').click();
    await page.evaluate(() => localStorage.setItem('tern.theme', 'dark'));
    const letThrough = await holdPieces(page);
    await context.addInitScript(() => void caches.delete('tern'));
    await page.reload();
    await page.locator('#outline').waitFor();
    expect(await page.locator('#hello').isVisible()).toBe(false);
    expect(await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme)).toBe('dark');
    letThrough();
    expect(JSON.parse(await said(page, 'handover'))).not.toHaveProperty('link');
  });

  test('tells the app of a link that is opened later in the same tab', async () => {
    await using site = await openShellSite();
    await using guest = await visit();
    const { page } = guest;
    await page.goto(site.url);
    await said(page, 'style');
    await page.evaluate(() => {
      location.hash = '#iAbc_123';
    });
    expect(await said(page, 'link')).toBe(`${site.url}#iAbc_123`);
    expect(page.url()).toBe(site.url);
  });

  test('says in words why a page without encryption cannot do anything, and how the operator gets it', async () => {
    await using site = await openShellSite();
    const mapped = ['--host-resolver-rules=MAP relay.example 127.0.0.1'];
    await using other = await launchChromium({ args: mapped });
    for (const [locale, words] of [
      ['en-GB', /without encryption[\s\S]*begins with https[\s\S]*--tls-cert/u],
      ['ru-RU', /без шифрования[\s\S]*начинается с https[\s\S]*--tls-cert/u],
    ] as const) {
      const page = await other.newPage({ locale });
      await page.goto(site.link.replace('127.0.0.1', 'relay.example'));
      await page.locator('#says span').first().waitFor();
      expect(await page.locator('#says').textContent()).toMatch(words);
      expect(page.url()).not.toContain('#');
      expect(await page.locator('#hello').isVisible()).toBe(false);
    }
  });

  test('lets no text become a script, and no other policy be made', async () => {
    await using site = await openShellSite();
    await using guest = await visit();
    const { page } = guest;
    await page.goto(site.url);
    await said(page, 'style');
    const outcomes = await page.evaluate(() => {
      const { trustedTypes, ternFirstPage } = globalThis as unknown as {
        readonly trustedTypes: { createPolicy(name: string, rules: object): unknown };
        readonly ternFirstPage: { scriptUrl(name: string): unknown };
      };
      const attempts: readonly (() => unknown)[] = [
        () => Object.assign(document.createElement('script'), { src: 'a/other.js' }),
        () => Object.assign(document.createElement('div'), { innerHTML: '<img src=x onerror=alert(1)>' }),
        () => new Worker('a/other.js'),
        () => trustedTypes.createPolicy('other', {}),
        () => trustedTypes.createPolicy('tern', {}),
        () => ternFirstPage.scriptUrl('https://elsewhere.example/a/x-12345678.js'),
        () => ternFirstPage.scriptUrl('a/../../x-12345678.js'),
      ];
      return attempts.map((attempt) => {
        try {
          attempt();
          return 'let through';
        } catch {
          return 'refused';
        }
      });
    });
    expect(outcomes).toEqual(outcomes.map(() => 'refused'));
  });
});

describe('on a bad line', () => {
  test('the app comes although each connection carries 8 kB and then freezes', async () => {
    await using site = await openShellSite({ fillerBytes: 40_000 });
    site.line.freezeAfter(pieceResponseBytes);
    await using guest = await visit();
    await guest.page.goto(site.url);
    expect(await said(guest.page, 'greeting')).toBe('The app is here. In English. 40000');
    await keepAll(guest.page);
    expect(site.line.down.length).toBeGreaterThan(8);
    expect(Math.max(...site.line.down)).toBeLessThanOrEqual(pieceResponseBytes);
    expect(guest.complaints).toEqual([]);
  });

  test('a connection that freezes in the middle of a piece is given up and the piece asked for again', async () => {
    await using site = await openShellSite({ fillerBytes: 20_000 });
    await using guest = await visit();
    const { page } = guest;
    await page.clock.install();
    const letThrough = await holdPieces(page);
    await page.goto(site.url);
    await page.locator('#hello').waitFor();
    site.line.forget();
    site.line.freezeAfter(3000);
    letThrough();
    await expect
      .poll(() => site.line.down.filter((bytes) => bytes === 3000).length)
      .toBeGreaterThanOrEqual(2);
    site.line.freezeAfter(undefined);
    const there = said(page, 'greeting');
    // a minute of patience passes in a moment
    for (let second = 0; second < 60 && (await page.locator('#greeting').count()) === 0; second += 1)
      await page.clock.runFor(1000);
    expect(await there).toBe('The app is here. In English. 20000');
  });

  test('what has arrived is not asked for again when the page is loaded anew', async () => {
    await using site = await openShellSite({ fillerBytes: 40_000 });
    await using guest = await visit();
    const { page, context } = guest;
    const pieces = site.build.front.loads['page']?.pieces ?? [];
    const last = pieces.at(-1) ?? '';
    await context.route(`**/p/${last}`, () => {}); // never answered
    await page.goto(site.url);
    await expect
      .poll(() => page.locator('#bar').getAttribute('value'))
      .toBe(String((pieces.length - 1) / pieces.length));
    // until then the first page asks ahead for what it cannot know to be here
    await untilKept(page);
    // a piece that was asked for ahead and came late is let go with its page, and not before: it would count as asked for again
    await page.goto('about:blank');
    site.line.forget();
    await context.unroute(`**/p/${last}`);
    await page.goto(site.url);
    await said(page, 'greeting');
    const again = site.line.asked.map((path) => path.split('/p/')[1] ?? '');
    // the one that was held up may reach the relay twice: let go with its page, and asked for by the next
    expect([...new Set(again.filter((piece) => pieces.includes(piece)))]).toEqual([last]);
  });

  test('pieces that were changed on the way are refused in words, and the app comes when they are right', async () => {
    await using site = await openShellSite();
    await using guest = await visit();
    const { page, context } = guest;
    await page.clock.install();
    await context.route('**/p/*', (route) => route.fulfill({ body: 'alert("changed")' }));
    await page.goto(site.url);
    const again = page.getByText('Try again');
    for (let second = 0; second < 60 && !(await again.isVisible()); second += 1)
      await page.clock.runFor(1000);
    expect(await page.locator('#says').textContent()).toBe(
      'What arrives is not what was sent, so it is not used.',
    );
    expect(await page.locator('#greeting').count()).toBe(0);
    await context.unroute('**/p/*');
    await again.click();
    expect(await said(page, 'greeting')).toContain('The app is here.');
  });

  test('a line that lets nothing through is said in words, and what came is kept', async () => {
    await using site = await openShellSite();
    await using guest = await visit();
    const { page, context } = guest;
    await page.clock.install();
    await context.route('**/p/*', (route) => route.abort());
    await page.goto(site.url);
    const again = page.getByText('Try again');
    for (let second = 0; second < 90 && !(await again.isVisible()); second += 1)
      await page.clock.runFor(1000);
    expect(await page.locator('#says').textContent()).toContain('What has arrived is kept.');
    await context.unroute('**/p/*');
    await again.click();
    expect(await said(page, 'greeting')).toContain('The app is here.');
  });

  test('a browser without service workers gets the same app in whole files', async () => {
    await using site = await openShellSite({ fillerBytes: 20_000 });
    await using guest = await visit({ serviceWorkers: 'block' });
    const { page } = guest;
    await page.goto(site.url);
    expect(await said(page, 'greeting')).toBe('The app is here. In English. 20000');
    expect(await said(page, 'engine')).toContain('The engine runs');
    expect(await said(page, 'style')).toBe('rgb(4, 5, 6)');
    await page.getByText('More').click();
    expect(await said(page, 'more')).toBe('And there is more.');
  });
});

describe('an app that was here before', () => {
  test('opens whole while its relay is gone, and without a byte while it is there', async () => {
    await using site = await openShellSite({ fillerBytes: 20_000 });
    await using guest = await visit();
    const { context } = guest;
    await guest.page.goto(site.url);
    await keepAll(guest.page);
    await guest.page.close();
    for (const isGone of [false, true]) {
      site.line.forget();
      site.line.cut(isGone);
      const page = await context.newPage();
      await page.goto(site.url);
      expect(await said(page, 'greeting')).toBe('The app is here. In English. 20000');
      expect(await said(page, 'engine')).toContain('The engine runs');
      await page.getByText('More').click();
      expect(await said(page, 'more')).toBe('And there is more.');
      await keepAll(page);
      expect(site.line.down).toEqual([]);
      await page.close();
    }
  });

  test('takes a newer version when all of it is here, tells the page, and deletes the old one afterwards', async () => {
    await using site = await openShellSite({ fillerBytes: 20_000 });
    await using guest = await visit();
    const { page } = guest;
    await page.goto(site.url);
    await keepAll(page);
    await page.getByText('Look').click();
    expect(await said(page, 'look')).toBe('false');
    await page.locator('#look').evaluate((old) => old.remove());

    const next = await site.renew('A newer one.');
    await page.getByText('Look').click();
    expect(await said(page, 'look')).toBe('true');
    expect(await said(page, 'update')).toBe('ready');
    // the open page goes on with what is its own
    await page.getByText('More').click();
    expect(await said(page, 'more')).toBe('And there is more.');

    site.line.cut(true);
    await page.reload();
    expect(await said(page, 'greeting')).toBe('A newer one. In English. 20000');
    expect(await said(page, 'version')).toContain(next.front.set.slice(0, 8));
    await keepAll(page);
    const kept = await page.evaluate(async () =>
      (await (await caches.open('tern')).keys()).map(({ url }) => url),
    );
    const files = Object.values(next.set.loads).flatMap((load) => load.files.map(([name]) => name));
    const names = ['', `p/${next.front.set}`, ...next.set.shell.map(([name]) => name), ...files];
    expect(kept.toSorted()).toEqual(names.map((name) => site.url + name).toSorted());
  });

  test('opens past what is kept where a person forces that, and keeps itself all the same', async () => {
    await using site = await openShellSite();
    await using guest = await visit();
    const { page, context } = guest;
    await page.goto(site.url);
    await keepAll(page);
    const devtools = await context.newCDPSession(page);
    await devtools.send('Page.reload', { ignoreCache: true });
    await page.locator('#kept').waitFor({ state: 'detached' });
    await keepAll(page);
    expect(await page.evaluate(() => navigator.serviceWorker.controller)).toBeNull();
    site.line.cut(true);
    await page.reload();
    expect(await said(page, 'greeting')).toBe('The app is here. In English. 0');
  });

  test('stays the version it is while only a part of a newer one is here', async () => {
    await using site = await openShellSite({ fillerBytes: 20_000 });
    await using guest = await visit();
    const { page, context } = guest;
    await page.goto(site.url);
    await keepAll(page);
    const next = await site.renew('A newer one.');
    const missing = next.front.loads['page']?.pieces.at(-1) ?? '';
    await context.route(`**/p/${missing}`, (route) => route.fulfill({ status: 404 }));
    await page.getByText('Look').click();
    expect(await said(page, 'look')).toBe('false');
    for (const isGone of [true, false]) {
      site.line.cut(isGone);
      await page.reload();
      expect(await said(page, 'greeting')).toBe('The app is here. In English. 20000');
      await said(page, 'style');
    }
    await context.unroute(`**/p/${missing}`);
    await page.getByText('Look').click();
    expect(await said(page, 'look')).toBe('true');
  });

  test('that came only in part, and whose rest is not there any more, begins anew with the newer version', async () => {
    await using site = await openShellSite({ fillerBytes: 40_000 });
    await using guest = await visit();
    const { page, context } = guest;
    const missing = site.build.front.loads['page']?.pieces[0] ?? '';
    await context.route(`**/p/${missing}`, () => {});
    await page.goto(site.url);
    await untilKept(page);
    await site.renew('A newer one.');
    await context.unroute(`**/p/${missing}`);
    // it may begin anew before the old page is there as a whole
    await page.reload({ waitUntil: 'commit' });
    expect(await said(page, 'greeting')).toBe('A newer one. In English. 40000');
  });
});
