/** One examination: the product's own command `tern diagnose` under a censor, in both networks of the country. */
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
import { startPerson, startRelay } from '../subjects/tern.ts';
import type { Judgement } from './confusion.ts';
import { expectedOf, expectedOverall, type Expected, type TriedWay } from './expected.ts';

const command = resolve(import.meta.dirname, '../../../agent/src/main.ts');
const patients: readonly { readonly who: 'a' | 'b'; readonly isp: IspName }[] = [
  { who: 'a', isp: 'isp-1' },
  { who: 'b', isp: 'isp-2' },
];
const relays: readonly ServerHost[] = [relayOne, relayTwo, relayHome];
const longestMs = 60_000;
/** for rules that begin at once */
const settleMs = 1000;

/** @throws where the open network did not let people know their relays, the command said nothing, or the machine was too busy for its silences to tell */
export async function examine(scenario: Scenario, seed: number): Promise<readonly Judgement[]> {
  const folder = await mkdtemp(join(tmpdir(), 'tern-lab-'));
  await using ends = new AsyncDisposableStack();
  ends.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const policies = drawPolicies(scenario, { seed });
  const stage = ends.use(await openStage({ seed, policies, folder }));
  const links = await Promise.all(relays.map((host) => startRelay(stage.ground, host)));
  await Promise.all(patients.map(({ who }) => acquaint(stage, who, links)));
  stage.internet.resetLag();
  stage.block();
  const latest = Math.max(
    0,
    ...patients.flatMap(({ isp }) => policies[isp].rules.map(({ beginSeconds }) => beginSeconds)),
  );
  await wait(settleMs + latest * 1000);
  const found = await Promise.all(
    patients.map(async ({ who, isp }) => {
      const lines = await diagnosisOf(stage, who);
      const ways = relays.map((host) => ({ host, expected: expectedOf(policies[isp], wayOf(host)) }));
      const about = { scenario: scenario.id, seed, who };
      return lines.map((line): Judgement => {
        const { said, by, name } = line;
        if (name === '') {
          const expected = [...expectedOverall(ways.map((one) => one.expected))];
          return { ...about, way: '', expected, said, by };
        }
        const way = ways.find(({ host }) => host.names[0] === name);
        const expected: readonly Expected[] = way === undefined ? [] : [way.expected];
        return { ...about, way: name, expected, said, by };
      });
    }),
  );
  const lag = stage.internet.lag();
  const late = lateBy({ engine: lag.p99, programs: lag.programs.p99 });
  if (late !== undefined) throw new Error(late);
  return found.flat();
}

/** A home that knows all relays, and nobody at it. */
async function acquaint(stage: Stage, who: 'a' | 'b', links: readonly string[]): Promise<void> {
  const program = await startPerson(stage.ground, who).ready();
  for (const link of links) await program.carriedOut({ do: 'relay', link });
  await program.kill();
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

/** The first way of a relay's link, which is what the command tries. */
function wayOf({ names, addresses, host }: ServerHost): TriedWay {
  return { name: names[0] ?? '', addresses, port: 443, border: host !== 'relay-home' };
}
