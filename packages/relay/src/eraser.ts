import { shrinkErased } from './erase-rules.ts';
import type { Effects } from './judge-context.ts';
import type { LogSink } from './relay-log.ts';
import type { RelayStore } from './store.ts';

type Erased = Effects['erased'];

/**
 * Finishes what an erase began: the record is overwritten and durable, now it shrinks to its id and place, and what is left of it in
 * freed pages is overwritten. One scan of the file serves everything that was erased since the last one began.
 */
export class Eraser {
  readonly #store: RelayStore;
  readonly #log: LogSink;
  #waiting: Erased = [];
  #running: Promise<void> | undefined;

  constructor(store: RelayStore, log: LogSink) {
    this.#store = store;
    this.#log = log;
  }

  finish(erased: Erased): void {
    this.#waiting.push(...erased);
    this.#running ??= this.#run();
  }

  /** Resolves when nothing is left to finish. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const erased = this.#waiting;
      this.#waiting = [];
      try {
        await this.#store.write((transaction) => shrinkErased(transaction, erased));
        await this.#store.scrub(erased.map(({ sealed }) => sealed));
      } catch (cause) {
        const error = cause instanceof Error ? cause.name : 'unknown';
        this.#log({ event: 'failed', doing: 'erase', error });
      }
    }
    this.#running = undefined;
  }
}
