import type { StoreTransaction } from './store.ts';

/** A judge waiting for its turn, and who waits for it. */
interface Waiting {
  readonly judge: (transaction: StoreTransaction) => unknown;
  resolve(value: unknown): void;
  reject(cause: unknown): void;
}

/** What became of one judge in a group that was committed. */
export type Judged =
  | { readonly kind: 'judged'; readonly value: unknown }
  | { readonly kind: 'failed'; readonly cause: unknown };

export interface GroupCommitOptions {
  /** Runs the judges one after the other in one transaction and resolves when it is durable. A judge that throws leaves nothing behind. */
  commit(judges: readonly ((transaction: StoreTransaction) => unknown)[]): Promise<readonly Judged[]>;
  /** the longest a judge waits for company */
  readonly gatherMs: number;
  readonly mostJudges: number;
}

/**
 * Many judges, one flush: alone, a judge is committed at once; while more keep coming, groups start {@link GroupCommitOptions.gatherMs}
 * apart, so that the cost of a flush is shared. One group at a time.
 */
export class GroupCommit {
  readonly #options: GroupCommitOptions;
  readonly #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;
  #loaded = false;
  #startedAt = 0;

  constructor(options: GroupCommitOptions) {
    this.#options = options;
  }

  add<T>(judge: (transaction: StoreTransaction) => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ judge, resolve: (value) => resolve(value as T), reject });
      this.#running ??= this.#run();
    });
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #run(): Promise<void> {
    // the judges of one turn of the event loop belong together
    await new Promise<void>((resolve) => void setImmediate(resolve));
    while (this.#waiting.length > 0) {
      const pause = this.#loaded ? this.#startedAt + this.#options.gatherMs - performance.now() : 0;
      if (pause > 0) await new Promise<void>((resolve) => void setTimeout(resolve, pause));
      this.#startedAt = performance.now();
      const group = this.#waiting.splice(0, this.#options.mostJudges);
      this.#loaded = group.length > 1;
      await this.#commit(group);
    }
    this.#running = undefined;
  }

  async #commit(group: readonly Waiting[]): Promise<void> {
    let judged: readonly Judged[];
    try {
      judged = await this.#options.commit(group.map((one) => one.judge));
    } catch (cause) {
      for (const one of group) one.reject(cause);
      return;
    }
    for (const [at, one] of group.entries()) {
      const outcome = judged[at];
      if (outcome?.kind === 'judged') one.resolve(outcome.value);
      else one.reject(outcome?.cause);
    }
  }
}
