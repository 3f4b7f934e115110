import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ConnectionView } from '@tern/core';
import type { RelayId } from '@tern/protocol';
import type { Page } from 'playwright-core';
import { faultsOf } from './support/axe.ts';
import { networks } from './support/seen-attempts.ts';
import {
  callsOf,
  openScreensSite,
  press,
  type Look,
  type Opening,
  type ScreensSite,
} from './support/screens-site.ts';

let site: ScreensSite;
beforeAll(async () => {
  site = await openScreensSite();
});
afterAll(() => site[Symbol.asyncDispose]());

const paths: readonly ConnectionView[] = [
  { relay: 'relay-h' as RelayId, origin: 'https://harbour.example:443', state: 'online', transport: 'https' },
  { relay: 'relay-i' as RelayId, origin: 'https://island.example:8443', state: 'online', transport: 'https' },
];

function opening(network: keyof typeof networks, kind: 'connection' | 'settings'): Opening {
  return {
    home: 'open',
    route: { kind },
    connections: { paths, queued: 0, online: true, ...(network !== 'well' && { hindered: true }) },
    observations: networks[network],
  };
}

test('the panel says of each way what hinders it, what Tern does, what helps, and by what it is known', async () => {
  const cases: readonly (readonly [keyof typeof networks, readonly string[]])[] = [
    [
      'throttled',
      ['slowed down to about', 'kbit/s', 'Messages go first', 'Another relay carried', 'Seen in 2 of 2'],
    ],
    ['frozen', ['stops after about', '17 kB', 'about 25 packets', 'small pieces', 'Another relay answered']],
    ['reset', ['broken off on the way', 'does not insist', 'Another network or another relay may help']],
    ['banned', ['has fallen silent here', 'keeps quiet for', 'by hand may make it longer']],
  ];
  for (const [network, words] of cases) {
    const page = await site.open(opening(network, 'connection'));
    const [first] = await page.locator('.path').all();
    await first?.getByText(network, { exact: true }).waitFor();
    const said = (await first?.textContent()) ?? '';
    for (const one of words)
      expect([network, said.replaceAll(/[\u2068\u2069]/gu, '')]).toEqual([
        network,
        expect.stringContaining(one.replaceAll(/[\u2068\u2069]/gu, '')),
      ]);
    expect(await page.locator('.path').nth(1).locator('.ways').count()).toBe(0);
    await page.context().close();
  }
});

test('where all is well, the panel has nothing to say of causes and no banner is there', async () => {
  for (const kind of ['connection', 'settings'] as const) {
    const page = await site.open(opening('well', kind));
    expect(await page.locator('.ways, .strip').count()).toBe(0);
    await page.context().close();
  }
});

test('whoever wants to know more has the relays tried, and is told when nothing was found', async () => {
  const page = await site.open(opening('well', 'connection'));
  await press(page, 'See what is in the way');
  await page.getByText('Nothing was found that is in the way.').waitFor();
  expect(await callsOf(page)).toEqual(['lookCloser()']);
  await page.context().close();
  const [first] = paths;
  const away = paths.map((path) => (path === first ? ({ ...path, state: 'waiting' } as const) : path));
  const connections = { paths: away, queued: 0, online: true };
  const other = await site.open({ ...opening('well', 'connection'), connections });
  await press(other, 'See what is in the way');
  await other.getByText('What is in the way cannot be told from here.').waitFor();
  await other.context().close();
});

test('a calm banner says what is slowed down and what gets through, and leads to the panel', async () => {
  const page = await site.open(opening('throttled', 'settings'));
  await page
    .locator('.banner')
    .getByText('Pictures are being slowed down on this network. Messages get through.')
    .waitFor();
  await press(page, 'Why?');
  await page.getByRole('heading', { name: 'Connection' }).waitFor();
  await page.locator('.lead').getByText('Pictures are being slowed down').waitFor();
  expect(await page.locator('.strip').count()).toBe(0);
  await page.context().close();
});

test('one relay that is broken off while another carries everything needs no banner', async () => {
  const page = await site.open(opening('reset', 'settings'));
  await page.getByRole('heading', { name: 'Settings' }).waitFor();
  await page.waitForFunction(() =>
    performance.getEntriesByType('resource').some(({ name }) => name.includes('slowed-banner')),
  );
  expect(await page.locator('.strip').count()).toBe(0);
  await page.context().close();
});

const everyLook: readonly Look[] = ([390, 1280] as const).flatMap((width) =>
  (['light', 'dark'] as const).flatMap((theme) =>
    (['en', 'ru'] as const).map((language) => ({ width, theme, language })),
  ),
);
const folder = process.env['TERN_PICTURES'];
/** each width, theme and language twice; all of them where pictures are wanted */
const looks = everyLook.filter((_, at) => folder !== undefined || [0, 3, 5, 6].includes(at));

for (const network of ['throttled', 'frozen', 'banned'] as const)
  test(`everybody can read of a network that is ${network}, in both themes and languages, narrow and wide`, async () => {
    for (const look of looks)
      for (const kind of ['connection', 'settings'] as const) {
        const page = await site.open(opening(network, kind), look);
        if (kind === 'connection') await page.locator('.way-evidence').waitFor();
        else if (network !== 'banned') await page.locator('.strip').waitFor();
        await picture(page, `${network}-${kind}`, look);
        expect([look, await faultsOf(page)]).toEqual([look, []]);
        const overflow = await page.evaluate(
          () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
        );
        expect([look, overflow]).toEqual([look, 0]);
        await page.context().close();
      }
  });

/** For looking at: only where a folder for pictures is named. */
async function picture(page: Page, name: string, { width, theme, language }: Look): Promise<void> {
  if (folder !== undefined)
    await page.screenshot({ path: `${folder}/${name}-${language}-${theme}-${width}.png` });
}
