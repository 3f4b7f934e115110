import type { Control, Way } from './diagnosis.ts';
import { bitsPerSecond, isFresh, median, placeOf, roundTripMs, sameRelay, sentHello } from './measures.ts';
import type { Observation } from './observation.ts';

/** What is older says nothing about now. */
export const memoryMs = 600_000;
/** A way is judged by its attempts of so long before the last one. */
const recentMs = 180_000;
const recentAttempts = 16;
/** A control arm counts only within the same minute: networks change, and lines get busy. */
export const sameMinuteMs = 60_000;

/** What is known about one way, and what else was tried meanwhile. */
export interface WayFacts {
  readonly now: number;
  readonly way: Way;
  /** the last attempts on this way, oldest first; without those that say nothing */
  readonly recent: readonly Observation[];
  /** the same of three minutes, however many they are: small pieces follow one another quickly, and do not undo what large ones showed */
  readonly near: readonly Observation[];
  readonly answered: readonly Observation[];
  /** those after the last one that was answered */
  readonly failing: readonly Observation[];
  /** speeds that could be told in three minutes, with what told them; an attempt that we gave up counts as far as it came */
  readonly speeds: readonly Speed[];
  /** attempts on other ways, in all of what is remembered */
  readonly others: readonly Observation[];
  /** all attempts on ways of the same name (address, where none is said), this one's too */
  readonly samePlace: readonly Observation[];
}

export interface Speed {
  readonly of: Observation;
  readonly bitsPerSecond: number;
}

/** @param all of at most {@link memoryMs}, oldest first */
export function factsOf(way: Way, all: readonly Observation[], now: number): WayFacts {
  const own = all.filter((one) => one.way.key === way.key);
  const latest = Math.max(...own.map(({ endedAt }) => endedAt));
  const near = own.filter((one) => one.endedAt >= latest - recentMs);
  const last = near.slice(-recentAttempts);
  const recent = last.filter(says);
  const lastAnswered = recent.findLastIndex(({ end }) => end === 'answered');
  return {
    now,
    way,
    recent,
    near: near.filter(says),
    answered: recent.filter(({ end }) => end === 'answered'),
    failing: recent.slice(lastAnswered + 1),
    speeds: speedsOf(near),
    others: all.filter((one) => one.way.key !== way.key),
    samePlace: all.filter((one) => placeOf(one.way) === placeOf(way)),
  };
}

/** What we gave up ourselves says nothing, nor does a kept answer that a sleeping device lost. */
export function says({ end, held, downBytes, connection }: Observation): boolean {
  if (end === 'cancelled') return false;
  return !(held && end === 'silent' && downBytes === 0 && connection?.fresh !== true);
}

/** Of those that carried enough to tell a speed. */
export function speedsOf(some: readonly Observation[]): readonly Speed[] {
  return some.flatMap((one) => {
    const speed = bitsPerSecond(one);
    return speed === undefined ? [] : [{ of: one, bitsPerSecond: speed }];
  });
}

/** Whether no more than a minute lies between the end of one and the beginning of the other. */
export function inSameMinute(one: Observation, other: Observation): boolean {
  const gap = Math.max(one.beganAt, other.beganAt) - Math.min(one.endedAt, other.endedAt);
  return gap <= sameMinuteMs;
}

/** Attempts on other ways in the same minute as one of those given. */
function controlsOf(facts: WayFacts, those: readonly Observation[]): readonly Observation[] {
  return facts.others.filter((other) => says(other) && those.some((one) => inSameMinute(one, other)));
}

/** One that was answered, where there is one: another relay before another name before another way. */
export function bestControl(facts: WayFacts, those: readonly Observation[]): Control | undefined {
  const controls = controlsOf(facts, those).toSorted(
    (a, b) =>
      Number(b.end === 'answered') - Number(a.end === 'answered') || rank(facts.way, a) - rank(facts.way, b),
  );
  const [best] = controls;
  return best === undefined ? undefined : controlOf(facts.way, best);
}

/** Another attempt as a control of this way: what the two do not share (relay, name or only the way), whether it was answered, and how fast. */
export function controlOf(way: Way, other: Observation): Control {
  const speed = bitsPerSecond(other);
  const arm = (['relay', 'name', 'way'] as const)[rank(way, other)] ?? 'way';
  const fast = speed === undefined ? {} : { bitsPerSecond: speed };
  return { key: other.way.key, arm, answered: other.end === 'answered', ...fast };
}

function rank(way: Way, { way: other }: Observation): number {
  if (!sameRelay(way, other)) return 0;
  return placeOf(way) === placeOf(other) ? 2 : 1;
}

export function medianRoundTrip(some: readonly Observation[]): number | undefined {
  return median(some.flatMap((one) => roundTripMs(one) ?? []));
}

/** Connections to the same name that were begun in the minute before; what counts hellos counts these. */
export function hellosBefore(facts: WayFacts, at: number): number {
  return facts.samePlace.filter(
    (one) => isFresh(one) && sentHello(one) && one.beganAt < at && one.beganAt >= at - sameMinuteMs,
  ).length;
}
