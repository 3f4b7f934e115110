import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { trialOf } from '../src/budget.ts';
import { dialRules } from '../src/dialer/dial-rules.ts';
import {
  freshStanding,
  hasRoom,
  nextStanding,
  type Load,
  type Outcome,
  type Standing,
} from '../src/dialer/standing.ts';

const load = (exchanges: number, upBytes = 700, downBytes = 300): Load => ({ exchanges, upBytes, downBytes });
const answered = (of: Load, late = false): Outcome => ({ kind: 'answered', load: of, late });
const after = (outcomes: readonly Outcome[], from: Standing = freshStanding, everyMs = 1000): Standing =>
  outcomes.reduce((standing, outcome, at) => nextStanding(standing, outcome, 1000 + at * everyMs), from);
const frozen = (of: Load): readonly Outcome[] => [
  { kind: 'stalled', load: of },
  { kind: 'frozen', load: of },
];

describe('a way', () => {
  test('is fit for bulk once one connection carried many exchanges, or much', () => {
    expect(after([answered(load(3))]).grade).toBe('unknown');
    expect(after([answered(load(dialRules.bulkExchanges))]).grade).toBe('bulk');
    expect(after([answered(load(2, 700, 90_000))]).grade).toBe('bulk');
  });

  test('is not believed to freeze for one connection that stopped, and is for two', () => {
    const once = after(frozen(load(3, 2100, 900)));
    expect(once).toMatchObject({ grade: 'unknown' });
    const twice = after(frozen(load(3, 2100, 900)), once);
    expect(twice).toMatchObject({ grade: 'text', exchanges: 2 });
    const apart = nextStanding(once, { kind: 'frozen', load: load(3) }, 10 + 2 * dialRules.secondStopMs);
    expect(apart.grade).toBe('unknown');
  });

  test('that stopped within its budget after other exchanges was stopped by how many they were', () => {
    const { budget } = after([{ kind: 'stalled', load: load(3, 2100, 3000) }]);
    expect(budget).toEqual(freshStanding.budget);
    expect(after([{ kind: 'stalled', load: load(0, 700, 5000) }]).budget.down.bytes).toBe(3750);
  });

  test('whose answer began was stopped by its answer, where the request was too small to be it', () => {
    const { up, down } = after([{ kind: 'stalled', load: load(0, 1124, 1206) }]).budget;
    expect([up.bytes, down.bytes]).toEqual([4096, 2048]);
    // of a large request nobody knows: it is made smaller first, until it cannot be it
    const large: Outcome = { kind: 'stalled', load: load(0, 4000, 300) };
    expect(after([large]).budget).toMatchObject({ up: { bytes: 2000 }, down: { bytes: 8192 } });
    const least: Outcome = { kind: 'stalled', load: load(0, 1536, 300) };
    expect(after([large, least]).budget).toMatchObject({ up: { bytes: 2000 }, down: { bytes: 2048 } });
  });

  test('that freezes is believed to carry what passed, and more only when a trial of it has', () => {
    const froze = after([...frozen(load(3)), ...frozen(load(3))]);
    const used = after([answered(load(1, 700, 8000)), answered(load(1, 700, 8000))], froze);
    expect(used.budget.down.bytes).toBe(8192);
    expect(trialOf(used.budget, { again: false })).toMatchObject({ downBytes: 16_384 });
    const passed = after([answered(load(1, 700, 16_000))], used);
    expect(passed.budget.down.bytes).toBe(16_000);
    const stopped = after([{ kind: 'stalled', load: load(0, 700, 10_957) }], used);
    expect(stopped.budget.down).toMatchObject({ bytes: 8192, ceilingBytes: 10_957 });
    expect(trialOf(stopped.budget, { again: true }).downBytes).toBe(8192);
  });

  test('that freezes carries two exchanges a connection, and fewer where even those stopped', () => {
    const twice = after([...frozen(load(3)), ...frozen(load(3))]);
    const next = { upBytes: 700, bulk: false };
    expect([0, 1, 2].map((exchanges) => hasRoom(twice, load(exchanges), next))).toEqual([true, true, false]);
    const thrice = after(frozen(load(1)), twice);
    expect(thrice.exchanges).toBe(1);
    expect(hasRoom(twice, load(1), { upBytes: 700, bulk: true })).toBe(false);
  });

  test('that froze is tried with more once it kept what it promised for long', () => {
    const twice = after([...frozen(load(3)), ...frozen(load(3))]);
    const many = after(
      Array.from({ length: dialRules.passesToTryMore }, () => answered(load(2))),
      twice,
    );
    expect(many.exchanges).toBe(4);
    const free = after([answered(load(dialRules.bulkExchanges))], many);
    expect(free).toMatchObject({ grade: 'bulk' });
    expect(free.exchanges).toBeUndefined();
  });

  test('is given more time where waiting longer would have been right, and less again when it was not', () => {
    const late = after([answered(load(1), true), answered(load(2), true)]);
    expect(late.patience).toBe(4);
    expect(
      after(
        Array.from({ length: 30 }, () => answered(load(1))),
        late,
      ).patience,
    ).toBe(1);
  });

  test('forgets its failures when it answers', () => {
    const failed = after([
      { kind: 'failed', how: 'hello' },
      { kind: 'failed', how: 'hello' },
    ]);
    expect(failed.failure).toEqual({ kind: 'hello', at: 2000, times: 2 });
    expect(after([answered(load(1))], failed).failure).toBeUndefined();
  });
});

test('whatever happens, a standing stays in its bounds', () => {
  const loads = fc.record({
    exchanges: fc.nat(40),
    upBytes: fc.nat(200_000),
    downBytes: fc.nat(3_000_000),
  });
  const outcomes = fc.oneof(
    fc.record({
      kind: fc.constant('answered' as const),
      load: loads,
      late: fc.boolean(),
      rttMs: fc.nat(5000),
    }),
    fc.record({ kind: fc.constantFrom('stalled' as const, 'frozen' as const), load: loads }),
    fc.record({
      kind: fc.constant('failed' as const),
      how: fc.constantFrom('name' as const, 'hello' as const),
    }),
  );
  fc.assert(
    fc.property(fc.array(outcomes, { maxLength: 80 }), (all) => {
      const standing = after(all);
      expect(standing.patience).toBeGreaterThanOrEqual(1);
      expect(standing.patience).toBeLessThanOrEqual(dialRules.mostPatience);
      expect(standing.exchanges ?? 1).toBeGreaterThanOrEqual(1);
      // a fresh connection may always be asked something
      expect(hasRoom(standing, load(0, 0, 0), { upBytes: 60_000, bulk: true })).toBe(true);
      if (standing.grade === 'bulk') expect(standing.exchanges).toBeUndefined();
    }),
  );
});
