/** The nudges of a store that one process has open (`ClientStore.changes`): lossy, many changes may make one. */
export class StoreNudges {
  readonly #sleepers = new Set<() => void>();
  #version = 0;
  #ended = false;

  wake(): void {
    this.#version += 1;
    this.#wakeAll();
  }

  /** Everybody's nudges end. */
  end(): void {
    this.#ended = true;
    this.#wakeAll();
  }

  /** Counts from the moment of the call. */
  from(signal: AbortSignal): AsyncIterable<void> {
    return this.#since(this.#version, signal);
  }

  async *#since(from: number, signal: AbortSignal): AsyncGenerator<void, void> {
    let seen = from;
    while (!signal.aborted && !this.#ended) {
      if (this.#version === seen) {
        await this.#sleep(signal);
      } else {
        seen = this.#version;
        yield;
      }
    }
  }

  async #sleep(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = (): void => resolve();
    this.#sleepers.add(wake);
    signal.addEventListener('abort', wake, { once: true });
    await promise;
    signal.removeEventListener('abort', wake);
    this.#sleepers.delete(wake);
  }

  #wakeAll(): void {
    for (const wake of this.#sleepers) wake();
  }
}
