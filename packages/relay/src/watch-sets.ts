import { base32, type LogId, type World } from '@tern/protocol';
import type { RelayLimits } from './limits-table.ts';
import type { ReadPlace } from './log-reader.ts';

const tokenBytes = 16;
const mostSuccessors = 4;

/** How the places of a set change from one token to the next. */
export type PlaceChanges = ReadonlyMap<LogId, ReadPlace | undefined>;

interface WatchSet {
  readonly session: string;
  readonly places: Map<LogId, ReadPlace>;
  token: string;
  /** by their tokens, oldest first: which of them arrived, only the next request tells */
  readonly successors: Map<string, PlaceChanges>;
}

/**
 * What clients follow (rule 17), in memory only: a set is named by a token, each response brings the next one, and both count until
 * the next one is used, so that a lost response changes nothing.
 */
export class WatchSets {
  readonly #world: World;
  readonly #limits: RelayLimits;
  readonly #byToken = new Map<string, WatchSet>();
  /** the longest unused first */
  readonly #sets = new Set<WatchSet>();
  readonly #bySession = new Map<string, Set<WatchSet>>();
  #watchedTogether = 0;

  constructor(world: World, limits: RelayLimits) {
    this.#world = world;
    this.#limits = limits;
  }

  get size(): number {
    return this.#sets.size;
  }

  /**
   * The places a token stands for; of one set always the same object.
   * @returns undefined for a token that is unknown, superseded, or another session's
   */
  find(session: string, token: Uint8Array): ReadonlyMap<LogId, ReadPlace> | undefined {
    const name = base32(token);
    const set = this.#byToken.get(name);
    if (set === undefined || set.session !== session) return undefined;
    if (set.token !== name) this.#advance(set, name);
    this.#sets.delete(set);
    this.#sets.add(set);
    return set.places;
  }

  /** @returns the token of a new, empty set */
  begin(session: string): Uint8Array {
    const token = this.#world.randomBytes(tokenBytes);
    const set: WatchSet = { session, places: new Map(), token: base32(token), successors: new Map() };
    this.#byToken.set(set.token, set);
    this.#sets.add(set);
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
    for (const oldest of this.#sets) {
      if (this.#watchedTogether <= this.#limits.watchedTogether || oldest === set) break;
      this.#forget(oldest);
    }
    return next;
  }

  forgetSession(session: string): void {
    for (const set of this.#bySession.get(session) ?? []) this.#forget(set);
  }

  #advance(set: WatchSet, name: string): void {
    const before = this.#weight(set);
    for (const [log, place] of set.successors.get(name) ?? []) {
      if (place === undefined) set.places.delete(log);
      else set.places.set(log, place);
    }
    this.#byToken.delete(set.token);
    for (const other of set.successors.keys()) if (other !== name) this.#byToken.delete(other);
    set.successors.clear();
    set.token = name;
    this.#watchedTogether += this.#weight(set) - before;
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
    this.#sets.delete(set);
    const own = this.#bySession.get(set.session);
    own?.delete(set);
    if (own?.size === 0) this.#bySession.delete(set.session);
  }
}
