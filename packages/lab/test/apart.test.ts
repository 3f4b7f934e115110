import { expect, test } from 'vitest';
import { Apart } from '../src/run/apart.ts';

/** A clock that stands until it is told, and what is waited for on it. */
function stoodClock(): {
  readonly now: () => number;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly waits: number[];
  at: number;
} {
  const clock = {
    at: 1000,
    waits: [] as number[],
    now: () => clock.at,
    async wait(ms: number, signal: AbortSignal) {
      signal.throwIfAborted();
      clock.waits.push(ms);
    },
  };
  return clock;
}

const { signal } = new AbortController();

test('what is asked for at once begins one after another', async () => {
  const clock = stoodClock();
  const apart = new Apart(70, clock);
  await Promise.all([apart.turn(signal), apart.turn(signal), apart.turn(signal)]);
  expect(clock.waits).toEqual([70, 140]);
});

test('after a pause nobody waits, and of a part of it the rest is waited for', async () => {
  const clock = stoodClock();
  const apart = new Apart(70, clock);
  await apart.turn(signal);
  clock.at += 50;
  await apart.turn(signal);
  clock.at += 90;
  await apart.turn(signal);
  expect(clock.waits).toEqual([20]);
});

test('who is stopped while waiting hears why', async () => {
  const apart = new Apart(60_000);
  await apart.turn(signal);
  const stopped = new AbortController();
  const turn = apart.turn(stopped.signal);
  stopped.abort();
  await expect(turn).rejects.toThrow('aborted');
});
