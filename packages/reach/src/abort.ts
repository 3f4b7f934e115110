import type { World } from '@tern/protocol';

/** The promise, or the signal's reason as soon as it is aborted; the work itself is left to end by itself. */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason as Error);
  signal.addEventListener('abort', abort, { once: true });
  try {
    if (signal.aborted) abort();
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** Whether so long passes before the other one is there. @throws what that throws by then, the signal's reason */
export async function passesBefore(
  other: Promise<unknown>,
  ms: number,
  { world, signal }: { readonly world: Pick<World, 'wait'>; readonly signal: AbortSignal },
): Promise<boolean> {
  const done = new AbortController();
  const passed = world.wait(ms, { signal: AbortSignal.any([signal, done.signal]) }).then(() => true);
  try {
    return await Promise.race([passed, other.then(() => false)]);
  } finally {
    passed.catch(() => undefined);
    done.abort();
  }
}
