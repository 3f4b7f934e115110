import { median, neverConnected, sameRelay } from './measures.ts';
import type { Observation } from './observation.ts';
import {
  controlOf,
  inSameMinute,
  medianRoundTrip,
  says,
  speedsOf,
  type Speed,
  type WayFacts,
} from './way-facts.ts';
import type { Finding } from './finding.ts';

/** A way that carries this much is not slow for anything we send. */
export const fastBits = 2_000_000;
/** Slower than this is worth a word, if it is so everywhere. */
const slowBits = 384_000;
/** A limit is a fifth of what the control arm carries, or less; a slow network less than three times slower than it. */
const muchFaster = 5;
const notMuchFaster = 3;
/** Of a policer: runs differ by so much at most, around their median. */
const plateau = 0.35;
/** What flows after a pause is slowed by one more loss to this. */
const onceMoreLost = 500_000;
/** One loss on a connection that stands is repaired sooner. */
const repairMs = 500;
const longRoundTripMs = 500;

/**
 * Throttled, slow as everything is, or nothing to say. Without a control arm in the same minute a slow way stays `unclear`: one
 * that is cut and one at the end of a long line look the same from here.
 */
export function judgeSpeed(facts: WayFacts): Finding | undefined {
  const slow = facts.speeds.filter((speed) => speed.bitsPerSecond < fastBits);
  const latest = facts.speeds.at(-1);
  const ownSpeed = median(facts.speeds.map((one) => one.bitsPerSecond));
  if (ownSpeed === undefined || latest === undefined || ownSpeed >= fastBits) return undefined;
  // slow once, and not when asked for more at once: the line lost something
  if (slow.length === 1 && facts.speeds.length > 1 && slow[0]?.of.flow !== undefined) return undefined;
  const alike = slow.map(({ of }) => of);
  const other = fastestOther(facts, alike);
  const quick = other?.bitsPerSecond ?? 0;
  const slowElsewhere = [...slowOthers(facts, slow, quick), ...slowKin(facts, slow, { ownSpeed, quick })];
  // the same where it was asked once, and all of it came as soon as a loss is repaired
  const [only, ...more] = facts.speeds;
  const whole = more.length === 0 && only?.of.end === 'answered';
  const repaired = whole && (only.of.flow?.ms ?? Infinity) <= repairMs;
  if (repaired && slowElsewhere.length < 2) return undefined;
  const about = { alike, bitsPerSecond: ownSpeed };
  if (other === undefined) return ownSpeed < slowBits ? { ...about, cause: { kind: 'unclear' } } : undefined;
  const control = { ...controlOf(facts.way, other.of), bitsPerSecond: other.bitsPerSecond };
  const ratio = other.bitsPerSecond / ownSpeed;
  if (ratio >= muchFaster && steady(slow, ownSpeed))
    return { ...about, control, cause: { kind: 'throttled', bitsPerSecond: ownSpeed } };
  // once here, and another way likewise: two that lose in the same minute while a third is quick are rare
  const all = [...slow, ...slowElsewhere];
  const allSpeed = median(all.map((one) => one.bitsPerSecond)) ?? ownSpeed;
  if (ratio >= muchFaster && slowElsewhere.length > 0 && steady(all, allSpeed))
    return { ...about, control, cause: { kind: 'throttled', bitsPerSecond: Math.min(ownSpeed, allSpeed) } };
  if (ownSpeed >= slowBits || repaired) return undefined;
  return { ...about, control, cause: { kind: ratio < notMuchFaster ? 'slow-network' : 'unclear' } };
}

/** What a relay answers to a hello, its certificates and all. */
const helloAnswerBytes = 3000;
const crawlMs = 1500;

/** What TLS says before anything is asked took a second and a half and more, twice, where it took others a fifth of that in the same minute. */
export function judgeCrawl(facts: WayFacts): Finding | undefined {
  const alike = facts.recent.filter(crawls);
  const own = median(alike.flatMap((one) => helloMs(one) ?? []));
  if (alike.length < 2 || alike.length < facts.recent.length || own === undefined) return undefined;
  // a line that loses much is slow now and then: what is throttled here is quick there each time
  const quick = (way: Observation['way']): boolean =>
    !facts.others.some((other) => other.way.key === way.key && crawls(other));
  const control = facts.others.find(
    (other) =>
      quick(other.way) &&
      alike.some((one) => inSameMinute(one, other)) &&
      (helloMs(other) ?? Infinity) * muchFaster <= own,
  );
  if (control === undefined) return undefined;
  const bits = Math.round((helloAnswerBytes * 8000) / own);
  return {
    cause: { kind: 'throttled', bitsPerSecond: bits },
    alike,
    bitsPerSecond: bits,
    control: controlOf(facts.way, control),
  };
}

/** Slow before anything large was asked for. */
export function crawls(one: Observation): boolean {
  return (helloMs(one) ?? 0) >= crawlMs;
}

function helloMs({ connectedAfterMs, helloAnsweredAfterMs }: Observation): number | undefined {
  if (connectedAfterMs === undefined || helloAnsweredAfterMs === undefined) return undefined;
  return helloAnsweredAfterMs - connectedAfterMs;
}

/**
 * Of the other ways whose speed was seen in the same minute, the fastest, each by its median: one run alone may have been lucky. What goes up and
 * what comes down are two. Most lines carry less up, and relays at home send less than they take: what was slow up is compared with what went
 * up alone, and what was slow down with what went up to other relays at most.
 */
function fastestOther(facts: WayFacts, those: readonly Observation[]): Speed | undefined {
  const up = those.every(wentUp);
  const comparable = (other: Observation): boolean =>
    wentUp(other) === up || (!up && !sameRelay(other.way, facts.way));
  const near = speedsOf(
    facts.others.filter((other) => comparable(other) && those.some((one) => inSameMinute(one, other))),
  );
  const byWay = Map.groupBy(near, ({ of }) => `${of.way.key} ${wentUp(of)}`);
  const medians = [...byWay.values()].flatMap((some) => {
    const middle = median(some.map((one) => one.bitsPerSecond));
    return some.find((one) => one.bitsPerSecond === middle) ?? [];
  });
  return medians.toSorted((a, b) => b.bitsPerSecond - a.bitsPerSecond)[0];
}

function wentUp({ upBytes, downBytes }: Observation): boolean {
  return upBytes > downBytes;
}

/** What was slow on other relays' ways in the same minute, where none of their runs was quick. @param quick what a control arm carried, bit/s */
function slowOthers(facts: WayFacts, slow: readonly Speed[], quick: number): readonly Speed[] {
  const near = speedsOf(
    facts.others.filter(
      (other) => !sameRelay(other.way, facts.way) && slow.some(({ of }) => inSameMinute(of, other)),
    ),
  );
  const isSlow = (one: Speed): boolean => one.bitsPerSecond * muchFaster <= quick;
  return [...Map.groupBy(near, ({ of }) => of.way.key).values()].flatMap((some) =>
    some.every(isSlow) ? some : [],
  );
}

/** What was as slow on other ways to the same relay in the same minute: a limit that goes by names has several of them. */
function slowKin(
  facts: WayFacts,
  slow: readonly Speed[],
  { ownSpeed, quick }: { readonly ownSpeed: number; readonly quick: number },
): readonly Speed[] {
  const near = facts.others.filter(
    (other) => sameRelay(other.way, facts.way) && slow.some(({ of }) => inSameMinute(of, other)),
  );
  return speedsOf(near).filter(
    (one) =>
      one.bitsPerSecond * muchFaster <= quick && Math.abs(one.bitsPerSecond - ownSpeed) <= ownSpeed * plateau,
  );
}

/**
 * Twice and alike: what the line itself does differs from run to run. Of what was measured on a connection that stood the first part may be
 * faster: in it is what passes before a limit bites.
 */
function steady(slow: readonly Speed[], around: number): boolean {
  const near = slow.filter(
    ({ of, bitsPerSecond }) =>
      Math.abs(bitsPerSecond - around) <= around * plateau ||
      (of.flow !== undefined && bitsPerSecond > around && around <= onceMoreLost),
  );
  return near.length >= 2 && near.length * 3 >= slow.length * 2;
}

/** `slow-network`: answers fail to come here and on other ways in the same minute, some do come, and all take long. Undefined: nothing of the kind. */
export function judgeUnsteady(facts: WayFacts): Finding | undefined {
  const failed = facts.recent.filter(lost);
  if (failed.length === 0 || failed.length < facts.failing.length) return undefined;
  const meanwhile = facts.others.filter(
    (other) => says(other) && facts.recent.some((one) => inSameMinute(one, other)),
  );
  const lostThere = meanwhile.filter(lost);
  const someAnswer = facts.answered.length + meanwhile.filter(({ end }) => end === 'answered').length > 0;
  const roundTrip = medianRoundTrip([...facts.recent, ...meanwhile]) ?? 0;
  const [control] = meanwhile;
  if (!someAnswer || lostThere.length === 0 || control === undefined || roundTrip < longRoundTripMs)
    return undefined;
  return {
    cause: { kind: 'slow-network' },
    alike: failed,
    control: controlOf(facts.way, lostThere[0] ?? control),
  };
}

/** Silent in a way that loss explains. */
function lost(one: Observation): boolean {
  return one.end === 'silent' || neverConnected(one);
}
