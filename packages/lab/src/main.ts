/**
 * `npm run lab`: messengers in an internet with censors, compared. Options: {@link usage}. Progress goes to standard error, the result to
 * standard output: a table, or with `--json` one object a line for each cell. The exit code is 1 where a cell is void.
 */
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { UsageError } from '@tern/protocol';
import { answerQuestion, isQuestion, questionsUsage } from './questions.ts';
import { costHead, costRow, manners, measureCosts, type MessageCosts } from './run/costs.ts';
import { openNetwork, scenarioNamed } from './run/one-run.ts';
import { isProfileName } from './run/profile.ts';
import { ResultFolder, sourcesNow } from './run/result-folder.ts';
import { cellsOf, jsonLine, levelsOf, markdown, tableOf } from './run/results.ts';
import { scheduleRuns, type Plan } from './run/schedule-runs.ts';
import { catalogueFiles } from './scenario/catalogue.ts';
import { longestTryMs } from './scenario/control.ts';
import { subjectNamed, subjects } from './subjects/all.ts';

const usage = `npm run lab [-- OPTION...]
  --profile quick|full   quick (default): minutes; full: hours, what is published
  --scenario ID|FILE     such as S08, ${openNetwork}, or a scenario file; may be repeated; without it all (quick: all with a way left)
  --subject NAME         one of ${subjects.map(({ name }) => name).join(', ')}; may be repeated
  --seeds N              runs of each scenario (quick 1, full 5)
  --jobs N               runs at a time (default: one for each processor, at most 4)
  --results DIR          where results are kept; what is there and of the same sources is not run again
  --costs                instead: packets and bytes of one message, for each way in which it may travel, or those of --subject
  --json                 one JSON object a line instead of tables
${questionsUsage}`;

const mostJobs = 4;

/** @returns the exit code */
export async function runLab(args: readonly string[], signal: AbortSignal): Promise<number> {
  if (isQuestion(args)) return answerQuestion(args, signal);
  const { plan, results, json, help, costs } = await planOf(args);
  if (help) {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  const tell = (line: string): void => void process.stderr.write(`${line}\n`);
  if (costs) return printCosts(plan.subjects, { json, tell });
  const folder = new ResultFolder(results, sourcesNow());
  const cells = cellsOf(await scheduleRuns(plan, folder, { tell, signal }));
  const lines = json ? cells.map(({ cell }) => jsonLine(cell)) : [levelsOf(cells), '', tableOf(cells)];
  process.stdout.write(`${lines.join('\n')}\n`);
  return cells.every(({ cell }) => cell.level !== null) ? 0 : 1;
}

/** A way on which nothing comes is told and costs the others nothing. */
async function printCosts(
  asked: readonly string[],
  { json, tell }: { readonly json: boolean; readonly tell: (line: string) => void },
): Promise<number> {
  for (const { name, subject } of manners)
    if (subject.missing() !== undefined) tell(`${name}: ${subject.missing()}`);
  const chosen = manners.filter(
    ({ subject }) => asked.includes(subject.name) && subject.missing() === undefined,
  );
  const all: MessageCosts[] = [];
  for (const manner of chosen) {
    try {
      const costs = await measureCosts(manner);
      all.push(costs);
      tell(costRow(costs).join(' | '));
    } catch (error) {
      tell(`${manner.name}: ${error instanceof Error ? error.message : 'failed'}`);
    }
  }
  const lines = json ? all.map((one) => JSON.stringify(one)) : [markdown(costHead, all.map(costRow))];
  process.stdout.write(`${lines.join('\n')}\n`);
  return all.length === chosen.length ? 0 : 1;
}

async function planOf(args: readonly string[]): Promise<{
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
  const plan: Plan = {
    scenarios: values.scenario.length > 0 ? await named(values.scenario) : await allOf(profile),
    // who is not asked for by name plays where it can
    subjects:
      values.subject.length > 0
        ? values.subject
        : subjects
            .filter((one) => one.missing() === undefined && (one.heavy !== true || profile === 'full'))
            .map(({ name }) => name),
    seeds: count(values.seeds, profile === 'full' ? 5 : 1, 'seeds'),
    profile,
    jobs: count(values.jobs, Math.min(mostJobs, availableParallelism()), 'jobs'),
  };
  const results = resolve(values.results ?? resolve(import.meta.dirname, '../../../build/lab', profile));
  const { json, help, costs } = values;
  return { plan, results, json, help, costs };
}

async function named(asked: readonly string[]): Promise<Plan['scenarios']> {
  return Promise.all(
    asked.map(async (ask) => {
      const { id, controls } = await scenarioNamed(ask);
      return { ask, id, controlMs: Math.max(0, ...controls.map(longestTryMs)) };
    }),
  );
}

/** A quick lab leaves out those in which there is no way for anybody: it would only wait. */
async function allOf(profile: string): Promise<Plan['scenarios']> {
  const asked = [openNetwork, ...(await catalogueFiles())];
  if (profile === 'full') return named(asked);
  const scenarios = await Promise.all(asked.map(scenarioNamed));
  return named(asked.filter((_, at) => scenarios[at]?.target.level !== 'F'));
}

function count(given: string | undefined, otherwise: number, what: string): number {
  if (given === undefined) return otherwise;
  const number = Number(given);
  if (!Number.isInteger(number) || number < 1) throw new UsageError(`--${what} is a number from 1 on`);
  return number;
}
