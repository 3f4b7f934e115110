import { expect, test } from 'vitest';

import { closingLine, tallyOf } from './tally.ts';

function file(status: string, ...tests: readonly string[]): object {
  return { status, assertionResults: tests.map((one) => ({ status: one })) };
}

test('what passed and what failed is counted test by test', () => {
  const report = { testResults: [file('passed', 'passed', 'passed'), file('failed', 'failed', 'passed')] };
  expect(tallyOf(report, 1)).toEqual({ passed: 3, failed: 1 });
});

test('a file that does not load is one failure', () => {
  const report = { testResults: [file('passed', 'passed'), file('failed'), file('failed', 'passed')] };
  expect(tallyOf(report, 1)).toEqual({ passed: 2, failed: 2 });
});

test('an error outside of every test is a failure, although all tests passed', () => {
  expect(tallyOf({ testResults: [file('passed', 'passed')] }, 1)).toEqual({ passed: 1, failed: 1 });
});

test('a run that crashed, or that ran nothing, failed', () => {
  expect(tallyOf(undefined, null)).toEqual({ passed: 0, failed: 1 });
  expect(tallyOf({ testResults: [] }, 0)).toEqual({ passed: 0, failed: 1 });
  expect(tallyOf({ testResults: [file('passed', 'skipped')] }, 0)).toEqual({ passed: 0, failed: 1 });
});

test('the closing line is the two numbers and nothing else', () => {
  expect(closingLine({ passed: 12, failed: 0 })).toBe('12 passed, 0 failed');
});
