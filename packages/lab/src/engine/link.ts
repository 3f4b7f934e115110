import { type Chance } from './chance.ts';

/** One direction of a line. What is left out does not happen. */
export interface LegProfile {
  /** Milliseconds that every packet takes. */
  readonly delayMs?: number;
  /** A packet takes up to this much more or less, evenly spread. */
  readonly jitterMs?: number;
  /** The share of packets that is lost, 0 to 1. */
  readonly loss?: number;
  readonly kilobitsPerSecond?: number;
  /** A packet that would wait longer than this for its turn is dropped. Only where there is a rate. */
  readonly queueMs?: number;
}

export interface LinkProfile {
  readonly up: LegProfile;
  readonly down: LegProfile;
}

const defaultQueueMs = 200;

/** An ordinary mobile line: 60 ± 20 ms there and back, 1 packet of 200 lost each way. */
export const mobileLink: LinkProfile = {
  up: { delayMs: 30, jitterMs: 10, loss: 0.005, kilobitsPerSecond: 5_000 },
  down: { delayMs: 30, jitterMs: 10, loss: 0.005, kilobitsPerSecond: 20_000 },
};

/** Where a packet goes on: at once, at a moment, or nowhere. */
export type Passage = { readonly kind: 'due'; readonly at: number } | { readonly kind: 'lost' | 'overflow' };

/** First in, first out: jitter never lets a packet overtake another one. */
export class Leg {
  readonly #profile: LegProfile;
  readonly #chance: Chance;
  #freeAt = 0;
  #lastDue = 0;

  constructor(profile: LegProfile, chance: Chance) {
    this.#profile = profile;
    this.#chance = chance;
  }

  /** @param now milliseconds; never less than the call before */
  pass(bytes: number, now: number): Passage {
    const {
      delayMs = 0,
      jitterMs = 0,
      loss = 0,
      kilobitsPerSecond,
      queueMs = defaultQueueMs,
    } = this.#profile;
    if (loss > 0 && this.#chance() < loss) return { kind: 'lost' };
    let leaves = now;
    if (kilobitsPerSecond !== undefined) {
      const begins = Math.max(now, this.#freeAt);
      if (begins - now > queueMs) return { kind: 'overflow' };
      leaves = begins + (bytes * 8) / kilobitsPerSecond;
      this.#freeAt = leaves;
    }
    const jitter = jitterMs === 0 ? 0 : (this.#chance() * 2 - 1) * jitterMs;
    this.#lastDue = Math.max(this.#lastDue, leaves + delayMs + jitter);
    return { kind: 'due', at: this.#lastDue };
  }
}
