import { type Clock } from '@tern/lab';

/** Time that a test moves. A timer comes exactly when it is due, or `lateMs` after. */
export class HandClock implements Clock {
  #now = 0;
  #timers: { readonly at: number; readonly call: () => void }[] = [];
  readonly #lateMs: number;

  constructor(lateMs = 0) {
    this.#lateMs = lateMs;
  }

  readonly now = (): number => this.#now;

  readonly wake = (afterMs: number, call: () => void): void => {
    this.#timers.push({ at: this.#now + afterMs + this.#lateMs, call });
  };

  /** Runs everything until then, in order. */
  moveTo(moment: number): void {
    for (;;) {
      const next = this.#timers.toSorted((one, other) => one.at - other.at)[0];
      if (next === undefined || next.at > moment) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#now = Math.max(this.#now, next.at);
      next.call();
    }
    this.#now = Math.max(this.#now, moment);
  }
}
