import type { LogId, Operation, Result } from '@tern/protocol';

/** A log to read, from which place, and the seed that proves the right. */
export interface WantedLog {
  readonly log: LogId;
  readonly after: number;
  readonly number: number;
  readonly seed: Uint8Array;
}

/** What one answer to a watch said, beside the entries. */
export interface Watched {
  /** the answer came to its end */
  readonly finished: boolean;
  readonly more: boolean;
  readonly turned: ReadonlySet<LogId>;
  readonly unreadable: ReadonlySet<LogId>;
}

type Behind = 'no' | 'more' | 'large' | 'huge';

/**
 * The watch set this process keeps on one relay (rule 17): after the first time only changes are sent. Everything here may be
 * lost: the relay then says `watch-unknown` and the set is filled anew.
 */
export class WatchState {
  #token: Uint8Array | undefined;
  /** what the relay knows, by log: the policy number that was proved */
  readonly #known = new Map<LogId, number>();
  #sent: readonly WantedLog[] = [];
  #dropped: readonly LogId[] = [];
  /** what answers brought that were cut since one was whole, the longest ago first */
  readonly #cut = new Set<LogId>();
  /** more logs are to be added than fit one operation */
  #left = false;
  #behind: Behind = 'no';
  /** so many answers made the set smaller since something new came */
  #losses = 0;
  #grew = false;

  /** The operation that watches exactly these logs. */
  next(
    wanted: readonly WantedLog[],
    waitSeconds: number,
  ): { readonly operation: Operation; readonly seeds: readonly Uint8Array[] } {
    const cut = [...this.#cut];
    const unknown = wanted
      .filter((one) => this.#known.get(one.log) !== one.number)
      // the relay reads last what is added last
      .toSorted((one, other) => cut.indexOf(one.log) - cut.indexOf(other.log));
    const add = unknown.slice(0, slice);
    this.#left = unknown.length > slice;
    const drop = [...this.#known.keys()].filter((log) => !wanted.some((one) => one.log === log));
    this.#sent = add;
    this.#dropped = drop;
    return {
      operation: {
        kind: 'watch',
        ...(this.#token === undefined ? {} : { token: this.#token }),
        add: add.map(({ log, after, number }) => ({ log, after, number })),
        drop,
        // nobody waits for what is watched in part, or is there
        waitSeconds: this.#left || this.#behind !== 'no' ? 0 : waitSeconds,
      },
      seeds: add.map(({ seed }) => seed),
    };
  }

  /** whether the last answer brought the set forward: to fill again and again what the relay lost again and again does not */
  get grew(): boolean {
    return this.#grew;
  }

  /** Something came that was not there before, or the relay kept an answer back as it should. */
  advanced(): void {
    this.#losses = 0;
  }

  /** what the last answer left over: `more` is there, `large` had no room in it, and `huge` not even where room was made for that */
  get behind(): Behind {
    return this.#behind;
  }

  /** whether the relay watches this log for us, under this policy */
  has(log: LogId, number: number): boolean {
    return this.#known.get(log) === number;
  }

  /** What the last answer brought was not taken in: the relay has to give all of it again. */
  forget(): void {
    this.#token = undefined;
    this.#known.clear();
  }

  /** @param bell it was to say only that something is there */
  took(results: readonly Result[], bell = false): Watched {
    const before = this.#known.size;
    const watched = this.#took(results, bell);
    if (this.#known.size < before) this.#losses += 1;
    this.#grew = this.#known.size > before && this.#losses <= mostLosses;
    return watched;
  }

  #took(results: readonly Result[], bell: boolean): Watched {
    const turned = new Set(results.flatMap((result) => (result.kind === 'turned' ? [result.log] : [])));
    const unreadable = new Set(
      results.flatMap((result) => (result.kind === 'unreadable' ? [result.log] : [])),
    );
    const brought = results.flatMap((result) => (result.kind === 'entry' ? [result.log] : []));
    const last = results.at(-1);
    const wider = this.#behind === 'no' || this.#behind === 'more' ? 'large' : 'huge';
    this.#behind = 'more';
    if (last?.kind === 'watched') {
      this.#cut.clear();
      const room = bell || brought.length > 0 || turned.size > 0;
      this.#behind = !last.more ? 'no' : room ? 'more' : wider;
      this.#token = last.token;
      for (const { log, number } of this.#sent) this.#known.set(log, number);
      for (const log of [...this.#dropped, ...turned, ...unreadable]) this.#known.delete(log);
      return { finished: true, more: last.more || this.#left, turned, unreadable };
    }
    if (last?.kind === 'watch-unknown') this.forget();
    // it was cut: the relay is told how far it came, or it would begin at the same place
    for (const log of brought) {
      this.#known.delete(log);
      this.#cut.delete(log);
      this.#cut.add(log);
    }
    return { finished: false, more: true, turned, unreadable };
  }
}

/** So many logs are added at a time: their proofs fit a batch. */
const slice = 100;
/** A relay that starts anew has lost the set; one that loses it more often without anything new coming keeps us busy for nothing. */
const mostLosses = 3;
