import { UnreachableError } from '@tern/protocol';
import type { Transport } from '@tern/reach';
import { expect, test } from 'vitest';
import { meet, say, seen, town } from './support/town.ts';

test('a watch that was lost because it was kept waiting for long is asked for again at once, for less, and is no trouble', async () => {
  await using place = await town();
  const asked: number[] = [];
  let holdMs = 160_000;
  const forgetful = (transport: Transport): Transport => ({
    ...transport,
    holdMs: () => holdMs,
    async *carry(to, request, options) {
      const { heldMs = 0 } = options;
      if (heldMs > 0) asked.push(heldMs);
      if (heldMs > 80_000) {
        holdMs = 40_000;
        throw new UnreachableError('lost', { code: 'unheld' });
      }
      yield* transport.carry(to, request, options);
    },
  });
  const anna = await place.person('Anna', { through: forgetful });
  const boris = await place.person('Boris', { relays: [] });
  await meet(anna, boris);
  const stop = new AbortController();
  const troubles: string[] = [];
  const running = anna.client.run({
    signal: stop.signal,
    onTrouble: ({ code }) => troubles.push(code),
  });
  while (asked.length < 2) await new Promise((resolve) => setImmediate(resolve));
  expect(asked[0]).toBeGreaterThanOrEqual(140_000);
  expect(asked[0]).toBeLessThanOrEqual(160_000);
  expect(asked[1]).toBeGreaterThanOrEqual(35_000);
  expect(asked[1]).toBeLessThanOrEqual(40_000);
  await say(boris, anna, 'in time');
  await boris.client.sync({ signal: stop.signal });
  while (!(await seen(anna, boris)).includes('in time'))
    await new Promise((resolve) => setImmediate(resolve));
  expect(troubles).toEqual([]);
  stop.abort();
  await running;
});
