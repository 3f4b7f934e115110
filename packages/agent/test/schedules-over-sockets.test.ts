import { afterAll, expect, test } from 'vitest';
import { drawSocketSchedule, runSocketSchedule } from './schedules/socket-schedule.ts';

/** Always these; `npm run soak -- schedules` goes through two hundred. */
const first = Number(process.env['TERN_SEED'] ?? 1);
const seeds = Array.from({ length: 6 }, (_, at) => first + at);

let stoppedInAll = 0;

test.each(seeds)(
  'over real sockets that are cut anywhere, everybody sees everything once and in order (seed %i)',
  async (seed) => {
    const { faults, texts, stopped } = await runSocketSchedule(drawSocketSchedule(seed));
    expect(faults).toEqual([]);
    expect(texts).toBeGreaterThan(0);
    stoppedInAll += stopped;
  },
);

afterAll(() => {
  // where everything is fast, a cut that was meant for a late byte meets a connection that is over
  expect(stoppedInAll, 'connections were to be cut').toBeGreaterThan(0);
});
