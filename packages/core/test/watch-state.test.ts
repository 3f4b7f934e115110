import type { LogId } from '@tern/protocol';
import { expect, test } from 'vitest';
import { WatchState } from '../src/watch-state.ts';

test('rule 17: an answer is kept back only once every log is in the set', () => {
  const watch = new WatchState();
  const wanted = Array.from({ length: 150 }, (_, at) => ({
    log: `log ${at}` as LogId,
    after: 0,
    number: 0,
    seed: new Uint8Array(32),
  }));
  const ask = (): readonly unknown[] => {
    const { operation, seeds } = watch.next(wanted, 600);
    return operation.kind === 'watch' ? [operation.add.length, seeds.length, operation.waitSeconds] : [];
  };
  const answered = (): boolean =>
    watch.took([{ kind: 'watched', token: new Uint8Array(16), more: false }]).more;
  expect(ask()).toEqual([100, 100, 0]);
  expect(answered()).toBe(true);
  expect(ask()).toEqual([50, 50, 600]);
  expect(answered()).toBe(false);
  expect(ask()).toEqual([0, 0, 600]);
});
