import { limits } from '@tern/protocol';

/** How much one exchange over a path may weigh, sealing included. */
export interface Budget {
  /** of a request */
  readonly upBytes: number;
  /** of an answer */
  readonly downBytes: number;
  /** so many more exchanges are worth beginning beside those that are under way: where each carries little, many do */
  readonly spare?: number;
  /** one exchange at a time may try as much as this, to learn whether it passes */
  readonly trial?: { readonly upBytes: number; readonly downBytes: number };
}

/** What was learnt about one direction. */
export interface LearnedDirection {
  readonly bytes: number;
  /** exchanges in a row that used most of it and came through */
  readonly passes: number;
  /** where it stopped the last time: it does not grow past three quarters of that */
  readonly ceilingBytes?: number;
}

/** What was learnt about a path, in both directions. */
export interface LearnedBudget {
  readonly up: LearnedDirection;
  readonly down: LearnedDirection;
}

/** How an exchange ended, as far as its size may have had a part in it. */
export type BudgetOutcome =
  | {
      readonly kind: 'passed';
      readonly upBytes: number;
      readonly downBytes: number;
      /** connections are known to freeze: nothing larger is believed in before a trial has passed */
      readonly proven?: boolean;
    }
  | {
      /** it stopped in the middle, or was never answered */
      readonly kind: 'stopped';
      readonly upBytes: number;
      /** what had come of the answer */
      readonly downBytes: number;
      /** connections are known to freeze: one stop among many that passed says nothing */
      readonly proven?: boolean;
    };

/**
 * A network that freezes connections after so many packets lets this much through (measured: 4 kB up and 8 kB down always,
 * 6 and 10 mostly), and no other network is known to hinder it.
 */
export const budgetStart: LearnedBudget = {
  up: { bytes: 4096, passes: 0 },
  down: { bytes: 8192, passes: 0 },
};

/** Where 4,096 bytes of each direction pass, a hello and a head leave this much of a request. */
export const least = { up: 1536, down: 2048 } as const;
const most = { up: limits.batchBytes, down: limits.responseBytes } as const;
/** Twice as much after so many exchanges that came through. */
const passesToGrow = 2;
/** A ceiling is tried again after so many: networks change. */
const passesToForget = 64;
/** Of where it stopped, what is sure to pass: a handshake that goes on with a session is 2 kB shorter than a whole one. */
export const belowCeiling: number = 3 / 4;
/** Where connections freeze, one of so many may stop for another reason: its handshake was longer, or a packet was lost. */
const passesToDoubt = 16;
/** what uses so much more than the budget was a trial */
const trialFrom = 1.15;

/**
 * The budget after an exchange. Pure: the same outcomes make the same budget.
 * An exchange that used less than half of a direction says nothing about it.
 */
export function nextBudget(budget: LearnedBudget, outcome: BudgetOutcome): LearnedBudget {
  if (outcome.kind === 'passed') {
    const grow = outcome.proven === true ? proven : grown;
    return {
      up: grow(budget.up, outcome.upBytes, most.up),
      down: grow(budget.down, outcome.downBytes, most.down),
    };
  }
  const direction = outcome.downBytes > 0 ? 'down' : 'up';
  const { bytes, passes } = budget[direction];
  const tried = outcome[direction === 'down' ? 'downBytes' : 'upBytes'] > bytes * trialFrom;
  if (outcome.proven === true && !tried && passes >= passesToDoubt)
    return { ...budget, [direction]: { ...budget[direction], passes: 0 } };
  if (direction === 'down')
    return {
      ...budget,
      down: shrunk(budget.down, (outcome.downBytes * 3) / 4, {
        stoppedAt: outcome.downBytes,
        least: least.down,
      }),
    };
  // nothing came back, and a request this small is not what stopped it
  if (outcome.upBytes <= least.up) return budget;
  // a trial that was too much leaves what had passed before; else back to what passes anywhere, or below
  const { up: start } = budgetStart;
  // where it was believed in because one trial had passed, a little less is likely to
  const next = outcome.proven === true ? outcome.upBytes * belowCeiling : 0;
  const tooMuch =
    outcome.upBytes > start.bytes * trialFrom ? Math.max(start.bytes, next) : outcome.upBytes / 2;
  const toBytes = tried ? budget.up.bytes : tooMuch;
  const up = shrunk(budget.up, toBytes, { stoppedAt: outcome.upBytes, least: least.up });
  return { ...budget, up };
}

/**
 * What may be tried of both directions, by one exchange at a time; the same as the budget where nothing is to be learnt.
 * @param options `again` where it is long ago that a connection stopped: networks change
 */
export function trialOf(
  budget: LearnedBudget,
  options: { readonly again: boolean },
): { readonly upBytes: number; readonly downBytes: number } {
  const tried = ({ bytes, passes, ceilingBytes }: LearnedDirection, mostBytes: number): number => {
    if (passes < passesToGrow) return bytes;
    if (ceilingBytes === undefined) return Math.min(mostBytes, bytes * 2);
    const topBytes = Math.floor(ceilingBytes * belowCeiling);
    if (bytes * trialFrom < topBytes) return topBytes;
    return options.again ? Math.min(mostBytes, Math.ceil(bytes / belowCeiling)) : bytes;
  };
  return { upBytes: tried(budget.up, most.up), downBytes: tried(budget.down, most.down) };
}

/** Where connections freeze: only as much as passed. */
function proven(direction: LearnedDirection, usedBytes: number, mostBytes: number): LearnedDirection {
  const { bytes, passes, ceilingBytes } = direction;
  if (usedBytes * 2 < bytes) return direction;
  if (usedBytes <= bytes * trialFrom) return { ...direction, passes: Math.min(passes + 1, passesToForget) };
  const holds = ceilingBytes !== undefined && usedBytes < ceilingBytes * 0.95;
  const now = { bytes: Math.min(mostBytes, usedBytes), passes: 0 };
  return holds ? { ...now, ceilingBytes } : now;
}

function grown(direction: LearnedDirection, usedBytes: number, mostBytes: number): LearnedDirection {
  if (usedBytes * 2 < direction.bytes) return direction;
  const passes = direction.passes + 1;
  const { ceilingBytes } = direction;
  const topBytes =
    ceilingBytes === undefined ? mostBytes : Math.min(mostBytes, Math.floor(ceilingBytes * belowCeiling));
  if (direction.bytes >= topBytes) {
    const forgotten = ceilingBytes !== undefined && passes >= passesToForget;
    return forgotten
      ? { bytes: direction.bytes, passes: 0 }
      : { ...direction, passes: Math.min(passes, passesToForget) };
  }
  if (passes < passesToGrow) return { ...direction, passes };
  return { ...direction, bytes: Math.min(topBytes, direction.bytes * 2), passes: 0 };
}

function shrunk(
  direction: LearnedDirection,
  toBytes: number,
  options: { readonly stoppedAt: number; readonly least: number },
): LearnedDirection {
  const bytes = Math.max(options.least, Math.floor(Math.min(direction.bytes, toBytes)));
  const ceilingBytes = Math.min(direction.ceilingBytes ?? Infinity, options.stoppedAt);
  return { bytes, passes: 0, ceilingBytes };
}

/** Of an answer of so many bytes, what is left for its plaintext: records, their padding and their tags take the rest. */
export function answerRoom(downBytes: number): number {
  return Math.max(1024, Math.floor((downBytes - 512) * 0.95));
}

/** Of a request of so many bytes, what is left for its operations and their proofs. */
export function requestRoom(upBytes: number): number {
  return Math.max(1024, Math.floor((upBytes - 512) * 0.97));
}
