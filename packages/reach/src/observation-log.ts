import type { Observation } from './diagnosis/observation.ts';
import { newestOfEach, tellsNothing } from './telling.ts';

/** What is older says nothing about how things are now. */
const keptMs = 600_000;
const mostKept = 256;

interface Kept {
  readonly one: Observation;
  readonly at: number;
}

/** The attempts of the last ten minutes, in memory: they say when somebody was online, and where. Where something hindered a terminal its home keeps them. */
export class ObservationLog {
  readonly #now: () => number;
  #kept: readonly Kept[] = [];

  /** @param now of this process, ms; need not be the clock of the observations */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** @returns whether {@link hindered} is another now */
  add(one: Observation): boolean {
    if (tellsNothing(one)) return false;
    const before = this.hindered;
    const lately = [...this.#lately(), { one, at: this.#now() }];
    this.#kept = newestOfEach(lately, { most: mostKept, keyOf: (kept) => kept.one.way.key });
    return this.hindered !== before;
  }

  /** For `diagnose`: what was seen, and what time it is by the clock of those who saw it. */
  read(): ObservationsSeen {
    const last = this.#kept.at(-1);
    const now = last === undefined ? 0 : last.one.endedAt + Math.max(0, this.#now() - last.at);
    return { now, observations: this.#lately().map(({ one }) => one) };
  }

  /** Something went wrong or slowly, so that a diagnosis may have something to say. */
  get hindered(): boolean {
    return this.#lately().some(
      ({ one }) =>
        (one.end !== 'answered' && one.end !== 'cancelled') ||
        // slower than 2 Mbit/s
        (one.bulk && one.endedAt - one.beganAt > 300 + (one.upBytes + one.downBytes) / 250),
    );
  }

  #lately(): readonly Kept[] {
    const since = this.#now() - keptMs;
    return this.#kept.filter(({ at }) => at > since);
  }
}

export interface ObservationsSeen {
  /** ms of the observations' own clock */
  readonly now: number;
  readonly observations: readonly Observation[];
}
