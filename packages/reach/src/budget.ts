import { limits } from '@tern/protocol';

/** How much one exchange over a path may weigh, sealing included. */
export interface Budget {
  /** of a request */
  readonly upBytes: number;
  /** of an answer */
  readonly downBytes: number;
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
  | { readonly kind: 'passed'; readonly upBytes: number; readonly downBytes: number }
  | {
      /** it stopped in the middle, or was never answered */
      readonly kind: 'stopped';
      readonly upBytes: number;
      /** what had come of the answer */
      readonly downBytes: number;
    };

/**
 * A network that freezes connections after so many packets lets this much through (measured: 4 kB up and 8 kB down always,
 * 6 and 10 mostly), and no other network is known to hinder it.
 */
export const budgetStart: LearnedBudget = {
  up: { bytes: 4096, passes: 0 },
  down: { bytes: 8192, passes: 0 },
};

const least = { up: 2048, down: 4096 } as const;
const most = { up: limits.batchBytes, down: limits.responseBytes } as const;
/** Twice as much after so many exchanges that came through. */
const passesToGrow = 2;
/** A ceiling is tried again after so many: networks change. */
const passesToForget = 64;

/**
 * The budget after an exchange. Pure: the same outcomes make the same budget.
 * An exchange that used less than half of a direction says nothing about it.
 */
export function nextBudget(budget: LearnedBudget, outcome: BudgetOutcome): LearnedBudget {
  if (outcome.kind === 'passed') {
    return {
      up: grown(budget.up, outcome.upBytes, most.up),
      down: grown(budget.down, outcome.downBytes, most.down),
    };
  }
  if (outcome.downBytes > 0)
    return {
      ...budget,
      down: shrunk(budget.down, (outcome.downBytes * 3) / 4, {
        stoppedAt: outcome.downBytes,
        least: least.down,
      }),
    };
  // nothing came back, and a request this small is not what stopped it
  if (outcome.upBytes <= least.up) return budget;
  const up = shrunk(budget.up, outcome.upBytes / 2, { stoppedAt: outcome.upBytes, least: least.up });
  return { ...budget, up };
}

function grown(direction: LearnedDirection, usedBytes: number, mostBytes: number): LearnedDirection {
  if (usedBytes * 2 < direction.bytes) return direction;
  const passes = direction.passes + 1;
  const { ceilingBytes } = direction;
  const topBytes =
    ceilingBytes === undefined ? mostBytes : Math.min(mostBytes, Math.floor((ceilingBytes * 3) / 4));
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
