import { unlessAborted } from './abort.ts';

/** One piece of work for whoever wants it at the same time: begun by the first, given up when the last one leaves. */
export class SharedTask<T> {
  readonly #work: (signal: AbortSignal) => Promise<T>;
  #flight:
    | { readonly promise: Promise<T>; readonly controller: AbortController; waiting: number }
    | undefined;

  constructor(work: (signal: AbortSignal) => Promise<T>) {
    this.#work = work;
  }

  /** nobody waits for it */
  get idle(): boolean {
    return this.#flight === undefined;
  }

  /** @throws the signal's reason when it is aborted; the work goes on for the others */
  async run(signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    const flight = (this.#flight ??= this.#begin());
    flight.waiting += 1;
    try {
      return await unlessAborted(flight.promise, signal);
    } finally {
      flight.waiting -= 1;
      if (flight.waiting === 0) {
        if (this.#flight === flight) this.#flight = undefined;
        flight.controller.abort();
      }
    }
  }

  #begin(): { readonly promise: Promise<T>; readonly controller: AbortController; waiting: number } {
    const controller = new AbortController();
    return { promise: this.#work(controller.signal), controller, waiting: 0 };
  }
}
