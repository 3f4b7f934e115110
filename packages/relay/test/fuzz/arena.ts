import {
  base32,
  decode,
  decodeBatch,
  decodeOperation,
  encode,
  equalBytes,
  responseItemCodec,
  type Batch,
  type BatchId,
  type Operation,
  type ResponseItem,
  type Result,
} from '@tern/protocol';
import { openRelay, type Relay, type RelayLimits, type RelayStore } from '../../src/index.ts';
import { testWorld, type TestWorld } from '../../src/testing/index.ts';
import { honestAsk, type Ask } from './asks.ts';
import { attempt } from './attempt.ts';
import { chanceOf, type Chance } from './chance.ts';
import { counted, type Changes } from './counted-store.ts';
import { Keyring, Known } from './known.ts';
import { acknowledge, changesNothing } from './ledger.ts';
import { mutateEncoding } from './loose-cbor.ts';
import { planFor, plaintextOf, wireOf, type Plan } from './mutations.ts';
import { primitives } from './primitives.ts';
import { readEverything } from './reading.ts';
import { damage, Session, type Outcome } from './sealing.ts';

/** What came of the batches of an arena, counted. */
export type Tally = Map<string, number>;

export interface ArenaOptions {
  readonly seed: number;
  readonly batches: number;
  readonly store: RelayStore;
  readonly tally: Tally;
  /** opens the same store again, where it outlives being closed; the first one is closed before */
  readonly reopen?: () => Promise<RelayStore>;
}

/** Low, so that they are met. */
const lowLimits: Partial<RelayLimits> = {
  opensPerSecond: 1_000_000,
  opensPerSecondOfOne: 1_000_000,
  sessions: 12,
  ticketsOfSession: 4,
  watchSetsOfSession: 2,
  watchedLogs: 6,
  watchedTogether: 20,
  logsOfRight: 60,
  logBytes: 400_000,
  lifetimeSeconds: 200 * 86_400,
  partialChunks: 3,
};
const checkEvery = 500;
const never: AbortSignal = new AbortController().signal;

/** One relay with a life of its own, to which honest and dishonest batches are sent, each checked at once and all at the end. */
export async function runArena(options: ArenaOptions): Promise<void> {
  const arena = await Arena.open(options);
  for (let number = 0; number < options.batches; number += 1) {
    try {
      await arena.next();
      if (number % checkEvery === checkEvery - 1) await arena.checkEverything();
    } catch (cause) {
      throw new Error(`batch ${number} of the arena with seed ${options.seed}`, { cause });
    }
  }
  await arena.end();
}

interface Remembered {
  readonly notAfter: number;
  readonly plaintext: Uint8Array;
  readonly written: readonly ResponseItem[];
}

/** A batch as the relay saw it, and when. */
interface Judged {
  readonly plaintext: Uint8Array;
  readonly plan: Plan;
  readonly second: number;
}

class Arena {
  readonly #options: ArenaOptions;
  readonly #world: TestWorld;
  readonly #chance: Chance;
  readonly #known: Known;
  readonly #sessions: Session[];
  /** batches that changed something: the relay must know them again */
  readonly #remembered = new Map<BatchId, Remembered>();
  readonly #relay: Relay;
  readonly #changes: Changes;
  #token: Uint8Array | undefined;

  constructor(
    options: ArenaOptions,
    parts: { relay: Relay; world: TestWorld; known: Known; changes: Changes },
  ) {
    this.#options = options;
    this.#relay = parts.relay;
    this.#world = parts.world;
    this.#known = parts.known;
    this.#changes = parts.changes;
    this.#chance = chanceOf(options.seed);
    this.#sessions = Array.from({ length: 3 }, () => new Session(parts.relay, parts.world));
  }

  static async open(options: ArenaOptions): Promise<Arena> {
    const world = testWorld(Date.UTC(2026, 10, 1), `fuzz ${options.seed}`);
    const changes: Changes = { count: 0, remembered: false };
    const relay = await openRelay({
      store: counted(options.store, changes),
      world,
      primitives,
      limits: lowLimits,
    });
    const keyring = new Keyring(chanceOf(options.seed + 1), 24);
    const known = new Known({ relay: relay.id, right: await relay.newRight(), keyring });
    return new Arena(options, { relay, world, known, changes });
  }

  async next(): Promise<void> {
    const chance = this.#chance;
    await this.#letTimePass();
    const plan = planFor(chance);
    const session = chance.of(this.#sessions);
    const again = [...this.#remembered.values()].at(-1 - chance.below(4));
    const plaintext = chance.oneIn(12) && again !== undefined ? again.plaintext : this.#plaintext(plan);
    if (chance.oneIn(15)) session.tickets = [];
    let sealed = plan.records ? session.sealLoosely(plaintext, chance) : session.seal(plaintext);
    if (plan.envelope) sealed = { ...sealed, bytes: damage(sealed.bytes, chance) };
    const sound = !plan.records && !plan.envelope && sealed.bytes.length <= this.#relay.limits.bodyBytes;
    Object.assign(this.#changes, { count: 0, remembered: false });
    const second = this.#second;
    const answering = session.send(sealed, never);
    const outcome = await this.#whileTimePasses(answering);
    this.#count(outcome.kind === 'malformed' ? 'not opened' : outcome.kind);
    if (outcome.kind === 'answered')
      this.#judge(outcome, { plaintext: sealed.plaintext ?? new Uint8Array(), plan, second });
    else if (sound && outcome.kind !== 'unknown-ticket')
      throw new Error(`a well-sealed batch was answered ${outcome.kind}`);
    else if (this.#changes.count > 0) throw new Error('what was not opened changed something');
    await turn();
    // erasing goes on behind the answer
    if (outcome.kind === 'answered' && !this.#isMemory) await this.#relay.sweep();
  }

  async checkEverything(): Promise<void> {
    await readEverything(this.#known, this.#relay, this.#world);
  }

  async end(): Promise<void> {
    await this.checkEverything();
    await this.#relay.sweep();
    await this.checkEverything();
    await this.#relay[Symbol.asyncDispose]();
    if (this.#options.reopen === undefined) return;
    await this.#options.store[Symbol.asyncDispose]();
    await using store = await this.#options.reopen();
    await using relay = await openRelay({ store, world: this.#world, primitives, limits: lowLimits });
    await readEverything(this.#known, relay, this.#world);
  }

  get #isMemory(): boolean {
    return this.#options.store.durability === 'memory';
  }

  get #second(): number {
    return Math.floor(this.#world.now() / 1000);
  }

  async #letTimePass(): Promise<void> {
    const chance = this.#chance;
    if (chance.oneIn(3)) this.#world.pass(chance.below(3000));
    if (chance.oneIn(150)) this.#world.pass(chance.below(3 * 86_400_000));
    if (chance.oneIn(200)) await this.#relay.sweep();
  }

  /** Whoever waits for something new is answered when the time is over. */
  async #whileTimePasses(answering: Promise<Outcome>): Promise<Outcome> {
    for (;;) {
      const answered = await Promise.race([answering, turn()]);
      if (answered !== undefined) return answered;
      if (this.#relay.held().waiting > 0) this.#world.pass(41_000);
    }
  }

  #count(name: string): void {
    this.#options.tally.set(name, (this.#options.tally.get(name) ?? 0) + 1);
  }

  #plaintext(plan: Plan): Uint8Array {
    const chance = this.#chance;
    const token = this.#token;
    const asking = { known: this.#known, chance, second: this.#second, token };
    const asks: readonly Ask[] = Array.from({ length: 1 + chance.below(3) }, () => honestAsk(asking));
    const reused = chance.oneIn(40) ? [...this.#remembered.keys()].at(-1) : undefined;
    const batch = plan.honest || reused === undefined ? (base32(chance.bytes(16)) as BatchId) : reused;
    const late = !plan.honest && chance.oneIn(60) ? chance.of([0, -1, 3601, 86_400]) : 1 + chance.below(3600);
    const header = {
      id: batch,
      notAfter: this.#second + late,
      room: plan.honest || chance.oneIn(3) ? 65_536 : chance.of([0, 300, 2000, 8192, 1_048_576]),
    };
    return plaintextOf(header, wireOf(asks, plan, { known: this.#known, batch, chance }), { plan, chance });
  }

  #judge(outcome: Outcome & { kind: 'answered' }, sent: Judged): void {
    const batch = attempt(() => decodeBatch(sent.plaintext));
    const { header, items } = outcome;
    if (header.problem !== undefined) {
      this.#count(header.problem);
      if (items.length > 0 || this.#changes.count > 0)
        throw new Error(`${header.problem}, and yet something was done`);
      this.#expectProblem(header.problem, batch, sent);
      return;
    }
    if (batch === undefined) throw new Error('a malformed batch was answered');
    if (header.batch !== batch.id) throw new Error('the answer is to another batch');
    const operations = batch.operations.map((wire) => {
      const operation = attempt(() => decodeOperation(wire) ?? ('unsupported' as const));
      return operation ?? ('malformed' as const);
    });
    const written = items.filter(({ operation }) => isWrite(operations[operation]));
    const before = this.#remembered.get(batch.id);
    const repeated = before !== undefined && before.notAfter > sent.second && written.length > 0;
    if (repeated) this.#expectRepeated(before, { written, plaintext: sent.plaintext });
    this.#expectOneResultEach(operations.length, items);
    const changed = this.#changes.count > 0;
    const isRemembered = this.#changes.remembered;
    let mayChange = false;
    for (const item of items) {
      const operation = operations[item.operation];
      const wire = batch.operations[item.operation];
      if (wire === undefined) throw new Error('a result of no operation');
      this.#count(`${typeof operation === 'object' ? operation.kind : 'other'} ${item.result.kind}`);
      if (operation === undefined || typeof operation === 'string') {
        if (item.result.kind !== operation) throw new Error(`${operation} was answered ${item.result.kind}`);
        continue;
      }
      if (repeated && isWrite(operation)) continue;
      const place = { batch: batch.id, second: sent.second, lifetimeSeconds: lowLimits.lifetimeSeconds ?? 0 };
      try {
        acknowledge(this.#known, { operation, wire, ...place }, item.result);
      } catch (cause) {
        throw new Error(`${operation.kind} ${item.result.kind}`, { cause });
      }
      mayChange ||= isWrite(operation) && !changesNothing(operation, item.result);
      if (item.result.kind === 'watched') this.#token = item.result.token;
      if (sent.plan.honest) expectFair(operation, item.result, batch);
    }
    if (changed && (repeated || !mayChange))
      throw new Error(
        `${items.map(({ result }) => result.kind).join(', ')}, and yet ${this.#changes.count} values changed`,
      );
    misread(items, this.#chance);
    if (isRemembered) {
      const { plaintext } = sent;
      this.#remembered.set(batch.id, { notAfter: batch.notAfter, plaintext, written });
    }
  }

  #expectProblem(problem: string, batch: Batch | undefined, { plaintext, second: now }: Judged): void {
    const before = batch && this.#remembered.get(batch.id);
    const right =
      problem === 'malformed'
        ? batch === undefined
        : problem === 'clock'
          ? batch !== undefined && (batch.notAfter <= now || batch.notAfter > now + 3600)
          : problem === 'mismatch' && before !== undefined && !equalBytes(before.plaintext, plaintext);
    if (!right) throw new Error(`the problem is said to be ${problem}`);
  }

  /** Rule 6: sent again it has the same result, and the same id with other content has none. */
  #expectRepeated(before: Remembered, now: Pick<Remembered, 'written' | 'plaintext'>): void {
    if (!equalBytes(before.plaintext, now.plaintext)) throw new Error('the id of another batch was taken');
    this.#count('repeated');
    const same = now.written.every((item, at) => {
      const other = before.written[at];
      return (
        other !== undefined && equalBytes(encode(responseItemCodec, other), encode(responseItemCodec, item))
      );
    });
    if (!same || now.written.length !== before.written.length)
      throw new Error('a repeated batch had another result');
  }

  #expectOneResultEach(operations: number, items: readonly ResponseItem[]): void {
    const last = items.filter(({ result }) => !['entry', 'turned', 'unreadable'].includes(result.kind));
    const answered = new Set(last.map(({ operation }) => operation));
    if (answered.size !== operations || last.length !== operations)
      throw new Error('not each operation has one result');
  }
}

/** An honest operation is done, or there is an honest reason. */
function expectFair(operation: Operation, result: Result, batch: Batch): void {
  if (batch.operations.length > 1) return; // what comes before it may have turned the log's keys
  const unfair = ['malformed', 'unsupported', ...(operation.kind === 'create' ? [] : ['refused'])];
  if (operation.kind === 'put' || (operation.kind === 'append' && operation.capability !== undefined)) return;
  if (unfair.includes(result.kind))
    throw new Error(`an honest ${operation.kind} was answered ${result.kind}`);
}

/** A client decodes what a relay says, or calls it malformed. */
function misread(items: readonly ResponseItem[], chance: Chance): void {
  if (items.length === 0 || !chance.oneIn(8)) return;
  const encoded = encode(responseItemCodec, chance.of(items));
  attempt(() => decode(responseItemCodec, mutateEncoding(encoded, chance)));
}

function isWrite(operation: Operation | 'malformed' | 'unsupported' | undefined): boolean {
  return (
    typeof operation === 'object' &&
    (operation.kind === 'create' ||
      operation.kind === 'append' ||
      operation.kind === 'amend' ||
      operation.kind === 'put' ||
      operation.kind === 'erase')
  );
}

function turn(): Promise<undefined> {
  return new Promise((resolve) => void setImmediate(() => resolve(undefined)));
}
