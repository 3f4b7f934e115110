import { expect, test } from 'vitest';
import { RandomPool } from '../src/node/random-pool.ts';

test('random bytes of any length are given out once, and never zeros that were left behind', () => {
  const pool = new RandomPool();
  const seen = new Set<string>();
  for (let round = 0; round < 2000; round += 1) {
    const bytes = pool.take(16 + (round % 49));
    expect(bytes.length).toBe(16 + (round % 49));
    expect(bytes.some((byte) => byte !== 0)).toBe(true);
    seen.add(Buffer.from(bytes.subarray(0, 16)).toString('hex'));
  }
  expect(seen.size).toBe(2000);
  expect(pool.take(10_000).length).toBe(10_000);
  expect(pool.take(0).length).toBe(0);
});
