import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { quietPort } from '@tern/relay/testing';

/** Drives the real command `tern` in processes of its own, each home in a folder of its own. */

const mainFile = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

export type JsonLine = Readonly<Record<string, unknown>>;

/** What a process left behind. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly errors: string;
  /** standard output, where every line of it is JSON; empty otherwise */
  readonly lines: readonly JsonLine[];
}

export interface StartOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** for standard input, which is closed after it */
  readonly input?: string;
  readonly cwd?: string;
}

/** A process of `tern` that may still be running. */
export class RunningTern {
  readonly child: ChildProcess;
  /** what it wrote until now, one object a line */
  readonly seen: JsonLine[] = [];
  readonly ended: Promise<Ended>;
  readonly #watchers = new Set<() => void>();
  #over = false;

  constructor(args: readonly string[], folder: string, options: StartOptions = {}) {
    const { TERN_PASSPHRASE: _home, TERN_EXPORT_PASSPHRASE: _export, ...inherited } = process.env;
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', mainFile, ...args], {
      cwd: options.cwd ?? folder,
      // two seconds are little on a busy machine, and a command that has nothing left to exchange ends before
      env: { ...inherited, HOME: folder, TERN_PATIENCE: '240', ...options.environment },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.child = child;
    child.stdin.on('error', () => {}); // it ended without reading
    child.stdin.end(options.input ?? '');
    let out = '';
    let rest = '';
    child.stdout.setEncoding('utf8').on('data', (piece: string) => {
      out += piece;
      const lines = `${rest}${piece}`.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.seen.push(...parsedLine(line));
      this.#wake();
    });
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (piece: string) => {
      errors += piece;
    });
    this.ended = new Promise((settle, fail) => {
      child.once('error', fail);
      child.once('close', (code, signal) => {
        this.#over = true;
        this.#wake();
        const parsed = out
          .split('\n')
          .filter((line) => line !== '')
          .map(parsedLine);
        const lines = parsed.every((line) => line.length === 1) ? parsed.flat() : [];
        settle({ code, signal, out, errors, lines });
      });
    });
  }

  /** The first line, already written or to come, that is what is looked for. @throws {Error} when the process ends without one */
  async line(matches: (line: JsonLine) => boolean): Promise<JsonLine> {
    for (;;) {
      const found = this.seen.find(matches);
      if (found !== undefined) return found;
      if (this.#over) throw new Error(`tern ended without the line: ${JSON.stringify(await this.ended)}`);
      await new Promise<void>((wake) => this.#watchers.add(wake));
    }
  }

  /** Asks it to end, as Ctrl-C does. */
  async stop(signal: NodeJS.Signals = 'SIGINT'): Promise<Ended> {
    this.child.kill(signal);
    return this.ended;
  }

  #wake(): void {
    for (const watcher of this.#watchers) watcher();
    this.#watchers.clear();
  }
}

/** A relay in a process of its own. */
export interface RunningRelay {
  readonly link: string;
  readonly process: RunningTern;
  stop(signal?: NodeJS.Signals): Promise<Ended>;
}

/** Somebody's home. */
export interface Person {
  readonly name: string;
  readonly home: string;
  start(args: readonly string[], options?: StartOptions): RunningTern;
  /** One command to its end, with `--json`. */
  tern(args: readonly string[], options?: StartOptions): Promise<Ended>;
  /** One command that must succeed. @returns its lines @throws {Error} with what it said */
  done(args: readonly string[], options?: StartOptions): Promise<readonly JsonLine[]>;
}

/** A folder for one test, with everything started in it; disposing ends and deletes all of it. */
export class TernDriver implements AsyncDisposable {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'tern-driver-'));
  readonly #running = new Set<RunningTern>();

  start(args: readonly string[], options?: StartOptions): RunningTern {
    const running = new RunningTern(args, this.folder, options);
    this.#running.add(running);
    const forget = (): void => void this.#running.delete(running);
    running.ended.then(forget, forget);
    return running;
  }

  /** @param options `port` to come back on the port it had, which nobody has taken meanwhile */
  async relay(options: { readonly data?: string; readonly port?: number } = {}): Promise<RunningRelay> {
    const data = join(this.folder, options.data ?? 'relay');
    const running = this.start([
      'relay',
      'run',
      '--json',
      '--data',
      data,
      '--port',
      String(options.port ?? (await quietPort())),
    ]);
    const link = String((await running.line((line) => 'relayLink' in line))['relayLink']);
    return { link, process: running, stop: (signal) => running.stop(signal) };
  }

  /** A home that nobody lives in yet. */
  home(name: string, folder: string = name): Person {
    const home = join(this.folder, folder);
    const start: Person['start'] = (args, options) => {
      const end = args.indexOf('--');
      const before = end < 0 ? args : args.slice(0, end);
      return this.start([...before, '--home', home, '--json', ...args.slice(before.length)], options);
    };
    const tern: Person['tern'] = async (args, options) => start(args, options).ended;
    return {
      name,
      home,
      start,
      tern,
      async done(args, options) {
        const ended = await tern(args, options);
        if (ended.code !== 0)
          throw new Error(`tern ${args.join(' ')} ended with ${ended.code}: ${ended.errors}`);
        return ended.lines;
      },
    };
  }

  /** Somebody with an identity and a relay. */
  async person(name: string, relay: RunningRelay, folder: string = name): Promise<Person> {
    const person = this.home(name, folder);
    await person.done(['init', '--name', name, '--relay', relay.link]);
    return person;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#running].map((running) => running.stop('SIGKILL')));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** One invites, the other accepts, and both are in touch. */
export async function meet(one: Person, other: Person): Promise<void> {
  const [invitation] = await one.done(['invite']);
  await other.done(['accept', String(invitation?.['link'])]);
  for (const person of [one, other, one]) await person.done(['contacts']);
}

function parsedLine(line: string): readonly JsonLine[] {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? [Object.fromEntries(Object.entries(value))] : [];
  } catch {
    return []; // words for people
  }
}
