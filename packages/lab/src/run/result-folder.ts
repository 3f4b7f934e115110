import { createHash } from 'node:crypto';
import { globSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Profile } from './profile.ts';
import type { Outcome, RunRecord } from './results.ts';

/** One cell of one run. */
export type Result = Omit<RunRecord, 'outcomes'> & { readonly outcome: Outcome };

export interface CellName {
  readonly scenario: string;
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
    const file = fileOf(name);
    if (!readdirSync(this.#path).includes(file)) return undefined;
    const result = JSON.parse(readFileSync(join(this.#path, file), 'utf8')) as Result;
    return result.sources === this.#sources && result.outcome.kind === 'measured' ? result : undefined;
  }

  /** Each whole or not at all. */
  write({ outcomes, ...run }: Omit<RunRecord, 'sources'>): void {
    for (const outcome of outcomes) {
      const { scenario, seed, profile } = run;
      const place = join(this.#path, fileOf({ scenario, seed, profile, subject: outcome.subject }));
      const result: Result = { ...run, sources: this.#sources, outcome };
      writeFileSync(`${place}.new`, `${JSON.stringify(result)}\n`);
      renameSync(`${place}.new`, place);
    }
  }
}

function fileOf({ scenario, subject, seed, profile }: CellName): string {
  return `${scenario}.${subject}.${seed}.${profile}.json`;
}

/** Names everything that a result depends on: the product's sources, the lab's, its scenarios, and the machine's Node. */
export function sourcesNow(): string {
  const root = resolve(import.meta.dirname, '../../../..');
  const hash = createHash('sha256').update(process.version);
  const paths = globSync(['packages/*/src/**/*', 'packages/lab/scenarios/**/*.json', 'package-lock.json'], {
    cwd: root,
    withFileTypes: true,
  })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
  for (const path of paths) hash.update(path.slice(root.length)).update(readFileSync(path));
  return hash.digest('hex').slice(0, 16);
}
