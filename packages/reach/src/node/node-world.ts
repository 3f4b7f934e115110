import { setTimeout as wait } from 'node:timers/promises';
import type { World } from '@tern/protocol';
import { RandomPool } from './random-pool.ts';

/** The machine's own clock, chance and patience. */
export const nodeWorld: World = makeNodeWorld();

function makeNodeWorld(): World {
  const pool = new RandomPool();
  return {
    now: () => Date.now(),
    randomBytes: (length) => pool.take(length),
    async wait(ms, { signal }) {
      try {
        await wait(ms, undefined, { signal });
      } catch (error) {
        signal.throwIfAborted(); // the signal's own reason, not Node's wrapping of it
        throw error;
      }
    },
  };
}
