/**
 * What the lab is asked beside its table: whether the product's diagnosis is right (`--diagnosis`), whether people meet while a block is on
 * (`--first-contact`), how long files take where connections freeze (`--freeze`), what a client costs that only waits (`--idle`), and how long nothing comes to it when its connections die (`--standing`). Each prints what it found and keeps it as lines of JSON.
 */
import { appendFileSync, mkdirSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { UsageError } from '@tern/protocol';
import { firstHeldOut, isHeldOut, matrixOf, tallyOf, type Judgement } from './diagnosis/confusion.ts';
import { examine, type Examination } from './diagnosis/examine.ts';
import { isOverspent, wordsOfSpending, type Spending } from './diagnosis/spending.ts';
import { firstContact, type FirstRelay } from './run/first-contact.ts';
import { measureIdle } from './run/idle.ts';
import { idleSubjects } from './run/idle-circle.ts';
import { plainLine } from './run/pair.ts';
import { deaths, measureStanding, type Death } from './run/standing.ts';
import { playTransfers } from './run/transfers.ts';
import { subjectNamed } from './subjects/all.ts';
import { ternAbroad } from './subjects/tern.ts';
import { openNetwork, scenarioNamed } from './run/one-run.ts';
import { catalogueFiles, examFiles } from './scenario/catalogue.ts';
import type { Subject } from './subjects/subject.ts';

export const questionsUsage: string = `  --diagnosis            instead: what \`tern diagnose\` says under each censor, compared with the censor's rules; --seeds N, odd ones from ${firstHeldOut} on are held out
  --first-seed N         of these seeds the first (1; with --held-out ${firstHeldOut})
  --held-out             and of them the held-out ones only
  --first-contact        instead: two who know nobody meet under a block with one relay's link (--scenario, --subject tern or tern-web)
  --standing MINUTES     instead: how long nothing comes to somebody silent, so many minutes after the last word, when what connects them is swallowed (--subject, --seeds)
  --freeze KIB           instead: seconds for a file where each connection falls silent after so much in either direction, and for the next one (--mebibytes N, 1)
  --idle MINUTES         instead: what a client with fifty conversations sends and gets while nobody says anything (--scenario, --subject tern or tern-web)
  --conversations N      another number of them`;

const questions = ['--diagnosis', '--first-contact', '--standing', '--freeze', '--idle'];
const tries = 2;
const longestFileMs = 3_000_000;

export function isQuestion(args: readonly string[]): boolean {
  return questions.some((one) => args.includes(one));
}

interface Asked {
  readonly scenarios: readonly string[];
  readonly seeds: number;
  /** of the diagnosis: what was built on may be left out */
  readonly firstSeed: number;
  readonly heldOut: boolean;
  readonly jobs: number;
  readonly subjects: readonly string[];
  readonly keep: (name: string, line: object) => void;
  readonly note: (words: string) => void;
  readonly say: (words: string) => void;
  readonly signal: AbortSignal;
}

/** @returns the exit code */
export async function answerQuestion(args: readonly string[], signal: AbortSignal): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      diagnosis: { type: 'boolean', default: false },
      'first-contact': { type: 'boolean', default: false },
      standing: { type: 'string' },
      freeze: { type: 'string' },
      mebibytes: { type: 'string', default: '1' },
      idle: { type: 'string' },
      conversations: { type: 'string', default: '50' },
      scenario: { type: 'string', multiple: true, default: [] },
      subject: { type: 'string', multiple: true, default: ['tern'] },
      seeds: { type: 'string', default: '1' },
      'first-seed': { type: 'string' },
      'held-out': { type: 'boolean', default: false },
      jobs: { type: 'string', default: String(availableParallelism()) },
      results: { type: 'string' },
      json: { type: 'boolean', default: false }, // what is printed has one form
    },
  });
  const folder = resolve(values.results ?? resolve(import.meta.dirname, '../../../build/lab/questions'));
  mkdirSync(folder, { recursive: true });
  const begun = new Set<string>();
  const asked: Asked = {
    scenarios: values.scenario,
    seeds: whole(values.seeds, 'seeds'),
    firstSeed: whole(values['first-seed'] ?? (values['held-out'] ? `${firstHeldOut}` : '1'), 'first-seed'),
    heldOut: values['held-out'],
    jobs: whole(values.jobs, 'jobs'),
    subjects: values.subject,
    keep(name, line) {
      const place = join(folder, `${name}.jsonl`);
      if (!begun.has(name)) rmSync(place, { force: true });
      begun.add(name);
      appendFileSync(place, `${JSON.stringify(line)}\n`);
    },
    note: (words) => process.stderr.write(`${words}\n`),
    say: (words) => process.stdout.write(`${words}\n`),
    signal,
  };
  if (values.diagnosis) return askDiagnosis(asked);
  if (values['first-contact']) return askFirstContact(asked);
  if (values.standing !== undefined) return askStanding(asked, whole(values.standing, 'standing'));
  if (values.freeze !== undefined)
    return askFreeze(asked, {
      kib: whole(values.freeze, 'freeze'),
      mebibytes: whole(values.mebibytes, 'mebibytes'),
    });
  return askIdle(asked, {
    minutes: whole(values.idle ?? '', 'idle'),
    conversations: whole(values.conversations, 'conversations'),
  });
}

function whole(given: string, what: string): number {
  const number = Number(given);
  if (!Number.isInteger(number) || number < 1) throw new UsageError(`--${what} is a number from 1 on`);
  return number;
}

async function askDiagnosis(asked: Asked): Promise<number> {
  const every = [openNetwork, ...(await catalogueFiles()), ...(await examFiles())];
  const which = asked.scenarios.length > 0 ? asked.scenarios : every;
  const seeds = Array.from({ length: asked.seeds }, (_, at) => asked.firstSeed + at);
  const waiting = seeds
    .filter((seed) => !asked.heldOut || isHeldOut({ seed }))
    .flatMap((seed) => which.map((scenario) => ({ scenario, seed })));
  if (waiting.length === 0) throw new UsageError('none of these seeds is held out');
  const all: Judgement[] = [];
  const spent: Spending[] = [];
  let lost = 0;
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const scenario = await scenarioNamed(next.scenario);
      const { judgements, spendings } = (await examined(asked, { scenario, seed: next.seed })) ?? none;
      if (judgements.length === 0) lost += 1;
      for (const one of judgements) asked.keep('diagnosis', one);
      for (const one of spendings) asked.keep('diagnosis-spending', one);
      all.push(...judgements);
      spent.push(...spendings);
    }
  };
  await Promise.all(Array.from({ length: asked.jobs }, worker));
  let worst = 1;
  for (const held of [false, true]) {
    const those = all.filter((one) => isHeldOut(one) === held);
    for (const overall of [false, true]) {
      const tally = tallyOf(those.filter(({ way }) => (way === '') === overall));
      if (tally.judgements === 0) continue;
      const what = overall ? 'the network as a whole' : 'each way';
      asked.say(`${held ? 'held-out seeds' : 'seeds of the making'}, ${what}:\n\n${matrixOf(tally)}\n`);
      if (held) worst = Math.min(worst, tally.right / tally.judgements);
    }
  }
  asked.say(wordsOfSpending(spent));
  if (lost > 0) asked.say(`${lost} examinations did not take place`);
  return worst >= 0.95 && lost === 0 && !spent.some(isOverspent) ? 0 : 1;
}

const none: Examination = { judgements: [], spendings: [] };

async function examined(
  { note, signal }: Asked,
  { scenario, seed }: { scenario: Parameters<typeof examine>[0]; seed: number },
): Promise<Examination | undefined> {
  for (let at = 0; at < tries; at += 1) {
    signal.throwIfAborted();
    try {
      const examination = await examine(scenario, seed);
      for (const { who, way, expected, said, by } of examination.judgements)
        if (!expected.some((one) => one === said))
          note(`${scenario.id} seed ${seed} ${who} ${way}: ${expected.join(' or ')}, said ${said} (${by})`);
      return examination;
    } catch (error) {
      note(`${scenario.id} seed ${seed}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return undefined;
}

async function askFirstContact(asked: Asked): Promise<number> {
  const which = asked.scenarios.length > 0 ? asked.scenarios : ['S17', 'S04', 'S08'];
  const relays: readonly FirstRelay[] = ['home', 'abroad'];
  const pairs = Array.from({ length: asked.seeds }, (_, at) => at + 1).flatMap((seed) =>
    which.flatMap((scenario) =>
      asked.subjects.flatMap((subject) => relays.map((relay) => ({ seed, scenario, subject, relay }))),
    ),
  );
  let failed = 0;
  for (const { seed, scenario, subject, relay } of pairs) {
    asked.signal.throwIfAborted();
    if (subject !== 'tern' && subject !== 'tern-web')
      throw new UsageError(`--first-contact is for tern and tern-web, not ${subject}`);
    const about = { scenario: await scenarioNamed(scenario), seed, subject, relay } as const;
    const found = await firstContact({ ...about, note: asked.note });
    asked.keep('first-contact', found);
    asked.say(JSON.stringify(found));
    if (found.seconds.talked === undefined) failed += 1;
  }
  return failed === 0 ? 0 : 1;
}

/** @returns 1 where nothing came at all */
async function askStanding(asked: Asked, restMinutes: number): Promise<number> {
  const { subjects, seeds, jobs, note, signal } = asked;
  const waiting = Array.from({ length: seeds }, (_, at) => at + asked.firstSeed).flatMap((seed) =>
    subjects.flatMap((subject) =>
      (Object.keys(deaths) as Death[]).map((death) => ({ seed, subject: subjectOf(subject), death })),
    ),
  );
  let failed = 0;
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      signal.throwIfAborted();
      const found = await measureStanding({ ...next, restMinutes, note });
      asked.keep('standing', found);
      asked.say(JSON.stringify(found));
      if (found.firstSeconds === null) failed += 1;
    }
  };
  await Promise.all(Array.from({ length: jobs }, worker));
  return failed === 0 ? 0 : 1;
}

function subjectOf(name: string): Subject {
  const subject = subjectNamed(name);
  if (subject === undefined) throw new UsageError(`no subject is called ${name}`);
  return subject;
}

/**
 * Two files of one size in each direction, the first by people who know nothing of the network yet, so that it says what learning costs; each arrives
 * byte for byte, or not at all, and then the second is not sent.
 */
async function askFreeze(
  asked: Asked,
  { kib, mebibytes }: { readonly kib: number; readonly mebibytes: number },
): Promise<number> {
  const found = await Promise.all(
    (['down', 'up'] as const).map(async (direction) => {
      const file = { direction, bytes: mebibytes * 1_048_576 };
      const both = await playTransfers({
        rule: { technique: 'freeze-bytes', bytes: kib * 1024, count: 'each' },
        line: plainLine,
        subject: ternAbroad,
        transfers: [file, file],
        longestMs: longestFileMs,
        seed: 1,
      });
      for (const [at, seconds = null] of both.entries()) {
        const line = { freezeKib: kib, mebibytes, direction, learnt: at > 0, seconds };
        asked.keep('freeze', line);
        asked.say(JSON.stringify(line));
      }
      return both;
    }),
  );
  return found.flat().includes(undefined) ? 1 : 0;
}

async function askIdle(
  asked: Asked,
  { minutes, conversations }: { readonly minutes: number; readonly conversations: number },
): Promise<number> {
  const pairs = (asked.scenarios.length > 0 ? asked.scenarios : [openNetwork, 'S08']).flatMap((scenario) =>
    asked.subjects.map((subject) => ({ scenario, subject })),
  );
  for (const { scenario, subject: name } of pairs) {
    asked.signal.throwIfAborted();
    const subject = idleSubjects.find((one) => one === name);
    if (subject === undefined)
      throw new UsageError(`--idle is for ${idleSubjects.join(' and ')}, not ${name}`);
    const about = { subject, scenario: await scenarioNamed(scenario), seed: asked.firstSeed };
    const record = await measureIdle({ ...about, minutes, conversations, note: asked.note });
    asked.keep('idle', record);
    asked.say(JSON.stringify(record));
  }
  return 0;
}
