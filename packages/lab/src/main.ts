/**
 * `npm run lab`: messengers in an internet with censors, compared. Options: {@link usage}. Progress goes to standard error, the result to
 * standard output: a table, or with `--json` one object a line for each cell. The exit code is 1 where a cell is void.
 */
import { planOf } from './plan.ts';
import { answerQuestion, isQuestion, questionsUsage } from './questions.ts';
import { costHead, costRow, manners, measureCosts, type MessageCosts } from './run/costs.ts';
import { openNetwork } from './run/one-run.ts';
import { ResultFolder, sourcesNow } from './run/result-folder.ts';
import { cellsOf, jsonLine, levelsOf, markdown, tableOf } from './run/results.ts';
import { scheduleRuns } from './run/schedule-runs.ts';
import { wordsOfRetries } from './run/residuals.ts';
import { judge, wordsOfJudged } from './run/targets.ts';
import { wordsOfThrottled } from './run/throttles.ts';
import { wordsOfTries } from './run/tries.ts';
import { subjects } from './subjects/all.ts';

const usage = `npm run lab [-- OPTION...]
  --profile quick|full   quick (default): minutes; full: hours, what is published
  --scenario ID|FILE     such as S08, ${openNetwork}, or a scenario file; may be repeated; without it all (quick: all with a way left)
  --subject NAME         one of ${subjects.map(({ name }) => name).join(', ')}; may be repeated; what is not installed has empty cells
  --seeds N              runs of each scenario (quick 1, full 5)
  --jobs N               runs at a time (default: one for each processor, at most 4)
  --results DIR          where results are kept; what is there and of the same sources is not run again
  --costs                instead: packets and bytes of one message, for each way in which it may travel, or those of --subject
  --json                 one JSON object a line instead of tables
${questionsUsage}`;

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
  const records = await scheduleRuns(plan, folder, { tell, signal });
  const cells = cellsOf(records);
  const targets = new Map(plan.scenarios.map(({ id, target }) => [id, target]));
  const below = wordsOfJudged(
    judge(records, {
      targets,
      subjects: subjects.filter(({ ours }) => ours === true).map(({ name }) => name),
    }),
  );
  const notes = [
    ...wordsOfTries(records),
    ...wordsOfRetries(records, targets),
    ...wordsOfThrottled(records),
    below,
  ];
  if (json) for (const note of notes) tell(note);
  const lines = json
    ? cells.map(({ cell }) => jsonLine(cell))
    : [levelsOf(cells), '', tableOf(cells), '', ...notes];
  process.stdout.write(`${lines.join('\n')}\n`);
  return cells.every(({ state }) => state !== 'void') ? 0 : 1;
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
