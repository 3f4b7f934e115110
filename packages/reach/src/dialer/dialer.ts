import type { Hint, RelayId, World } from '@tern/protocol';
import { unlessAborted } from '../abort.ts';
import { trialOf, type Budget } from '../budget.ts';
import type { Observation } from '../diagnosis/observation.ts';
import type { AttemptReport } from './attempt-report.ts';
import type { CarryOptions, LearnedCard, Transport, Vantage } from '../transport.ts';
import type { AskedBefore } from './asked-before.ts';
import type { Attempt } from './attempt.ts';
import { endedBy, type Carrier } from './carrier.ts';
import { ConnectionPool, type Wish } from './connection-pool.ts';
import { dialRules } from './dial-rules.ts';
import { Evidence } from './evidence.ts';
import { nextHoldMs } from './hold.ts';
import { ForwardCarrier, type ForwardWays } from './forward-ways.ts';
import { Race } from './race.ts';
import { freshStanding } from './standing.ts';
import { orderWays, type WayView } from './way-order.ts';
import { UnderWay } from './under-way.ts';
import { observationOf, toldWay } from './told-observation.ts';
import { WayBook, type WayBookRecord } from './way-book.ts';
import { countedBy, asUrlSays, entranceOf, waysOf, withEndpoints, type Way } from './way.ts';

export interface DialerParts {
  readonly world: World;
  /** HTTPS, as the platform has it */
  readonly https: Carrier;
  /** it dials addresses that it chose itself, and says in its hello what it likes */
  readonly choosesAddress: boolean;
  /** what tells one network from another; `unknown` where nothing does */
  readonly network: () => string;
  /** the same as finely as it can be told, where the book goes by less */
  readonly place?: () => string;
  /** what asked over the same connections before, where nobody sees them */
  readonly askedBefore?: AskedBefore;
  /** where the carrier looks up as well; one of its own unless given */
  readonly book?: WayBook;
  /** after so long without a sign nobody waits any more; 20 s unless given */
  readonly longestSilenceMs?: number;
}

/** Where a relay may be tried by somebody who looks closer than the dialer needs to. */
export interface Opening {
  /** as attempts of the dialer itself name it */
  readonly way: Observation['way'];
  readonly place: Hint;
  /** A hello leaves there now, and is counted with the others. @returns false where none may */
  starts(): boolean;
  /** The same of one that has left, whether it might or not. */
  started(): void;
}

/** A transport that chooses among a relay's ways, and learns. */
export interface Dialer extends Transport, Disposable {
  /** the same without ways through other relays: what is handed on is not handed on again */
  readonly direct: Transport;
  budget(to: Hint, options?: { readonly bulk?: boolean }): Budget;
  vantage(to: Hint): Vantage;
  holdMs(to: Hint): number;
  learnCard(relay: RelayId, card: LearnedCard): void;
  /** Where ways through other relays come from. */
  forwardThrough(ways: ForwardWays): void;
  /**
   * Where a standing connection may be opened now; its hello is counted with the others. Undefined where connections are known to
   * freeze, or must not be opened.
   */
  socketPlace(to: Hint): Hint | undefined;
  /** One that stood there says nothing any more. Where something else is answered, none is opened on this network for a while. */
  socketFroze(place: Hint, stoodMs: number): void;
  /** the places that a URL can name */
  openings(to: Hint): readonly Opening[];
  /** of the last attempts, oldest first */
  reports(): readonly AttemptReport[];
  /** What an earlier process learnt. */
  load(record: WayBookRecord): void;
  record(): WayBookRecord;
  /** Calls when there is something worth saving. */
  onLearnt(call: () => void): void;
}

const keptReports = 256;

type Carrying = CarryOptions & { readonly handsOn?: boolean };

/** A dialer that knows nothing yet; what it learnt elsewhere comes by `load`. Disposing of it closes its connections. */
export function openDialer(parts: DialerParts): Dialer {
  return new WayDialer(parts);
}

class WayDialer implements Dialer {
  readonly name = 'https';
  readonly direct: Transport;
  readonly #parts: DialerParts;
  readonly #book: WayBook;
  readonly #forward = new ForwardCarrier();
  readonly #pool: ConnectionPool;
  readonly #evidence: Evidence;
  readonly #underWay = new UnderWay();
  #reports: readonly AttemptReport[] = [];
  /** files' exchanges under way */
  #bulk = 0;

  constructor(parts: DialerParts) {
    const { world, https, network, askedBefore } = parts;
    this.#parts = parts;
    this.#book = parts.book ?? new WayBook(() => network(), undefined, parts.place);
    const carriers = { https, forward: this.#forward };
    const place = parts.place === undefined ? {} : { network: parts.place };
    this.#pool = new ConnectionPool({ carriers, book: this.#book, world, ...place });
    if (askedBefore !== undefined) this.#pool.inherit(askedBefore);
    this.#evidence = new Evidence({ book: this.#book, pool: this.#pool, world });
    this.direct = {
      name: this.name,
      carry: (to, request, options) => this.#carry(this.#ways(to), request, { ...options, handsOn: true }),
      budget: (to, options) => this.#budget(this.#ways(to), options),
      vantage: () => this.#vantage(undefined),
      learnCard: (relay, card) => this.learnCard(relay, card),
    };
  }

  carry(to: Hint, request: Uint8Array, options: CarryOptions): AsyncIterable<Uint8Array> {
    return this.#carry(this.#allWays(to), request, options);
  }

  budget(to: Hint, options: { readonly bulk?: boolean } = {}): Budget {
    return this.#budget(this.#allWays(to), options);
  }

  vantage(to: Hint): Vantage {
    return this.#vantage(this.#best(this.#allWays(to), { upBytes: 0, bulk: false, held: false })?.way);
  }

  holdMs(to: Hint): number {
    const wish = { upBytes: 0, bulk: false, held: true };
    const best = this.#best(this.#allWays(to), wish);
    const nextMs = nextHoldMs(best?.standing.hold, this.#parts.world.now());
    return best === undefined ? nextMs : Math.min(nextMs, this.#pool.mostHoldMs(best.way));
  }

  learnCard(relay: RelayId, card: LearnedCard): void {
    this.#book.learnCard(relay, card);
  }

  forwardThrough(ways: ForwardWays): void {
    this.#forward.use(ways, this.direct);
  }

  socketPlace(to: Hint): Hint | undefined {
    const way = this.#best(this.#ways(to), { upBytes: 0, bulk: false, held: false })?.way;
    if (way === undefined || this.#book.standing(way).grade === 'text') return undefined;
    if (!this.#evidence.trustsSocket(way) || this.#book.rests(way, this.#parts.world.now())) return undefined;
    if (!this.#pool.startsOutside(way)) return undefined;
    return placeOf(way);
  }

  openings(to: Hint): readonly Opening[] {
    const plain = this.#ways(to).filter(
      ({ by, serverName, tls }) => by === 'literal' || (by === 'system' && (serverName !== '' || !tls)),
    );
    return plain.map((way) => ({
      way: toldWay(way, { relay: to.relay }),
      place: placeOf(way),
      starts: () => this.#pool.startsOutside(way),
      started: () => this.#pool.startedOutside(way),
    }));
  }

  socketFroze(place: Hint, stoodMs: number): void {
    for (const way of asUrlSays(place)) this.#evidence.socketFroze(way, stoodMs);
  }

  reports(): readonly AttemptReport[] {
    return this.#reports;
  }

  load(record: WayBookRecord): void {
    this.#book.load(record, this.#parts.world.now());
  }

  record(): WayBookRecord {
    return { ...this.#book.record(), at: this.#parts.world.now() };
  }

  onLearnt(call: () => void): void {
    this.#book.changed = call;
  }

  [Symbol.dispose](): void {
    this.#pool[Symbol.dispose]();
  }

  async *#carry(ways: readonly Way[], request: Uint8Array, options: Carrying): AsyncIterable<Uint8Array> {
    options.signal.throwIfAborted();
    const bulk = options.bulk === true ? 1 : 0;
    this.#bulk += bulk;
    try {
      yield* this.#race(ways, request, options);
    } finally {
      this.#bulk -= bulk;
    }
  }

  async *#race(
    ways: readonly Way[],
    request: Uint8Array,
    { signal, heldMs = 0, handsOn = false, bulk = false, sealedFor, carriedBy, judged, observed }: Carrying,
  ): AsyncIterable<Uint8Array> {
    const { world } = this.#parts;
    const race = new Race({
      ways,
      request,
      leaving: (way) => {
        const vantage = this.#vantage(way);
        return { vantage, request: sealedFor?.(vantage) ?? request };
      },
      bulk,
      heldMs,
      handsOn,
      signal,
      world,
      longestSilenceMs: this.#parts.longestSilenceMs ?? dialRules.hardMs,
      pool: this.#pool,
      book: this.#book,
      evidence: this.#evidence,
      underWay: this.#underWay,
      observe: (report) => {
        this.#observe(report);
        observed?.(observationOf(report, ways[0]?.hint.relay));
      },
      began: ({ way, vantage }) => carriedBy?.(way.carrier, vantage),
    });
    const { attempt, first, outrun } = await race.run();
    carriedBy?.(attempt.way.carrier, attempt.vantage);
    let cut = false;
    const learn = (): void => {
      this.#underWay.answered(attempt);
      this.#evidence.answered(attempt, { held: heldMs > 0, cut });
      for (const loser of outrun) this.#evidence.outrun(loser, attempt.way);
    };
    judged?.((sound) => (sound ? learn() : this.#evidence.misled(attempt)));
    let ended = false;
    try {
      for (let piece = first; piece !== undefined; piece = await unlessAborted(attempt.next(), signal)) {
        yield piece;
        signal.throwIfAborted();
      }
      await attempt.finish();
      if (judged === undefined) learn();
      ended = true;
    } catch (error) {
      ended = true;
      cut = true;
      this.#cut(attempt, error, signal);
      throw error;
    } finally {
      // a reader that has all it needs leaves here
      if (!ended) {
        await attempt.finish();
        if (judged === undefined) learn();
      }
    }
  }

  #cut(attempt: Attempt, error: unknown, signal: AbortSignal): void {
    // whoever left may know that more of it ought to have come
    const left = signal.aborted && endedBy(signal.reason) !== 'silent';
    const ended = left ? 'left' : endedBy(error);
    attempt.leave(ended);
    this.#evidence.cut(attempt, ended);
  }

  #observe(report: AttemptReport): void {
    this.#reports = [...this.#reports.slice(1 - keptReports), report];
  }

  #vantage(way: Way | undefined): Vantage {
    return { network: (this.#parts.place ?? this.#parts.network)(), through: way?.through ?? '' };
  }

  #ways(to: Hint): readonly Way[] {
    const entrance = entranceOf(to);
    const known = to.relay === undefined ? entrance : withEndpoints(entrance, this.#book.endpoints(to.relay));
    return waysOf(known, {
      choosesAddress: this.#parts.choosesAddress,
      remembers: (host) => this.#book.address(host) !== undefined,
    });
  }

  #allWays(to: Hint): readonly Way[] {
    return [...this.#ways(to), ...this.#forward.waysTo(to)];
  }

  /** the way that one would take now */
  #best(ways: readonly Way[], wish: Wish): WayView | undefined {
    const now = this.#parts.world.now();
    const views = ways.map((way): WayView => {
      const ready = this.#pool.isReady(way, wish);
      const waitMs = ready ? 0 : this.#book.shunnedMs(way, now) + this.#pool.waitMs(way, wish);
      return { way, standing: this.#book.standing(way), waitMs, ready, rests: this.#book.rests(way, now) };
    });
    const [best] = orderWays(views, { now, ...wish });
    return views.find(({ way }) => way === best);
  }

  /** Of the way that one would take now, and no more than a few seconds' worth where its speed is known. */
  #budget(ways: readonly Way[], { bulk = false }: { readonly bulk?: boolean } = {}): Budget {
    const { standing = freshStanding } = this.#best(ways, { upBytes: 0, bulk, held: false }) ?? {};
    const { budget, bytesPerSecond = Infinity } = standing;
    const most = bytesPerSecond * longestExchangeSeconds;
    const within = (upBytes: number, downBytes: number): Budget => ({
      upBytes: Math.floor(Math.min(upBytes, Math.max(4096, most / 2))),
      downBytes: Math.floor(Math.min(downBytes, Math.max(8192, most))),
    });
    const now = within(budget.up.bytes, budget.down.bytes);
    if (!bulk || standing.grade !== 'text') return now;
    const again = this.#parts.world.now() - (standing.stoppedAt ?? 0) > dialRules.tryAgainMs;
    const trial = trialOf(budget, { again });
    const spare = Math.max(0, this.#bulkAtOnce(ways) - this.#bulk);
    return { ...now, spare, trial: within(trial.upBytes, trial.downBytes) };
  }

  /** where each exchange takes a connection of its own */
  #bulkAtOnce(ways: readonly Way[]): number {
    const now = this.#parts.world.now();
    const many = new Set(
      ways
        .filter((way) => way.carrier === 'https' && (way.serverName === '' || this.#book.isFree(way, now)))
        .map((way) => countedBy(way)),
    );
    return Math.min(dialRules.bulkAtOnce, 2 + many.size * dialRules.bulkOfOne);
  }
}

/** A text that comes while one is under way waits for no more than this. */
const longestExchangeSeconds = dialRules.progressMs / 500;

function placeOf({ hint, host, port, tls }: Way): Hint {
  return { ...hint, address: host.includes(':') ? `[${host}]` : host, port, tls };
}
