import type { ChildProcess } from 'node:child_process';
import { resolve } from 'node:path';
import { Program } from './program.ts';
import type { Person } from '../run/workload.ts';

/** What a subject stands on: hosts of its own in a lab's internet, where nobody else's servers are. */
export interface Ground {
  /** starts a program inside a host; it dies with the lab */
  spawn(
    host: string,
    command: string,
    args: readonly string[],
    options?: { readonly env?: Readonly<Record<string, string>> },
  ): ChildProcess;
  /** of the authority that everybody here trusts; a file in PEM */
  readonly authority: string;
  /** files in PEM @param names names and addresses */
  certificate(names: readonly string[]): { readonly certificate: string; readonly key: string };
  /** an empty folder of this run */
  folder(name: string): string;
}

/** A messenger that can be run in the lab. */
export interface Subject {
  readonly name: string;
  /** takes so much of a machine that it plays alone, and in a quick lab only where it is asked for */
  readonly heavy?: boolean;
  /** it is the app in browsers */
  readonly inBrowser?: boolean;
  /** its programs say what they find hinders them */
  readonly saysCauses?: boolean;
  /** what the lab was built for: it has to reach the scenarios' targets, where the others are there to be compared with */
  readonly ours?: boolean;
  /** why it cannot be run on this machine, if it cannot */
  missing(): string | undefined;
  /** starts its servers and everybody's programs, and lets people meet */
  open(ground: Ground): Promise<Cast>;
}

/** The programs of the people of a run. */
export interface Cast {
  readonly people: ReadonlyMap<Person, Program>;
  /** starts somebody's program anew, with what it left when it was ended */
  start(person: Person): Promise<Program>;
}

const programs = resolve(import.meta.dirname, '../programs');

/** Starts one of the lab's own programs in a host, with its settings. */
export function startProgram(
  ground: Ground,
  host: Parameters<Ground['spawn']>[0],
  program: { readonly file: string; readonly settings: object },
): Program {
  const child = ground.spawn(
    host,
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      resolve(programs, program.file),
      JSON.stringify(program.settings),
    ],
    { env: { NODE_EXTRA_CA_CERTS: ground.authority } },
  );
  return new Program(`${program.file} in ${host}`, child);
}

export const everybody: readonly Person[] = ['a', 'b', 'c', 'd'];
