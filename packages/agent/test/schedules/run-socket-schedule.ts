import { mkdtempDisposableSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Met } from './cutting-network.ts';
import { quickWorld, type QuickWorld } from './quick-world.ts';
import type { SocketSchedule, SocketStep } from './socket-schedule.ts';
import { SocketTown } from './socket-town.ts';

export interface SocketOutcome {
  /** what must not happen and did, in words; empty where everything held */
  readonly faults: readonly string[];
  readonly texts: number;
  /** cuts that met a byte */
  readonly met: readonly Met[];
  /** requests that came to a relay again, byte for byte */
  readonly repeated: number;
  /** kept requests that a relay handed on, tries included */
  readonly handedOn: number;
  /** ms of the schedule's world from when all was well again until everybody had everything */
  readonly settledMs: number;
}

/** By the schedule's world, from when all is well again: the longest pauses are minutes. */
const settledWithinMs = 1_200_000;
/** by this machine, for what goes on without a pause and comes to nothing */
const endsWithinMs = 240_000;
const lookEveryMs = 1000;
/** in which what came twice would show itself */
const afterwardsMs = 10_000;
const { signal: forever } = new AbortController();

/** Lets a schedule happen over real sockets, in a few seconds. */
export async function runSocketSchedule(schedule: SocketSchedule): Promise<SocketOutcome> {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'tern-schedule-'));
  using world = quickWorld();
  await using town = await SocketTown.open(folder.path, world);
  const begun = world.now();
  town.storm(schedule);
  for (const step of schedule.steps) {
    await waitUntil(world, begun + step.at);
    await town.take(step);
  }
  await waitUntil(world, begun + Math.max(...schedule.steps.map(endOf)));
  await town.calm();
  const healedAt = world.now();
  const tooLong = AbortSignal.timeout(endsWithinMs);
  let faults = await leftAtRest(town, world, tooLong);
  const settledMs = world.now() - healedAt;
  if (faults.length === 0) {
    await waitUntil(world, world.now() + afterwardsMs);
    faults = await leftAtRest(town, world, tooLong);
  }
  return { faults, settledMs, ...town.figures };
}

/** What is still not as it should be when it had all the time that it may take. */
async function leftAtRest(
  town: SocketTown,
  world: QuickWorld,
  tooLong: AbortSignal,
): Promise<readonly string[]> {
  const since = world.now();
  for (;;) {
    const faults = await town.faults();
    const late = tooLong.aborted || world.now() - since >= settledWithinMs;
    if (faults.length === 0 || town.mischief.length > 0 || late) return faults;
    await waitUntil(world, world.now() + lookEveryMs);
  }
}

function endOf(step: SocketStep): number {
  return step.at + ('forMs' in step ? step.forMs : 0);
}

async function waitUntil(world: QuickWorld, at: number): Promise<void> {
  if (at > world.now()) await world.wait(at - world.now(), { signal: forever });
}
