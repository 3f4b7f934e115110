import { UsageError } from '@tern/protocol';

/** A value that changes, and streams of it: each begins with what is so now, and leaves out what was overtaken before it was read. */
export class Latest<T> {
  #value: T;
  #changed = Promise.withResolvers<void>();

  constructor(value: T) {
    this.#value = value;
  }

  get value(): T {
    return this.#value;
  }

  set(value: T): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  /** Ends when the signal aborts. */
  async *values(signal: AbortSignal): AsyncIterable<T> {
    const ended = Promise.withResolvers<void>();
    const end = (): void => ended.resolve();
    signal.addEventListener('abort', end, { once: true });
    try {
      while (!signal.aborted) {
        const changed = this.#changed.promise;
        const value = this.#value;
        yield value;
        if (Object.is(value, this.#value)) await Promise.race([changed, ended.promise]);
      }
    } finally {
      signal.removeEventListener('abort', end);
    }
  }

  /** The first value that is wanted, now or later. @throws the signal's reason */
  async until<U extends T>(wanted: (value: T) => value is U, signal: AbortSignal): Promise<U> {
    for await (const value of this.values(signal)) if (wanted(value)) return value;
    signal.throwIfAborted();
    throw new UsageError('a value that was waited for never came');
  }
}
