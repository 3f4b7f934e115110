const rememberedAnswers = 9;

/** How far a relay's clock is ahead of ours: the median over its last answers, so that one slow answer moves nothing (rule 32). */
export class RelayClock {
  #offsets: readonly number[] = [];

  /** milliseconds; undefined before the first answer */
  get offsetMs(): number | undefined {
    const sorted = this.#offsets.toSorted((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)];
  }

  /** @param relayTime what an answer said @param now what our own clock said when that answer began to arrive */
  observe(relayTime: number, now: number): void {
    this.#offsets = [relayTime - now, ...this.#offsets].slice(0, rememberedAnswers);
  }

  /** Our own clock was set since the earlier answers: forgets them. */
  restart(relayTime: number, now: number): void {
    this.#offsets = [relayTime - now];
  }
}
