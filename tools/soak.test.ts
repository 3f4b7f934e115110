import { expect, test } from 'vitest';

import { minutesIn, soak, type Soaking } from './soak.ts';

/** A machine on which each file takes ten minutes, and which gives out seeds from one on. */
function machine(
  holds: (file: string, seed: number) => boolean,
): Soaking & { readonly lines: string[]; readonly ran: string[] } {
  const lines: string[] = [];
  const ran: string[] = [];
  let minutes = 0;
  let seeds = 0;
  return {
    lines,
    ran,
    async run(file, seed) {
      minutes += 10;
      ran.push(`${seed} ${file}`);
      return holds(file, seed);
    },
    now: () => minutes * 60_000,
    seed: () => (seeds += 1),
    tell: (line) => void lines.push(line),
  };
}

test('soaking goes on with fresh seeds until the time is over, and finishes what it began', async () => {
  const one = machine(() => true);
  expect(await soak(0, one)).toBe(true);
  expect(one.ran.map((run) => run.split(' ')[0])).toEqual(['1', '1', '1', '1']);
  const long = machine(() => true);
  expect(await soak(61, long)).toBe(true);
  expect(new Set(long.ran.map((run) => run.split(' ')[0]))).toEqual(new Set(['1', '2']));
  expect(long.ran.length).toBe(8);
});

test('soaking ends at the first failure and says which seed brings it back', async () => {
  const failing = machine((file, seed) => seed < 2 || !file.includes('fuzz'));
  expect(await soak(600, failing)).toBe(false);
  expect(failing.lines.at(-1)).toBe(
    'failed; TERN_SEED=2 npm test -- packages/relay/test/fuzz.test.ts brings it back',
  );
});

test('how long to soak is a number of minutes', () => {
  expect(minutesIn([])).toBe(0);
  expect(minutesIn(['--minutes', '90'])).toBe(90);
  expect(() => minutesIn(['--minutes', 'long'])).toThrow(TypeError);
  expect(() => minutesIn(['--hours', '1'])).toThrow(TypeError);
});
