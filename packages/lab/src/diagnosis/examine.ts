/**
 * One examination: the product's own command `tern diagnose` under a censor, in both networks of the country. Whoever asks it does so because
 * something did not go: people who met before the block write to one another under it and send a photo each, end the app, and then ask.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { text } from 'node:stream/consumers';
import { jsonLines } from '../programs/lines.ts';
import { lateBy } from '../run/one-run.ts';
import { openStage, type Stage } from '../run/stage.ts';
import { drawPolicies, type IspName, type Scenario } from '../scenario/scenario.ts';
import { relayHome, relayOne, relayTwo, type ServerHost } from '../subjects/places.ts';
import type { Program } from '../subjects/program.ts';
import { invite, met, startPerson, startRelay } from '../subjects/tern.ts';
import type { Judgement } from './confusion.ts';
import { spentBetween, type Spending } from './spending.ts';
import { expectedOfAll, expectedOverall, type MetBan, type TriedWay } from './expected.ts';

const command = resolve(import.meta.dirname, '../../../agent/src/main.ts');
const patients: readonly { readonly who: 'a' | 'b'; readonly isp: IspName }[] = [
  { who: 'a', isp: 'isp-1' },
  { who: 'b', isp: 'isp-2' },
];
const relays: readonly ServerHost[] = [relayOne, relayTwo, relayHome];
const longestMs = 60_000;
/** for rules that begin at once */
const settleMs = 1000;
/** What they say under the block, and how long they look at it before they give up. */
const use = { texts: 8, everyMs: 12_000, photoBytes: 100_000, patienceMs: 110_000 } as const;
/** from the app's end until they ask */
const reachForTerminalMs = 15_000;

export interface Examination {
  readonly judgements: readonly Judgement[];
  /** of each of the two who ask */
  readonly spendings: readonly Spending[];
}

/** @throws where the open network did not let people know their relays, the command said nothing, or the machine was too busy for its silences to tell */
export async function examine(scenario: Scenario, seed: number): Promise<Examination> {
  const folder = await mkdtemp(join(tmpdir(), 'tern-lab-'));
  await using ends = new AsyncDisposableStack();
  ends.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const policies = drawPolicies(scenario, { seed });
  const stage = ends.use(await openStage({ seed, policies, folder }));
  const links = await Promise.all(relays.map((host) => startRelay(stage.ground, host)));
  const people = await acquaint(stage, links);
  stage.internet.resetLag();
  stage.block();
  const latest = Math.max(
    0,
    ...patients.flatMap(({ isp }) => policies[isp].rules.map(({ beginSeconds }) => beginSeconds)),
  );
  await wait(settleMs + latest * 1000);
  await useIt(people);
  await wait(reachForTerminalMs);
  const found = await Promise.all(
    patients.map(async ({ who, isp }) => {
      const before = stage.internet.traffic(who);
      const askedAt = performance.now();
      const lines = await diagnosisOf(stage, who);
      const askedMs = performance.now() - askedAt;
      const took = spentBetween(before, stage.internet.traffic(who));
      const bans = bansOf(stage, isp, askedMs);
      const truths = expectedOfAll(policies[isp], relays.map(wayOf), bans);
      const ways = relays.flatMap((host, at) => {
        const expected = truths[at];
        return expected === undefined ? [] : [{ host, expected }];
      });
      const about = { scenario: scenario.id, seed, who };
      const untold = ways.filter(({ host }) => !lines.some(({ name }) => name === host.names[0]));
      const silences = untold.map(({ host }) => ({ name: host.names[0] ?? '', said: 'nothing', by: '' }));
      const judgements = [...lines, ...silences].map((line): Judgement => {
        const { said, by, name } = line;
        if (name === '') {
          const expected = [...expectedOverall(ways.map((one) => one.expected))];
          return { ...about, way: '', expected, said, by };
        }
        const way = ways.find(({ host }) => host.names[0] === name);
        const expected = way?.expected ?? [];
        return { ...about, way: name, expected, said, by };
      });
      return { judgements, spending: { ...about, seconds: askedMs / 1000, ...took } };
    }),
  );
  const lag = stage.internet.lag();
  const late = lateBy({ engine: lag.p99, programs: lag.programs.p99 });
  if (late !== undefined) throw new Error(late);
  return {
    judgements: found.flatMap(({ judgements }) => judgements),
    spendings: found.map(({ spending }) => spending),
  };
}

type People = Readonly<Record<'a' | 'b', Program>>;

/** Two who met through the first relay, and know the others since. */
async function acquaint({ ground }: Stage, [first = '', ...others]: readonly string[]): Promise<People> {
  const a = await startPerson(ground, 'a').ready();
  const b = await startPerson(ground, 'b').ready();
  for (const one of [a, b]) await one.carriedOut({ do: 'relay', link: first });
  await b.carriedOut({ do: 'accept', link: await invite(a, new Set()) });
  await Promise.all([met(a, 'b'), met(b, 'a')]);
  for (const link of others) for (const one of [a, b]) await one.carriedOut({ do: 'relay', link });
  return { a, b };
}

/** Whatever comes of it. In the end nobody is there any more. */
async function useIt({ a, b }: People): Promise<void> {
  const beganAt = performance.now();
  const until = (ms: number): Promise<void> => wait(Math.max(0, beganAt + ms - performance.now()));
  a.order({ do: 'file', to: 'b', name: 'photo-of-a', size: use.photoBytes });
  b.order({ do: 'file', to: 'a', name: 'photo-of-b', size: use.photoBytes });
  for (let at = 0; at < use.texts; at += 1) {
    await until(at * use.everyMs);
    const [from, to] = at % 2 === 0 ? ([a, 'b'] as const) : ([b, 'a'] as const);
    from.order({ do: 'text', to, text: `is it you again? ${at}` });
  }
  await until(use.patienceMs);
  await Promise.all([a, b].map((one) => one.carriedOut({ do: 'leave' })));
  await Promise.all([a, b].map((one) => one.kill()));
}

interface Said {
  /** the relay's name; empty over all ways */
  readonly name: string;
  readonly said: string;
  readonly by: string;
}

async function diagnosisOf(stage: Stage, who: 'a' | 'b'): Promise<readonly Said[]> {
  const { ground } = stage;
  const child = ground.spawn(
    who,
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      command,
      '--home',
      ground.folder(`home-${who}`),
      '--json',
      'diagnose',
    ],
    { env: { NODE_EXTRA_CA_CERTS: ground.authority } },
  );
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error('the command has no output');
  const complaints = text(stderr);
  const late = setTimeout(() => child.kill('SIGKILL'), longestMs);
  const said: Said[] = [];
  try {
    for await (const line of jsonLines(stdout)) said.push(...saidIn(line));
  } finally {
    clearTimeout(late);
  }
  if (said.length === 0) throw new Error(`${who} was told nothing: ${await complaints}`);
  return said;
}

function saidIn(line: Readonly<Record<string, unknown>>): readonly Said[] {
  const { cause, evidence, way, network } = line;
  if (typeof cause !== 'string') return [];
  const by = field(evidence, 'rule');
  if (network === true) return [{ name: '', said: cause, by }];
  return [{ name: field(way, 'name'), said: cause, by }];
}

function field(of: unknown, name: string): string {
  const value: unknown = typeof of === 'object' && of !== null ? Reflect.get(of, name) : undefined;
  return typeof value === 'string' ? value : '';
}

/** Each network has one of the people. @param askedMs how long the answer took */
function bansOf(stage: Stage, isp: IspName, askedMs: number): readonly MetBan[] {
  return stage
    .bans(isp)
    .flatMap(({ burn: { what, value }, rule, sinceMs }) =>
      rule.technique === 'siberian' ? [{ what, value, hellos: rule.hellos, during: sinceMs < askedMs }] : [],
    );
}

/** The first way of a relay's link, which is what the command tries. */
function wayOf({ names, addresses, host }: ServerHost): TriedWay {
  return { name: names[0] ?? '', addresses, port: 443, border: host !== 'relay-home' };
}
