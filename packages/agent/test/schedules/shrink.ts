import type { Schedule } from './schedule.ts';

/**
 * A schedule of which everything was left out without which it fails as well.
 * @param fails whether what is left of it still does
 */
export async function shrink(
  schedule: Schedule,
  fails: (smaller: Schedule) => Promise<boolean>,
): Promise<Schedule> {
  let least = schedule;
  for (let shrunk = true; shrunk;) {
    shrunk = false;
    for (const smaller of smallerThan(least))
      if (await fails(smaller)) {
        least = smaller;
        shrunk = true;
        break;
      }
  }
  return least;
}

/** Everything that is less by one thing. */
function smallerThan(schedule: Schedule): readonly Schedule[] {
  const { faults, steps, browsers } = schedule;
  return [
    ...faults.map((_, at) => ({ ...schedule, faults: faults.toSpliced(at, 1) })),
    ...steps.map((_, at) => ({ ...schedule, steps: steps.toSpliced(at, 1) })),
    ...browsers.map((_, at) => ({ ...schedule, browsers: browsers.toSpliced(at, 1) })),
  ];
}
