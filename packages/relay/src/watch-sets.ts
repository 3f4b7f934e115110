import { base32, type LogId, type World } from '@tern/protocol';
import type { RelayLimits } from './limits-table.ts';
import type { ReadPlace } from './log-reader.ts';

const tokenBytes = 16;
const mostSuccessors = 4;

/** Where a log is read on from. */
export interface PlaceChange {
  /** undefined: it is not in the set any more */
  readonly place: ReadPlace | undefined;
  /** something of it was delivered, or it was added: all others come before it */
  readonly last: boolean;
}

/** How the places of a set change from one token to the next, in that order. */
export type PlaceChanges = ReadonlyMap<LogId, PlaceChange>;

export function changePlaces(places: Map<LogId, ReadPlace>, changes: PlaceChanges): void {
  for (const [log, { place, last }] of changes) {
    if (last || place === undefined) places.delete(log);
    if (place !== undefined) places.set(log, place);
  }
}

interface WatchSet {
  readonly session: string;
  readonly places: Map<LogId, ReadPlace>;
  token: string;
  /** by their tokens, oldest first: which of them arrived, only the next request tells */
  readonly successors: Map<string, PlaceChanges>;
  /** how many requests that name it are being answered */
  asked: number;
}

/** A set that a request is being answered about. Disposed, it may be forgotten for others. */
interface AttendedSet extends Disposable {
  /** of one set always the same object */
  readonly places: ReadonlyMap<LogId, ReadPlace>;
}

/**
 * What clients follow (rule 17), in memory only: a set is named by a token, each response brings the next one, and both count until
 * the next one is used, so that a lost response changes nothing.
 */
export class WatchSets {
  readonly #world: World;
  readonly #limits: RelayLimits;
  readonly #byToken = new Map<string, WatchSet>();
  /** those that nobody is being answered about, the longest first, and the others */
  readonly #unused = new Set<WatchSet>();
  readonly #used = new Set<WatchSet>();
  readonly #bySession = new Map<string, Set<WatchSet>>();
  #watchedTogether = 0;

  constructor(world: World, limits: RelayLimits) {
    this.#world = world;
    this.#limits = limits;
  }

  get size(): number {
    return this.#unused.size + this.#used.size;
  }

  /**
   * The places a token stands for.
   * @returns undefined for a token that is unknown, superseded, or another session's
   */
  find(session: string, token: Uint8Array): AttendedSet | undefined {
    const name = base32(token);
    const set = this.#byToken.get(name);
    if (set === undefined || set.session !== session) return undefined;
    if (set.token !== name) this.#advance(set, name);
    set.asked += 1;
    this.#unused.delete(set);
    this.#used.add(set);
    return {
      places: set.places,
      [Symbol.dispose]: () => {
        set.asked -= 1;
        if (set.asked === 0 && this.#used.delete(set)) this.#unused.add(set);
      },
    };
  }

  /** @returns the token of a new, empty set */
  begin(session: string): Uint8Array {
    const token = this.#world.randomBytes(tokenBytes);
    const set: WatchSet = {
      session,
      places: new Map(),
      token: base32(token),
      successors: new Map(),
      asked: 0,
    };
    this.#byToken.set(set.token, set);
    this.#unused.add(set);
    const own = this.#bySession.get(session) ?? new Set();
    this.#bySession.set(session, own.add(set));
    const [oldest] = own;
    if (own.size > this.#limits.watchSetsOfSession && oldest !== undefined) this.#forget(oldest);
    return token;
  }

  /** @returns the token under which the changed places are found next, or undefined when the set was forgotten meanwhile */
  next(session: string, token: Uint8Array, changes: PlaceChanges): Uint8Array | undefined {
    const set = this.#byToken.get(base32(token));
    if (set === undefined || set.session !== session) return undefined;
    const next = this.#world.randomBytes(tokenBytes);
    const name = base32(next);
    set.successors.set(name, changes);
    this.#byToken.set(name, set);
    this.#watchedTogether += changes.size;
    for (const [oldest, dropped] of set.successors) {
      if (set.successors.size <= mostSuccessors) break;
      set.successors.delete(oldest);
      this.#byToken.delete(oldest);
      this.#watchedTogether -= dropped.size;
    }
    this.#makeRoom(set);
    return next;
  }

  forgetSession(session: string): void {
    for (const set of this.#bySession.get(session) ?? []) this.#forget(set);
  }

  #advance(set: WatchSet, name: string): void {
    const before = this.#weight(set);
    changePlaces(set.places, set.successors.get(name) ?? new Map());
    this.#byToken.delete(set.token);
    for (const other of set.successors.keys()) if (other !== name) this.#byToken.delete(other);
    set.successors.clear();
    set.token = name;
    this.#watchedTogether += this.#weight(set) - before;
  }

  #makeRoom(kept: WatchSet): void {
    for (const set of this.#forgettable()) {
      if (this.#watchedTogether <= this.#limits.watchedTogether) return;
      if (set !== kept) this.#forget(set);
    }
  }

  /** What nobody uses, the longest unused first, and only where that is not enough what is used, the largest first. */
  *#forgettable(): Iterable<WatchSet> {
    yield* this.#unused;
    yield* [...this.#used].toSorted((one, other) => this.#weight(other) - this.#weight(one));
  }

  #weight(set: WatchSet): number {
    let logs = set.places.size;
    for (const changes of set.successors.values()) logs += changes.size;
    return logs;
  }

  #forget(set: WatchSet): void {
    this.#watchedTogether -= this.#weight(set);
    this.#byToken.delete(set.token);
    for (const name of set.successors.keys()) this.#byToken.delete(name);
    this.#unused.delete(set);
    this.#used.delete(set);
    const own = this.#bySession.get(set.session);
    own?.delete(set);
    if (own?.size === 0) this.#bySession.delete(set.session);
  }
}
