import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import {
  base32,
  encodeOperation,
  openRequest,
  proofMessage,
  responseKeys,
  sealRequestWithTicket,
  sealResponse,
  type BatchId,
  type LogId,
} from '@tern/protocol';
import { nodePrimitives as primitives, nodeWorld as world } from '@tern/reach/node';
import { openLmdbStore, openRelay, type Relay } from '../src/index.ts';
import { firstPolicy, smallEntry, TestClient, type MadePolicy } from '../src/testing/index.ts';
import { cpuMicroseconds, Gate, gathered } from './gate.ts';

/** A figure; met when it is at most its goal, or at least where that is said. */
export interface BenchFigure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly goal?: number;
  readonly atLeast?: boolean;
}

const pairs = 100;
const idleSessions = 5000;
const ejabberdIdleKib = 39.8;
const longestP99Ms = 15;

interface Opened extends AsyncDisposable {
  readonly relay: Relay;
  readonly right: Uint8Array;
  flushes(): number;
}

async function openBenched(): Promise<Opened> {
  const dir = await mkdtemp(join(tmpdir(), 'tern-bench-'));
  let flushes = 0;
  const store = await openLmdbStore({
    dir,
    aroundFlush(flush) {
      flushes += 1;
      return flush();
    },
  });
  const limits = { opensPerSecond: 1e9, opensPerSecondOfOne: 1e9 };
  const relay = await openRelay({ store, world, primitives, limits });
  return {
    relay,
    right: await relay.newRight(),
    flushes: () => flushes,
    async [Symbol.asyncDispose]() {
      await relay[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
      await rm(dir, { recursive: true });
    },
  };
}

/** One writer and one reader of one log, each in a session of its own. */
interface Pair {
  readonly made: MadePolicy;
  readonly writer: TestClient;
  readonly reader: TestClient;
  token: Uint8Array;
}

async function openPairs({ relay, right }: Opened, gate: Gate): Promise<readonly Pair[]> {
  const opening = Promise.all(
    Array.from({ length: pairs }, async () => {
      const made = firstPolicy({ primitives, world, relay });
      const writer = new TestClient(gate, primitives, world);
      const reader = new TestClient(gate, primitives, world);
      await writer.one({ kind: 'create', policy: made.signed, right });
      const pair = { made, writer, reader, token: new Uint8Array() };
      await receive(pair, { log: made.log, after: 0, number: 0 });
      return pair;
    }),
  );
  for (const _ of ['create', 'watch']) {
    await gathered(gate, pairs);
    await gate.all();
  }
  return opening;
}

async function say({ made, writer }: Pick<Pair, 'made' | 'writer'>): Promise<void> {
  const { log, seeds } = made;
  const result = await writer.one({ kind: 'append', log, number: 0, entry: smallEntry(world) }, seeds.append);
  if (result.kind !== 'stored') throw new Error(`not stored: ${result.kind}`);
}

/** @returns how many entries came */
async function receive(
  pair: Pair,
  slice?: { readonly log: LogId; readonly after: number; readonly number: number },
): Promise<number> {
  const add = slice === undefined ? [] : [slice];
  const token = slice === undefined ? { token: pair.token } : {};
  const answer = await pair.reader.ask([
    {
      operation: { kind: 'watch', ...token, add, drop: [], waitSeconds: 0 },
      seeds: add.map(() => pair.made.seeds.read),
    },
  ]);
  for (const result of answer.results) if (result.kind === 'watched') pair.token = result.token;
  return answer.results.filter(({ kind }) => kind === 'entry').length;
}

/** What the relay itself spends: the clients seal before and open after. */
async function benchThroughput(opened: Opened): Promise<readonly BenchFigure[]> {
  const gate = new Gate(opened.relay);
  const all = await openPairs(opened, gate);
  const rounds = 40;
  const warmingRounds = 30;
  let flushes = 0;
  const spent = { cpu: 0, seconds: 0 };
  let delivered = 0;
  for (let round = -warmingRounds; round < rounds; round += 1) {
    if (round === 0) {
      flushes = opened.flushes();
      delivered = 0;
      spent.cpu = 0;
      spent.seconds = 0;
    }
    const saying = Promise.all(all.map((pair) => say(pair)));
    await gathered(gate, pairs);
    const writing = await gate.all();
    await saying;
    const receiving = Promise.all(all.map((pair) => receive(pair)));
    await gathered(gate, pairs);
    const reading = await gate.all();
    for (const count of await receiving) delivered += count;
    spent.cpu += writing.cpuMicroseconds + reading.cpuMicroseconds;
    spent.seconds += writing.seconds + reading.seconds;
  }
  const sent = rounds * pairs;
  if (delivered !== sent) throw new Error(`${sent} sent, ${delivered} delivered`);
  const whole = spent.cpu / sent;
  const sealing = 2 * benchSealing(opened.relay);
  return [
    {
      name: 'relay: durable appends and deliveries of 1 KiB, 100 pairs',
      value: sent / spent.seconds,
      unit: '/s',
    },
    { name: 'relay: CPU per message, append and delivery', value: whole, unit: 'us' },
    { name: 'relay: of it sealing, two exchanges under tickets', value: sealing, unit: 'us' },
    { name: 'relay: of it proving, one signature', value: benchProof(opened.relay), unit: 'us' },
    { name: 'relay: CPU per message without sealing', value: whole - sealing, unit: 'us' },
    {
      name: 'relay: flushes per acknowledged append, 100 at once',
      value: (opened.flushes() - flushes) / sent,
      unit: 'flushes',
    },
  ];
}

/** Opening one request under a ticket and sealing its answer, with nothing in between. */
function benchSealing(relay: Relay): number {
  const rounds = 1000;
  const sharePrivateKey = world.randomBytes(32);
  const ticket = {
    id: world.randomBytes(16),
    secret: world.randomBytes(32),
    share: primitives.x25519PublicKey(sharePrivateKey),
  };
  const requests = Array.from(
    { length: rounds },
    () =>
      sealRequestWithTicket(primitives, new Uint8Array(700), {
        relay: relay.id,
        ticket,
        random: world.randomBytes(64),
      }).bytes,
  );
  const began = cpuMicroseconds();
  for (const request of requests) {
    const opened = openRequest(primitives, request, {
      relay: relay.id,
      keys: { sealingKey: () => undefined, takeTicket: () => ({ secret: ticket.secret, sharePrivateKey }) },
    });
    if (opened.kind !== 'opened') throw new Error(opened.kind);
    const nonce = world.randomBytes(32);
    const keys = responseKeys(primitives, opened.exchange, nonce);
    keys.ticketSecret(nonce.subarray(0, 16));
    keys.ticketSecret(nonce.subarray(16));
    sealResponse(primitives, keys, { nonce, plaintext: new Uint8Array(700) });
  }
  return (cpuMicroseconds() - began) / rounds;
}

function benchProof(relay: Relay): number {
  const rounds = 300;
  const seed = world.randomBytes(32);
  const wire = encodeOperation({ kind: 'hello' });
  const message = proofMessage(primitives, wire, {
    relay: relay.id,
    batch: base32(world.randomBytes(16)) as BatchId,
  });
  const signature = primitives.ed25519Sign(seed, message);
  const key = primitives.ed25519PublicKey(seed);
  const began = cpuMicroseconds();
  for (let round = 0; round < rounds; round += 1) primitives.ed25519Verify(key, message, signature);
  return (cpuMicroseconds() - began) / rounds;
}

/** Acknowledgements at a steady rate, from the moment the message was due. All requests were sealed before. */
async function benchLatency({ relay, right }: Opened): Promise<readonly BenchFigure[]> {
  const perSecond = 1000;
  const count = 5 * perSecond;
  const warmingCount = 2 * perSecond;
  const gate = new Gate(relay);
  const made = Array.from({ length: pairs }, () => firstPolicy({ primitives, world, relay }));
  const owner = new TestClient(relay, primitives, world);
  for (const { signed } of made) await owner.one({ kind: 'create', policy: signed, right });
  // a ticket is good for one batch, and two come with a response: as many sessions as half the messages
  const clients = Array.from({ length: count / 2 }, () => new TestClient(gate, primitives, world));
  const greetings = Promise.all(clients.map((client) => client.ask([{ operation: { kind: 'hello' } }])));
  await gathered(gate, clients.length);
  await gate.all();
  await greetings;
  const saying = Promise.all(
    [...clients, ...clients].map((writer, at) =>
      say({ made: made[at % pairs] ?? firstPolicy({ primitives, world, relay }), writer }),
    ),
  );
  await gathered(gate, count);

  // first what a relay does when it has just started, unmeasured: its code is not compiled yet
  for (let sent = 0; sent < warmingCount; sent += 50) {
    await Promise.all(Array.from({ length: 50 }, () => gate.one()));
  }
  const latencies: number[] = [];
  const running: Promise<void>[] = [];
  const began = performance.now() + 50;
  for (let sent = 0; sent < count - warmingCount;) {
    const due = began + (sent * 1000) / perSecond;
    if (performance.now() < due) {
      await new Promise<void>((resolve) => void setImmediate(resolve));
      continue;
    }
    sent += 1;
    running.push(gate.one().then(() => void latencies.push(performance.now() - due)));
  }
  await Promise.all(running);
  gate.release();
  await saying;
  latencies.sort((a, b) => a - b);
  const at = (share: number): number => latencies[Math.floor(latencies.length * share)] ?? 0;
  return [
    { name: 'relay: acknowledged at 1,000 messages/s, p50', value: at(0.5), unit: 'ms' },
    { name: 'relay: acknowledged at 1,000 messages/s, p99', value: at(0.99), unit: 'ms', goal: longestP99Ms },
  ];
}

/** What the relay keeps for a client that follows one log and is silent. */
async function benchIdle({ relay, right }: Opened): Promise<readonly BenchFigure[]> {
  const made = firstPolicy({ primitives, world, relay });
  const owner = new TestClient(relay, primitives, world);
  await owner.one({ kind: 'create', policy: made.signed, right });
  const slice = { log: made.log, after: 0, number: 0 };
  const begin = async (): Promise<void> => {
    const client = new TestClient(relay, primitives, world);
    await client.ask([
      { operation: { kind: 'watch', add: [slice], drop: [], waitSeconds: 0 }, seeds: [made.seeds.read] },
    ]);
  };
  for (let count = 0; count < 200; count += 1) await begin();
  const before = usedKib();
  for (let count = 0; count < idleSessions; count += 1) await begin();
  const perSession = (usedKib() - before) / idleSessions;
  return [
    { name: 'relay: memory per idle session', value: perSession, unit: 'KiB', goal: ejabberdIdleKib / 4 },
  ];
}

function usedKib(): number {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 1024;
}

/** The relay by itself, without sockets: durable, sealed, proved. */
export async function benchRelay(): Promise<readonly BenchFigure[]> {
  const figures: BenchFigure[] = [];
  for (const bench of [benchThroughput, benchLatency, benchIdle]) {
    await using opened = await openBenched();
    figures.push(...(await bench(opened)));
  }
  return figures;
}
