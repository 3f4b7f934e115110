/** The part of the Web Locks API that is used here; `navigator.locks` is one. A lock is free again the moment its holder is gone. */
export interface Locks {
  request(
    name: string,
    options: { readonly signal?: AbortSignal },
    work: () => Promise<void>,
  ): Promise<unknown>;
}

/** Holds a lock until the signal aborts or this thread ends. Resolves when it is held. @throws the signal's reason */
export async function holdLock(locks: Locks, name: string, signal: AbortSignal): Promise<void> {
  const held = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => released.resolve(), { once: true });
  const over = locks.request(name, { signal }, async () => {
    held.resolve();
    if (!signal.aborted) await released.promise;
  });
  over.catch(held.reject);
  await held.promise;
}

/**
 * Aborts when whoever holds a lock is gone: the browser tells of the end of a tab or a worker in no other way. Nobody must ever
 * wait for that lock but to learn this.
 * @param signal gives up watching
 */
export function deathOf(locks: Locks, name: string, signal: AbortSignal): AbortSignal {
  const died = new AbortController();
  const watch = async (): Promise<void> => {
    try {
      await locks.request(name, { signal }, async () => died.abort());
    } catch (error) {
      if (!signal.aborted) died.abort(error);
    }
  };
  void watch();
  return died.signal;
}
