import type { World } from '@tern/protocol';

/** Between two updates of one stream: what changes faster than a screen is drawn is told together. */
const shortestPauseMs = 30;

/**
 * How something stands: at once, and again whenever it changed.
 * @param parts `nudges` says that something may have changed since the moment it was called, and ends by its signal. `told` makes of
 *   what was read before and now what is passed on, or undefined where that is nothing. `signal` ends the stream quietly.
 */
export async function* standings<Read, Told>(parts: {
  readonly nudges: (signal: AbortSignal) => AsyncIterable<void>;
  readonly read: () => Promise<Read>;
  readonly told: (before: Read | undefined, after: Read) => Told | undefined;
  readonly world: Pick<World, 'now' | 'wait'>;
  readonly signal: AbortSignal;
}): AsyncIterable<Told> {
  const { read, told, world, signal } = parts;
  const leaving = new AbortController();
  const ending = AbortSignal.any([signal, leaving.signal]);
  const nudges = parts.nudges(ending)[Symbol.asyncIterator]();
  let before: Read | undefined;
  try {
    while (!signal.aborted) {
      const after = await read();
      const update = told(before, after);
      const toldAt = world.now();
      before = after;
      if (update !== undefined) yield update;
      if ((await nudges.next()).done === true) return;
      // a clock that is set back makes the pause no longer than it is
      const passed = Math.max(0, world.now() - toldAt);
      if (passed < shortestPauseMs) await world.wait(shortestPauseMs - passed, { signal: ending });
    }
  } catch (error) {
    if (!signal.aborted) throw error; // what is closed meanwhile can be read no more, and nobody wants to know
  } finally {
    leaving.abort();
    await nudges.return?.();
  }
}

/** A nudge whenever one of the streams has one, until one of them ends; all of them have to end by one signal. */
export async function* anyNudge(...streams: readonly AsyncIterable<unknown>[]): AsyncIterable<void> {
  const iterators = streams.map((stream) => stream[Symbol.asyncIterator]());
  const pending = iterators.map((iterator) => iterator.next());
  for (;;) {
    const { at, done } = await Promise.race(
      pending.map(async (next, at) => ({ at, done: (await next).done === true })),
    );
    const iterator = iterators[at];
    if (done || iterator === undefined) return;
    pending[at] = iterator.next();
    yield;
  }
}
