/** How long nothing comes to somebody who only waits, when what connects them dies in silence. */
import { setTimeout as wait } from 'node:timers/promises';
import { mobileLink } from '../engine/link.ts';
import type { News } from '../programs/lines.ts';
import { relayOne } from '../subjects/places.ts';
import type { Program } from '../subjects/program.ts';
import type { Subject } from '../subjects/subject.ts';
import { openPair, type RuleWords } from './pair.ts';

/** What dies, besides every connection that stands there: `connections` nothing else, `address` and `name` also what is opened anew. */
export const deaths: Readonly<Record<'connections' | 'address' | 'name', RuleWords>> = {
  connections: { technique: 'swallow-standing' },
  address: { technique: 'address-block', addresses: relayOne.addresses },
  name: { technique: 'name-blackhole', names: relayOne.names },
};

export type Death = keyof typeof deaths;

export interface StandingAsk {
  readonly subject: Subject;
  readonly death: Death;
  readonly seed: number;
  /** for so long nobody says anything before: what waits long has longer to wait */
  readonly restMinutes: number;
  readonly note: (words: string) => void;
}

export interface StandingRecord {
  readonly subject: string;
  readonly death: Death;
  readonly seed: number;
  readonly restMinutes: number;
  /** from the death, in whose moment a text is sent, until the first text was there; null: not within {@link longestMs} */
  readonly firstSeconds: number | null;
  /** until each text was there that was sent from then on until the first one came, one every {@link everyMs} */
  readonly seconds: readonly (number | null)[];
}

const everyMs = 5000;
const longestMs = 20 * 60_000;
/** for what came late */
const restOfTextsMs = 60_000;
const lookEveryMs = 100;
const textBytes = 500;

/** `a`, whose provider swallows, says nothing; `c`, abroad, whom nothing hinders, writes. Nobody changes the network. */
export async function measureStanding(ask: StandingAsk): Promise<StandingRecord> {
  const { subject, death, seed, restMinutes, note } = ask;
  await using pair = await openPair({ rule: deaths[death], line: mobileLink, subject, seed });
  const { stage, a, c } = pair;
  const arrivals = arrivalsAt(a);
  c.order({ do: 'text', to: 'a', text: textOf('before') });
  await a.first(isGot, { what: 'text before' });
  note(`${subject.name}: resting ${restMinutes} minutes`);
  await wait(restMinutes * 60_000);
  stage.block({ change: 'none' });
  const beganAt = performance.now();
  const sentAt: number[] = [];
  const came = (): readonly (number | null)[] =>
    sentAt.map((_, at) => {
      const there = arrivals.get(textOf(`${at}`));
      return there === undefined ? null : Math.round((there - beganAt) / 100) / 10;
    });
  const isOver = (): boolean => performance.now() - beganAt > longestMs;
  while (came().every((one) => one === null) && !isOver()) {
    if (performance.now() - beganAt >= sentAt.length * everyMs) {
      c.order({ do: 'text', to: 'a', text: textOf(`${sentAt.length}`) });
      sentAt.push(performance.now());
    }
    await wait(lookEveryMs);
  }
  const until = performance.now() + restOfTextsMs;
  while (came().includes(null) && performance.now() < until && !isOver()) await wait(lookEveryMs);
  const seconds = came();
  const there = seconds.filter((one) => one !== null);
  const firstSeconds = there.length === 0 ? null : Math.min(...there);
  note(`${subject.name} ${death}: ${JSON.stringify(stage.internet.counts())}`);
  return { subject: subject.name, death, seed, restMinutes, firstSeconds, seconds };
}

/** When each text was there first, on performance's clock. */
function arrivalsAt(program: Program): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  program.listen((news) => {
    if (news.is === 'got' && !found.has(news.text)) found.set(news.text, performance.now());
  });
  return found;
}

function textOf(name: string): string {
  return `${name} `.padEnd(textBytes, 'words ').trimEnd();
}

function isGot(news: News): news is Extract<News, { is: 'got' }> {
  return news.is === 'got';
}
