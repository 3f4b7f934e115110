import type { World } from '@tern/protocol';

/** This browser's clock and chance. */
export const browserWorld: World = {
  now: () => Date.now(),
  randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
  wait: async (ms, { signal }) => {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const abort = (): void => reject(signal.reason);
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', abort, { once: true });
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    }
  },
};

/** A world whose waits pass when a test says so, and not before. */
export function patientWorld(): { readonly world: World; passTime(): void } {
  const waiting = new Set<() => void>();
  return {
    world: {
      ...browserWorld,
      wait: async (_ms, { signal }) => {
        signal.throwIfAborted();
        const { promise, resolve, reject } = Promise.withResolvers<void>();
        const abort = (): void => reject(signal.reason);
        waiting.add(resolve);
        signal.addEventListener('abort', abort, { once: true });
        try {
          await promise;
        } finally {
          waiting.delete(resolve);
          signal.removeEventListener('abort', abort);
        }
      },
    },
    passTime() {
      for (const pass of waiting) pass();
    },
  };
}
