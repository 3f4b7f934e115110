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

test('a set that is known is told again how far it came where an answer was cut', () => {
  const watch = new WatchState();
  const [one, other] = ['one' as LogId, 'other' as LogId];
  const wanted = (after: number): Parameters<WatchState['next']>[0] =>
    [one, other].map((log) => ({ log, after, number: 3, seed: new Uint8Array(32) }));
  const added = (after: number): readonly unknown[] => {
    const { operation } = watch.next(wanted(after), 40);
    return operation.kind === 'watch' ? [operation.token !== undefined, operation.add] : [];
  };
  expect(added(0)).toEqual([false, [one, other].map((log) => ({ log, after: 0, number: 3 }))]);
  watch.took([{ kind: 'watched', token: new Uint8Array(16), more: false }]);
  expect(added(0)).toEqual([true, []]);
  const entry = { kind: 'entry', log: one, seq: 7, number: 3, entry: new Uint8Array(1024), at: 0 } as const;
  expect(watch.took([entry])).toMatchObject({ finished: false, more: true });
  expect(added(7)).toEqual([true, [{ log: one, after: 7, number: 3 }]]);
  // the relay reads last what is added last: of several that were cut, what came last
  watch.took([{ ...entry, log: other }]);
  expect(added(8)).toEqual([true, [one, other].map((log) => ({ log, after: 8, number: 3 }))]);
  watch.took([entry]);
  expect(added(9)).toEqual([true, [other, one].map((log) => ({ log, after: 9, number: 3 }))]);
  watch.took([entry, { ...entry, log: other }]);
  expect(added(10)).toEqual([true, [one, other].map((log) => ({ log, after: 10, number: 3 }))]);
});

test('what the last answer left over is not waited for: more of it, or what had no room', () => {
  const watch = new WatchState();
  const token = new Uint8Array(16);
  const log = 'log' as LogId;
  const entry = { kind: 'entry', log, seq: 1, number: 0, entry: new Uint8Array(3072), at: 0 } as const;
  const waits = (): unknown => {
    const { operation } = watch.next([{ log, after: 0, number: 0, seed: new Uint8Array(32) }], 40);
    return operation.kind === 'watch' && [watch.behind, operation.waitSeconds];
  };
  expect(waits()).toEqual(['no', 40]);
  watch.took([{ kind: 'watched', token, more: true }], true);
  expect(waits()).toEqual(['more', 0]);
  watch.took([{ kind: 'watched', token, more: true }]);
  expect(waits()).toEqual(['large', 0]);
  watch.took([{ kind: 'watched', token, more: true }]);
  expect(waits()).toEqual(['huge', 0]);
  watch.took([{ kind: 'watched', token, more: true }]);
  expect(waits()).toEqual(['huge', 0]);
  watch.took([entry, { kind: 'watched', token, more: true }]);
  expect(waits()).toEqual(['more', 0]);
  watch.took([entry, { kind: 'watched', token, more: false }]);
  expect(waits()).toEqual(['no', 40]);
  watch.took([entry]);
  expect(waits()).toEqual(['more', 0]);
});

test('a set that the relay loses again and again, with nothing new in between, is no way forward', () => {
  const watch = new WatchState();
  const watched = { kind: 'watched', token: new Uint8Array(16), more: true } as const;
  const log = 'log' as LogId;
  const old = { kind: 'entry', log, seq: 1, number: 0, entry: new Uint8Array(1024), at: 0 } as const;
  const look = (...results: Parameters<WatchState['took']>[0]): boolean => {
    watch.next([{ log, after: 1, number: 0, seed: new Uint8Array(32) }], 40);
    watch.took(results);
    return watch.grew;
  };
  expect(look(watched)).toBe(true);
  const lossesSeen = [look({ kind: 'watch-unknown' }), look(watched), look(old), look(watched)];
  expect(lossesSeen).toEqual([false, true, false, true]);
  const more = Array.from({ length: 20 }, () => [look({ kind: 'watch-unknown' }), look(watched)]);
  expect(more.flat().filter(Boolean)).toHaveLength(1);
  watch.advanced();
  expect([look({ kind: 'watch-unknown' }), look(watched)]).toEqual([false, true]);
});
