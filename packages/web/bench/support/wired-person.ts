import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext } from 'playwright-core';
import { chromiumLaunchOptions } from '../../test/support/chromium.ts';
import type { BrowserPerson } from '../../test/support/people.ts';
import type { SlowWire } from './slow-wire.ts';

/** Somebody whose browser reaches the relay over a wire, under the relay's own address; others go to the same relay without it. */
export async function openWiredPerson(wire: SlowWire, relayPort: number): Promise<BrowserPerson> {
  const profile = await mkdtemp(join(tmpdir(), 'tern-browser-'));
  const complaints: string[] = [];
  const launch = async (): Promise<BrowserContext> => {
    const options = await chromiumLaunchOptions();
    const context = await chromium.launchPersistentContext(profile, {
      ...options,
      args: [
        ...(options.args ?? []),
        `--host-resolver-rules=MAP 127.0.0.1:${relayPort} 127.0.0.1:${wire.port}, MAP * ~NOTFOUND`,
      ],
      locale: 'en-US',
      viewport: { width: 1000, height: 760 },
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    context.setDefaultTimeout(longestWaitMs);
    context.on('weberror', (error) => complaints.push(error.error().message));
    await context.addInitScript(noteMoments);
    return context;
  };
  const first = await launch();
  const person = {
    context: first,
    page: first.pages()[0] ?? (await first.newPage()),
    complaints,
    async restart() {
      await person.context.close();
      person.context = await launch();
      person.page = person.context.pages()[0] ?? (await person.context.newPage());
    },
    async [Symbol.asyncDispose]() {
      await person.context.close();
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
  return person;
}

const longestWaitMs = 60_000;

/**
 * What came first to be seen, and when. `name`: the first page's field takes a name. `app`: the first screen's own script runs, in the
 * person's language. `own`: the app's first screen stands where the first page was, or `list`: with somebody in it. `composer`: somebody
 * can write. `stored`: what they wrote is on a relay. `enter`: the last time that Enter was pressed.
 */
export type Moment = 'name' | 'app' | 'own' | 'list' | 'composer' | 'stored' | 'enter';

/** Runs in the page, before its own scripts. Moments are kept in milliseconds since the page was asked for. */
function noteMoments(): void {
  const moments: Record<string, number> = {};
  Reflect.set(globalThis, 'moments', moments);
  const shown: Readonly<Record<string, () => boolean>> = {
    name: () => document.querySelector('#hello:not([hidden]) #name') !== null,
    own: () => document.querySelector('#app > *') !== null && document.querySelector('#shell') === null,
    composer: () => document.querySelector('.composer-field') !== null,
    stored: () => document.querySelector('[data-message] .status:is(.stored, .delivered, .read)') !== null,
    list: () => document.querySelector('.conversation-row') !== null,
  };
  const look = (): void => {
    for (const [name, isShown] of Object.entries(shown)) {
      if (name in moments || !isShown()) continue;
      moments[name] = Number.NaN;
      // it is seen when the frame has been drawn
      requestAnimationFrame(() => setTimeout(() => (moments[name] = performance.now())));
    }
  };
  new PerformanceObserver((list) => {
    for (const { startTime } of list.getEntriesByName('tern-first-screen')) moments['app'] = startTime;
  }).observe({ type: 'mark' });
  new MutationObserver(look).observe(document, { childList: true, subtree: true, attributes: true });
  document.addEventListener(
    'keydown',
    ({ key }) => {
      if (key === 'Enter') moments['enter'] = performance.now();
    },
    true,
  );
}

/** @returns milliseconds after the page was asked for, as soon as it has come to that */
export async function momentOf(person: BrowserPerson, moment: Moment): Promise<number> {
  return person.page.evaluate(async (moment) => {
    const moments = Reflect.get(globalThis, 'moments') as Record<string, number>;
    while (!((moments[moment] ?? -1) >= 0)) await new Promise((go) => setTimeout(go, 20));
    return moments[moment] ?? Number.NaN;
  }, moment);
}
