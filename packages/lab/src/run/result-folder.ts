import { createHash } from 'node:crypto';
import { globSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
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
  readonly #sources: string;

  constructor(path: string, sources: string) {
    this.#path = path;
    this.#sources = sources;
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
      const result: Result = { ...run, sources: this.#sources, outcome: kept };
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
    return result.sources === this.#sources && result.digest === name.digest ? result : undefined;
  }
}

/** Scenarios that differ and share an id lie side by side. */
function fileOf({ scenario, digest, subject, seed, profile }: CellName): string {
  return `${scenario}.${subject}.${seed}.${profile}.${digest}.json`;
}

/** What makes the app of the browsers, and who acts in them: a cell of theirs depends on it as on a source. */
const ofBrowsers = ['packages/web/{bundle,test/programs,test/support}/**/*'];
const measuredFiles = [
  'packages/*/src/**/*',
  'packages/*/package.json',
  'packages/lab/scenarios/**/*.json',
  ...ofBrowsers,
  'package-lock.json',
];

/** Names everything that a result depends on: the files of {@link sourceFiles}, and the machine's Node. */
export function sourcesNow(): string {
  const hash = createHash('sha256').update(process.version);
  for (const path of sourceFiles()) hash.update(path).update(readFileSync(join(root, path)));
  return hash.digest('hex').slice(0, 16);
}

/** The product's sources, the lab's, its scenarios, what builds and drives the app in browsers, and what the lockfile names. */
export function sourceFiles(): readonly string[] {
  return globSync(measuredFiles, { cwd: root, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .toSorted();
}
