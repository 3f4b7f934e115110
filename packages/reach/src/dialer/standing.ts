import { budgetStart, least, nextBudget, type LearnedBudget, type LearnedDirection } from '../budget.ts';
import { dialRules } from './dial-rules.ts';
import { heldBack, lostHold, type LearnedHold } from './hold.ts';

/** `bulk`: a connection was seen to carry a lot; `text`: connections were seen to freeze, so each carries little */
export type Grade = 'unknown' | 'text' | 'bulk';

/** In which of its stages a way failed, and how: who is to blame differs. `answer`: nothing at all passed once it was greeted. */
export type FailureKind = 'name' | 'connect' | 'hello' | 'answer' | 'stranger';

export interface Failure {
  readonly kind: FailureKind;
  readonly at: number;
  /** so many in a row */
  readonly times: number;
}

/** What is known of one way on one network. */
export interface Standing {
  readonly grade: Grade;
  /** when an answer last came over it, ms since 1970; 0 for never */
  readonly goodAt: number;
  /** since then */
  readonly failure?: Failure;
  /** what one connection carries */
  readonly budget: LearnedBudget;
  /** how many exchanges one connection carries; unlimited where absent */
  readonly exchanges?: number;
  /** connections in a row that came to their last exchange */
  readonly passes: number;
  readonly stoppedAt?: number;
  /** smoothed, of connecting */
  readonly rttMs?: number;
  /** smoothed, of connecting and greeting */
  readonly setUpMs?: number;
  /** smoothed, of answers and requests large enough to tell */
  readonly bytesPerSecond?: number;
  /** smoothed, of small requests that were answered at once: until their answer began */
  readonly latencyMs?: number;
  /** how many times the usual time to wait for a sign, from 1 */
  readonly patience: number;
  /** of answers that were kept back */
  readonly hold?: LearnedHold;
}

/** What one connection carried until now. */
export interface Load {
  readonly exchanges: number;
  readonly upBytes: number;
  readonly downBytes: number;
}

export type Outcome =
  | {
      readonly kind: 'answered';
      /** of the connection, this exchange included */
      readonly load: Load;
      readonly rttMs?: number;
      readonly setUpMs?: number;
      readonly bytesPerSecond?: number;
      readonly latencyMs?: number;
      /** it came after one had already looked for another way */
      readonly late: boolean;
      /** the relay had kept it back for so long */
      readonly heldMs?: number;
    }
  | {
      /** nothing more came over a connection that had been greeted: what it carried may have been too much */
      readonly kind: 'stalled';
      /** `exchanges`: those before the one that stopped */
      readonly load: Load;
    }
  | {
      /** the same, and another connection was answered meanwhile: it was frozen, and the line lives */
      readonly kind: 'frozen';
      readonly load: Load;
    }
  | {
      /** an answer that was kept back did not come; so long after it was asked for that was known */
      readonly kind: 'unheld';
      readonly heldMs: number;
      /** it was to be kept back for so long */
      readonly askedMs: number;
    }
  | { readonly kind: 'failed'; readonly how: FailureKind };

export const freshStanding: Standing = {
  grade: 'unknown',
  goodAt: 0,
  budget: budgetStart,
  passes: 0,
  patience: 1,
};

/** Pure: the same outcomes at the same times make the same standing. */
export function nextStanding(standing: Standing, outcome: Outcome, now: number): Standing {
  if (outcome.kind === 'failed') {
    const { failure } = standing;
    const times = failure === undefined ? 1 : Math.min(failure.times + 1, 20);
    return { ...standing, failure: { kind: outcome.how, at: now, times } };
  }
  if (outcome.kind === 'unheld') return { ...standing, hold: lostHold(standing.hold, outcome, now) };
  if (outcome.kind === 'stalled') return { ...standing, budget: stalledBudget(standing, outcome.load) };
  return outcome.kind === 'answered' ? answered(standing, outcome, now) : frozen(standing, outcome.load, now);
}

function answered(
  standing: Standing,
  {
    load,
    rttMs,
    setUpMs,
    bytesPerSecond,
    latencyMs,
    late,
    heldMs,
  }: Extract<Outcome, { readonly kind: 'answered' }>,
  now: number,
): Standing {
  const { failure: _, exchanges: known, ...rest } = standing;
  const proven = standing.grade === 'text';
  const passed = nextBudget(standing.budget, { kind: 'passed', ...load, proven });
  const full = known !== undefined && load.exchanges >= known;
  const more = full && standing.passes + 1 >= dialRules.passesToTryMore;
  const exchanges = known === undefined || !more ? known : known * 2;
  const open = load.exchanges >= dialRules.bulkExchanges || load.downBytes >= dialRules.bulkBytes;
  const grade = open || load.upBytes >= dialRules.bulkBytes ? 'bulk' : standing.grade;
  const patience = late ? Math.min(dialRules.mostPatience, standing.patience * 2) : standing.patience * 0.9;
  return {
    ...rest,
    grade,
    budget: passed,
    ...(grade !== 'bulk' && exchanges !== undefined && { exchanges }),
    passes: full && !more ? standing.passes + 1 : more ? 0 : standing.passes,
    goodAt: now,
    patience: Math.max(1, patience),
    ...(rttMs !== undefined && { rttMs: smooth(standing.rttMs, rttMs) }),
    ...(setUpMs !== undefined && { setUpMs: smooth(standing.setUpMs, setUpMs) }),
    ...(latencyMs !== undefined && { latencyMs: smooth(standing.latencyMs, latencyMs) }),
    ...(heldMs !== undefined && { hold: heldBack(standing.hold, heldMs) }),
    ...(bytesPerSecond !== undefined && { bytesPerSecond: smooth(standing.bytesPerSecond, bytesPerSecond) }),
  };
}

/** One may be chance, and is dear to be wrong about: a second one soon after it is believed. */
function frozen(standing: Standing, { exchanges }: Load, now: number): Standing {
  const before = standing.stoppedAt ?? -Infinity;
  if (now - before > dialRules.secondStopMs) return { ...standing, stoppedAt: now };
  const most = Math.min(standing.exchanges ?? dialRules.suspectExchanges, dialRules.suspectExchanges);
  // the limit was kept and it stopped all the same
  const kept = standing.grade === 'text' && exchanges > 0;
  const { budget, hold } = standing;
  return {
    ...standing,
    // answers that were lost were not kept back for too long
    ...(hold !== undefined && { hold: { ms: hold.ms, passes: hold.passes } }),
    grade: 'text',
    // what was only hoped for counts no more
    budget:
      standing.grade === 'text' ? budget : { up: sure(budget.up, 'up'), down: sure(budget.down, 'down') },
    exchanges: kept ? Math.max(1, Math.min(most, exchanges)) : most,
    passes: 0,
    stoppedAt: now,
  };
}

function sure(learnt: LearnedDirection, direction: 'up' | 'down'): LearnedDirection {
  const bytes = Math.min(learnt.bytes, budgetStart[direction].bytes);
  return learnt.ceilingBytes === undefined ? { bytes, passes: 0 } : learnt;
}

/**
 * What the network took of a connection's requests or answers was too much in the direction that used more of its budget; where an
 * answer had begun to a request too small to be what stopped it, in the other one. One that
 * had carried others and kept to the budget was stopped by how many they were.
 */
function stalledBudget({ budget, grade }: Standing, { exchanges, upBytes, downBytes }: Load): LearnedBudget {
  const shares = { up: upBytes / budget.up.bytes, down: downBytes / budget.down.bytes };
  if (exchanges > 0 && Math.max(shares.up, shares.down) < 1) return budget;
  const byUp = shares.up > shares.down && (upBytes > least.up || downBytes === 0);
  return nextBudget(budget, {
    kind: 'stopped',
    upBytes,
    downBytes: byUp ? 0 : downBytes,
    proven: grade === 'text',
  });
}

function smooth(before: number | undefined, now: number): number {
  return Math.round(before === undefined ? now : before * 0.7 + now * 0.3);
}

/** Connections are known to freeze, or one was frozen a moment ago. */
export function mayFreeze({ grade, stoppedAt = -Infinity }: Standing, now: number): boolean {
  return grade === 'text' || (grade === 'unknown' && now - stoppedAt <= dialRules.secondStopMs);
}

/** Whether a connection with this load may carry one more exchange, as far as is known. */
export function hasRoom(
  standing: Standing,
  load: Load,
  next: { readonly upBytes: number; readonly bulk: boolean },
): boolean {
  if (standing.grade !== 'text') return true;
  if (load.exchanges >= (standing.exchanges ?? dialRules.suspectExchanges)) return false;
  if (load.exchanges === 0) return true;
  const { up, down } = standing.budget;
  // what the answer will weigh nobody knows: bulk uses all it may
  return !next.bulk && load.upBytes + next.upBytes <= up.bytes && load.downBytes * 2 <= down.bytes;
}

/** From one piece of an answer to the next. */
export function progressMs({ rttMs = 0, patience }: Standing): number {
  return Math.max(dialRules.progressMs, dialRules.progressRtts * rttMs) * patience;
}

/** Somebody else answered there a while ago. */
export function metStranger({ failure, goodAt }: Standing, now: number): boolean {
  return failure?.kind === 'stranger' && failure.at > goodAt && now - failure.at < dialRules.strangerMs;
}
