import { fork, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { quietPort } from '@tern/relay/testing';
import { parseJournal, type Command, type Journal, type Told } from '../programs/crash-command.ts';
import type { Death } from '../programs/crash-moment.ts';

const relayProgram = fileURLToPath(new URL('../programs/crash-relay.ts', import.meta.url));
const deviceProgram = fileURLToPath(new URL('../programs/crash-client.ts', import.meta.url));

/** The process ended before it answered. What it was told to do may be done, half done or not begun. */
export class Died extends Error {
  override readonly name = 'Died';
}

interface Asked {
  resolve(value: unknown): void;
  reject(cause: unknown): void;
}

/** One life of a process of its own, from its first word to its end. */
class Life {
  readonly #child: ChildProcess;
  readonly #asked = new Map<number, Asked>();
  readonly #ended: Promise<void>;
  readonly first: Promise<unknown>;
  #next = 1;

  constructor(program: string, args: readonly string[], compiled: string) {
    const child = fork(program, args, {
      execArgv: ['--disable-warning=ExperimentalWarning'],
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
      env: { ...process.env, NODE_COMPILE_CACHE: compiled },
    });
    this.#child = child;
    const words = child.stderr === null ? Promise.resolve('') : text(child.stderr);
    this.first = new Promise((resolve, reject) => this.#asked.set(0, { resolve, reject }));
    this.first.catch(() => undefined);
    child.on('message', (message: { readonly id: number; readonly value?: unknown }) => {
      this.#asked.get(message.id)?.resolve(message.value);
      this.#asked.delete(message.id);
    });
    this.#ended = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        void words.then((said) => {
          const expected = signal === 'SIGKILL' || (code === 0 && said === '');
          const cause = expected
            ? new Died(program)
            : new Error(`${program} ended by itself (${code ?? signal}): ${said}`);
          for (const { reject } of this.#asked.values()) reject(cause);
          this.#asked.clear();
          resolve();
        });
      });
    });
  }

  get alive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null && this.#child.connected;
  }

  /** @throws {Died} */
  ask(content: object): Promise<unknown> {
    const id = this.#next;
    this.#next += 1;
    return new Promise((resolve, reject) => {
      if (!this.alive) {
        reject(new Died('before it was asked'));
        return;
      }
      this.#asked.set(id, { resolve, reject });
      // an error here is the end of the process, which is told by its closing
      this.#child.send({ id, ...content }, () => undefined);
    });
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  get ended(): Promise<void> {
    return this.#ended;
  }
}

/** Where processes keep what they compiled for those that come after them, who then start in half the time. */
export function compiledIn(dir: string): string {
  return join(dir, 'compiled');
}

/** A process that is started again whenever it is needed and dead. */
export class Mortal {
  readonly name: string;
  readonly #program: string;
  readonly #args: readonly string[];
  readonly #dir: string;
  #life: Life | undefined;
  #beginning: Promise<Life> | undefined;
  #lives = 0;
  #aheadMs = 0;

  constructor(
    name: string,
    dir: string,
    run: { readonly program: string; readonly args: readonly string[] },
  ) {
    this.name = name;
    this.#dir = dir;
    this.#program = run.program;
    this.#args = run.args;
  }

  /** how often it was started */
  get lives(): number {
    return this.#lives;
  }

  get alive(): boolean {
    return this.#life?.alive === true;
  }

  /** Whatever kills it meanwhile. @returns its first word in the life it has now */
  async start(): Promise<unknown> {
    for (;;) {
      try {
        return await (
          await this.#living()
        ).first;
      } catch (cause) {
        if (!(cause instanceof Died)) throw cause;
      }
    }
  }

  async #living(): Promise<Life> {
    if (this.#life?.alive === true) return this.#life;
    this.#beginning ??= (async () => {
      await this.#life?.ended; // two at once on the same files would be another test
      this.#life = new Life(this.#program, [...this.#args, String(this.#aheadMs)], compiledIn(this.#dir));
      this.#lives += 1;
      this.#beginning = undefined;
      return this.#life;
    })();
    return this.#beginning;
  }

  /** @throws {Died} when it ends before it is done */
  async do(command: Command): Promise<Told> {
    const life = await this.#living();
    await life.first;
    return ((await life.ask({ command })) ?? {}) as Told;
  }

  /** It dies at that moment, if it comes to it. */
  async arm(death: Death | undefined): Promise<void> {
    await this.do(death === undefined ? { do: 'arm' } : { do: 'arm', death });
  }

  /** From now on, in this life and the next, it lives so far ahead of the machine. */
  async liveAhead(aheadMs: number): Promise<void> {
    this.#aheadMs = aheadMs;
    if (this.alive) await this.do({ do: 'sleep', aheadMs });
  }

  async kill(): Promise<void> {
    await this.#life?.kill();
  }
}

/** A person's device in a process of its own. */
export class Device extends Mortal {
  readonly home: string;
  readonly #journal: string;

  constructor(name: string, dir: string) {
    const home = join(dir, name);
    const journal = join(dir, `${name}.journal`);
    if (!existsSync(journal)) closeSync(openSync(journal, 'a'));
    super(name, dir, { program: deviceProgram, args: [home, journal, name] });
    this.home = home;
    this.#journal = journal;
  }

  /** As often as it takes: what nobody answered is asked again. */
  async insist(command: Command): Promise<Told> {
    for (;;) {
      try {
        return await this.do(command);
      } catch (cause) {
        if (!(cause instanceof Died)) throw cause;
      }
    }
  }

  journal(): Journal {
    return parseJournal(readFileSync(this.#journal, 'utf8'));
  }
}

/** A relay and some people's devices, each a real process with its real files. */
export interface CrashTown extends AsyncDisposable {
  readonly dir: string;
  readonly relay: Mortal;
  readonly devices: readonly Device[];
  device(name: string): Device;
  /** Time passes in which nobody does anything. */
  sleep(ms: number): Promise<void>;
  /** one more person, with an identity and a right to store */
  arrive(name: string): Promise<Device>;
}

/** Everybody has an identity and a right to store; nobody knows anybody. @param dir an empty folder, which stays the caller's */
export async function crashTown(dir: string, names: readonly string[]): Promise<CrashTown> {
  const port = await quietPort();
  const relay = new Mortal('relay', dir, {
    program: relayProgram,
    args: [join(dir, 'relay'), String(port)],
  });
  const link = (await relay.start()) as string;
  const devices: Device[] = [];
  let aheadMs = 0;
  const arrive = async (name: string): Promise<Device> => {
    const device = new Device(name, dir);
    await device.liveAhead(aheadMs);
    devices.push(device);
    await device.insist({ do: 'begin', link });
    return device;
  };
  await Promise.all(names.map(arrive));
  return {
    dir,
    relay,
    devices,
    arrive,
    device(name) {
      const found = devices.find((one) => one.name === name);
      if (found === undefined) throw new RangeError(`nobody here is called ${name}`);
      return found;
    },
    async sleep(ms) {
      aheadMs += ms;
      for (const mortal of [relay, ...devices]) await mortal.liveAhead(aheadMs);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([relay, ...devices].map((one) => one.kill()));
    },
  };
}

/** Until both can talk to each other, whatever dies meanwhile. */
export async function introduce(town: CrashTown, host: Device, guest: Device): Promise<void> {
  const { link = '' } = await host.insist({ do: 'invite' });
  await guest.insist({ do: 'accept', link });
  for (let round = 0; round < 20; round += 1) {
    await town.relay.start();
    for (const device of [guest, host]) await device.insist({ do: 'sync' });
    const [at, to] = [
      await host.insist({ do: 'list', with: guest.name }),
      await guest.insist({ do: 'list', with: host.name }),
    ];
    if (at.state === 'connected' && to.state === 'connected') return;
  }
  throw new Error(`${host.name} and ${guest.name} did not come together`);
}

/** Everything that can leave leaves, everything that can arrive arrives. @throws when that does not come to an end */
export async function settleTown(town: CrashTown, devices: readonly Device[] = town.devices): Promise<void> {
  let troubles: readonly string[] = [];
  for (let round = 0; round < 8; round += 1) {
    await town.relay.start();
    troubles = [];
    for (const device of devices) {
      const report = await device.insist({ do: 'sync' });
      if (report.complete !== true)
        troubles = [...troubles, `${device.name}: ${(report.troubles ?? []).join(' ')}`];
    }
    if (round >= 2 && troubles.length === 0) return;
  }
  throw new Error(`the town does not settle: ${troubles.join(', ')}`);
}
