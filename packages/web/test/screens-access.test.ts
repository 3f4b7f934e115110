import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import type { PersonId } from '@tern/protocol';
import { faultsOf } from './support/axe.ts';
import { openScreensSite, type Look, type Opening, type ScreensSite } from './support/screens-site.ts';

let site: ScreensSite;
beforeAll(async () => {
  site = await openScreensSite();
});
afterAll(() => site[Symbol.asyncDispose]());

const looks: readonly Look[] = [
  { width: 390, theme: 'light', language: 'en' },
  { width: 390, theme: 'dark', language: 'ru' },
  { width: 1280, theme: 'light', language: 'ru' },
  { width: 1280, theme: 'dark', language: 'en' },
];

const contact: Opening = {
  home: 'open',
  contacts: [{ name: 'Ben', ownName: 'Benjamin' }],
  route: { kind: 'contact', person: 'person-0' as PersonId },
};

interface Shown {
  readonly opening: Opening;
  /** what is pressed before it is looked at: a selector for each step */
  readonly steps?: readonly string[];
}

const link = 'https://relay-7.example/#iabc';
const screens: Readonly<Record<string, Shown>> = {
  'the name': { opening: { home: 'new' } },
  'a name that is refused': { opening: { home: 'new' }, steps: ['.button.primary'] },
  'the question whether one is new': { opening: { home: 'new', link } },
  'the name after an invitation': { opening: { home: 'new', link, typed: 'Anna' } },
  'bringing an export': { opening: { home: 'new' }, steps: ['.button.quiet'] },
  'the lock': { opening: { home: 'locked', passcode: 'x' }, steps: ['.button.quiet'] },
  'a hindrance': { opening: { home: 'new', hindrance: 'storage-refused' } },
  'adding a link': { opening: { home: 'open', route: { kind: 'link' } } },
  'a link that is none': { opening: { home: 'open', route: { kind: 'link', text: 'hello' } } },
  'an invitation that came': { opening: { home: 'open', route: { kind: 'link', text: link } } },
  'a relay that came': { opening: { home: 'open', route: { kind: 'link', text: 'https://a/#rabc' } } },
  inviting: {
    opening: { home: 'open', route: { kind: 'invite' }, invitations: [{ state: 'used' }, {}] },
    steps: ['.lead .button.primary'],
  },
  'taking an invitation back': {
    opening: { home: 'open', route: { kind: 'invite' }, invitations: [{}] },
    steps: ['.row-actions .button:last-child'],
  },
  'inviting without a relay': { opening: { home: 'open', route: { kind: 'invite' }, relays: [] } },
  'a contact': { opening: contact },
  'comparing numbers': { opening: contact, steps: ['.trust ~ .actions .button:first-child'] },
  'a contact that is blocked': { opening: { ...contact, contacts: [{ blocked: true, verified: true }] } },
  settings: { opening: { home: 'open', passcode: 'x', route: { kind: 'settings' } } },
  'the connection': {
    opening: {
      home: 'open',
      route: { kind: 'connection' },
      connections: {
        paths: [
          { origin: 'https://a.example', state: 'online', transport: 'websocket', latencyMs: 84 },
          { origin: 'https://b.example', state: 'waiting', trouble: 'silent', nextTryAt: Date.now() + 1e6 },
          { origin: 'https://c.example', state: 'connecting' },
        ],
        queued: 2,
        online: true,
      },
    },
  },
  'the connection while offline': {
    opening: {
      home: 'open',
      route: { kind: 'connection' },
      connections: { paths: [], queued: 1, online: false },
    },
  },
};

for (const [name, { opening, steps = [] }] of Object.entries(screens))
  test(`everybody can use the screen of ${name}, in both themes and languages, narrow and wide`, async () => {
    for (const look of looks) {
      const page = await site.open(opening, look);
      for (const step of steps) await page.locator(step).first().click();
      expect([look, await faultsOf(page)]).toEqual([look, []]);
      expect([look, await overflowOf(page)]).toEqual([look, 0]);
      await page.context().close();
    }
  });

test('a screen fits at a zoom of 200 % on a small phone', async () => {
  for (const opening of [
    contact,
    { home: 'open', route: { kind: 'settings' } } as const,
    { home: 'new' } as const,
  ]) {
    const page = await site.open(opening, { width: 195 });
    expect(await overflowOf(page)).toBe(0);
    await page.context().close();
  }
});

const hostile: Readonly<Record<string, string>> = {
  markup: '<img src=x onerror=document.title="taken"><script>document.title="taken"</script>',
  'bidi controls': '\u202E\u2066gnp.exe\u202D reversed',
  'control characters': 'a\u0000b\u0007c\u001B[31md\r\ne',
  'a name of 64 kB': 'W'.repeat(65_536),
  'marks stacked on a letter': `Z${'\u0335\u0488'.repeat(400)}`,
};

for (const [kind, name] of Object.entries(hostile))
  test(`${kind} as a name is only a name: nothing runs, nothing overflows`, async () => {
    const named = { name, ownName: name };
    const openings: readonly Opening[] = [
      { ...contact, contacts: [named] },
      { home: 'new', link, typed: 'Anna', inviter: name },
      { home: 'open', inviter: name, route: { kind: 'link', text: link } },
      { home: 'open', myName: name, route: { kind: 'settings' } },
    ];
    for (const opening of openings) {
      const page = await site.open(opening);
      const errors: string[] = [];
      page.on('pageerror', (error) => errors.push(error.message));
      await page.locator('.place h1, .welcome h1').first().waitFor();
      expect(await page.title()).not.toBe('taken');
      expect(await page.locator('main img, main script').count()).toBe(0);
      expect(await overflowOf(page)).toBe(0);
      expect(errors).toEqual([]);
      await page.context().close();
    }
  });

/** Pixels by which the screen is wider than its window. */
function overflowOf(page: Page): Promise<number> {
  return page.evaluate(() => {
    const bodies = [...document.querySelectorAll('.screen-body, .welcome, .mishap, .dialog-body')];
    return Math.max(0, ...bodies.map((body) => body.scrollWidth - body.clientWidth));
  });
}
