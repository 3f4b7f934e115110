import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { longestTryMs } from '../scenario/control.ts';
import { digestOf } from '../scenario/digest.ts';
import { drawPolicies, type Scenario } from '../scenario/scenario.ts';
import { loadScenario } from '../scenario/catalogue.ts';
import type { Subject } from '../subjects/subject.ts';
import { startControls, type Controls } from './control.ts';
import { levelOf } from './measures.ts';
import type { Profile } from './profile.ts';
import type { Outcome, RunRecord } from './results.ts';
import { openStage, type Stage } from './stage.ts';
import { Trial } from './trial.ts';
import { workload } from './workload.ts';

/** The engine may not be later than this at the 99th percentile, or what was measured is the machine. */
const mostLagMs = 20;
/** Nor may a program in a host, at the 99th percentile, wait longer for a processor. */
const mostWaitMs = 300;
/** Until a control has begun its first try after the block. */
const controlPauseMs = 15_000;

export interface RunAsk {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly profile: Profile;
  /** who can play on this machine */
  readonly subjects: readonly Subject[];
  /** told what happens, for whoever looks for a fault */
  readonly note: (words: string) => void;
  /** for those who do not publish what comes out: a busy machine makes nothing void */
  readonly evenIfBusy?: boolean;
  /** nobody is watched any longer when these have everything; the others' measures are then those of that moment */
  readonly until?: readonly string[];
}

/** The open network, which is a scenario too. */
export const openNetwork = 'open';

export async function scenarioNamed(which: string): Promise<Scenario> {
  return which === openNetwork ? openScenario : loadScenario(which);
}

const openScenario: Scenario = {
  id: openNetwork,
  title: 'open network',
  source: '',
  about: 'Nobody blocks anything; as in every scenario, the people inside change their networks once.',
  drafts: { 'isp-1': [], 'isp-2': [], hosting: [] },
  change: 'network',
  target: { level: 'A' },
  controls: [],
};

/** Plays a scenario once with each subject, side by side, each in an internet of its own. What proves nothing is void, and says why. */
export async function performRun(ask: RunAsk): Promise<Omit<RunRecord, 'sources'>> {
  const { scenario, seed, profile, note } = ask;
  const beganAt = performance.now();
  const folder = await mkdtemp(join(tmpdir(), 'tern-lab-'));
  const policies = drawPolicies(scenario, { seed });
  await using stages = new AsyncDisposableStack();
  stages.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const open = async (name: string, controls: Scenario['controls'] = []): Promise<Stage> =>
    stages.use(await openStage({ seed, policies, folder: join(folder, name), controls }));
  const controls =
    scenario.controls.length === 0
      ? undefined
      : await setControls(await open('control', scenario.controls), scenario);
  const parts: { readonly trial: Trial; readonly stage: Stage }[] = [];
  for (const subject of ask.subjects) {
    const stage = await open(subject.name);
    parts.push({ trial: new Trial(subject, stage, note), stage });
  }
  const voids = new Map<string, string>();
  const playing = await prepared(parts, voids);
  const openTrouble = await controls?.controls.open();
  // what would be void in any case is not played
  const playedFrom = performance.now();
  const measured = openTrouble === undefined ? await played(ask, playing, controls) : [];
  const watchedMs = Math.max(0, performance.now() - playedFrom - profile.settleMs);
  const lagMs = worstLag(playing.map(({ stage }) => stage));
  const trouble =
    openTrouble ?? (await controls?.trouble()) ?? (ask.evenIfBusy === true ? undefined : lateBy(lagMs));
  const outcomes = ask.subjects.map(({ name }): Outcome => {
    const because = voids.get(name) ?? trouble;
    const found = measured.find(({ subject }) => subject === name);
    return because === undefined && found !== undefined
      ? found
      : { subject: name, kind: 'void', because: because ?? 'it did not play' };
  });
  const [seconds = 0, watchedSeconds = 0] = [performance.now() - beganAt, watchedMs].map(
    (ms) => Math.round(ms / 100) / 10,
  );
  const about = { scenario: scenario.id, digest: digestOf(scenario, seed), seed, profile: profile.name };
  return { ...about, outcomes, lagMs, seconds, watchedSeconds };
}

type Part = { readonly trial: Trial; readonly stage: Stage };

/** The block, and what becomes of what people say then. */
async function played(
  { scenario, profile, seed, note, until = [] }: RunAsk,
  playing: readonly Part[],
  controls: ControlStage | undefined,
): Promise<readonly Outcome[]> {
  await wait(profile.settleMs);
  for (const { stage } of playing) stage.internet.resetLag();
  controls?.block();
  for (const { trial } of playing) trial.block(scenario.change);
  const steps = workload(profile, seed);
  const enough = new AbortController();
  const awaited = new Set(until);
  return Promise.all(
    playing.map(async ({ trial, stage }): Promise<Outcome> => {
      const { watchMs } = profile;
      const measures = await trial.play(steps, { watchMs, enough: enough.signal });
      if (awaited.delete(trial.subject.name) && awaited.size === 0) enough.abort();
      note(`${trial.subject.name} ${JSON.stringify(measures)} ${JSON.stringify(stage.internet.counts())}`);
      const throttled = trial.throttled();
      const late = trial.late(steps);
      return {
        subject: trial.subject.name,
        kind: 'measured',
        measures,
        level: levelOf(measures, profile),
        ...(throttled.length > 0 && { throttled }),
        ...(late.length > 0 && { late }),
      };
    }),
  );
}

/** @returns those who can play; why the others cannot is noted in `voids` */
async function prepared(parts: readonly Part[], voids: Map<string, string>): Promise<readonly Part[]> {
  await Promise.all(
    parts.map(async ({ trial }) => {
      try {
        await trial.prepare();
      } catch (error) {
        voids.set(trial.subject.name, `open network: ${error instanceof Error ? error.message : ''}`);
      }
    }),
  );
  return parts.filter(({ trial }) => !voids.has(trial.subject.name));
}

interface ControlStage {
  readonly controls: Controls;
  block(): void;
  /** @returns why the run proves nothing, once every control was tried */
  trouble(): Promise<string | undefined>;
}

async function setControls(stage: Stage, scenario: Scenario): Promise<ControlStage> {
  const controls = await startControls(stage, scenario.controls);
  let blockedAt = 0;
  // one that was under way at the block may have to end before the one that counts begins
  const longestControlMs = controlPauseMs + 2 * Math.max(...scenario.controls.map(longestTryMs));
  return {
    controls,
    block() {
      blockedAt = performance.now();
      controls.block();
      stage.block(scenario);
    },
    async trouble() {
      while (!controls.done && performance.now() - blockedAt < longestControlMs) await wait(500);
      const idle = stage.idle(performance.now() - blockedAt);
      return controls.verdict() ?? (idle.length === 0 ? undefined : `never bit: ${idle.join(', ')}`);
    },
  };
}

function worstLag(stages: readonly Stage[]): RunRecord['lagMs'] {
  const lags = stages.map(({ internet }) => internet.lag());
  const worst = (pick: (lag: (typeof lags)[number]) => number): number =>
    Math.round(Math.max(0, ...lags.map(pick)) * 10) / 10;
  return { engine: worst(({ p99 }) => p99), programs: worst(({ programs }) => programs.p99) };
}

/** @returns why what was measured is the machine, if so */
export function lateBy({ engine, programs }: RunRecord['lagMs']): string | undefined {
  if (engine > mostLagMs) return `the engine was late by ${engine} ms`;
  return programs > mostWaitMs ? `the programs waited ${programs} ms for a processor` : undefined;
}
