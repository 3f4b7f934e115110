import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { World } from '@tern/protocol';

/** This machine's own clock and chance, for tests that need other processes. */
export const machineWorld: World = {
  now: () => Date.now(),
  randomBytes: (length) => new Uint8Array(randomBytes(length)),
  wait: async (ms, { signal }) => {
    try {
      await setTimeout(ms, undefined, { signal });
    } catch (cause) {
      throw signal.aborted ? signal.reason : cause;
    }
  },
};
