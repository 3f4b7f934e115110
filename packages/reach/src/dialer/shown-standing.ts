import { belowCeiling, type LearnedBudget, type LearnedDirection } from '../budget.ts';
import type { Standing } from './standing.ts';

/** The ways of one network whose connections freeze, and what they tell of others. */
export interface Kin {
  /** those whose connections freeze, by their keys, with the name or address that they lead to */
  readonly freezing: Map<string, { readonly host: string; readonly standing: Standing }>;
  /** what those of one relay showed together, by its names, until one of them shows more */
  readonly shown: Map<string, Shown | undefined>;
}

export interface Shown {
  /** the one that stopped last */
  readonly last: Standing;
  readonly budget: LearnedBudget;
}

/** @param names of the relay, any of which its ways may lead to */
export function shownBy({ freezing, shown }: Kin, names: readonly string[]): Shown | undefined {
  const relay = names.join(' ');
  if (shown.has(relay)) return shown.get(relay);
  const kin = [...freezing.values()].flatMap(({ host, standing }) =>
    names.includes(host) ? [standing] : [],
  );
  const [last, ...others] = kin.toSorted((a, b) => (b.stoppedAt ?? 0) - (a.stoppedAt ?? 0));
  const found = last && {
    last,
    budget: others.reduce((all, { budget }) => pooled(all, budget), last.budget),
  };
  shown.set(relay, found);
  return found;
}

/** Of two ways that freeze alike: who saw where it stops knows best, and else who saw more pass. */
function pooled(one: LearnedBudget, other: LearnedBudget): LearnedBudget {
  return { up: better(one.up, other.up), down: better(one.down, other.down) };
}

function better(one: LearnedDirection, other: LearnedDirection): LearnedDirection {
  const [here, there] = [one.ceilingBytes !== undefined, other.ceilingBytes !== undefined];
  const isFirst = here === there ? one.bytes >= other.bytes : here;
  return isFirst ? raised(one, other.bytes) : raised(other, one.bytes);
}

/** What passed elsewhere, as far as it is surely below where this one stopped. */
function raised(direction: LearnedDirection, passedBytes: number): LearnedDirection {
  const { bytes, ceilingBytes } = direction;
  if (ceilingBytes === undefined) return direction;
  const sure = Math.min(passedBytes, Math.floor(ceilingBytes * belowCeiling));
  return sure > bytes ? { ...direction, bytes: sure } : direction;
}

/** Where one stopped oneself counts, and else what others met. */
export function withOwnCeilings(own: LearnedBudget, met: LearnedBudget): LearnedBudget {
  const { up, down } = pooled(own, met);
  return {
    up: own.up.ceilingBytes === undefined ? up : raised(own.up, met.up.bytes),
    down: own.down.ceilingBytes === undefined ? down : raised(own.down, met.down.bytes),
  };
}
