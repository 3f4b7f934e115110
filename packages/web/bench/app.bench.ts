import { builtWeb, readWebBuild } from '../bundle/built-web.ts';
import type { WebBuild } from '../bundle/web-build.ts';
import {
  acceptRequest,
  begin,
  composerOf,
  invite,
  openPerson,
  openTalk,
  reached,
  say,
  sees,
  type BrowserPerson,
} from '../test/support/people.ts';
import { startRelay, type RelayProcess } from '../test/support/relay-process.ts';
import { badLine, laySlowWire, loopback, type Connected, type SlowWire } from './support/slow-wire.ts';
import { momentOf, openWiredPerson } from './support/wired-person.ts';

interface Measurement {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly goal?: number;
}

const coldLoads = 3;
const openings = 7;
const messages = 40;
const slowdown = 6;
/** longer than the app leaves the line to a person before it fetches the rest of itself */
const quietMs = 5000;

/**
 * The built app as `npm start` serves it, in real Chromiums over a wire that counts and shapes every byte of one of them. Times are
 * medians of the page's own clock, from when it was asked for until the frame that shows it is drawn.
 */
export async function benchApp(): Promise<readonly Measurement[]> {
  const build = await readWebBuild(await builtWeb());
  await using relay = await startRelay();
  await using wire = await laySlowWire(() => relay.port);
  const parts: Parts = { build, relay, wire };
  const bytes = await benchBytes(parts);
  const cold = await benchColdLoads(parts);
  const first = await benchFirstMessages(parts);
  return [...bytes, ...cold, ...first, ...(await benchAtHome(parts))];
}

interface Parts {
  readonly build: WebBuild;
  readonly relay: RelayProcess;
  readonly wire: SlowWire;
}

/** What the relay sends to somebody new, response by response, each on a connection of its own. */
async function benchBytes(parts: Parts): Promise<readonly Measurement[]> {
  const { build, relay, wire } = parts;
  await using person = await openWiredPerson(wire, relay.port);
  wire.forget();
  await person.page.goto(relay.link);
  await momentOf(person, 'own');
  await untilQuiet(parts);
  const app = appPath(relay);
  const all = wire.connections.filter(({ path }) => path.startsWith(app));
  const pieces = new Set(build.set.loads['engine']?.pieces.map((piece) => `${app}p/${piece}`));
  const { page: screen, en } = build.front.loads;
  const firstNames = new Set([
    '',
    build.front.worker,
    ...build.set.shell.map(([name]) => name),
    ...[screen, en].flatMap((load) => load?.pieces.map((piece) => `p/${piece}`) ?? []),
  ]);
  // what else the first page consists of is asked for much later, when all of the app is kept
  const engineAt = all.findIndex(({ path }) => pieces.has(path));
  const first = all.filter(({ path }, at) => firstNames.has(path.slice(app.length)) && at < engineAt);
  const engine = all.filter(({ path }) => pieces.has(path));
  const firstPage = new Set(build.firstPage.map((name) => app + (name === 'index.html' ? '' : name)));
  return [
    {
      name: 'web app: first screen, all that was sent',
      value: sum(first, ({ down }) => down),
      unit: 'B',
      goal: 40_000,
    },
    {
      name: 'web app: first screen, bodies only',
      value: sum(first, ({ down, head }) => down - head),
      unit: 'B',
    },
    { name: 'web app: first screen, requests', value: first.length, unit: 'requests' },
    { name: 'web app: first screen, what the requests took', value: sum(first, ({ up }) => up), unit: 'B' },
    {
      name: 'web app: first page, script and style',
      value: sum(
        first.filter(({ path }) => firstPage.has(path)),
        ({ down }) => down,
      ),
      unit: 'B',
      goal: 6000,
    },
    {
      name: 'web app: largest response',
      value: Math.max(...all.map(({ down }) => down)),
      unit: 'B',
      goal: 8192,
    },
    { name: 'web app: engine', value: sum(engine, ({ down }) => down), unit: 'B', goal: 120_000 },
    { name: 'web app: all of it, for offline', value: sum(all, ({ down }) => down), unit: 'B' },
  ];
}

/** Somebody new on the bad line: when can they write, and when is the app there? */
async function benchColdLoads({ relay, wire }: Parts): Promise<readonly Measurement[]> {
  const taken = { name: [] as number[], app: [] as number[], own: [] as number[] };
  for (let round = 0; round < coldLoads; round += 1) {
    await using person = await openWiredPerson(wire, relay.port);
    wire.shape(badLine);
    await person.page.goto(relay.link, { waitUntil: 'commit' });
    for (const moment of ['name', 'app', 'own'] as const)
      taken[moment].push((await momentOf(person, moment)) / 1000);
    wire.shape(loopback);
  }
  const named = (what: string): string => `web app, cold, 128 kbit/s + 200 ms: ${what}`;
  return [
    { name: named('the name can be written'), value: middle(taken.name), unit: 's', goal: 3.5 },
    { name: named("the first screen's code runs"), value: middle(taken.app), unit: 's', goal: 3.5 },
    { name: named("the app's own screen, engine and all"), value: middle(taken.own), unit: 's' },
  ];
}

/** Somebody opens an invitation for the first time, says who they are and writes. Who invited them has a good line. */
async function benchFirstMessages({ relay, wire }: Parts): Promise<readonly Measurement[]> {
  const composer: number[] = [];
  const stored: number[] = [];
  for (let round = 0; round < coldLoads; round += 1) {
    await using anna = await openPerson();
    await begin(anna, relay.link, 'Anna');
    const link = await invite(anna);
    await using ben = await openWiredPerson(wire, relay.port);
    wire.shape(badLine);
    await ben.page.goto(link, { waitUntil: 'commit' });
    await ben.page.locator('#name').fill('Ben');
    await ben.page.keyboard.press('Enter');
    composer.push((await momentOf(ben, 'composer')) / 1000);
    await say(ben, 'Hello');
    stored.push((await momentOf(ben, 'stored')) / 1000);
    wire.shape(loopback);
  }
  const named = (what: string): string => `web app, invited, cold, 128 kbit/s + 200 ms: ${what}`;
  return [
    { name: named('composer'), value: middle(composer), unit: 's', goal: 3.5 },
    { name: named('first message on a relay'), value: middle(stored), unit: 's', goal: 15 },
  ];
}

/** Two people who know each other. One of them opens the app again and again, with a network and without. */
async function benchAtHome(parts: Parts): Promise<readonly Measurement[]> {
  const { relay, wire } = parts;
  await using anna = await openWiredPerson(wire, relay.port);
  await using ben = await openWiredPerson(wire, relay.port);
  await begin(anna, relay.link, 'Anna');
  await begin(ben, await invite(anna), 'Ben');
  await openTalk(anna, 'Ben');
  await acceptRequest(anna);
  await composerOf(ben).waitFor();
  await untilQuiet(parts);
  const talking = await benchTalking(anna, ben);
  const url = relay.link.replace(/#.*$/u, '');
  wire.forget();
  const online = await openAgain(anna, { url });
  await untilQuiet(parts);
  const app = wire.connections.filter(({ path }) => path.startsWith(appPath(relay)));
  wire.cut(true);
  const offline = await openAgain(anna, { url });
  const slow = await openAgain(anna, { url, slowdown });
  await anna.restart();
  const restarted = await openAgain(anna, { url, once: true });
  wire.cut(false);
  const named = (what: string): string => `web app, opened again: ${what}`;
  return [
    ...talking,
    { name: named('bytes of the app'), value: sum(app, ({ down, up }) => down + up), unit: 'B', goal: 0 },
    { name: named('list'), value: middle(online), unit: 'ms', goal: 500 },
    { name: named('list, relay blocked'), value: middle(offline), unit: 'ms', goal: 500 },
    {
      name: named(`list, relay blocked, page at ${slowdown}x CPU slowdown`),
      value: middle(slow),
      unit: 'ms',
      goal: 1500,
    },
    {
      name: named('list, relay blocked, browser just started'),
      value: middle(restarted),
      unit: 'ms',
      goal: 500,
    },
    await benchUnlocking(anna, url),
  ];
}

/** @returns milliseconds until the list of conversations is seen, each time in a tab of its own, the only one */
async function openAgain(
  person: BrowserPerson,
  how: { readonly url: string; readonly slowdown?: number; readonly once?: boolean },
): Promise<readonly number[]> {
  const taken: number[] = [];
  for (let round = 0; round < (how.once === true ? 1 : openings); round += 1) {
    const before = person.page;
    person.page = await person.context.newPage();
    await before.close();
    const session = await person.context.newCDPSession(person.page);
    if (how.slowdown !== undefined)
      await session.send('Emulation.setCPUThrottlingRate', { rate: how.slowdown });
    await person.page.goto(how.url, { waitUntil: 'commit' });
    taken.push(await momentOf(person, 'list'));
  }
  return taken;
}

/** From Enter until the other one sees it, both with the conversation open. */
async function benchTalking(anna: BrowserPerson, ben: BrowserPerson): Promise<readonly Measurement[]> {
  const taken: number[] = [];
  for (let at = 0; at < messages + 5; at += 1) {
    const text = `message ${at}.`;
    await watchFor(ben, text);
    await say(anna, text);
    await sees(ben, text);
    const ms = (await seenAt(ben)) - (await enteredAt(anna));
    if (at >= 5) taken.push(ms); // the first ones warm everything up
    await reached(anna, text, 'Read'); // so that the receipt of one does not meet the next
  }
  const named = (what: string): string => `web app: Enter to seen by the other, both online, ${what}`;
  return [
    { name: named('p50'), value: share(taken, 0.5), unit: 'ms' },
    { name: named('p95'), value: share(taken, 0.95), unit: 'ms' },
  ];
}

/** From now on the page looks out for a text. */
async function watchFor(person: BrowserPerson, text: string): Promise<void> {
  await person.page.evaluate((text) => {
    const seen = new Promise<number>((resolve) => {
      const look = (): void => {
        const last = [...document.querySelectorAll('[data-message]')].slice(-3);
        if (!last.some((one) => one.textContent.includes(text))) return;
        watch.disconnect();
        requestAnimationFrame(() => setTimeout(() => resolve(performance.timeOrigin + performance.now())));
      };
      const watch = new MutationObserver(look);
      watch.observe(document.body, { childList: true, subtree: true, characterData: true });
    });
    Reflect.set(globalThis, 'seen', seen);
  }, text);
}

/** @returns milliseconds since 1970, as every browser of this machine counts them */
function seenAt(person: BrowserPerson): Promise<number> {
  return person.page.evaluate(() => Reflect.get(globalThis, 'seen') as Promise<number>);
}

async function enteredAt(person: BrowserPerson): Promise<number> {
  return (await momentOf(person, 'enter')) + (await person.page.evaluate(() => performance.timeOrigin));
}

const passcode = 'a good long one';

/** From Enter to the list. */
async function benchUnlocking(person: BrowserPerson, url: string): Promise<Measurement> {
  const { page } = person;
  await page.getByRole('button', { name: 'More', exact: true }).first().click();
  await page.getByRole('menuitem', { name: 'Settings' }).click();
  await page.getByRole('button', { name: 'Set a passcode' }).click();
  await page.getByRole('textbox', { name: 'New passcode' }).fill(passcode);
  await page.getByRole('textbox', { name: 'Once more' }).fill(passcode);
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('The passcode is set').first().waitFor();
  const taken: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    const before = person.page;
    person.page = await person.context.newPage();
    await before.close();
    await person.page.goto(url);
    await person.page.getByRole('textbox', { name: 'Passcode' }).fill(passcode);
    await person.page.keyboard.press('Enter');
    taken.push((await momentOf(person, 'list')) - (await momentOf(person, 'enter')));
  }
  return {
    name: 'web app: unlock with a passcode, to the list',
    value: middle(taken),
    unit: 'ms',
    goal: 1000,
  };
}

/** Waits until the app has fetched nothing of itself for so long that whatever had to come later is here. */
async function untilQuiet({ relay, wire }: Parts): Promise<void> {
  // messages and a socket's signs of life go on
  const total = (): number =>
    sum(
      wire.connections.filter(({ path }) => path.startsWith(appPath(relay))),
      ({ down }) => down,
    );
  for (let last = -1; last !== total();) {
    last = total();
    await new Promise((go) => setTimeout(go, quietMs));
  }
}

/** Path of everything that the relay serves as the app. */
function appPath({ link }: RelayProcess): string {
  return new URL(link).pathname;
}

function sum(all: readonly Connected[], of: (one: Connected) => number): number {
  return all.reduce((total, one) => total + of(one), 0);
}

function middle(taken: readonly number[]): number {
  return share(taken, 0.5);
}

function share(taken: readonly number[], of: number): number {
  return taken.toSorted((a, b) => a - b)[Math.floor(taken.length * of)] ?? Number.NaN;
}
