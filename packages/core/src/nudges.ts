/** Tells everybody in this process who waits that something changed. */
export class Nudges {
  #controller: AbortController = new AbortController();

  /** aborted at the next nudge; taken before one looks, so that no change slips through between looking and waiting */
  get next(): AbortSignal {
    return this.#controller.signal;
  }

  nudge(): void {
    const controller = this.#controller;
    this.#controller = new AbortController();
    controller.abort();
  }

  /** A nudge after each time, or after several. Counts from the call; ends when `signal` aborts. */
  stream(signal: AbortSignal): AsyncIterable<void> {
    return nudgesFrom(this, this.next, signal);
  }
}

async function* nudgesFrom(
  nudges: Nudges,
  first: AbortSignal,
  signal: AbortSignal,
): AsyncGenerator<void, void> {
  let news = first;
  for (;;) {
    await aborted(AbortSignal.any([signal, news]));
    if (signal.aborted) return;
    news = nudges.next;
    yield;
  }
}

export async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
