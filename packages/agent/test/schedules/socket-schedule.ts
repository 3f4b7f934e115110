import { seeded, type Seeded } from '../support/seeded.ts';
import type { Cut, Shut } from './cutting-network.ts';
import type { PersonName, RelayName } from './schedule.ts';
import type { Again } from './socket-relay.ts';

/** Something that happens at a moment, ms from the beginning by the schedule's world. */
export type SocketStep = { readonly at: number } & (
  | { readonly do: 'say' | 'read' | 'renew'; readonly who: PersonName }
  /** ends, and begins again with the store it had */
  | { readonly do: 'leave'; readonly who: PersonName | RelayName; readonly forMs: number }
  /** A relay is not reached by one or all of its names: its ports are shut, or there are no such names. */
  | {
      readonly do: 'block';
      readonly of: RelayName;
      readonly names: 'one' | 'all';
      readonly how: Shut | 'dead';
      readonly forMs: number;
    }
);

/**
 * What happens over real sockets: two people whose conversation lies on the first of two relays, each with TLS and two names, whose ports are
 * those of a network that cuts, holds back and shuts; the second relay hands on to the first and keeps for it. What goes wrong comes from the seed,
 * what meets it from the machine, so that the same one comes out a little different each time.
 *
 * Time is a world's that hastens while nobody has anything to do but wait (`quick-world.ts`): a dialer waits 600 ms between two hellos of a name
 * and 130 s where one fell silent, a message is left at another relay after 20 s, and that one tries again after 30 s.
 */
export interface SocketSchedule {
  readonly seed: number;
  readonly steps: readonly SocketStep[];
  /** of everything that passes, from the first step on */
  readonly cuts: readonly Cut[];
  /** of each relay */
  readonly again: Readonly<Record<RelayName, readonly Again[]>>;
}

const lastsMs = 20_000;
/** about what passes in that time over all connections */
const mostBytes = 120_000;
const people = ['anna', 'boris'] as const;
const relays = ['first', 'second'] as const;

export function drawSocketSchedule(seed: number): SocketSchedule {
  const chance = seeded(seed);
  const steps = [...texts(chance), ...renewals(chance), ...absences(chance), ...blocks(chance)];
  return {
    seed,
    steps: steps.toSorted((a, b) => a.at - b.at),
    cuts: Array.from({ length: chance.between(4, 14) }, () => ({
      beforeByte: chance.below(chance.oneOf([20_000, mostBytes])),
      how: chance.oneOf(['reset', 'reset', 'reset', 'end', 'silence', 'hold', 'hold'] as const),
      forMs: chance.below(chance.oneOf([1000, 25_000])),
    })),
    again: { first: copies(chance, 40), second: copies(chance, 12) },
  };
}

function texts(chance: Seeded): readonly SocketStep[] {
  const said: SocketStep[] = [];
  let at = 0;
  const count = chance.between(2, 6);
  for (let text = 0; text < count; text += 1) {
    at = Math.min(lastsMs, at + (chance.happens(0.5) ? chance.below(100) : chance.below(8000)));
    said.push({ at, do: 'say', who: chance.oneOf(people) });
    if (chance.happens(0.3))
      said.push({ at: at + chance.below(5000), do: 'read', who: chance.oneOf(people) });
  }
  return said;
}

/** Two at about the same time are what commits have to be good at. */
function renewals(chance: Seeded): readonly SocketStep[] {
  const at = chance.below(lastsMs);
  return people
    .filter(() => chance.happens(0.25))
    .map((who) => ({ at: at + chance.below(300), do: 'renew', who }));
}

function absences(chance: Seeded): readonly SocketStep[] {
  return [...people, ...relays]
    .filter(() => chance.happens(0.15))
    .map((who) => ({
      at: chance.below(lastsMs),
      do: 'leave',
      who,
      forMs: chance.below(chance.oneOf([1000, 15_000])),
    }));
}

function blocks(chance: Seeded): readonly SocketStep[] {
  const steps: SocketStep[] = [];
  const how = (): Shut | 'dead' => chance.oneOf(['refuse', 'silence', 'dead']);
  if (chance.happens(0.4))
    steps.push({
      at: chance.below(lastsMs),
      do: 'block',
      of: chance.oneOf(relays),
      names: chance.oneOf(['one', 'all']),
      how: how(),
      forMs: chance.between(2000, 20_000),
    });
  if (chance.happens(0.4)) steps.push(...longBlock(chance));
  return steps;
}

/** So long that what is written meanwhile is left at the second relay; whoever wrote it may be gone when the first one is back. */
function longBlock(chance: Seeded): readonly SocketStep[] {
  const [at, forMs] = [chance.below(lastsMs / 2), chance.between(40_000, 90_000)];
  const how = chance.oneOf(['refuse', 'silence'] as const);
  const who = chance.oneOf(people);
  const writes = at + chance.below(10_000);
  const steps: SocketStep[] = [
    { at, do: 'block', of: 'first', names: 'all', how, forMs },
    { at: writes, do: 'say', who },
  ];
  while (chance.happens(0.6)) steps.push({ at: writes + chance.below(5000), do: 'say', who });
  if (chance.happens(0.5))
    steps.push({
      at: at + forMs - chance.below(10_000),
      do: 'leave',
      who,
      forMs: chance.between(20_000, 90_000),
    });
  return steps;
}

function copies(chance: Seeded, requests: number): readonly Again[] {
  return Array.from({ length: chance.below(4) }, () => ({
    request: chance.below(requests),
    afterMs: chance.below(chance.oneOf([100, 30_000])),
  }));
}
