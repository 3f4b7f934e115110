import { seeded, type Seeded } from '../support/seeded.ts';

/** Which town it happens in: who is there, and how many relays. Everything lives on the first relay. */
export type Scene = 'pair' | 'pair-two-relays' | 'trio';
export type PersonName = 'anna' | 'boris' | 'clara';
export type RelayName = 'first' | 'second';
/** `anna-boris` is theirs alone; `group` is everybody's */
export type Talk = 'anna-boris' | 'anna-clara' | 'group';

/** Something that happens at a moment, ms from the beginning. */
export type Step = { readonly at: number } & (
  | { readonly do: 'say'; readonly who: PersonName; readonly in: Talk }
  | { readonly do: 'read'; readonly who: PersonName }
  /** a fresh leaf, somebody leaves (Clara, by Anna), or a new group is begun (by Anna) */
  | { readonly do: 'renew'; readonly who: PersonName; readonly in: Talk }
  | { readonly do: 'remove' }
  | { readonly do: 'begin' }
  /** dies now, or around a change of its store that comes after; begins again with the store it had */
  | {
      readonly do: 'kill';
      readonly who: PersonName | RelayName;
      readonly forMs: number;
      readonly around?: { readonly change: number; readonly when: 'before' | 'after' };
    }
  /** names of the first relay stop working for somebody */
  | {
      readonly do: 'block';
      readonly of: PersonName;
      readonly names: 'one' | 'all';
      readonly how: 'dead' | 'refuse' | 'reset' | 'silence' | 'freeze';
      readonly forMs: number;
    }
  /** somebody leaves a batch for the first relay with the second, to be delivered when that can be reached */
  | { readonly do: 'defer' }
  /** what a relay does every now and then */
  | { readonly do: 'sweep'; readonly which: RelayName }
);

/** What becomes of one exchange: the n-th whose request somebody sent, a relay that hands on included. */
export type ExchangeFault = { readonly of: PersonName | RelayName; readonly exchange: number } &
  /** `byte` is taken modulo the length and one, of the one direction that is said: there all places are as likely, but for a millionth */
  (
    | {
        readonly does: 'cut' | 'silence';
        readonly direction: 'up' | 'down';
        readonly byte: number;
      }
    | { readonly does: 'late'; readonly ms: number }
    | { readonly does: 'again'; readonly ms: number }
  );

/**
 * Before one byte of all that somebody sends and is answered, the connection that it is on is cut, or nothing comes any more. Bytes are counted
 * from 0 through all of their requests and answers, in all lives, those that were stopped as far as they came. Whichever exchange the byte falls
 * into, each byte of its request and of its answer is as likely, the first and the last of both among them: what was drawn knows nothing of where
 * an exchange begins or ends. What HTTP and TLS put around them is no part of this; over sockets it is (`socket-schedule.ts`).
 */
export interface ByteFault {
  readonly of: PersonName | RelayName;
  readonly does: 'cut' | 'silence';
  readonly beforeByte: number;
}

export type Fault = ExchangeFault | ByteFault;

/** Everything that is to go wrong, and what people do meanwhile. The same one always comes out the same. */
export interface Schedule {
  readonly seed: number;
  readonly scene: Scene;
  /** those who have a browser's dialer, which only can say names */
  readonly browsers: readonly PersonName[];
  readonly steps: readonly Step[];
  readonly faults: readonly Fault[];
}

export const peopleOf: Readonly<Record<Scene, readonly PersonName[]>> = {
  pair: ['anna', 'boris'],
  'pair-two-relays': ['anna', 'boris'],
  trio: ['anna', 'boris', 'clara'],
};
const talksOf: Readonly<Record<Scene, readonly Talk[]>> = {
  pair: ['anna-boris'],
  'pair-two-relays': ['anna-boris'],
  trio: ['anna-boris', 'anna-clara', 'group'],
};

export function relaysOf(scene: Scene): readonly RelayName[] {
  return scene === 'pair-two-relays' ? ['first', 'second'] : ['first'];
}

export function isIn(who: PersonName, talk: Talk): boolean {
  return talk === 'group' || talk.split('-').includes(who);
}

const lastsMs = 20_000;
/** about what somebody sends and is answered in that time */
const mostBytes = 24_000;

export function drawSchedule(seed: number): Schedule {
  const chance = seeded(seed);
  const scene = chance.oneOf<Scene>(['pair', 'pair', 'pair', 'pair-two-relays', 'trio']);
  const people = peopleOf[scene];
  const steps = [
    ...texts(chance, scene),
    ...changes(chance, scene),
    ...blows(chance, scene),
    ...(scene === 'pair-two-relays' && chance.happens(0.4)
      ? [{ at: chance.below(lastsMs), do: 'defer' } as const]
      : []),
    ...(chance.happens(0.1)
      ? [{ at: chance.below(lastsMs), do: 'sweep', which: chance.oneOf(relaysOf(scene)) } as const]
      : []),
  ];
  return {
    seed,
    scene,
    browsers: people.filter(() => chance.happens(0.4)),
    steps: steps.toSorted((a, b) => a.at - b.at),
    // of a chance of their own: what a seed meant before there were these, it means still
    faults: [...faults(chance, scene), ...byteFaults(seeded(seed ^ 0xb17e), scene)],
  };
}

/** Sometimes one after the other as in a conversation, sometimes in bursts. */
function texts(chance: Seeded, scene: Scene): readonly Step[] {
  const said: Step[] = [];
  let at = 0;
  const count = chance.between(2, 5);
  for (let text = 0; text < count; text += 1) {
    at = Math.min(lastsMs, at + (chance.happens(0.4) ? chance.below(200) : chance.below(8000)));
    const who = chance.oneOf(peopleOf[scene]);
    said.push({ at, do: 'say', who, in: chance.oneOf(talksOf[scene].filter((talk) => isIn(who, talk))) });
    if (chance.happens(0.3))
      said.push({ at: at + chance.below(5000), do: 'read', who: chance.oneOf(peopleOf[scene]) });
  }
  return said;
}

function changes(chance: Seeded, scene: Scene): readonly Step[] {
  const at = chance.below(lastsMs);
  if (scene === 'trio' && chance.happens(0.25)) return [{ at, do: 'remove' }];
  if (scene === 'trio' && chance.happens(0.15)) return [{ at, do: 'begin' }];
  const renewed: Step[] = [];
  while (renewed.length < 3 && chance.happens(0.5)) {
    const who = chance.oneOf(peopleOf[scene]);
    const talk = chance.oneOf(talksOf[scene].filter((one) => isIn(who, one)));
    // two at about the same time are what commits have to be good at
    const near = renewed.length === 0 ? at : Math.max(0, at + chance.between(-300, 300));
    renewed.push({ at: near, do: 'renew', who, in: talk });
  }
  return renewed;
}

function blows(chance: Seeded, scene: Scene): readonly Step[] {
  const steps: Step[] = [];
  const anybody = [...peopleOf[scene], ...relaysOf(scene)];
  while (steps.length < 3 && chance.happens(0.45)) {
    const around = { change: chance.between(1, 8), when: chance.oneOf(['before', 'after'] as const) };
    steps.push({
      at: chance.below(lastsMs),
      do: 'kill',
      who: chance.oneOf(anybody),
      forMs: chance.happens(0.5) ? chance.below(500) : chance.below(10_000),
      ...(chance.happens(0.6) && { around }),
    });
  }
  if (chance.happens(0.35))
    steps.push({
      at: chance.below(lastsMs),
      do: 'block',
      of: chance.oneOf(peopleOf[scene]),
      names: chance.oneOf(['one', 'all']),
      how: chance.oneOf(['dead', 'refuse', 'reset', 'silence', 'freeze']),
      forMs: chance.between(2000, 20_000),
    });
  if (scene === 'pair-two-relays' && chance.happens(0.5)) steps.push(...longCut(chance, scene));
  return steps;
}

/**
 * So long that what is written meanwhile goes over the other relay: at once where somebody does not reach the first one, and left there where
 * that is away itself.
 */
function longCut(chance: Seeded, scene: Scene): readonly Step[] {
  const [at, forMs] = [chance.below(lastsMs / 2), chance.between(40_000, 90_000)];
  const who = chance.oneOf(peopleOf[scene]);
  const said = { at: at + chance.below(20_000), do: 'say', who, in: 'anna-boris' } as const;
  if (chance.happens(0.7)) return [{ at, do: 'kill', who: 'first', forMs }, said];
  const how = chance.oneOf(['dead', 'refuse', 'reset', 'silence', 'freeze'] as const);
  return [{ at, do: 'block', of: who, names: 'all', how, forMs }, said];
}

/** Those who ask somebody something. */
function askers(scene: Scene): readonly Fault['of'][] {
  return [...peopleOf[scene], ...(scene === 'pair-two-relays' ? (['second'] as const) : [])];
}

function byteFaults(chance: Seeded, scene: Scene): readonly ByteFault[] {
  return Array.from({ length: chance.between(1, 4) }, () => ({
    of: chance.oneOf(askers(scene)),
    does: chance.happens(0.85) ? 'cut' : 'silence',
    beforeByte: chance.below(chance.oneOf([4000, mostBytes])),
  }));
}

function faults(chance: Seeded, scene: Scene): readonly ExchangeFault[] {
  const anybody = askers(scene);
  return Array.from({ length: chance.between(2, 8) }, (): ExchangeFault => {
    const of = { of: chance.oneOf(anybody), exchange: chance.below(chance.oneOf([6, 20])) };
    const kind = chance.below(10);
    if (kind < 6)
      return { ...of, does: 'cut', direction: chance.oneOf(['up', 'down']), byte: chance.below(2 ** 20) };
    if (kind < 7)
      return { ...of, does: 'silence', direction: chance.oneOf(['up', 'down']), byte: chance.below(2 ** 20) };
    if (kind < 8) return { ...of, does: 'late', ms: chance.below(chance.oneOf([1000, 20_000])) };
    return { ...of, does: 'again', ms: chance.below(chance.oneOf([100, 30_000])) };
  });
}
