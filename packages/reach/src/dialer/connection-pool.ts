import type { World } from '@tern/protocol';
import { unlessAborted } from '../abort.ts';
import { inherit, type AskedBefore } from './asked-before.ts';
import type { Carrier, CloseOptions, Connection, OpenOptions } from './carrier.ts';
import { dialRules } from './dial-rules.ts';
import { holdRules } from './hold.ts';
import { addressGapMs, dialled, greeted, hellosAtOnce, mayStartAt, started, unanswered } from './pace.ts';
import { hasRoom, mayFreeze, type Load } from './standing.ts';
import { UnseenSockets, type Unseen } from './unseen-sockets.ts';
import { countedBy, isUncounted, wayKey, type Way } from './way.ts';
import type { WayBook } from './way-book.ts';

export interface PoolParts {
  readonly carriers: Readonly<Partial<Record<Way['carrier'], Carrier>>>;
  readonly book: WayBook;
  readonly world: World;
  /** where this device is, as finely as it can be told; as finely as the book has it unless given */
  readonly network?: () => string;
}

export interface Wish {
  readonly upBytes: number;
  readonly bulk: boolean;
  /** its answer may be kept back: silence says nothing */
  readonly held: boolean;
}

/** When whoever takes a connection may have one opened. */
export interface Turn extends Pick<OpenOptions, 'mayGreet'> {
  /** none begins sooner, ms since 1970 */
  readonly notBefore?: () => number;
}

type TakeOptions = Turn & Pick<OpenOptions, 'signal' | 'reached'>;

/** Only a request whose silence would tell something tries whether hellos are counted. */
const largestTryBytes = 4096;

/** One connection, as the pool keeps it. */
export interface Held {
  readonly way: Way;
  readonly connection: Connection;
  load: Load;
  busy: number;
  usedAt: number;
  readonly openedAt: number;
  /** in a browser, what carries that which is asked on it */
  readonly unseen?: Unseen;
  /** its relay ends it with the answer */
  closes?: boolean;
}

/** Connections by way. New ones are started as the book's paces allow; whoever waits for one takes the first that is free or may start. */
export class ConnectionPool implements Disposable {
  readonly #parts: PoolParts;
  readonly #held = new Map<string, Held[]>();
  readonly #unseen: UnseenSockets | undefined;
  /** hellos under way, by what they are counted by */
  readonly #opening = new Map<string, number>();
  /** texts that wait for a start, by the same: bulk lets them pass */
  readonly #waiting = new Map<string, number>();
  /** bulk that waits for one */
  readonly #queued = new Map<string, number>();
  #freed: PromiseWithResolvers<void> = Promise.withResolvers();
  #closed = false;

  constructor(parts: PoolParts) {
    this.#parts = parts;
    const network = parts.network ?? (() => parts.book.here);
    if (parts.carriers.https?.blind === true) this.#unseen = new UnseenSockets({ ...parts, network });
  }

  /** Connections that others began and left count as this pool's own. */
  inherit(before: AskedBefore): void {
    const { book } = this.#parts;
    inherit(before, { book, unseen: this.#unseen, freed: () => this.#tell() });
  }

  /** ms until a request could leave this way; 0 where a connection is free or may be started */
  waitMs(way: Way, wish: Wish): number {
    if (this.hasFree(way, wish)) return 0;
    const unseen = this.#unseenOf(way);
    const startAt =
      unseen?.idle(way, wish) === undefined ? this.#startAt(way, wish, this.#ahead(way, wish)) : 0;
    return Math.max(startAt, unseen?.opensAt(way) ?? 0) - this.#parts.world.now();
  }

  /** a connection is free */
  hasFree(way: Way, wish: Wish): boolean {
    const unseen = this.#unseenOf(way);
    if (unseen === undefined) return this.#free(way, wish) !== undefined;
    return unseen.idle(way, wish) !== undefined && unseen.opensAt(way) <= this.#parts.world.now();
  }

  /** For how long an answer may be kept back there at most, whatever went well, ms. */
  mostHoldMs(way: Way): number {
    const { book, world } = this.#parts;
    const unseen = this.#unseenOf(way);
    if (unseen === undefined || !mayFreeze(book.standing(way), world.now())) return holdRules.longestMs;
    return unseen.isNext(way) ? holdRules.shortestMs : holdRules.freezingMs;
  }

  /** None has to be opened for this. A watch is in no hurry, and waits a moment until it is the turn of one that is idle. */
  isReady(way: Way, wish: Wish): boolean {
    return this.hasFree(way, wish) || (wish.held && this.#unseenOf(way)?.idle(way, wish) !== undefined);
  }

  /** A connection for one exchange: a free one, or a new one as soon as it may be started. @throws what the carrier throws, the signal's reason */
  async take(way: Way, wish: Wish, options: TakeOptions): Promise<Held> {
    const { world } = this.#parts;
    const { signal } = options;
    const counted = countedBy(way);
    for (;;) {
      signal.throwIfAborted();
      const yields = wish.bulk && (this.#waiting.get(counted) ?? 0) > 0;
      const free = yields ? undefined : this.#free(way, wish);
      if (free !== undefined) {
        free.busy += 1;
        return free;
      }
      const unseen = this.#unseenOf(way);
      const opensAt = unseen?.opensAt(way) ?? 0;
      const idle = !yields && unseen?.idle(way, wish) !== undefined;
      if (idle && opensAt <= world.now()) {
        this.#tell(); // bulk may have let it pass
        return this.#opened(way, options);
      }
      const startAt = idle
        ? opensAt
        : Math.max(this.#startAt(way, wish), opensAt, options.notBefore?.() ?? 0);
      const waitMs = startAt - world.now();
      const full = !isUncounted(way) && (this.#opening.get(counted) ?? 0) >= hellosAtOnce(way);
      if (waitMs <= 0 && !full && !yields && !idle) return this.#open(way, options);
      const line = wish.bulk ? this.#queued : this.#waiting;
      add(line, counted, 1);
      try {
        await this.#freedOr(waitMs > 0 && !full && !yields ? waitMs : undefined, signal);
      } finally {
        add(line, counted, -1);
        if (signal.aborted) this.#tell(); // bulk may have let it pass
      }
    }
  }

  /** @param load of the connection now; `spent` where nothing more is to be asked on it */
  give(held: Held, load: Load, options: { readonly spent: boolean }): void {
    const { unseen, connection, way } = held;
    const usedAt = this.#parts.world.now();
    if (unseen !== undefined && connection.usable && !options.spent && held.closes !== true)
      this.#unseen?.leave(way, { ...unseen, load, usedAt });
    held.load = load;
    held.busy -= 1;
    held.usedAt = usedAt;
    if (options.spent || this.#closed || !held.connection.usable) this.#drop(held);
    this.#tell();
  }

  /** Nothing was asked on it. */
  giveBack(held: Held): void {
    held.busy -= 1;
    if (held.unseen !== undefined) this.#unseen?.leave(held.way, held.unseen);
    if (this.#closed || !held.connection.usable) this.#drop(held);
    this.#tell();
  }

  /** Free connections of a way that are no use any more: the one beside them was closed without a word. */
  forget(way: Way): void {
    this.#unseenOf(way)?.doubt(way);
    for (const held of this.#held.get(heldKey(way)) ?? [])
      if (held.busy === 0) this.#drop(held, { doubted: true });
  }

  /** Connections that a browser is believed to have idle to a name of this way's relay, not used since, may be none any more. */
  doubtNames({ names }: Way, since: number): void {
    this.#unseen?.doubtNames(names, since);
  }

  /** A hello was answered. */
  greeted(way: Way): void {
    const { book, world } = this.#parts;
    if (!isUncounted(way)) book.paced(way, greeted(book.pace(way), world.now()));
  }

  /** A hello leaves that is not the pool's own. @returns false where none may leave now */
  startsOutside(way: Way): boolean {
    if (isUncounted(way)) return true;
    const { world } = this.#parts;
    if (this.#startAt(way, { upBytes: 0, bulk: false, held: true }) > world.now()) return false;
    this.#count(way);
    return true;
  }

  /** One has left that somebody else answers for. */
  startedOutside(way: Way): void {
    if (!isUncounted(way)) this.#count(way);
  }

  /** A connection stood and its hello was not answered, or answered by an end of the connection. */
  unanswered(way: Way, options: { readonly alone: boolean; readonly cut?: boolean }): void {
    if (isUncounted(way)) return;
    const { book, world } = this.#parts;
    book.paced(way, unanswered(book.pace(way), { now: world.now(), ...options }));
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    for (const all of this.#held.values()) for (const held of all) this.#drop(held);
  }

  /** who waits for a start of the same name or address, and goes first */
  #ahead(way: Way, { bulk }: Wish): number {
    const counted = countedBy(way);
    const texts = this.#waiting.get(counted) ?? 0;
    return bulk ? texts + (this.#queued.get(counted) ?? 0) : texts;
  }

  #startAt(way: Way, { bulk, held, upBytes }: Wish, ahead = 0): number {
    const { book, world } = this.#parts;
    const now = world.now();
    if (isUncounted(way)) return now;
    const named = way.serverName !== '';
    let pace = book.pace(way);
    if (!named) {
      // a hello takes two round trips, and so many of them are under way
      const helloMs = (2 * (book.standing(way).rttMs ?? 0)) / hellosAtOnce(way);
      const taken = { ...pace, starts: [...pace.starts, ...Array.from({ length: ahead }, () => now)] };
      const start = mayStartAt(taken, { bulk, named, others: 'unknown' }, now);
      return start + ahead * Math.max(addressGapMs(pace), helloMs);
    }
    const met = book.others(way, now);
    const others = met === 'unknown' && (held || upBytes > largestTryBytes) ? 'trying' : met;
    let at = mayStartAt(pace, { bulk, named, others }, now);
    for (let before = 0; before < ahead && at < now + dialRules.hardMs; before += 1) {
      const rttMs = book.standing(way).rttMs ?? 0;
      pace = started(pace, { now: at, named, rttMs, chance: 1 });
      at = mayStartAt(pace, { bulk, named, others }, at);
    }
    return at;
  }

  #free(way: Way, wish: Wish): Held | undefined {
    const { book, world } = this.#parts;
    const all = this.#held.get(heldKey(way));
    if (all === undefined) return undefined;
    const now = world.now();
    for (const held of all)
      if (!held.connection.usable || (held.busy === 0 && now - held.usedAt > dialRules.idleMs))
        this.#drop(held);
    const standing = book.standing(way);
    return this.#held
      .get(heldKey(way))
      ?.filter(
        ({ busy, connection, load }) => (busy === 0 || connection.shared) && hasRoom(standing, load, wish),
      )
      .toSorted((a, b) => b.usedAt - a.usedAt)[0];
  }

  #unseenOf(way: Way): UnseenSockets | undefined {
    return this.#parts.carriers[way.carrier]?.blind === true ? this.#unseen : undefined;
  }

  async #open(way: Way, options: TakeOptions): Promise<Held> {
    const counted = isUncounted(way) ? undefined : countedBy(way);
    if (counted !== undefined) {
      this.#count(way);
      add(this.#opening, counted, 1);
    }
    try {
      return await this.#opened(way, options);
    } finally {
      if (counted !== undefined) add(this.#opening, counted, -1);
      this.#tell();
    }
  }

  async #opened(way: Way, options: TakeOptions): Promise<Held> {
    const { book, world, carriers } = this.#parts;
    const carrier = carriers[way.carrier];
    if (carrier === undefined) throw new TypeError(`nobody carries ${way.carrier}`);
    const unseen = this.#unseenOf(way)?.take(way);
    options.reached('started');
    const { grade } = book.standing(way);
    const [small, freezes] = [grade !== 'bulk', grade === 'text'];
    const reached: OpenOptions['reached'] = (stage, address) => {
      if (stage === 'resolved' && !isUncounted(way)) this.#count(way, dialled);
      options.reached(stage, address);
    };
    const connection = await carrier.open(way, { ...options, reached, small, freezes });
    if (unseen !== undefined) {
      // of one that may be gone no silence says more than that it is
      const usedAt = unseen.unsure ? 0 : unseen.usedAt;
      return { ...unseen, usedAt, way, connection, busy: 1, unseen, closes: unseen.unsure };
    }
    this.greeted(way);
    const load = { exchanges: 0, upBytes: 0, downBytes: 0 };
    const held: Held = { way, connection, load, busy: 1, usedAt: world.now(), openedAt: world.now() };
    const key = heldKey(way);
    this.#held.set(key, [...(this.#held.get(key) ?? []), held]);
    return held;
  }

  #count(way: Way, counts: typeof started = started): void {
    const { book, world } = this.#parts;
    const chance = (world.randomBytes(1)[0] ?? 0) / 256;
    const [named, rttMs] = [way.serverName !== '', book.standing(way).rttMs ?? 0];
    book.paced(way, counts(book.pace(way), { now: world.now(), named, rttMs, chance }));
  }

  #drop(held: Held, options?: CloseOptions): void {
    const key = heldKey(held.way);
    const left = (this.#held.get(key) ?? []).filter((one) => one !== held);
    if (left.length > 0) this.#held.set(key, left);
    else this.#held.delete(key);
    held.connection.close(options);
  }

  #tell(): void {
    this.#freed.resolve();
    this.#freed = Promise.withResolvers();
  }

  async #freedOr(ms: number | undefined, signal: AbortSignal): Promise<void> {
    const freed = unlessAborted(this.#freed.promise, signal);
    if (ms === undefined) return freed;
    const done = new AbortController();
    const waited = this.#parts.world.wait(ms, { signal: AbortSignal.any([signal, done.signal]) });
    try {
      await Promise.race([freed, waited]);
    } finally {
      done.abort();
      waited.catch(() => undefined);
      freed.catch(() => undefined);
    }
  }
}

function add(counts: Map<string, number>, name: string, by: number): void {
  const count = (counts.get(name) ?? 0) + by;
  if (count === 0) counts.delete(name);
  else counts.set(name, count);
}

/** What is asked on a connection goes to the path for which it was opened, and to no other of the same relay. */
function heldKey(way: Way): string {
  return `${wayKey(way)} ${way.hint.path}`;
}
