import { longestHoldMs, shortestHoldMs } from '../hold-lengths.ts';

/**
 * How long a relay is asked to keep a watch's answer back on one way of one network: longer where that has gone well, because each
 * answer costs as much as the last. Why these lengths: `docs/decisions/0019-long-holds.md`. Milliseconds.
 */
export const holdRules: Readonly<
  Record<
    | 'shortestMs'
    | 'longestMs'
    | 'freezingMs'
    | 'passesToGrow'
    | 'share'
    | 'leastMs'
    | 'restMs'
    | 'mostRestMs'
    | 'graceMs',
    number
  >
> = {
  /** as long as nothing is known; from there on each length is twice the one before */
  shortestMs: shortestHoldMs,
  longestMs: longestHoldMs,
  /**
   * where a browser's connections freeze, on one that has carried nothing before: its system says something on it every 45 s, and few
   * packets are left. That what was kept back does not come shows only when its time is over.
   */
  freezingMs: 160_000,
  /** so many answers in a row that were kept back so long, before one is asked for that is kept longer */
  passesToGrow: 1,
  /** a length counts from here on: what is asked for is up to an eighth less */
  share: 0.85,
  /** what broke sooner did not break of waiting */
  leastMs: 5000,
  /** what was lost is tried again after so long, and each time that it is lost again after four times as long, up to a day */
  restMs: 3_600_000,
  mostRestMs: 86_400_000,
  /** after its time an answer has so long to arrive */
  graceMs: 20_000,
};

/** What is known of waiting on one way. */
export interface LearnedHold {
  /** answers that were kept back so long came */
  readonly ms: number;
  /** so many in a row */
  readonly passes: number;
  readonly lost?: LostHold;
}

/** The last one that did not come. */
export interface LostHold {
  /** the length that was too long, as far as is known */
  readonly ms: number;
  /** since 1970 */
  readonly at: number;
  /** so many of that length, one after the other */
  readonly times: number;
}

/** Those between twice one and twice the next are for where that was lost. */
const lengthsMs: readonly number[] = [40, 80, 120, 160, 240, 320, 480, 640].map((seconds) => seconds * 1000);

const freshHold: LearnedHold = { ms: holdRules.shortestMs, passes: 0 };

/**
 * How long the next one may be kept back: twice as long, or what was lost when that has rested, and until then what is next below it.
 * Pure, as all of this is.
 */
export function nextHoldMs({ ms, passes, lost }: LearnedHold = freshHold, now: number): number {
  if (passes < holdRules.passesToGrow) return ms;
  const restMs = lost && Math.min(holdRules.mostRestMs, holdRules.restMs * 4 ** (lost.times - 1));
  const rests = lost !== undefined && Math.abs(now - lost.at) < (restMs ?? 0);
  const most = lost?.ms ?? Infinity;
  const open = lengthsMs.filter((length) => length <= ms * 2 && (rests ? length < most : length <= most));
  return Math.max(ms, ...open);
}

/** An answer came that had been kept back so long. */
export function heldBack(hold: LearnedHold = freshHold, ms: number): LearnedHold {
  const length = lengthOf(ms);
  if (length < hold.ms || ms < length * holdRules.share) return hold;
  const passes = length > hold.ms ? 1 : Math.min(hold.passes + 1, holdRules.passesToGrow);
  const { lost } = hold;
  return { ms: length, passes, ...(lost !== undefined && lost.ms > length && { lost }) };
}

/**
 * One did not come. Where it was tried for the first time, that length is lost, however soon it broke: the one before it had held. Of one
 * that had held itself the next length is lost after what it reached.
 * @param wait `heldMs`: how long it had been kept back when that was known; `askedMs`: how long it was to be
 */
export function lostHold(
  hold: LearnedHold = freshHold,
  { heldMs, askedMs }: { readonly heldMs: number; readonly askedMs: number },
  now: number,
): LearnedHold {
  if (heldMs < holdRules.leastMs) return hold;
  const asked = lengthOf(askedMs);
  const tried = asked > hold.ms;
  const reached = lengthOf(heldMs);
  // what breaks within the shortest does not break of its length
  const tooSoon = tried ? heldMs < holdRules.shortestMs * holdRules.share : reached <= holdRules.shortestMs;
  if (tooSoon) return { ...hold, ...freshHold };
  const next = lengthsMs.find((length) => heldMs < length * holdRules.share) ?? asked;
  const ms = tried ? asked : Math.min(asked, next);
  const times = hold.lost?.ms === ms ? Math.min(hold.lost.times + 1, 4) : 1;
  return { ...freshHold, lost: { ms, at: now, times } };
}

/** the longest of the lengths that was reached */
function lengthOf(ms: number): number {
  return lengthsMs.findLast((length) => ms >= length * holdRules.share) ?? holdRules.shortestMs;
}
