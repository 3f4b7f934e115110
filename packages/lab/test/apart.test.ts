import { expect, test } from 'vitest';
import { Apart } from '../src/run/apart.ts';

/** Time that stands until it is told, and what is waited for in it. */
class StoodWorld {
  at = 1000;
  readonly waits: number[] = [];
  readonly now = (): number => this.at;
  readonly wait = async (ms: number): Promise<void> => void this.waits.push(ms);
}

const { signal } = new AbortController();

test('what is asked for at once begins one after another', async () => {
  const world = new StoodWorld();
  const apart = new Apart(70, world);
  await Promise.all([apart.turn(signal), apart.turn(signal), apart.turn(signal)]);
  expect(world.waits).toEqual([70, 140]);
});

test('after a pause nobody waits, and of a part of it the rest is waited for', async () => {
  const world = new StoodWorld();
  const apart = new Apart(70, world);
  await apart.turn(signal);
  world.at += 50;
  await apart.turn(signal);
  world.at += 90;
  await apart.turn(signal);
  expect(world.waits).toEqual([20]);
});

test('who is stopped while waiting hears why', async () => {
  const apart = new Apart(60_000);
  await apart.turn(signal);
  const stopped = new AbortController();
  const turn = apart.turn(stopped.signal);
  stopped.abort();
  await expect(turn).rejects.toBe(stopped.signal.reason);
});
