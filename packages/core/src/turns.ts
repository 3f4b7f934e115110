/** Lets one task through at a time, in the order they came. */
export class Turns {
  readonly #waiting = new Set<{ readonly go: () => void; readonly fail: (reason: unknown) => void }>();
  #taken = false;

  /** @returns the turn; dispose it to let the next one through. Rejects with the signal's reason when that aborts first. */
  async take(options: { readonly signal?: AbortSignal } = {}): Promise<Disposable> {
    const { signal } = options;
    signal?.throwIfAborted();
    if (this.#taken) await this.#wait(signal);
    this.#taken = true;
    let mine = true;
    return {
      [Symbol.dispose]: () => {
        if (!mine) return;
        mine = false;
        const [next] = this.#waiting;
        if (next === undefined) this.#taken = false;
        else next.go(); // handed over without being free in between, so nobody can push in
      },
    };
  }

  /** Everybody who waits now is sent away. */
  refuse(reason: unknown): void {
    for (const one of this.#waiting) one.fail(reason);
  }

  async #wait(signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const abort = (): void => one.fail(signal?.reason);
    const leave = (): void => {
      this.#waiting.delete(one);
      signal?.removeEventListener('abort', abort);
    };
    const one = {
      go: (): void => {
        leave();
        resolve();
      },
      fail: (reason: unknown): void => {
        leave();
        reject(reason);
      },
    };
    this.#waiting.add(one);
    signal?.addEventListener('abort', abort, { once: true });
    return promise;
  }
}
