/** Two people who know nothing and nobody, while a block is on: one has a relay's link, and they are to meet and to talk. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { News } from '../programs/lines.ts';
import { drawPolicies, type Scenario } from '../scenario/scenario.ts';
import { relayHome, relayOne, relayTwo, type ServerHost } from '../subjects/places.ts';
import type { Program } from '../subjects/program.ts';
import type { Ground } from '../subjects/subject.ts';
import { invite, startPerson, startRelay } from '../subjects/tern.ts';
import { builtApp, keyOfAuthority, startBrowser } from '../subjects/tern-web.ts';
import { openStage } from './stage.ts';

/** `home`: the relay inside the country; `abroad`: the first one outside. */
export type FirstRelay = 'home' | 'abroad';

export interface FirstContactAsk {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly subject: 'tern' | 'tern-web';
  readonly relay: FirstRelay;
  readonly note: (words: string) => void;
}

export interface FirstContact {
  readonly scenario: string;
  readonly seed: number;
  readonly subject: string;
  readonly relay: FirstRelay;
  /** seconds from the moment the first of them had the link in hand until this was done; what is not there did not happen */
  readonly seconds: {
    /** a program started anew, with the link pasted or opened, and an invitation made */
    readonly invited?: number;
    /** the other one used it, from a program started anew */
    readonly accepted?: number;
    readonly met?: number;
    /** words from each had been read by the other */
    readonly talked?: number;
  };
  readonly trouble: string;
}

type Step = keyof FirstContact['seconds'];

const longestStepMs = 120_000;

/** @throws where the machine cannot make hosts */
export async function firstContact(ask: FirstContactAsk): Promise<FirstContact> {
  const { scenario, seed, subject, relay, note } = ask;
  const folder = await mkdtemp(join(tmpdir(), 'tern-lab-'));
  await using ends = new AsyncDisposableStack();
  ends.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const stage = ends.use(await openStage({ seed, policies: drawPolicies(scenario, { seed }), folder }));
  const { ground } = stage;
  const web = subject === 'tern-web' ? await builtApp() : undefined;
  const served = web === undefined ? {} : { web };
  const links = new Map<ServerHost, string>();
  for (const host of [relayOne, relayTwo, relayHome]) links.set(host, await startRelay(ground, host, served));
  const link = links.get(relay === 'home' ? relayHome : relayOne) ?? '';
  stage.block();
  const beganAt = performance.now();
  const seconds: Partial<Record<Step, number>> = {};
  const done = (step: Step): void => {
    seconds[step] = Math.round((performance.now() - beganAt) / 100) / 10;
    note(`${step} ${seconds[step]}`);
  };
  let trouble = '';
  try {
    await (web === undefined ? inTerminals(ground, link, done) : inBrowsers(ground, link, done, note));
  } catch (error) {
    trouble = error instanceof Error ? error.message : String(error);
  }
  return { scenario: scenario.id, seed, subject, relay, seconds, trouble };
}

async function inTerminals(ground: Ground, link: string, done: (step: Step) => void): Promise<void> {
  const a = await startPerson(ground, 'a').ready();
  await a.carriedOut({ do: 'relay', link }, longestStepMs);
  const invitation = await invite(a, new Set());
  done('invited');
  const b = await startPerson(ground, 'b').ready();
  await b.carriedOut({ do: 'accept', link: invitation }, longestStepMs);
  done('accepted');
  await Promise.all([until(a, isMet, 'meeting'), until(b, isMet, 'meeting')]);
  done('met');
  await talk(a, b);
  done('talked');
}

async function inBrowsers(
  ground: Ground,
  link: string,
  done: (step: Step) => void,
  note: (words: string) => void,
): Promise<void> {
  const trusted = keyOfAuthority(ground);
  const begun = async (person: 'a' | 'b'): Promise<Program> => {
    const program = startBrowser(ground, person, trusted);
    program.listen((news) => {
      if (news.is === 'note') note(`${person}: ${news.words}`);
    });
    return program.ready();
  };
  const a = await begun('a');
  await a.carriedOut({ do: 'relay', link }, longestStepMs);
  const invitation = await invite(a, new Set());
  done('invited');
  const b = await begun('b');
  await b.carriedOut({ do: 'accept', link: invitation }, longestStepMs);
  done('accepted');
  await a.carriedOut({ do: 'welcome', person: 'b' }, longestStepMs);
  done('met');
  await talk(a, b);
  done('talked');
}

async function talk(a: Program, b: Program): Promise<void> {
  a.order({ do: 'text', to: 'b', text: 'are you there?' });
  await until(b, isGot, 'first words');
  b.order({ do: 'text', to: 'a', text: 'yes' });
  await until(a, isGot, 'answer');
}

async function until<Found extends News>(
  program: Program,
  fits: (news: News) => news is Found,
  what: string,
): Promise<void> {
  await program.first(fits, { what, longestMs: longestStepMs });
}

function isMet(news: News): news is Extract<News, { is: 'met' }> {
  return news.is === 'met';
}

function isGot(news: News): news is Extract<News, { is: 'got' }> {
  return news.is === 'got';
}
