import {
  cardResponse,
  encodeResponse,
  hash,
  limits as wireLimits,
  MalformedError,
  openRequest,
  RefusedError,
  responseKeys,
  sealResponse,
  unknownTicketResponse,
  type Batch,
  type BatchId,
  type BatchProblem,
  type ExchangeSecret,
  type Primitives,
  type RelayId,
  type ResponseItem,
  type World,
} from '@tern/protocol';
import { payerOf, type Asker } from './asker.ts';
import { isDeferrable, openBatch, sortBatch, type SortedBatch } from './batch-opening.ts';
import { CardKeeper, type CardContent } from './card-keeper.ts';
import { DayVault } from './day-vault.ts';
import { Eraser } from './eraser.ts';
import { ForwardOffice } from './forward/forward-office.ts';
import type { Forwarder, ForwarderParts, Payer } from './forward/forwarder.ts';
import { expireKept } from './forward/kept-records.ts';
import type { JudgeContext } from './judge-context.ts';
import { limitsWith, type RelayLimits } from './limits-table.ts';
import { PolicyMemory } from './log-ledger.ts';
import { ItemTray } from './log-reader.ts';
import { rightUse } from './log-records.ts';
import { MemoryShare } from './memory-share.ts';
import { OpenBudget } from './open-budget.ts';
import { rightKey } from './policy-rules.ts';
import { answerReads } from './read-answers.ts';
import type { LogSink } from './relay-log.ts';
import { Sessions } from './sessions.ts';
import type { RelayStore } from './store.ts';
import { sweepStore, type Swept } from './sweep.ts';
import { Wakers } from './wakers.ts';
import { WatchSets } from './watch-sets.ts';
import { WriteDesk } from './write-desk.ts';

export interface RelayOptions {
  /** stays the caller's: the relay does not close it */
  readonly store: RelayStore;
  readonly world: World;
  readonly primitives: Primitives;
  /** what differs from the defaults of the table */
  readonly limits?: Partial<RelayLimits>;
  /** what the card says beside its keys */
  readonly card?: Partial<Pick<CardContent, 'endpoints' | 'host' | 'door' | 'public'>>;
  readonly log?: LogSink;
  /** hands requests on to other relays; without one they are answered `unsupported` */
  readonly forwarder?: (parts: ForwarderParts) => Forwarder;
}

/** Logs and chunks behind one exchange: sealed bytes in, sealed bytes out. It knows nothing of connections. */
export interface Relay extends AsyncDisposable {
  readonly id: RelayId;
  readonly limits: RelayLimits;
  /**
   * Answers the body of one POST; an empty one with the card.
   * @throws {MalformedError} for what cannot be opened: whoever sent it gets the ordinary missing page
   * @throws {RefusedError} `busy` when first batches come faster than they may
   */
  answer(request: Uint8Array, asker: Asker): Promise<Uint8Array>;
  /** the current card, signed */
  card(): Uint8Array;
  /** @returns 16 bytes with which logs may be begun here */
  newRight(): Promise<Uint8Array>;
  /** Removes what has ended, turns keys, finishes erasing. To be called every now and then. */
  sweep(options?: { readonly signal?: AbortSignal }): Promise<Swept>;
  /** Hands on what is kept for other relays, until the signal; returns at once where nothing is. */
  deliver(options: { readonly signal: AbortSignal }): Promise<void>;
  /** Lets every waiting watch be answered now, and what is handed on end; later ones are not kept waiting. */
  hurry(): void;
  /** how much is held in memory for clients */
  held(): { readonly sessions: number; readonly watchSets: number; readonly waiting: number };
}

const headerRoomBytes = 200;
const rightBytes = 16;
const nonceBytes = 32;

/** Opens a relay over a store; its identity is the store's. */
export async function openRelay(options: RelayOptions): Promise<Relay> {
  return new OpenRelay(options);
}

class OpenRelay implements Relay {
  readonly id: RelayId;
  readonly limits: RelayLimits;
  readonly #store: RelayStore;
  readonly #world: World;
  readonly #primitives: Primitives;
  readonly #log: LogSink;
  readonly #cards: CardKeeper;
  readonly #vault: DayVault;
  readonly #policies = new PolicyMemory();
  readonly #sessions: Sessions;
  readonly #sets: WatchSets;
  readonly #wakers: Wakers;
  readonly #budget: OpenBudget;
  readonly #eraser: Eraser;
  readonly #office: ForwardOffice | undefined;
  readonly #writes: WriteDesk;

  constructor({ store, world, primitives, limits, card, log, forwarder }: RelayOptions) {
    this.#store = store;
    this.#world = world;
    this.#primitives = primitives;
    this.#log = log ?? (() => {});
    this.limits = limitsWith(limits);
    this.#vault = new DayVault({ primitives, world, secrets: store.secrets });
    this.#cards = new CardKeeper({
      primitives,
      world,
      secrets: store.secrets,
      content: {
        endpoints: card?.endpoints ?? [],
        host: card?.host ?? true,
        door: card?.door ?? true,
        public: card?.public ?? false,
        roomBytes: this.limits.logBytes,
        lifetime: this.limits.lifetimeSeconds,
        logs: this.limits.logsOfRight,
      },
    });
    this.id = this.#cards.id;
    this.#sets = new WatchSets(world, this.limits);
    this.#sessions = new Sessions({
      primitives,
      world,
      limits: this.limits,
      forgotten: (session) => this.#sets.forgetSession(session),
    });
    this.#wakers = new Wakers(this.limits);
    this.#budget = new OpenBudget(world, this.limits);
    this.#eraser = new Eraser(store, this.#log);
    const parts = { relay: this.id, limits: this.limits, world, primitives, store, vault: this.#vault };
    this.#office = forwarder && new ForwardOffice(forwarder, parts);
    this.#writes = new WriteDesk({
      store,
      wakers: this.#wakers,
      eraser: this.#eraser,
      memory: new MemoryShare(world, this.limits),
      office: this.#office,
      log: this.#log,
    });
    this.#log({ event: 'opened', durability: store.durability });
  }

  card(): Uint8Array {
    return this.#cards.card();
  }

  held(): { readonly sessions: number; readonly watchSets: number; readonly waiting: number } {
    return { sessions: this.#sessions.size, watchSets: this.#sets.size, waiting: this.#wakers.waiting };
  }

  hurry(): void {
    this.#wakers.close();
    this.#office?.hurry();
  }

  async deliver(options: { readonly signal: AbortSignal }): Promise<void> {
    await this.#office?.deliver(options);
  }

  async newRight(): Promise<Uint8Array> {
    const right = this.#world.randomBytes(rightBytes);
    await this.#store.write((transaction) =>
      transaction.put(rightKey({ primitives: this.#primitives }, right), rightUse.encode({ logs: 0 })),
    );
    return right;
  }

  async sweep(options: { readonly signal?: AbortSignal } = {}): Promise<Swept> {
    this.#cards.tend();
    const swept = await sweepStore(this.#store, this.#vault, { ...options, second: this.#second() });
    await expireKept(this.#store, { ...options, second: this.#second() });
    await this.#eraser.idle();
    this.#log({ event: 'swept', ...swept });
    return swept;
  }

  async answer(request: Uint8Array, asker: Asker): Promise<Uint8Array> {
    if (request.length === 0) return cardResponse(this.card());
    if (request.length > this.limits.bodyBytes) throw new MalformedError('request is too large');
    let rationed = false;
    let session: string | undefined;
    const opened = openRequest(this.#primitives, request, {
      relay: this.id,
      keys: {
        sealingKey: (id) => {
          const pair = this.#cards.sealingKey(id);
          if (pair === undefined || this.#budget.take(asker.source)) return pair;
          rationed = true;
          return undefined;
        },
        takeTicket: (id) => {
          const ticket = this.#sessions.take(id);
          session = ticket?.session;
          return ticket;
        },
      },
    });
    if (rationed) throw new RefusedError('busy', 'too many first batches');
    if (opened.kind === 'unknown-key') return cardResponse(this.card());
    if (opened.kind === 'unknown-ticket') return unknownTicketResponse();
    const { plaintext, exchange } = opened;
    using attended = this.#sessions.attend(session);
    const asked = { exchange, session: attended.name };
    const found = openBatch(plaintext);
    if (found.kind === 'malformed') return this.#respond(asked, { batch: found.id, problem: 'malformed' });
    const { batch } = found;
    const now = this.#second();
    const sorted = sortBatch(batch);
    const left = batch.notAfter - now;
    const deferred = left > wireLimits.batchLifetimeSeconds && asker.peer === true && isDeferrable(sorted);
    if (left <= 0 || left > (deferred ? wireLimits.deferSeconds : wireLimits.batchLifetimeSeconds))
      return this.#respond(asked, { batch: batch.id, problem: 'clock' });
    if (this.#writes.judging >= this.limits.batches)
      return this.#respond(asked, { batch: batch.id, problem: 'busy' });
    const answered = await this.#run(batch, {
      sorted,
      digest: hash(this.#primitives, 'batch', plaintext),
      session: asked.session,
      asker,
      deferred,
    });
    return this.#respond(asked, { batch: batch.id, ...answered });
  }

  /** Waits for what is still being erased. The store stays open. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.hurry();
    await this.#office?.[Symbol.asyncDispose]();
    await this.#eraser.idle();
    this.#log({ event: 'closed' });
  }

  async #run(
    batch: Batch,
    asked: {
      readonly sorted: SortedBatch;
      readonly digest: Uint8Array;
      readonly session: string;
      readonly asker: Asker;
      readonly deferred: boolean;
    },
  ): Promise<{ readonly items: readonly ResponseItem[] } | { readonly problem: BatchProblem }> {
    const { asker, session } = asked;
    const tray = new ItemTray(batch.room - headerRoomBytes);
    const { reads, settled } = asked.sorted;
    for (const { index, result } of settled) tray.add(index, result);
    const payer = payerOf(asker);
    const context = this.#contextOf(batch.id, payer);
    const written = await this.#writes.judge(context, {
      writes: asked.sorted.writes,
      digest: asked.digest,
      notAfter: batch.notAfter,
      source: asker.source,
      payer,
      deferred: asked.deferred,
    });
    if ('problem' in written) return written;
    for (const { operation, result } of written.items) tray.add(operation, result);
    const { signal, source } = asker;
    const desk = {
      store: this.#store,
      sets: this.#sets,
      wakers: this.#wakers,
      world: this.#world,
      forward: this.#office?.desk,
      card: () => this.card(),
    };
    await answerReads(desk, context, { reads, tray, session, payer, source, signal });
    return { items: tray.items };
  }

  #respond(
    asked: { readonly exchange: ExchangeSecret; readonly session: string },
    content: {
      readonly batch: BatchId;
      readonly items?: readonly ResponseItem[];
      readonly problem?: BatchProblem;
    },
  ): Uint8Array {
    const nonce = this.#world.randomBytes(nonceBytes);
    const keys = responseKeys(this.#primitives, asked.exchange, nonce);
    const plaintext = encodeResponse(
      {
        batch: content.batch,
        time: this.#world.now(),
        card: this.#cards.number,
        tickets: this.#sessions.issue(asked.session, keys),
        ...(content.problem === undefined ? {} : { problem: content.problem }),
      },
      content.items ?? [],
    );
    return sealResponse(this.#primitives, keys, { nonce, plaintext });
  }

  #contextOf(batch: BatchId, payer: Payer | undefined): JudgeContext {
    const keeping = this.#office?.keepingOf(payer);
    return {
      ...(keeping === undefined ? {} : { keeping }),
      primitives: this.#primitives,
      relay: this.id,
      limits: this.limits,
      vault: this.#vault,
      policies: this.#policies,
      nobodysKey: this.#cards.signingKey,
      batch,
      second: this.#second(),
    };
  }

  #second(): number {
    return Math.floor(this.#world.now() / 1000);
  }
}
