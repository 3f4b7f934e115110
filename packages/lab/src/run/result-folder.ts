import { createHash } from 'node:crypto';
import { globSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { subjectNamed } from '../subjects/all.ts';
import type { Profile } from './profile.ts';
import type { Outcome, RunRecord } from './results.ts';

const root = resolve(import.meta.dirname, '../../../..');

/** One cell of one run. */
export type Result = Omit<RunRecord, 'outcomes'> & { readonly outcome: Outcome };

export interface CellName {
  readonly scenario: string;
  readonly digest: string;
  readonly subject: string;
  readonly seed: number;
  readonly profile: Profile['name'];
}

/** Results as files, a cell each, so that a lab that was stopped goes on where it was. Those of other sources are not read. */
export class ResultFolder {
  readonly #path: string;
  readonly #sourcesOf: (subject: string) => string;

  /** @param sourcesOf names what the results of a subject depend on, such as {@link sourcesNow} */
  constructor(path: string, sourcesOf: (subject: string) => string) {
    this.#path = path;
    this.#sourcesOf = sourcesOf;
    mkdirSync(path, { recursive: true });
  }

  /** @returns what is known of the cell, void ones as nothing */
  read(name: CellName): Result | undefined {
    const result = this.#last(name);
    return result?.outcome.kind === 'measured' ? result : undefined;
  }

  /**
   * Each whole or not at all. One that was void before keeps what was said of that, also over several labs.
   * @returns the outcomes as they are kept
   */
  write({ outcomes, ...run }: Omit<RunRecord, 'sources'>): readonly Outcome[] {
    return outcomes.map((outcome) => {
      const name = { ...run, subject: outcome.subject };
      const kept: Outcome = { ...outcome, ...this.#earlierOf(name) };
      const place = join(this.#path, fileOf(name));
      const result: Result = { ...run, sources: this.#sourcesOf(outcome.subject), outcome: kept };
      writeFileSync(`${place}.new`, `${JSON.stringify(result)}\n`);
      renameSync(`${place}.new`, place);
      return kept;
    });
  }

  #earlierOf(name: CellName): Pick<Outcome, 'earlier'> {
    const last = this.#last(name);
    if (last?.outcome.kind !== 'void') return {};
    const { because, earlier = [] } = last.outcome;
    return { earlier: [...earlier, { because, lagMs: last.lagMs }] };
  }

  #last(name: CellName): Result | undefined {
    const file = fileOf(name);
    if (!readdirSync(this.#path).includes(file)) return undefined;
    const result = JSON.parse(readFileSync(join(this.#path, file), 'utf8')) as Result;
    const isOfNow = result.sources === this.#sourcesOf(name.subject) && result.digest === name.digest;
    return isOfNow ? result : undefined;
  }
}

/** Scenarios that differ and share an id lie side by side. */
function fileOf({ scenario, digest, subject, seed, profile }: CellName): string {
  return `${scenario}.${subject}.${seed}.${profile}.${digest}.json`;
}

/** The product, the lab, its scenarios, and what the lockfile names. */
const ofAll = [
  'packages/!(web)/src/**/*',
  'packages/!(web)/package.json',
  'packages/lab/scenarios/**/*.json',
  'package-lock.json',
];
/** The app of the browsers, what builds it, and who acts in it. */
const ofBrowsers = ['packages/web/package.json', 'packages/web/{src,bundle,test/programs,test/support}/**/*'];

/** Names everything that a subject's results depend on: the files of {@link sourceFiles}, and the machine's Node. */
export function sourcesNow(): (subject: string) => string {
  const names = new Map([false, true].map((inBrowser) => [inBrowser, hashOf(sourceFiles({ inBrowser }))]));
  return (subject) => names.get(subjectNamed(subject)?.inBrowser === true) ?? '';
}

/** @param options `inBrowser`: also those of the app in browsers, which nobody else's results depend on */
export function sourceFiles({ inBrowser }: { readonly inBrowser: boolean }): readonly string[] {
  return globSync(inBrowser ? [...ofAll, ...ofBrowsers] : ofAll, { cwd: root, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .toSorted();
}

function hashOf(paths: readonly string[]): string {
  const hash = createHash('sha256').update(process.version);
  for (const path of paths) hash.update(path).update(readFileSync(join(root, path)));
  return hash.digest('hex').slice(0, 16);
}
