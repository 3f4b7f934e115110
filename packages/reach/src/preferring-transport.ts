import { originOf, UnreachableError, type Hint, type RelayId, type World } from '@tern/protocol';
import type { Budget } from './budget.ts';
import { coarseObservation } from './coarse-observation.ts';
import { longestHoldMs, shortestHoldMs } from './hold-lengths.ts';
import type { CarryOptions, LearnedCard, Transport, Vantage } from './transport.ts';
import type { StandingTransport } from './web-socket-transport.ts';

export interface SecondTransport extends Transport {
  /** Where a connection may stand now; undefined where none may. Everywhere unless it says so. */
  socketPlace?(to: Hint): Hint | undefined;
  /** Told that a connection which stood there says nothing any more, though it was not closed. @param stoodMs until then */
  socketFroze?(place: Hint, stoodMs: number): void;
}

export interface PreferringParts {
  /** for paths that are known to be good: a WebSocket */
  readonly first: StandingTransport;
  /** for every path: HTTPS */
  readonly second: SecondTransport;
  readonly world: World;
}

/** An answer that begins so soon says that the path is good. */
const quickMs = 2000;
/** So many of them in a row, and a connection is opened beside. */
const quickOnes = 2;
const firstPauseMs = 30_000;
const longestPauseMs = 3_600_000;
/** What stood for so long is not to be blamed for what was before it. */
const goodWhileMs = 300_000;

/** How things stand with one relay. */
interface Standing {
  quick: number;
  failures: number;
  opening: boolean;
  /** milliseconds since 1970 */
  openedAt: number;
  retryAt: number;
  /** where the connection stands, or stood */
  place: Hint;
}

/**
 * Carries requests over a standing connection where the path is good, and one by one where it is not or not yet. A path counts as good
 * once exchanges without a standing connection began to be answered quickly. A standing connection that freezes or breaks loses nothing:
 * what had no answer yet is asked again the other way at once, what was cut is the caller's to ask again, and the next connection is
 * opened after a pause that doubles each time. Closes what it was given.
 */
export function preferringTransport(parts: PreferringParts): Transport & Disposable {
  return new PreferringTransport(parts);
}

class PreferringTransport implements Transport, Disposable {
  readonly name: string;
  readonly #parts: PreferringParts;
  readonly #standings = new Map<string, Standing>();
  readonly #closing = new AbortController();

  constructor(parts: PreferringParts) {
    this.#parts = parts;
    this.name = `${parts.first.name} or ${parts.second.name}`;
  }

  async *carry(to: Hint, request: Uint8Array, options: CarryOptions): AsyncIterable<Uint8Array> {
    const { first } = this.#parts;
    options.signal.throwIfAborted();
    const { place } = this.#standingOf(to);
    if (first.standing(place)) {
      let came = false;
      try {
        const vantage = this.#standingVantage(to);
        options.carriedBy?.(first.name, vantage);
        const sealed = vantage === undefined ? undefined : options.sealedFor?.(vantage);
        for await (const piece of first.carry(place, sealed ?? request, options)) {
          came = true;
          yield piece;
        }
        return;
      } catch (error) {
        options.signal.throwIfAborted();
        if (!(error instanceof UnreachableError)) throw error;
        const stands = first.standing(place);
        if (!stands) this.#failed(to, { froze: error.code === 'silent' });
        if (came) throw error;
        // the other way may not be known to carry what is kept back for so long: who asked may ask for less
        if ((options.heldMs ?? 0) > (this.#parts.second.holdMs?.(to) ?? shortestHoldMs))
          throw stands
            ? error // a relay that cuts what it was asked and goes on: not at once again
            : new UnreachableError('the watch lost its socket', { code: 'unheld', cause: error });
      }
    }
    yield* this.#carrySecond(to, request, options);
  }

  /** On a standing connection whoever asks learns it, as of any transport. */
  budget(to: Hint, options?: { readonly bulk?: boolean }): Budget | undefined {
    const { first, second } = this.#parts;
    return first.standing(this.#standingOf(to).place) ? undefined : second.budget?.(to, options);
  }

  /** A standing connection is asked by itself whether it lives. */
  holdMs(to: Hint): number {
    const { first, second } = this.#parts;
    if (first.standing(this.#standingOf(to).place)) return longestHoldMs;
    return second.holdMs?.(to) ?? shortestHoldMs;
  }

  vantage(to: Hint): Vantage | undefined {
    const { first, second } = this.#parts;
    return first.standing(this.#standingOf(to).place) ? this.#standingVantage(to) : second.vantage?.(to);
  }

  learnCard(relay: RelayId, card: LearnedCard): void {
    this.#parts.second.learnCard?.(relay, card);
  }

  [Symbol.dispose](): void {
    this.#closing.abort(new UnreachableError('the transport was closed', { code: 'closed' }));
    this.#parts.first[Symbol.dispose]();
    if (Symbol.dispose in this.#parts.second)
      (this.#parts.second as Transport & Disposable)[Symbol.dispose]();
  }

  async *#carrySecond(to: Hint, request: Uint8Array, options: CarryOptions): AsyncIterable<Uint8Array> {
    const { second, world } = this.#parts;
    options.carriedBy?.(second.name);
    const began = world.now();
    let tookMs: number | undefined;
    let failed = true;
    try {
      for await (const piece of second.carry(to, request, options)) {
        tookMs ??= world.now() - began;
        failed = false; // a reader that has all it needs leaves here
        yield piece;
        failed = true;
      }
      failed = false;
    } finally {
      const took = failed ? undefined : (options.heldMs ?? 0) > 0 ? 'held' : (tookMs ?? 0);
      this.#learn(to, took, options.observed);
    }
  }

  /** @param tookMs until the answer began; undefined where it did not end well */
  #learn(to: Hint, tookMs: number | 'held' | undefined, observed: CarryOptions['observed']): void {
    const standing = this.#standingOf(to);
    if (tookMs === 'held') return; // says nothing about how quick the path is
    standing.quick = tookMs !== undefined && tookMs <= quickMs ? standing.quick + 1 : 0;
    if (standing.quick >= quickOnes) void this.#open(to, standing, observed);
  }

  /** Never rejects. Whether it opens is told as an attempt in which nothing was carried. */
  async #open(to: Hint, standing: Standing, observed: CarryOptions['observed']): Promise<void> {
    const { first, world } = this.#parts;
    const closed = this.#closing.signal;
    if (
      standing.opening ||
      first.standing(standing.place) ||
      world.now() < standing.retryAt ||
      closed.aborted
    )
      return;
    const place = this.#parts.second.socketPlace === undefined ? to : this.#parts.second.socketPlace(to);
    if (place === undefined) return;
    standing.place = place;
    standing.opening = true;
    const beganAt = world.now();
    const tell = (error?: unknown): void => {
      const nothing = { firstAt: undefined, lastAt: undefined, upBytes: 0, downBytes: 0, held: false };
      const times = { beganAt, endedAt: world.now() };
      observed?.(coarseObservation({ to: place, transport: first.name, ...times, ...nothing, error }));
    };
    try {
      await first.stand(place, { signal: closed });
      standing.openedAt = world.now();
      tell();
    } catch (error) {
      if (closed.aborted) return;
      this.#failed(to, { froze: false });
      tell(error);
    } finally {
      standing.opening = false;
    }
  }

  #failed(to: Hint, { froze }: { readonly froze: boolean }): void {
    const { world } = this.#parts;
    const standing = this.#standingOf(to);
    const now = world.now();
    if (now < standing.retryAt) return; // one connection that fails takes many requests along, and counts once
    if (froze) this.#parts.second.socketFroze?.(standing.place, now - standing.openedAt);
    if (standing.openedAt > 0 && now - standing.openedAt >= goodWhileMs) standing.failures = 0;
    const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** standing.failures);
    standing.failures = Math.min(standing.failures + 1, 20);
    standing.openedAt = 0;
    standing.quick = 0;
    // not at a pace that tells one client from another
    standing.retryAt = now + pauseMs * (1 + (world.randomBytes(1)[0] ?? 0) / 512);
  }

  /** A standing connection goes straight to the relay. */
  #standingVantage(to: Hint): Vantage | undefined {
    const vantage = this.#parts.second.vantage?.(to);
    return vantage && { ...vantage, through: '' };
  }

  #standingOf(to: Hint): Standing {
    const name = `${originOf(to)}/${to.path}`;
    const known = this.#standings.get(name);
    if (known !== undefined) return known;
    const fresh: Standing = { quick: 0, failures: 0, opening: false, openedAt: 0, retryAt: 0, place: to };
    this.#standings.set(name, fresh);
    return fresh;
  }
}
