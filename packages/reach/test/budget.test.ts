import { limits } from '@tern/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { budgetStart, nextBudget, type BudgetOutcome, type LearnedBudget } from '../src/budget.ts';

/** What a network does that lets so many bytes of each direction through. */
function through(
  network: { readonly upBytes: number; readonly downBytes: number },
  budget: LearnedBudget,
): BudgetOutcome {
  const [up, down] = [budget.up.bytes, budget.down.bytes];
  if (up > network.upBytes) return { kind: 'stopped', upBytes: up, downBytes: 0 };
  if (down > network.downBytes) return { kind: 'stopped', upBytes: up, downBytes: network.downBytes };
  return { kind: 'passed', upBytes: up, downBytes: down };
}

interface Learnt {
  readonly budget: LearnedBudget;
  readonly stopped: number;
}

function learn(network: { readonly upBytes: number; readonly downBytes: number }, exchanges: number): Learnt {
  let budget = budgetStart;
  let stopped = 0;
  for (let at = 0; at < exchanges; at += 1) {
    const outcome = through(network, budget);
    if (outcome.kind === 'stopped') stopped += 1;
    budget = nextBudget(budget, outcome);
  }
  return { budget, stopped };
}

describe('what a path lets through', () => {
  test('begins at 4 kB up and 8 kB down, which every known network lets through', () => {
    expect([budgetStart.up.bytes, budgetStart.down.bytes]).toEqual([4096, 8192]);
  });

  test('grows to what a batch and an answer may be where nothing stops it, after 14 exchanges', () => {
    const { budget } = learn({ upBytes: Infinity, downBytes: Infinity }, 14);
    expect([budget.up.bytes, budget.down.bytes]).toEqual([limits.batchBytes, limits.responseBytes]);
  });

  test('stays below what did not pass, and tries it again only now and then', () => {
    const { budget, stopped } = learn({ upBytes: 20_000, downBytes: 14_000 }, 200);
    expect(budget.up.bytes).toBeLessThanOrEqual(20_000);
    expect(budget.up.bytes).toBeGreaterThan(10_000);
    expect(budget.down.bytes).toBeLessThanOrEqual(14_000);
    expect(budget.down.bytes).toBeGreaterThan(7000);
    expect(stopped).toBeLessThan(12);
  });

  test('grows again when the network does', () => {
    let { budget } = learn({ upBytes: 6000, downBytes: 9000 }, 60);
    for (let at = 0; at < 200; at += 1)
      budget = nextBudget(budget, through({ upBytes: Infinity, downBytes: Infinity }, budget));
    expect([budget.up.bytes, budget.down.bytes]).toEqual([limits.batchBytes, limits.responseBytes]);
  });

  test('is not judged by exchanges that used little of it', () => {
    let budget = budgetStart;
    for (let at = 0; at < 100; at += 1)
      budget = nextBudget(budget, { kind: 'passed', upBytes: 700, downBytes: 300 });
    expect(budget).toEqual(budgetStart);
    expect(nextBudget(budget, { kind: 'stopped', upBytes: 700, downBytes: 0 })).toEqual(budgetStart);
  });

  test('falls back at once to what passes anywhere, however many requests froze together', () => {
    let { budget } = learn({ upBytes: Infinity, downBytes: Infinity }, 14);
    for (let at = 0; at < 12; at += 1)
      budget = nextBudget(budget, { kind: 'stopped', upBytes: 60_000, downBytes: 0 });
    expect(budget.up.bytes).toBe(4096);
  });

  test('one that stops among many says nothing where connections freeze, and a second one does', () => {
    let budget = budgetStart;
    const used = { upBytes: 4000, downBytes: 300, proven: true };
    const stopped = { kind: 'stopped', upBytes: 4000, downBytes: 0, proven: true } as const;
    for (let at = 0; at < 20; at += 1) budget = nextBudget(budget, { kind: 'passed', ...used });
    const once = nextBudget(budget, stopped);
    expect(once.up).toEqual({ bytes: 4096, passes: 0 });
    expect(nextBudget(once, stopped).up).toEqual({ bytes: 2000, passes: 0, ceilingBytes: 4000 });
    expect(nextBudget(budget, { ...stopped, proven: false }).up.bytes).toBe(2000);
    expect(nextBudget(budget, { ...stopped, upBytes: 8000 }).up).toMatchObject({ ceilingBytes: 8000 });
  });

  test('falls by a quarter where connections freeze and what one trial had shown to pass did not', () => {
    const passed = { kind: 'passed', upBytes: 9600, downBytes: 300, proven: true } as const;
    const stopped = { kind: 'stopped', upBytes: 9600, downBytes: 0, proven: true } as const;
    const tried = nextBudget(budgetStart, passed);
    expect(tried.up.bytes).toBe(9600);
    expect(nextBudget(tried, stopped).up).toEqual({ bytes: 7200, passes: 0, ceilingBytes: 9600 });
    expect(nextBudget(tried, { ...stopped, proven: false }).up.bytes).toBe(4096);
  });

  test('never leaves its bounds, whatever happens', () => {
    const outcome = fc.record({
      kind: fc.constantFrom('passed' as const, 'stopped' as const),
      upBytes: fc.nat(80_000),
      downBytes: fc.nat(2_200_000),
    });
    fc.assert(
      fc.property(fc.array(outcome, { maxLength: 100 }), (outcomes) => {
        const budget = outcomes.reduce(nextBudget, budgetStart);
        expect(budget.up.bytes).toBeGreaterThanOrEqual(1536);
        expect(budget.up.bytes).toBeLessThanOrEqual(limits.batchBytes);
        expect(budget.down.bytes).toBeGreaterThanOrEqual(2048);
        expect(budget.down.bytes).toBeLessThanOrEqual(limits.responseBytes);
        expect(Number.isInteger(budget.up.bytes) && Number.isInteger(budget.down.bytes)).toBe(true);
      }),
    );
  });
});
