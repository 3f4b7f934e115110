/*
 * The dialer, fetched by somebody who has just come only a while after their first exchange with a relay, which goes as `fetch` has it:
 * 10 kB before a first message are a second on a slow line. Whoever was here before has it in the cache, and what it learnt in the home.
 */
import { UnreachableError, type Hint, type World } from '@tern/protocol';
import type { Dialer, ForwardWays, Transport, WayBookRecord } from '@tern/reach';
import type { AskedBefore, FetchTransport } from '@tern/reach/browser';
import { PlainLines, type PlainTurn } from './plain-lines.ts';

/** Without an answer for so long the plain way may be blocked: the dialer is fetched, and takes over. */
const patienceMs = 1500;
/** Where the plain way answers, whoever has just come says their first words before the dialer is fetched. */
const firstWordsMs = 10_000;

export interface LaterParts {
  readonly plain: FetchTransport;
  readonly fetch: (askedBefore: AskedBefore) => Promise<Dialer>;
  readonly world: World;
}

/** A dialer that is fetched when it is needed. Before, there is one plain way. */
export class LaterDialer implements Dialer {
  readonly name = 'https';
  readonly direct: Transport;
  readonly #parts: LaterParts;
  #coming: Promise<Dialer | undefined> | undefined;
  #dialer: Dialer | undefined;
  /** told before it came, and told to it when it comes */
  #told: readonly ((dialer: Dialer) => void)[] = [];
  #knows = false;
  readonly #lines: PlainLines;
  readonly #closing = new AbortController();
  #behind = false;

  constructor(parts: LaterParts) {
    this.#parts = parts;
    this.#lines = new PlainLines(parts.world);
    this.direct = {
      name: this.name,
      carry: (to, request, options) => this.#carry((dialer) => dialer.direct, { to, request, options }),
      vantage: (to) => this.#dialer?.direct.vantage?.(to),
    };
  }

  carry(...[to, request, options]: Parameters<Transport['carry']>): AsyncIterable<Uint8Array> {
    return this.#carry((dialer) => dialer, { to, request, options });
  }

  budget(to: Hint, options?: { readonly bulk?: boolean }): ReturnType<Dialer['budget']> {
    return this.#dialer?.budget(to, options) ?? { upBytes: 4096, downBytes: 8192 };
  }

  vantage(to: Hint): ReturnType<Dialer['vantage']> {
    return this.#dialer?.vantage(to) ?? { network: undefined, through: '' };
  }

  holdMs(to: Hint): number {
    return this.#dialer?.holdMs(to) ?? 40_000;
  }

  learnCard(...[relay, card]: Parameters<Dialer['learnCard']>): void {
    this.#tell((dialer) => dialer.learnCard(relay, card));
  }

  forwardThrough(ways: ForwardWays): void {
    this.#tell((dialer) => dialer.forwardThrough(ways));
  }

  socketPlace(to: Hint): Hint | undefined {
    return this.#dialer?.socketPlace(to);
  }

  socketFroze(...[place, stoodMs]: Parameters<Dialer['socketFroze']>): void {
    this.#dialer?.socketFroze(place, stoodMs);
  }

  openings(to: Hint): ReturnType<Dialer['openings']> {
    return this.#dialer?.openings(to) ?? [];
  }

  reports(): ReturnType<Dialer['reports']> {
    return this.#dialer?.reports() ?? [];
  }

  load(record: WayBookRecord): void {
    this.#knows ||= record.pages.size > 0;
    this.#tell((dialer) => dialer.load(record));
  }

  record(): WayBookRecord {
    return this.#dialer?.record() ?? { pages: new Map(), cards: new Map() };
  }

  onLearnt(call: () => void): void {
    this.#tell((dialer) => dialer.onLearnt(call));
  }

  [Symbol.dispose](): void {
    this.#closing.abort();
    this.#dialer?.[Symbol.dispose]();
  }

  #tell(what: (dialer: Dialer) => void): void {
    if (this.#dialer === undefined) this.#told = [...this.#told, what];
    else what(this.#dialer);
  }

  async *#carry(
    choose: (dialer: Dialer) => Transport,
    asked: {
      readonly to: Hint;
      readonly request: Uint8Array;
      readonly options: Parameters<Transport['carry']>[2];
    },
  ): AsyncIterable<Uint8Array> {
    const { to, request, options } = asked;
    options.signal.throwIfAborted();
    const known = this.#dialer ?? (this.#knows ? await this.#come() : undefined);
    const turn = known ?? (await this.#turn(to, options.signal));
    if (!('left' in turn)) {
      yield* choose(turn).carry(to, request, options);
      return;
    }
    const tooLong = new AbortController();
    const signal = AbortSignal.any([options.signal, tooLong.signal]);
    const answered = new AbortController();
    if ((options.heldMs ?? 0) === 0) void this.#comeInstead(tooLong, answered.signal);
    let downBytes = 0;
    try {
      const left = (whole: boolean): void => {
        turn.left(whole, { upBytes: request.length, downBytes });
        if (whole) void this.#comeBehind();
      };
      const asked = { ...options, signal, last: turn.last, left };
      for await (const piece of this.#parts.plain.carry(to, request, asked)) {
        downBytes += piece.length;
        turn.answered();
        answered.abort();
        yield piece;
      }
    } catch (error) {
      options.signal.throwIfAborted();
      turn.failed();
      if (answered.signal.aborted || !(error instanceof UnreachableError)) throw error;
      const came = await this.#come();
      if (came === undefined) throw error;
      yield* choose(came).carry(to, request, options);
    } finally {
      answered.abort();
    }
  }

  /** Resolves when an exchange may go the plain way, or with the dialer if that came meanwhile. */
  async #turn(to: Hint, signal: AbortSignal): Promise<PlainTurn | Dialer> {
    const turn = await this.#lines.turn(to, {
      signal,
      wanted: () => this.#dialer === undefined,
      // who may begin no more connections does not wait for a minute: the dialer can find out whether they are counted
      full: () => void this.#come(),
    });
    return turn ?? (await this.#come()) ?? this.#turn(to, signal);
  }

  /** Never rejects. */
  async #comeBehind(): Promise<void> {
    if (this.#behind) return;
    this.#behind = true;
    try {
      await this.#parts.world.wait(firstWordsMs, { signal: this.#closing.signal });
      await this.#come();
    } catch {
      // closed
    }
    this.#behind = false;
  }

  /** Ends the plain try when the dialer is there and nothing was answered yet. Never rejects. */
  async #comeInstead(tooLong: AbortController, answered: AbortSignal): Promise<void> {
    try {
      await this.#parts.world.wait(patienceMs, { signal: answered });
      const dialer = await this.#come();
      if (dialer !== undefined && !answered.aborted)
        tooLong.abort(new UnreachableError('the plain way is too slow', { code: 'silent' }));
    } catch {
      // answered in time
    }
  }

  /** Undefined where it cannot be fetched now: the plain way goes on, and the next request tries again. Never rejects. */
  #come(): Promise<Dialer | undefined> {
    this.#coming ??= this.#parts.fetch(this.#lines).then(
      (dialer) => {
        this.#dialer = dialer;
        if (this.#closing.signal.aborted) dialer[Symbol.dispose]();
        for (const what of this.#told) what(dialer);
        this.#told = [];
        this.#lines.wake();
        return dialer;
      },
      () => {
        this.#coming = undefined;
        return undefined;
      },
    );
    return this.#coming;
  }
}
