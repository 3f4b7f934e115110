import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Readable, type Writable } from 'node:stream';

import { TernError, UsageError } from '@tern/protocol';

import { FrameReader, frameHeader, type Frame } from './frames.ts';

/** This machine cannot make the lab's hosts; the message is one line and says what is missing. */
export class NoHostsError extends TernError {
  constructor(message: string, options?: ErrorOptions) {
    super('no-hosts', `the lab cannot make its hosts on this machine: ${message}`, options);
  }
}

export interface HostSetup {
  readonly name: string;
  /** IPv4 addresses as text. */
  readonly addresses: readonly string[];
  /** What the host's /etc/resolv.conf names. */
  readonly resolver: string;
}

/** Throw-away hosts of this machine's kernel, and the one program that carries all their packets. */
export interface Hosts extends AsyncDisposable {
  /** Frames sent in one turn go out in one piece. */
  readonly send: (frame: Frame) => void;
  readonly spawn: (host: string, command: readonly string[], options?: SpawnOptions) => ChildProcess;
  /** The process whose namespaces are the host. */
  readonly pidOf: (host: string) => number;
  /** The one that carries the packets. */
  readonly carrierPid: number;
  /** False once the hosts are gone, whoever ended them. */
  readonly alive: () => boolean;
}

const program = join(import.meta.dirname, 'open-hosts.pl');

/**
 * @param take called with every frame: a packet that a host's kernel has sent, or an echo
 * @throws {NoHostsError} where the machine does not let us
 */
export async function openHosts(setups: readonly HostSetup[], take: (frame: Frame) => void): Promise<Hosts> {
  if (setups.some(({ name, addresses }) => !/^[\w.-]+$/u.test(name) || addresses.length === 0)) {
    throw new UsageError('a host has a name of letters and digits, and an address');
  }
  const folder = await mkdtemp(join(tmpdir(), 'tern-lab-'));
  try {
    const lines = await linesFor(setups, folder);
    const carrier = spawn('perl', [program], { stdio: ['pipe', 'pipe', 'inherit'] });
    const failed = once(carrier, 'error').then(([error]) => {
      throw new NoHostsError('perl cannot be started', { cause: error });
    });
    carrier.stdin.on('error', () => undefined); // its end is seen at its output
    carrier.stdin.write(lines);
    const opened = await Promise.race([readSetup(carrier.stdout), failed]);
    return new OpenHosts(carrier as Carrier, opened, take);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

type Carrier = ChildProcess & { readonly stdin: Writable; readonly stdout: Readable };

async function linesFor(setups: readonly HostSetup[], folder: string): Promise<string> {
  const nameSwitch = join(folder, 'nsswitch.conf');
  await writeFile(nameSwitch, 'passwd: files\ngroup: files\nhosts: files dns\n');
  const lines = setups.map(async ({ name, addresses, resolver }, index) => {
    const path = join(folder, `resolv-${index}.conf`);
    await writeFile(path, `nameserver ${resolver}\n`);
    return `host\t${name}\t${addresses.join(',')}\t${path}\t${nameSwitch}\n`;
  });
  return `${(await Promise.all(lines)).join('')}go\n`;
}

interface Opened {
  readonly pids: ReadonlyMap<string, number>;
  readonly inUserNamespace: boolean;
  /** What came after the last line. */
  readonly rest: Buffer;
}

async function readSetup(output: Readable): Promise<Opened> {
  const pids = new Map<string, number>();
  let text: Buffer = Buffer.alloc(0);
  const ended = once(output, 'end'); // hosts are told one by one: a listener for each would be too many
  for (;;) {
    const piece: unknown = output.read();
    if (!(piece instanceof Buffer)) {
      if (output.readableEnded) throw new NoHostsError('the program that makes them ended without a word');
      await Promise.race([once(output, 'readable'), ended]);
      continue;
    }
    text = Buffer.concat([text, piece]);
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
      const [word, first = '', second = ''] = text.toString('utf8', 0, end).split('\t');
      text = text.subarray(end + 1);
      if (word === 'failed') throw new NoHostsError(first);
      if (word === 'host') pids.set(first, Number(second));
      if (word === 'ready') return { pids, inUserNamespace: first === 'user', rest: text };
    }
  }
}

class OpenHosts implements Hosts {
  readonly #carrier: Carrier;
  readonly #opened: Opened;
  readonly #ended: Promise<unknown>;
  readonly #reader = new FrameReader();
  readonly #take: (frame: Frame) => void;
  #outgoing: Uint8Array[] = [];
  #closed = false;

  constructor(carrier: Carrier, opened: Opened, take: (frame: Frame) => void) {
    this.#carrier = carrier;
    this.#opened = opened;
    this.#take = take;
    this.#ended = once(carrier, 'close').then(() => {
      this.#closed = true;
    });
    this.#read(opened.rest);
    carrier.stdout.on('data', (piece: Buffer) => this.#read(piece));
  }

  send(frame: Frame): void {
    if (this.#closed) return;
    if (this.#outgoing.length === 0) queueMicrotask(() => this.#flush());
    this.#outgoing.push(frameHeader(frame), frame.bytes);
  }

  get carrierPid(): number {
    return this.#carrier.pid ?? 0;
  }

  alive(): boolean {
    return !this.#closed;
  }

  /** The process ends with the host, and the host with this process. */
  spawn(host: string, command: readonly string[], options: SpawnOptions = {}): ChildProcess {
    const { cwd = process.cwd(), ...others } = options;
    const folder = String(cwd);
    const user = this.#opened.inUserNamespace ? ['-U', '--preserve-credentials'] : [];
    // nsenter waits for what it starts; setpriv ends that when nsenter is killed
    const enter = ['-t', String(this.pidOf(host)), ...user, '-m', '-n', '-p', '--'];
    const within = ['setpriv', '--pdeathsig', 'KILL', 'env', `--chdir=${folder}`];
    return spawn('nsenter', [...enter, ...within, ...command], others);
  }

  pidOf(host: string): number {
    const pid = this.#opened.pids.get(host);
    if (pid === undefined) throw new UsageError(`no host is called ${host}`);
    return pid;
  }

  /** Ends every process of every host; when it returns, none is left, nor is a namespace. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#carrier.stdin.end();
    await this.#ended;
  }

  #read(piece: Buffer): void {
    if (this.#closed) return;
    for (const frame of this.#reader.read(piece)) this.#take(frame);
  }

  #flush(): void {
    const pieces = this.#outgoing;
    this.#outgoing = [];
    if (!this.#closed) this.#carrier.stdin.write(Buffer.concat(pieces));
  }
}
