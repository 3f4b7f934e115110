import { timedWorld } from '@tern/relay/testing';
import { seeded } from '../support/seeded.ts';
import type { Prepared } from './prepared.ts';
import type { Schedule } from './schedule.ts';
import { ScheduleTown } from './schedule-town.ts';
import type { Stopped } from './weather.ts';

export interface Outcome {
  /** what must not happen and did, in words; empty where everything held */
  readonly faults: readonly string[];
  /** requests that left, of everybody */
  readonly exchanges: number;
  readonly texts: number;
  readonly deaths: number;
  /** kept requests that a relay handed on, tries included */
  readonly handedOn: number;
  /** ms from the last thing that went wrong until everybody had everything */
  readonly settledMs: number;
  readonly stopped: readonly Stopped[];
}

/** After the last thing that goes wrong everybody has everything at the latest so much later: the longest pauses are minutes. */
const settledWithinMs = 1_200_000;
const lookEveryMs = 3000;

/** Lets a schedule happen in simulated time. The same one always comes out the same. */
export async function runSchedule(schedule: Schedule, prepared: Prepared): Promise<Outcome> {
  const randomBytes = seeded(schedule.seed ^ 0x5eed).bytes;
  const world = timedWorld(0, { startsAt: prepared.at, randomBytes });
  const town = await ScheduleTown.open(schedule, prepared, world);
  return world.run(live(town, schedule, prepared.at));
}

async function live(town: ScheduleTown, schedule: Schedule, begun: number): Promise<Outcome> {
  await town.start();
  for (const step of schedule.steps) {
    await town.waitUntil(begun + step.at);
    await town.take(step);
  }
  await town.waitUntil(begun + Math.max(0, ...schedule.steps.map(endOf)));
  town.calm();
  const healedAt = town.now;
  let faults = await leftAtRest(town);
  const settledMs = town.now - healedAt;
  if (faults.length === 0 && town.lastCopyAt > town.now) {
    await town.waitUntil(town.lastCopyAt + lookEveryMs);
    faults = await leftAtRest(town);
  }
  town.end();
  return { faults, settledMs, ...town.figures };
}

/** What is still not as it should be when it had all the time that it may take. */
async function leftAtRest(town: ScheduleTown): Promise<readonly string[]> {
  const since = town.now;
  for (;;) {
    const faults = await town.faults();
    if (faults.length === 0 || town.now - since >= settledWithinMs) return faults;
    await town.waitUntil(town.now + lookEveryMs);
  }
}

function endOf(step: Schedule['steps'][number]): number {
  return step.at + ('forMs' in step ? step.forMs : 0);
}
