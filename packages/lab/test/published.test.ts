import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';

const documents = ['docs/lab.md', 'README.md'];

test.each(documents)('no table of %s has a cell in which nothing was measured', (path) => {
  const lines = readFileSync(resolve(import.meta.dirname, '../../..', path), 'utf8').split('\n');
  const holes = lines.filter((line) => /^\|.*\| *(?:null|void|not installed) *(?=\|)/u.test(line));
  expect(holes).toEqual([]);
});
