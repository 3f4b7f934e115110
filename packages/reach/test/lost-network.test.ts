import type { World } from '@tern/protocol';
import { expect, test } from 'vitest';
import { lostNetwork } from '../src/node/lost-network.ts';

/** A world in which each wait takes as long as it says, and now and then longer. */
function worldOf(tookMs: (turn: number) => number): Pick<World, 'now' | 'wait'> & { readonly turns: number } {
  let now = 0;
  let turns = 0;
  return {
    get turns() {
      return turns;
    },
    now: () => now,
    async wait(ms, { signal }) {
      signal.throwIfAborted();
      turns += 1;
      now += ms + tookMs(turns);
    },
  };
}

const { signal } = new AbortController();

test('a connection is lost when its address is this machine’s no more', async () => {
  const world = worldOf(() => 3);
  const addresses = (): ReadonlySet<string> =>
    new Set(world.turns < 5 ? ['192.0.2.7', 'fe80::1'] : ['fe80::1']);
  await lostNetwork('::ffff:192.0.2.7', { world, addresses, signal });
  expect(world.turns).toBe(5);
});

test('a connection is lost when the machine has slept, and not when it was only busy', async () => {
  const world = worldOf((turn) => (turn === 7 ? 3_600_000 : 5000));
  await lostNetwork('fe80::1%eth0', { world, addresses: () => new Set(['fe80::1']), signal });
  expect(world.turns).toBe(7);
});

test('nobody looks any more when the signal says so', async () => {
  const over = new AbortController();
  const world = worldOf((turn) => {
    if (turn === 3) over.abort(new Error('over'));
    return 0;
  });
  const looking = lostNetwork('::1', { world, addresses: () => new Set(['::1']), signal: over.signal });
  await expect(looking).rejects.toThrow('over');
  expect(world.turns).toBe(3);
});
