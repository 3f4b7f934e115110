import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { openClient, type Client } from '@tern/core';
import { parseRelayLink, type ConversationId, type MessageId } from '@tern/protocol';
import { httpsTransport, nodePrimitives, nodeWorld } from '@tern/reach/node';
import { nodeGroupPrimitives } from '../src/group-primitives.ts';
import { openHome } from '../src/home.ts';

export interface Measurement {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly goal?: number;
}

const messages = 100;
const burst = 200;
const commands = 12;
/** between two messages, so that the receipt of one does not meet the next */
const restMs = 60;

/** Two people, each in a home on disk, and a relay in a process of its own, over real HTTP. Times are of the clock, not of the processor. */
export async function benchTwoAgents(): Promise<readonly Measurement[]> {
  const dir = await mkdtemp(join(tmpdir(), 'tern-bench-'));
  try {
    await using relay = await openRelayProcess(join(dir, 'relay'));
    return [...(await benchOnline(dir, relay.link)), ...(await benchCommands(dir, relay.link))];
  } finally {
    await rm(dir, { recursive: true });
  }
}

/** Both stay online; what one writes is seen by the other. */
async function benchOnline(dir: string, link: string): Promise<readonly Measurement[]> {
  using transport = httpsTransport();
  await using anna = await openPerson(join(dir, 'anna'), { name: 'Anna', link, transport });
  await using ben = await openPerson(join(dir, 'ben'), { name: 'Ben', link, transport });
  const stop = new AbortController();
  const { signal } = stop;
  const online = [anna, ben].map(({ client }) => client.run({ signal }).catch(ignoreEnd(signal)));
  await ben.client.accept((await anna.client.invite()).link);
  const [toBen] = await Promise.all([connected(anna.client, signal), connected(ben.client, signal)]);

  const arrivals = new Arrivals(ben.client, signal);
  const taken: number[] = [];
  for (let at = 0; at < messages + 10; at += 1) {
    const before = performance.now();
    const id = await anna.client.sendText(toBen, `${at} ${'.'.repeat(1000)}`);
    await arrivals.of(id);
    if (at >= 10) taken.push(performance.now() - before); // the first ones warm everything up
    await setTimeout(restMs, undefined, { signal });
  }
  taken.sort((a, b) => a - b);

  const before = performance.now();
  let last: MessageId | undefined;
  for (let at = 0; at < burst; at += 1) last = await anna.client.sendText(toBen, `${at}`);
  if (last !== undefined) await arrivals.of(last);
  const burstMs = performance.now() - before;
  stop.abort();
  await Promise.all([...online, arrivals.ended]);
  return [
    { name: 'send to read, two agents online, 1 KiB, p50', value: percentile(taken, 50), unit: 'ms' },
    { name: 'send to read, two agents online, 1 KiB, p95', value: percentile(taken, 95), unit: 'ms' },
    {
      name: `send to read, ${burst} messages written at once`,
      value: (burst * 1000) / burstMs,
      unit: 'msg/s',
    },
  ];
}

/** The commands as a person types them: a new process each, home opened and closed. */
async function benchCommands(dir: string, link: string): Promise<readonly Measurement[]> {
  const [clara, dora] = [join(dir, 'clara'), join(dir, 'dora')];
  await tern(['init', '--name', 'Clara', '--relay', link, '--home', clara]);
  await tern(['init', '--name', 'Dora', '--relay', link, '--home', dora]);
  const invitation = (await tern(['invite', '--home', clara])).trim();
  await tern(['accept', invitation, '--home', dora]);
  // one answer of each side: the invitation is taken, the group is begun, the newcomer joins and says so
  for (const home of [clara, dora, clara]) await tern(['contacts', '--home', home]);
  const sending: number[] = [];
  const reading: number[] = [];
  const nothing: number[] = [];
  for (let at = 0; at < commands; at += 1) {
    nothing.push(await onceMs(() => tern(['--version'])));
    sending.push(await onceMs(() => tern(['send', 'Dora', `message ${at}`, '--home', clara])));
    let seen = '';
    reading.push(await onceMs(async () => (seen = await tern(['read', 'Clara', '--home', dora]))));
    if (!seen.includes(`message ${at}`)) throw new Error(`message ${at} was sent and not read`);
  }
  return [
    { name: 'tern --version, whole command', value: middle(nothing), unit: 'ms' },
    { name: 'tern send, whole command', value: middle(sending), unit: 'ms' },
    { name: 'tern read, whole command', value: middle(reading), unit: 'ms' },
  ];
}

const root = resolve(import.meta.dirname, '..', '..', '..');

async function tern(args: readonly string[]): Promise<string> {
  const child = spawn(join(root, 'tern'), args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const closed = once(child, 'close');
  const [out, errors] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
  if (child.exitCode !== 0) throw new Error(`tern ${args[0] ?? ''} failed: ${errors.trim()}`);
  return out;
}

interface RelayProcess extends AsyncDisposable {
  readonly link: string;
}

async function openRelayProcess(data: string): Promise<RelayProcess> {
  const child = spawn(
    process.execPath,
    [join(root, 'packages/agent/src/main.ts'), 'relay', 'run', '--data', data, '--port', '0', '--json'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  return {
    link: await relayLinkOf(child),
    async [Symbol.asyncDispose]() {
      const closed = once(child, 'close');
      child.kill('SIGTERM');
      await closed;
    },
  };
}

async function relayLinkOf(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new TypeError('the relay has no output');
  for await (const line of createInterface({ input: child.stdout })) {
    const said: unknown = JSON.parse(line);
    const link: unknown =
      typeof said === 'object' && said !== null ? Reflect.get(said, 'relayLink') : undefined;
    if (typeof link === 'string') return link;
  }
  throw new Error('the relay ended before it named its link');
}

interface Person extends AsyncDisposable {
  readonly client: Client;
}

async function openPerson(
  dir: string,
  options: {
    readonly name: string;
    readonly link: string;
    readonly transport: ReturnType<typeof httpsTransport>;
  },
): Promise<Person> {
  const home = await openHome({ dir, world: nodeWorld, passphrase: async () => undefined });
  const client = await openClient({
    store: home.store,
    world: nodeWorld,
    primitives: nodePrimitives,
    groupPrimitives: nodeGroupPrimitives,
    transport: options.transport,
  });
  await client.init(options.name);
  await client.addRelay(parseRelayLink(options.link), { signal: AbortSignal.timeout(10_000) });
  return {
    client,
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await home[Symbol.asyncDispose]();
    },
  };
}

/** Resolves with the conversation when the first contact has answered. */
async function connected(client: Client, signal: AbortSignal): Promise<ConversationId> {
  const changes = client.changes(AbortSignal.any([signal, AbortSignal.timeout(30_000)]));
  for (;;) {
    const [contact] = await client.contacts();
    if (contact?.state === 'connected') return contact.conversation;
    if ((await changes[Symbol.asyncIterator]().next()).done === true) throw new Error('they never met');
  }
}

/** Tells when a message can be read in a home. */
class Arrivals {
  readonly ended: Promise<void>;
  readonly #client: Client;
  readonly #waiting = new Map<MessageId, () => void>();

  constructor(client: Client, signal: AbortSignal) {
    this.#client = client;
    this.ended = (async () => {
      for await (const _ of client.changes(signal)) await this.#look();
    })().catch(ignoreEnd(signal));
  }

  async of(id: MessageId): Promise<void> {
    const arrived = new Promise<void>((settle) => this.#waiting.set(id, settle));
    await this.#look();
    await arrived;
  }

  async #look(): Promise<void> {
    for (const [id, settle] of this.#waiting) {
      if ((await this.#client.message(id)) === undefined) continue;
      this.#waiting.delete(id);
      settle();
    }
  }
}

function ignoreEnd(signal: AbortSignal): (cause: unknown) => void {
  return (cause) => {
    if (!signal.aborted) throw cause;
  };
}

async function onceMs(work: () => Promise<unknown>): Promise<number> {
  const before = performance.now();
  await work();
  return performance.now() - before;
}

function middle(values: readonly number[]): number {
  return percentile(
    values.toSorted((a, b) => a - b),
    50,
  );
}

function percentile(sorted: readonly number[], percent: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? Number.NaN;
}
