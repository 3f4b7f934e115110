import {
  encodeBatch,
  limits,
  MalformedError,
  randomId,
  RefusedError,
  TernError,
  UnreachableError,
  UsageError,
  type BatchId,
  type BatchProblem,
  type Card,
  type Hint,
  type Primitives,
  type RelayId,
  type Result,
} from '@tern/protocol';
import { readAnswer, type Answer } from './answer.ts';
import { cardOf, openCardFromNetwork, strange } from './answered-card.ts';
import { answerRoom, type Budget } from './budget.ts';
import { RelayClock } from './clock.ts';
import { shortestHoldMs } from './hold-lengths.ts';
import { provenOperations, waitSecondsOf, watchTokenOf, type Outgoing } from './proven-operations.ts';
import { PathMeter, type LastExchange, type MeterParts } from './path-meter.ts';
import { SealedBatch, type Sealed } from './sealed-batch.ts';
import { SharedTask } from './shared-task.ts';
import { TicketBoxes } from './ticket-box.ts';
import type { Vantage } from './transport.ts';

/** What is left of a batch's answer: every result that arrived, per operation, in order. */
export interface Exchanged {
  /** results[i] are those of operations[i]; the last one of each is final when `whole` */
  readonly results: readonly (readonly Result[])[];
  /** false when the answer was cut: what is here is good, what is missing must be asked for again */
  readonly whole: boolean;
}

export interface ExchangeOptions {
  readonly signal: AbortSignal;
  /** random unless given; the same id with the same operations is the same batch, however often it is sent (rule 6) */
  readonly id?: BatchId;
  /** bytes of plaintext the answer may have; what the path's budget allows unless given */
  readonly room?: number;
  /** a piece of something large: everything else goes first */
  readonly bulk?: boolean;
}

/** One relay as a device uses it; its card and tickets live as long as this object. */
export interface Path extends AsyncDisposable {
  readonly hint: Hint;
  /** from the hint, or, where trust on first use was asked for, once the first exchange ended */
  readonly relay: RelayId | undefined;
  /** the relay's clock minus ours, ms; undefined before the first exchange */
  readonly clockOffset: number | undefined;
  /** what a batch and its answer may weigh here, learnt from those before; callers make their batches fit (rule 6) */
  readonly budget: Budget;
  /** How long a watch may ask its answer to be kept back now, s; drawn anew each time, so that it is no beat to be known by. */
  holdSeconds(): number;
  /** undefined before anything came */
  readonly lastExchange: LastExchange | undefined;
  /** verified against the hint; asked for again once an answer named a newer one */
  card(options: { readonly signal: AbortSignal }): Promise<Card>;
  /**
   * Takes the card from an answer to an empty request that was sent before this path was there, and so saves an exchange. What is not a
   * card of the relay that the hint names changes nothing.
   */
  introduce(answer: Uint8Array): Promise<void>;
  /**
   * Sends one batch once. Any number of exchanges may run at the same time.
   * @throws {UnreachableError} when nothing usable came back: send it again with the same id
   * @throws {RefusedError} `wrong-relay`, or the relay's word on the whole batch: `busy`, `clock`, `mismatch`, `malformed`
   * @throws {MalformedError} for a batch over its limits, or a relay that seals nonsense
   */
  exchange(outgoing: readonly Outgoing[], options: ExchangeOptions): Promise<Exchanged>;
}

export interface PathParts extends MeterParts {
  readonly hint: Hint;
  readonly primitives: Primitives;
  /** take for the relay whoever answers first; for a hint that names none (rule 3) */
  readonly trustOnFirstUse?: boolean;
}

/** Opens nothing yet: the first exchange does. @throws {UsageError} for a hint without a relay that nobody asked to trust */
export function openPath(parts: PathParts): Path {
  if (parts.hint.relay === undefined && parts.trustOnFirstUse !== true)
    throw new UsageError('a hint that names no relay is only used where trust on first use was asked for');
  return new RelayPath(parts);
}

const batchLifetimeSeconds = 600;
const rememberedBatches = 64;
/** Of a transport that does not say. */
const nowhere: Vantage = { network: undefined, through: '' };
/** an entry comes whole or not at all, however little gets through; one that turns a log's keys brings 330 bytes beside it */
const leastAnswerBytes = 4608;

interface BatchName {
  readonly id: BatchId;
  readonly room: number;
  /** seconds since 1970 */
  readonly notAfter: number;
}

class RelayPath implements Path {
  readonly hint: Hint;
  readonly #parts: PathParts;
  readonly #meter: PathMeter;
  readonly #clock: RelayClock = new RelayClock();
  readonly #tickets: TicketBoxes = new TicketBoxes();
  readonly #closing: AbortController = new AbortController();
  readonly #cardFetch: SharedTask<Card> = new SharedTask((signal) => this.#fetchCard(signal));
  readonly #running: Set<Promise<unknown>> = new Set();
  #relay: RelayId | undefined;
  #card: Card | undefined;
  #newestCardNumber = 0;
  /** batches named by the caller: sent again, their bytes must be the same */
  #named: readonly BatchName[] = [];

  constructor(parts: PathParts) {
    this.#parts = parts;
    this.#meter = new PathMeter(parts);
    this.hint = parts.hint;
    this.#relay = parts.hint.relay;
  }

  get relay(): RelayId | undefined {
    return this.#relay;
  }

  get clockOffset(): number | undefined {
    return this.#clock.offsetMs;
  }

  get budget(): Budget {
    return this.#meter.budget(this.hint, { bulk: true });
  }

  holdSeconds(): number {
    const { transport, world } = this.#parts;
    const ms = transport.holdMs?.(this.hint);
    if (ms === undefined) return shortestHoldMs / 1000;
    return Math.round((ms / 1000) * (1 - (world.randomBytes(1)[0] ?? 0) / 2048));
  }

  get lastExchange(): LastExchange | undefined {
    return this.#meter.last;
  }

  card(options: { readonly signal: AbortSignal }): Promise<Card> {
    const card = this.#card;
    return this.#run(options.signal, (signal) =>
      card !== undefined && card.number >= this.#newestCardNumber
        ? Promise.resolve(card)
        : this.#cardFetch.run(signal),
    );
  }

  async introduce(answer: Uint8Array): Promise<void> {
    if (this.#relay === undefined) return;
    try {
      this.#adopt(cardOf(await this.#readUnsealed(onePiece(answer))));
    } catch (error) {
      if (!(error instanceof TernError)) throw error; // the first exchange asks for it
    }
  }

  exchange(outgoing: readonly Outgoing[], options: ExchangeOptions): Promise<Exchanged> {
    return this.#run(options.signal, (signal) => this.#exchange(outgoing, { ...options, signal }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new UnreachableError('the path was closed', { code: 'closed' }));
    await Promise.allSettled(this.#running);
    this.#tickets.clear();
  }

  async #run<T>(outer: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const signal = AbortSignal.any([outer, this.#closing.signal]);
    signal.throwIfAborted();
    const running = work(signal);
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  async #exchange(outgoing: readonly Outgoing[], options: ExchangeOptions): Promise<Exchanged> {
    if (this.#card === undefined) await this.#cardFetch.run(options.signal);
    const spent = { ticket: false, key: false, clock: false };
    const heldMs = 1000 * Math.max(0, ...outgoing.map(({ operation }) => waitSecondsOf(operation)));
    let name = this.#nameOf(options);
    let plaintext = this.#encode(outgoing, name);
    for (;;) {
      const batch = this.#sealed(plaintext, outgoing, !spent.ticket);
      const { answer, sealed } = await this.#ask(batch, { heldMs, ...options }).finally(() => batch.back());
      if (answer.kind === 'unknown-ticket') {
        if (sealed.under !== 'ticket') throw strange('a ticket was refused where none was shown');
        sealed.box.forget(sealed.session);
        spent.ticket = true;
      } else if (answer.kind === 'card') {
        if (sealed.under !== 'key' || spent.key) throw strange('a card came where an answer was due');
        this.#adopt(answer.card);
        if (this.#card?.number === sealed.keyNumber) throw strange('the card offers a key nobody accepts');
        spent.key = true;
      } else {
        this.#learn(answer, sealed);
        if (answer.header.batch !== name.id) throw new MalformedError('the answer is to another batch');
        const problem = answer.header.problem;
        if (problem === undefined) return resultsOf(answer, outgoing.length);
        if (problem !== 'clock' || spent.clock) throw refused(problem);
        spent.clock = true;
        this.#named = this.#named.filter((one) => one.id !== name.id);
        this.#clock.restart(answer.header.time, answer.headerAt);
        name = this.#nameOf({ room: name.room });
        plaintext = this.#encode(outgoing, name);
      }
    }
  }

  /** A name the caller gave keeps its not-after and room for as long as that lasts, so that the batch's bytes stay the same. */
  #nameOf({ id: given, room, bulk = false }: Pick<ExchangeOptions, 'id' | 'room' | 'bulk'>): BatchName {
    const { world } = this.#parts;
    const now = Math.floor((world.now() + (this.#clock.offsetMs ?? 0)) / 1000);
    const before = this.#named.find((one) => one.id === given);
    if (before !== undefined && before.notAfter > now) return before;
    const { downBytes } = this.#meter.budget(this.hint, { bulk });
    const name = {
      id: given ?? randomId<BatchId>(world.randomBytes(16)),
      notAfter: now + batchLifetimeSeconds,
      room:
        room ?? Math.min(answerRoom(Math.max(downBytes, bulk ? 0 : leastAnswerBytes)), limits.responseBytes),
    };
    if (given !== undefined)
      this.#named = [name, ...this.#named.filter((one) => one.id !== given)].slice(0, rememberedBatches);
    return name;
  }

  #encode(outgoing: readonly Outgoing[], name: BatchName): Uint8Array {
    const relay = this.#relay;
    if (relay === undefined) throw new UsageError('no card was fetched');
    const operations = provenOperations(this.#parts.primitives, outgoing, { relay, batch: name.id });
    return encodeBatch({ ...name, operations });
  }

  #sealed(plaintext: Uint8Array, outgoing: readonly Outgoing[], withTicket: boolean): SealedBatch {
    const { primitives, world } = this.#parts;
    const [relay, card, tickets] = [this.#relay, this.#card, this.#tickets];
    if (relay === undefined || card === undefined) throw new UsageError('no card was fetched');
    return new SealedBatch({
      plaintext,
      relay,
      card,
      tickets,
      withTicket,
      primitives,
      token: watchTokenOf(outgoing),
      randomBytes: (length) => world.randomBytes(length),
      now: (world.now() + (this.#clock.offsetMs ?? 0)) / 1000,
    });
  }

  /** @returns the answer, and what was sent on the way that it came by */
  async #ask(
    batch: SealedBatch,
    asked: { readonly heldMs: number; readonly bulk?: boolean; readonly signal: AbortSignal },
  ): Promise<{ readonly answer: Answer; readonly sealed: Sealed }> {
    const { signal, heldMs, bulk = false } = asked;
    signal.throwIfAborted();
    const { primitives, world, transport } = this.#parts;
    let sealed = batch.from(transport.vantage?.(this.hint) ?? nowhere);
    const request = {
      to: this.hint,
      bytes: sealed.bytes,
      heldMs,
      bulk,
      signal,
      sealedFor: (vantage: Vantage) => batch.from(vantage).bytes,
      sentFrom(vantage: Vantage) {
        sealed = batch.from(vantage);
      },
    };
    const answer = await this.#meter.carry(request, (pieces) =>
      readAnswer(pieces, { primitives, exchange: () => sealed.exchange, now: () => world.now() }),
    );
    return { answer, sealed };
  }

  #learn(answer: Extract<Answer, { readonly kind: 'sealed' }>, { box, session }: Sealed): void {
    this.#clock.observe(answer.header.time, answer.headerAt);
    box.add(session, answer.header.tickets, answer.keys);
    this.#newestCardNumber = Math.max(this.#newestCardNumber, answer.header.card);
    for (const { result } of answer.items) if (result.kind === 'watched') box.remember(result.token, session);
  }

  async #fetchCard(signal: AbortSignal): Promise<Card> {
    const request = { to: this.hint, bytes: new Uint8Array(), heldMs: 0, bulk: false, signal };
    return this.#adopt(cardOf(await this.#meter.carry(request, (pieces) => this.#readUnsealed(pieces))));
  }

  #readUnsealed(pieces: AsyncIterable<Uint8Array>): Promise<Answer> {
    const { primitives, world } = this.#parts;
    return readAnswer(pieces, { primitives, exchange: () => undefined, now: () => world.now() });
  }

  /** @returns the card that counts: this one, or the one we have where that is newer */
  #adopt(encoded: Uint8Array): Card {
    const opened = openCardFromNetwork(this.#parts.primitives, encoded);
    if (opened === undefined || (this.#relay !== undefined && opened.relay !== this.#relay))
      throw new RefusedError('wrong-relay', 'another relay answers at this address');
    this.#relay = opened.relay;
    if (this.#card === undefined || opened.card.number > this.#card.number) {
      this.#card = opened.card;
      this.#parts.transport.learnCard?.(opened.relay, opened.card);
    }
    return this.#card;
  }
}

function resultsOf(answer: Extract<Answer, { readonly kind: 'sealed' }>, operations: number): Exchanged {
  const results = Array.from({ length: operations }, (): Result[] => []);
  for (const item of answer.items) {
    const those = results[item.operation];
    if (those === undefined) throw new MalformedError('a result of an operation that was not sent');
    those.push(item.result);
  }
  return { results, whole: answer.whole };
}

async function* onePiece(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}

function refused(problem: BatchProblem): RefusedError {
  return new RefusedError(problem, `the relay did not look at the batch: ${problem}`);
}
