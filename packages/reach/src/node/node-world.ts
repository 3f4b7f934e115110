import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { World } from '@tern/protocol';

/** The machine's own clock, chance and patience. */
export const nodeWorld: World = {
  now: () => Date.now(),
  randomBytes: (length) => new Uint8Array(randomBytes(length)),
  async wait(ms, { signal }) {
    try {
      await wait(ms, undefined, { signal });
    } catch (error) {
      signal.throwIfAborted(); // the signal's own reason, not Node's wrapping of it
      throw error;
    }
  },
};
