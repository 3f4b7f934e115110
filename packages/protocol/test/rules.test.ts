/** Which rules of SPEC.md are shown by a test, accepting and refusing, in whichever package can show them. */
import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../../..');

interface Shown {
  readonly rule: number;
  readonly refuses: boolean;
}

/** Test names that begin with `rule N: ` or `rules N and M: `, out of calls of test(...) and test.each(...)(...). */
function rulesIn(source: string): readonly Shown[] {
  return [...source.matchAll(/(['"`])rules? (\d+(?:(?:, | and )\d+)*): ((?:(?!\1)[^\\]|\\.)*)\1/gu)].flatMap(
    ([, , numbers = '', sentence = '']) =>
      (numbers.match(/\d+/gu) ?? []).map((rule) => ({
        rule: Number(rule),
        refuses: /\b(?:refus\w+|never|nobody|lacks|no further|worth nothing)\b/u.test(sentence),
      })),
  );
}

test('names of tests are read for their rules', () => {
  expect(
    rulesIn(`test('rule 7: a key is fresh', () => {}); test("rules 3 and 12: a link is refused", f)`),
  ).toEqual([
    { rule: 7, refuses: false },
    { rule: 3, refuses: true },
    { rule: 12, refuses: true },
  ]);
  expect(rulesIn(`test('a rule 7: nothing'); // rule 9: a comment`)).toEqual([]);
});

test('every rule has a test that accepts and one that refuses', () => {
  const shown = globSync('packages/*/test/**/*.test.ts', {
    cwd: root,
    exclude: ['**/rules.test.ts'],
  }).flatMap((path) => rulesIn(readFileSync(resolve(root, path), 'utf8')));
  const missing = Array.from({ length: 34 }, (_, at) => at + 1).flatMap((rule) =>
    [false, true]
      .filter((refuses) => !shown.some((one) => one.rule === rule && one.refuses === refuses))
      .map((refuses) => `rule ${rule} ${refuses ? 'refusing' : 'accepting'}`),
  );
  expect(missing).toEqual([]);
});
