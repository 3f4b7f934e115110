import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  limits,
  MalformedError,
  RefusedError,
  TernError,
  UnreachableError,
  UsageError,
} from '../src/index.ts';
import { section } from './naive-schema.ts';
import { specPath, withGenerated } from './wire-tables.ts';

const spec = readFileSync(specPath, 'utf8');

test('the tables of SPEC.md are those of the codecs', () => {
  expect(spec).toBe(withGenerated(spec));
});

test('SPEC.md has every rule once, in order', () => {
  const numbers = [...spec.matchAll(/^(\d+)\. +\*\*/gmu)].map(([, number]) => Number(number));
  expect(numbers).toEqual(Array.from({ length: 34 }, (_, at) => at + 1));
});

test('rule 33: every limit of the wire stands in SPEC.md with its value', () => {
  const lines = new Map(
    section('limits')
      .split('\n')
      .map((line) => [line.split(/ +/u)[0], line.split(/ +/u).slice(1).join(' ')]),
  );
  for (const [name, value] of Object.entries(limits))
    expect([name, lines.get(name)]).toEqual([
      name,
      typeof value === 'number' ? String(value) : value.join(' or '),
    ]);
  expect(lines.size).toBe(Object.keys(limits).length);
});

test('rule 33: every limit that a stranger can spend on a relay stands in SPEC.md with its default', () => {
  const path = resolve(import.meta.dirname, '../../relay/src/limits-table.ts');
  const source =
    readFileSync(path, 'utf8').split('export const relayLimits')[1]?.split('} as const')[0] ?? '';
  const inSource = [...source.matchAll(/^ {2}(\w+): \{\s*default: ([\d_ *]+),/gmu)].map(
    ([, name, value = '']) => [name, numberOf(value)],
  );
  const [, table = ''] = spec.split('<!-- relay limits -->');
  const rows = [...table.matchAll(/^\| (\w+) \| (\d+) [^|]*\|[^|]+\| [^|]+ \|$/gmu)];
  expect(rows.map(([, name, value]) => [name, Number(value)])).toEqual(inSource);
  expect(inSource.length).toBeGreaterThan(15);
});

/** Of a product of whole numbers and their powers, as TypeScript writes it. */
function numberOf(text: string): number {
  return text
    .replaceAll('_', '')
    .split(' * ')
    .map((factor) => factor.split(' ** ').map(Number))
    .reduce((product, [base = 0, exponent = 1]) => product * base ** exponent, 1);
}

test('rule 33: what one operation holds is never more than a batch or an answer may be', () => {
  expect(limits.putBytes).toBeLessThan(limits.batchBytes - 2048);
  expect(limits.chunkBytes).toBeLessThan(limits.responseBytes);
  expect(limits.watchSlice * (64 + 48)).toBeLessThan(limits.batchBytes);
});

describe('errors', () => {
  test('every one has a code that says whose fault it is, and keeps its cause', () => {
    const cause = new Error('below');
    const errors: readonly TernError[] = [
      new MalformedError('theirs', { cause }),
      new UnreachableError("the network's", { cause }),
      new RefusedError('quota', 'policy', { cause }),
      new UsageError('ours', { cause }),
    ];
    expect(
      errors.map((error) => [error.code, error.name, error.cause === cause, error instanceof TernError]),
    ).toEqual([
      ['malformed', 'MalformedError', true, true],
      ['unreachable', 'UnreachableError', true, true],
      ['quota', 'RefusedError', true, true],
      ['usage', 'UsageError', true, true],
    ]);
    expect(new UnreachableError('cut', { code: 'cut' }).code).toBe('cut');
  });
});
