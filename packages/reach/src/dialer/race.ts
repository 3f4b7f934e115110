import { UnreachableError, type World } from '@tern/protocol';
import { least } from '../budget.ts';
import type { AttemptReport } from './attempt-report.ts';
import { Attempt } from './attempt.ts';
import { DialError, endedBy, unheld } from './carrier.ts';
import type { ConnectionPool, Held } from './connection-pool.ts';
import { dialRules } from './dial-rules.ts';
import type { Evidence } from './evidence.ts';
import { holdRules, nextHoldMs } from './hold.ts';
import { NameTurns } from './name-turns.ts';
import { mayFreeze, metStranger } from './standing.ts';
import { exploredWay, failedLately, orderWays, type WayView } from './way-order.ts';
import type { Vantage } from '../transport.ts';
import { doubtMs, favourMs, type UnderWay } from './under-way.ts';
import type { WayBook } from './way-book.ts';
import { countedBy, relayOf, wayKey, type Way } from './way.ts';

export interface RaceParts {
  readonly ways: readonly Way[];
  readonly request: Uint8Array;
  /** the same as it is to be sent on this way */
  readonly leaving: (way: Way) => { readonly request: Uint8Array; readonly vantage: Vantage };
  readonly bulk: boolean;
  /** the answer may be kept back for so long; 0 for not at all */
  readonly heldMs: number;
  /** whoever asked waits for somebody else, and cannot ask for less */
  readonly handsOn: boolean;
  readonly signal: AbortSignal;
  readonly pool: ConnectionPool;
  readonly book: WayBook;
  readonly evidence: Evidence;
  readonly underWay: UnderWay;
  readonly world: World;
  readonly longestSilenceMs: number;
  readonly observe: (observation: AttemptReport) => void;
  readonly began: (attempt: Attempt) => void;
}

export interface Winner {
  /** those it was faster than, which were left */
  readonly outrun: readonly Attempt[];
  readonly attempt: Attempt;
  /** undefined for an empty answer */
  readonly first: Uint8Array | undefined;
}

interface Runner {
  readonly attempt: Attempt;
  readonly begun: Promise<Event>;
}

type Event =
  | { readonly kind: 'begun'; readonly runner: Attempt; readonly first: Uint8Array | undefined }
  | { readonly kind: 'failed'; readonly runner: Attempt; readonly error: unknown }
  | { readonly kind: 'doubt' }
  | { readonly kind: 'hard' };

/** so much speaks for another relay with each straight way that was silent */
const silentMs = 1500;
const mostSilentMs = 9000;
/** As many tries of one way for one request. */
const triesOfOne = 2;
/**
 * Where a larger request than this finds no answer, it is probably its size, and whoever asked had better make it smaller. With a part of a
 * file that is larger than the least it is so too where connections freeze, or a second way says nothing either.
 */
const largeBytes = 4096;

/**
 * One request, on one way after the other until one answers. A way that is slow stays in the race while the next one tries; it loses
 * when another answers first, or when nothing has come from anybody for very long. So a slow line without another way still works.
 */
export class Race {
  readonly #parts: RaceParts;
  readonly #running: Runner[] = [];
  readonly #names: NameTurns;
  readonly #tries = new Map<string, number>();
  /** an address that went before its turn: where it is silent as well the other ways are no worse for it */
  #favoured: Way | undefined;
  #attempts = 0;
  #error: unknown;

  constructor(parts: RaceParts) {
    this.#parts = parts;
    this.#names = new NameTurns(parts.world);
  }

  /** @throws {UnreachableError} where nobody answered @throws the signal's reason */
  async run(): Promise<Winner> {
    const { signal } = this.#parts;
    try {
      this.#startNext();
      for (;;) {
        if (this.#running.length === 0) throw this.#failure();
        const event = await this.#event();
        if (event.kind === 'begun') return this.#won(event.runner, event.first);
        if (event.kind === 'hard') {
          if (this.#hardMs() > 0) continue; // something came forward meanwhile
          throw this.#giveUp();
        }
        if (event.kind === 'failed') this.#lost(event.runner, event.error);
        else if (this.#isVain()) throw this.#giveUp();
        else this.#startNext();
      }
    } catch (error) {
      for (const { attempt } of this.#running) this.#abandon(attempt, signal.aborted);
      throw error;
    }
  }

  /** Whatever happens next; what merely takes too long is an event as well. */
  async #event(): Promise<Event> {
    const { signal, world } = this.#parts;
    const turn = new AbortController();
    const either = AbortSignal.any([signal, turn.signal]);
    const newest = this.#running.at(-1)?.attempt;
    const waits: Promise<Event>[] = [];
    if (newest !== undefined && !newest.doubted)
      waits.push(newest.doubt(either).then((): Event => ({ kind: 'doubt' })));
    waits.push(world.wait(this.#hardMs(), { signal: either }).then((): Event => ({ kind: 'hard' })));
    try {
      return await Promise.race([...this.#running.map(({ begun }) => begun), ...waits]);
    } finally {
      for (const wait of waits) wait.catch(() => undefined);
      turn.abort();
      signal.throwIfAborted();
    }
  }

  #hardMs(): number {
    const { world, heldMs, longestSilenceMs } = this.#parts;
    const last = Math.max(...this.#running.map(({ attempt }) => attempt.lastAt));
    const asked = heldMs > 0 && this.#running.some(({ attempt }) => attempt.stage === 'answer');
    // nobody was asked yet
    const waits = heldMs === 0 && this.#running.every(({ attempt }) => attempt.stage === 'waiting');
    const silentMs = waits ? Math.max(longestSilenceMs, dialRules.waitingMs) : longestSilenceMs;
    return Math.max(0, last + (asked ? heldMs + holdRules.graceMs : silentMs) - world.now());
  }

  /** @throws {UnreachableError} `unheld` where the next way is not known to carry what may be kept back for so long */
  #startNext(): void {
    const { book, heldMs, world } = this.#parts;
    const way = this.#nextWay();
    if (way === undefined) return;
    if (this.#attempts > 0 && heldMs > nextHoldMs(book.standing(way).hold, world.now())) {
      for (const { attempt } of this.#running.splice(0)) attempt.leave('left');
      throw unheld();
    }
    this.#start(way);
  }

  #nextWay(): Way | undefined {
    const { ways, world, bulk, heldMs, book, pool, request, underWay } = this.#parts;
    const held = heldMs > 0;
    if (this.#attempts >= dialRules.mostAttempts) return undefined;
    const now = world.now();
    const wish = { upBytes: request.length, bulk, held };
    // a name whose hello is still out is not said again meanwhile, nor is a port greeted twice
    const greeting = new Set(
      this.#running.flatMap(({ attempt }) => (attempt.stage === 'hello' ? [greetedBy(attempt.way)] : [])),
    );
    const own = this.#running.filter(
      ({ attempt: { doubted, way } }) => doubted && way.carrier === 'https' && way !== this.#favoured,
    ).length;
    const stuck = this.#stuck();
    const known = ways.map((way): WayView => {
      const again = (this.#tries.get(wayKey(way)) ?? 0) * dialRules.helloMs;
      const standing = book.standing(way);
      const doubted = Math.max(underWay.doubtMs(way), ...stuck.map((attempt) => doubtMs(attempt, way)));
      // each that is silent makes it likelier that none of the straight ones leads there
      const all = underWay.silentTo(way.through ?? relayOf(way));
      const silent = (way.carrier === 'forward' ? all : Math.max(own, all)) * silentMs;
      const ready = pool.isReady(way, wish);
      const restMs = ready ? 0 : Math.max(pool.waitMs(way, wish), this.#beginsAt(way) - now);
      const shunned = ready ? 0 : book.shunnedMs(way, now);
      const against = Math.max(doubted, shunned);
      const favour = against > 0 || failedLately(standing, now) ? 0 : favourMs(stuck, way);
      const waitMs = Math.max(0, restMs + again + against + Math.min(silent, mostSilentMs) - favour);
      return { way, standing, waitMs, ready, rests: book.rests(way, now) };
    });
    const within = (most: number): readonly WayView[] =>
      known.filter(
        ({ way, waitMs }) =>
          waitMs <= most && !greeting.has(greetedBy(way)) && (this.#tries.get(wayKey(way)) ?? 0) < triesOfOne,
      );
    const soon = within(dialRules.hardMs);
    // a text that found no start would be asked anew, behind the looks that come before it, and those would take each start as it gets free
    const patient = soon.length === 0 && this.#attempts === 0 && !held && !bulk;
    const views = patient ? within(dialRules.waitingMs) : soon;
    const trusted = views.filter(({ standing }) => !metStranger(standing, now));
    // strangers answer at once: they are asked only where nobody else is left
    const open = trusted.length > 0 || this.#running.length > 0 ? trusted : views;
    const ordered = orderWays(open, { now, bulk, upBytes: request.length, known });
    if (this.#attempts > 0 || held) return ordered[0];
    const [drawn = 0, more = 0] = world.randomBytes(2);
    const chance = (drawn * 256 + more) / 65_536;
    return exploredWay(ordered, open, { now, bulk, chance }) ?? ordered[0];
  }

  /** They have taken too long, and what they stopped at may stop others. */
  #stuck(): readonly Attempt[] {
    const all = this.#running.map(({ attempt }) => attempt);
    return all.filter(({ doubted, stage }) => doubted && stage !== 'waiting');
  }

  #start(way: Way): void {
    const { pool, world, book, leaving, heldMs, bulk, longestSilenceMs, observe, began, underWay } =
      this.#parts;
    const standing = book.standing(way);
    const attempt: Attempt = new Attempt({
      ...leaving(way),
      pool,
      world,
      way,
      standing,
      heldMs,
      bulk,
      turn: {
        notBefore: () => this.#beginsAt(way),
        mayGreet: (options) => this.#names.take(way, options),
      },
      refuses: (held) => this.#refuses(held),
      longestSilenceMs,
      observe: (report) => {
        underWay.ended(attempt);
        observe(report);
      },
    });
    underWay.began(attempt);
    if (favourMs(this.#stuck(), way) > 0) this.#favoured = way;
    this.#attempts += 1;
    this.#names.began(attempt);
    this.#tries.set(wayKey(way), (this.#tries.get(wayKey(way)) ?? 0) + 1);
    began(attempt);
    const begun = attempt.begin().then(
      (first): Event => ({ kind: 'begun', runner: attempt, first }),
      (error: unknown): Event => ({ kind: 'failed', runner: attempt, error }),
    );
    this.#running.push({ attempt, begun });
  }

  /**
   * One that became idle while a long watch waited for its turn has few packets left where connections freeze. Whether one that is unsure is
   * there at all nobody knows.
   */
  #refuses({ way, unseen, load, closes }: Held): boolean {
    const { book, heldMs, handsOn, world } = this.#parts;
    const rides = unseen !== undefined && load.exchanges > 0 && closes !== true;
    const long = heldMs > holdRules.shortestMs && !handsOn;
    return long && rides && mayFreeze(book.standing(way), world.now());
  }

  /** No connection of its own begins sooner for this request, ms since 1970. */
  #beginsAt(way: Way): number {
    const { book, world } = this.#parts;
    return Math.max(book.restsUntil(way, world.now()), this.#names.next(way));
  }

  /** A doubt has come up about the newest. @returns whether another way would not help */
  #isVain(): boolean {
    const { evidence, request, bulk, book, world } = this.#parts;
    const newest = this.#running.at(-1)?.attempt;
    if (newest === undefined) return false;
    const suspect = book.standing(newest.way).grade === 'text' || this.#attempts > 1;
    const most = bulk && suspect ? least.up : largeBytes;
    if (newest.stage === 'hello' && book.suspectsBan(newest.way, world.now())) {
      // whatever is sent now would make a ban longer
      newest.leave('silent');
      evidence.unanswered(newest.way, { alone: false });
    } else if (greets(newest) && book.rests(newest.way, world.now())) {
      // the same of what swallows it: this machine would go on trying
      this.#running.pop();
      newest.leave('silent');
      evidence.swallowed(newest);
    }
    return this.#isOverdue(newest) || (newest.stage === 'answer' && request.length > most);
  }

  /** Its answer was kept back, and has not come in its time. A timer that is early by a millisecond is none. */
  #isOverdue({ stage, heldMs = 0 }: Attempt): boolean {
    const asked = this.#parts.heldMs;
    return asked > 0 && stage === 'answer' && heldMs >= asked + holdRules.graceMs / 2;
  }

  #won(winner: Attempt, first: Uint8Array | undefined): Winner {
    const outrun = this.#running.flatMap(({ attempt }) => (attempt === winner ? [] : [attempt]));
    for (const attempt of outrun) attempt.leave(attempt.doubted ? 'silent' : 'left');
    return { attempt: winner, first, outrun };
  }

  #lost(attempt: Attempt, error: unknown): void {
    const { evidence, pool, signal } = this.#parts;
    const at = this.#running.findIndex((runner) => runner.attempt === attempt);
    this.#running.splice(at, 1);
    if (!(error instanceof UnreachableError)) throw error;
    this.#error = error;
    signal.throwIfAborted();
    if (error.code === 'unheld' && attempt.stage !== 'answer') return; // nothing was asked
    const ended = endedBy(error);
    if (ended === 'failed') evidence.brokeOff(attempt);
    const cut = attempt.stage === 'answer' && (ended === 'reset' || ended === 'closed' || ended === 'failed');
    if ((cut || ended === 'left') && (attempt.heldMs ?? 0) >= holdRules.leastMs) {
      // it may have been kept back for too long, or in another network: who asked may ask for less
      pool.forget(attempt.way);
      // what breaks within the shortest does not break of its length
      if (cut && this.#parts.heldMs > holdRules.shortestMs) evidence.unheld(attempt);
      else if (cut) evidence.failed(attempt, ended, { alone: true });
      this.#error = unheld();
      return;
    }
    if (cut && attempt.reused) {
      // the relay had closed it, unseen; whatever is sent is harmless to send twice
      pool.forget(attempt.way);
      this.#tries.delete(wayKey(attempt.way));
    } else evidence.failed(attempt, ended, { alone: true });
    this.#startNext();
  }

  #giveUp(): unknown {
    const held = this.#running.some(({ attempt }) => this.#isOverdue(attempt));
    this.#error = held ? unheld() : new DialError('silent', 'nothing came for too long');
    return this.#error;
  }

  #failure(): unknown {
    return this.#error ?? new DialError('silent', 'every way has to rest for a while');
  }

  #abandon(attempt: Attempt, left: boolean): void {
    const { evidence, heldMs, signal, world } = this.#parts;
    // whoever asked knows that it ought to have been answered, if it left long enough ago
    const late = world.now() - attempt.lastAt > dialRules.answerRtts * (attempt.rttMs ?? 0);
    const dead = left && late && attempt.stage === 'answer' && endedBy(signal.reason) === 'silent';
    if (left && !dead && heldMs > 0 && attempt.stage === 'answer' && attempt.way.tls) {
      void evidence.drain(attempt);
      return;
    }
    if (left && !dead) attempt.leave('left');
    else evidence.gaveUp(attempt);
  }
}

/** What a hello says to whoever listens: a name, or where it goes. */
function greetedBy(way: Way): string {
  return way.serverName === '' ? `${countedBy(way)}:${way.port}` : countedBy(way);
}

function greets({ stage }: Attempt): boolean {
  return stage === 'connect' || stage === 'hello';
}
