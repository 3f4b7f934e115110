import { afterAll, expect, test } from 'vitest';
import { runSocketSchedule } from './schedules/run-socket-schedule.ts';
import { drawSocketSchedule } from './schedules/socket-schedule.ts';

/** Always these; `npm run soak -- schedules` goes through two hundred. */
const first = Number(process.env['TERN_SEED'] ?? 1);
const seeds = Array.from({ length: 4 }, (_, at) => first + at);

let met = 0;
let repeated = 0;

test.each(seeds)(
  'over real sockets that are cut, held back and shut anywhere, everybody sees everything once and in order (seed %i)',
  async (seed) => {
    const outcome = await runSocketSchedule(drawSocketSchedule(seed));
    expect(outcome.faults).toEqual([]);
    expect(outcome.texts).toBeGreaterThan(0);
    met += outcome.met.length;
    repeated += outcome.repeated;
  },
);

afterAll(() => {
  // that nothing went wrong says something only where something was done
  expect({ cut: met > 10, repeated: repeated > 0 }).toEqual({ cut: true, repeated: true });
});
