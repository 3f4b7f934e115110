import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { UsageError } from '@tern/protocol';
import type { Target } from '../scenario/target.ts';
import { Apart } from './apart.ts';
import type { Profile } from './profile.ts';
import type { ResultFolder } from './result-folder.ts';
import type { Outcome, RunRecord } from './results.ts';
import { subjectNamed } from '../subjects/all.ts';
import type { Asked } from './run.ts';

/** A scenario as a run is asked for it. No two of a plan have one id. */
export interface AskedScenario {
  /** an id or a file */
  readonly ask: string;
  readonly id: string;
  readonly target: Target;
  /** how long a try of its controls may take */
  readonly controlMs?: number;
  /** of what is played with this seed */
  readonly digest: (seed: number) => string;
}

export interface Plan {
  readonly scenarios: readonly AskedScenario[];
  readonly subjects: readonly string[];
  /** those of them that cannot play on this machine, and why */
  readonly missing: ReadonlyMap<string, string>;
  readonly seeds: number;
  readonly profile: Profile['name'];
  /** runs at a time */
  readonly jobs: number;
}

/** A run that was void is tried so often in all: a busy machine is no result. */
const tries = 3;
const longestRunMs = 20 * 60_000;
const keptNotes = 400;
/** until the programs of a heavy run stand and have met they hold up those that are measured: of several at a time each begins so long after the last */
const heavyApartMs = 70_000;

const program = resolve(import.meta.dirname, 'run.ts');

/** Runs what is not in the folder yet, one process a run. @param tell takes a line when a run has ended */
export async function scheduleRuns(
  plan: Plan,
  folder: ResultFolder,
  options: { readonly tell: (line: string) => void; readonly signal: AbortSignal },
): Promise<readonly RunRecord[]> {
  const order = runsOf(plan);
  const records: RunRecord[] = [];
  const waiting = longestFirst(order);
  const heavy = plan.jobs > 1 ? new Apart(heavyApartMs) : undefined;
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      options.signal.throwIfAborted();
      records.push(await completed(plan, folder, { ...next, ...options, heavy }));
    }
  };
  await Promise.all(Array.from({ length: plan.jobs }, worker));
  const place = ({ scenario, seed }: RunRecord): number =>
    order.findIndex((one) => one.scenario.id === scenario && one.seed === seed);
  return records.toSorted((one, other) => place(one) - place(other));
}

type Run = Pick<One, 'scenario' | 'seed'>;

/** As they are printed. */
function runsOf({ scenarios, seeds }: Plan): readonly Run[] {
  return Array.from({ length: seeds }, (_, at) => at + 1).flatMap((seed) =>
    scenarios.map((scenario) => ({ scenario, seed })),
  );
}

/** As they begin: seed by seed, and of each what takes longest, so that in the end nothing is waited for alone. */
export function longestFirst(runs: readonly Run[]): Run[] {
  const length = ({ scenario }: Run): number => scenario.controlMs ?? 0;
  return runs.toSorted((a, b) => a.seed - b.seed || length(b) - length(a));
}

interface One {
  readonly scenario: AskedScenario;
  readonly seed: number;
  readonly tell: (line: string) => void;
  readonly signal: AbortSignal;
  /** when heavy runs may begin, where there are others beside */
  readonly heavy: Apart | undefined;
}

/** What the folder knows of a run, and the rest by running it. */
async function completed(plan: Plan, folder: ResultFolder, one: One): Promise<RunRecord> {
  const { scenario, seed } = one;
  const { profile } = plan;
  const about = { scenario: scenario.id, digest: scenario.digest(seed), seed, profile };
  const known = (subject: string): ReturnType<ResultFolder['read']> => folder.read({ ...about, subject });
  const outcomesNow = new Map<string, Outcome>(
    [...plan.missing].map(([subject, because]) => [subject, { subject, kind: 'missing', because }]),
  );
  const here = plan.subjects.filter((subject) => !plan.missing.has(subject));
  let last: Omit<RunRecord, 'sources'> | undefined;
  for (let at = 0; at < tries; at += 1) {
    for (const subjects of together(here.filter((subject) => known(subject) === undefined))) {
      if (subjects.some(isHeavy)) await one.heavy?.turn(one.signal);
      last = await runOnce({ scenario: scenario.ask, seed, profile, subjects }, about, one.signal);
      if (last.digest !== about.digest)
        throw new UsageError(`the scenario ${scenario.ask} has changed since the lab began`);
      for (const outcome of folder.write(last)) outcomesNow.set(outcome.subject, outcome);
      one.tell(wordsOf(last));
    }
  }
  const outcomes = plan.subjects.map(
    (subject) =>
      outcomesNow.get(subject) ??
      known(subject)?.outcome ?? { subject, kind: 'void' as const, because: 'it did not run' },
  );
  const { lagMs = { engine: 0, programs: 0 }, seconds = 0, watchedSeconds = 0 } = last ?? {};
  return { ...about, sources: '', outcomes, lagMs, seconds, watchedSeconds };
}

/** Who plays at the same time: the heavy ones alone, all others together. */
function together(names: readonly string[]): readonly (readonly string[])[] {
  const light = names.filter((name) => !isHeavy(name));
  return [...(light.length > 0 ? [light] : []), ...names.filter(isHeavy).map((name) => [name])];
}

function isHeavy(name: string): boolean {
  return subjectNamed(name)?.heavy === true;
}

async function runOnce(
  asked: Asked,
  about: Pick<RunRecord, 'scenario' | 'digest' | 'seed' | 'profile'>,
  signal: AbortSignal,
): Promise<Omit<RunRecord, 'sources'>> {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', program, JSON.stringify(asked)],
    { stdio: ['ignore', 'pipe', 'pipe'], signal, timeout: longestRunMs, killSignal: 'SIGKILL' },
  );
  child.on('error', () => undefined); // told by what it did not print
  const [out, notes] = await Promise.all([text(child.stdout), text(child.stderr)]);
  signal.throwIfAborted();
  const line = out.trim().split('\n').at(-1) ?? '';
  if (line.startsWith('{')) return JSON.parse(line) as Omit<RunRecord, 'sources'>;
  const because = `the run ended without a result: ${notes.slice(-keptNotes)}`;
  return {
    ...about,
    outcomes: asked.subjects.map((subject) => ({ subject, kind: 'void', because })),
    lagMs: { engine: 0, programs: 0 },
    seconds: 0,
    watchedSeconds: 0,
  };
}

function wordsOf({ scenario, seed, outcomes, lagMs, seconds }: Omit<RunRecord, 'sources'>): string {
  const each = outcomes.map((one) =>
    one.kind === 'measured' ? `${one.subject} ${one.level}` : `${one.subject} void (${one.because})`,
  );
  return `${scenario} seed ${seed}: ${each.join(', ')}; ${seconds} s, late by ${lagMs.engine} ms, programs ${lagMs.programs} ms`;
}
