import type { Engine } from './engine.ts';

/** So many answers in a row may bring nothing forward before a round gives up and waits. */
export const mostStalls = 3;
const longestPauseMs = 60_000;
const firstPauseMs = 500;

/** Between tries: each about twice the one before, up to one or two minutes, and never two alike. */
export class Pauses {
  readonly #engine: Engine;
  #ms = firstPauseMs;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  next(): number {
    const ms = this.#ms;
    this.#ms = Math.min(ms * 2, longestPauseMs);
    return ms + ((this.#engine.world.randomBytes(1)[0] ?? 0) / 256) * ms;
  }

  /** it went well: the next one is short again */
  end(): void {
    this.#ms = firstPauseMs;
  }
}

export async function pause(engine: Engine, ms: number, signal: AbortSignal): Promise<void> {
  await engine.world.wait(ms, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}
