import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { UsageError } from '@tern/protocol';
import { openNetwork, scenarioNamed } from './run/one-run.ts';
import { isProfileName } from './run/profile.ts';
import type { AskedScenario, Plan } from './run/schedule-runs.ts';
import { catalogueFiles } from './scenario/catalogue.ts';
import { longestTryMs } from './scenario/control.ts';
import { digestOf } from './scenario/digest.ts';
import { subjectNamed, subjects } from './subjects/all.ts';

const mostJobs = 4;

/** What the words of a command line ask for. @throws {UsageError} naming what is not understood */
export async function planOf(args: readonly string[]): Promise<{
  readonly plan: Plan;
  readonly results: string;
  readonly json: boolean;
  readonly help: boolean;
  readonly costs: boolean;
}> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      profile: { type: 'string', default: 'quick' },
      scenario: { type: 'string', multiple: true, default: [] },
      subject: { type: 'string', multiple: true, default: [] },
      seeds: { type: 'string' },
      jobs: { type: 'string' },
      results: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      costs: { type: 'boolean', default: false },
    },
  });
  const { profile } = values;
  if (!isProfileName(profile)) throw new UsageError(`no profile is called ${profile}`);
  for (const name of values.subject)
    if (subjectNamed(name) === undefined) throw new UsageError(`no subject is called ${name}`);
  // the costs are of every way, one after the other
  const allPlay = profile === 'full' || values.costs;
  const asked =
    values.subject.length > 0
      ? values.subject
      : subjects.filter((one) => one.heavy !== true || allPlay).map(({ name }) => name);
  const plan: Plan = {
    scenarios: values.scenario.length > 0 ? await named(values.scenario) : await allOf(profile),
    subjects: asked,
    missing: missingOf(asked),
    seeds: count(values.seeds, profile === 'full' ? 5 : 1, 'seeds'),
    profile,
    jobs: count(values.jobs, Math.min(mostJobs, availableParallelism()), 'jobs'),
  };
  const results = resolve(values.results ?? resolve(import.meta.dirname, '../../../build/lab', profile));
  const { json, help, costs } = values;
  return { plan, results, json, help, costs };
}

/** What is printed has but the id to tell them apart. */
async function named(asked: readonly string[]): Promise<Plan['scenarios']> {
  const found = await Promise.all(
    asked.map(async (ask): Promise<AskedScenario> => {
      const scenario = await scenarioNamed(ask);
      const { id, target, controls } = scenario;
      const controlMs = Math.max(0, ...controls.map(longestTryMs));
      return { ask, id, target, controlMs, digest: (seed) => digestOf(scenario, seed) };
    }),
  );
  for (const [at, { id, ask }] of found.entries()) {
    const before = found.slice(0, at).find((one) => one.id === id);
    if (before !== undefined)
      throw new UsageError(`--scenario ${before.ask} and --scenario ${ask} both have the id ${id}`);
  }
  return found;
}

/** A quick lab leaves out those in which there is no way for anybody: it would only wait. */
async function allOf(profile: string): Promise<Plan['scenarios']> {
  const asked = [openNetwork, ...(await catalogueFiles())];
  if (profile === 'full') return named(asked);
  const scenarios = await Promise.all(asked.map(scenarioNamed));
  return named(asked.filter((_, at) => scenarios[at]?.target.level !== 'F'));
}

function missingOf(names: readonly string[]): Plan['missing'] {
  return new Map(
    names.flatMap((name) => {
      const because = subjectNamed(name)?.missing();
      return because === undefined ? [] : [[name, because] as const];
    }),
  );
}

function count(given: string | undefined, otherwise: number, what: string): number {
  if (given === undefined) return otherwise;
  const number = Number(given);
  if (!Number.isInteger(number) || number < 1) throw new UsageError(`--${what} is a number from 1 on`);
  return number;
}
