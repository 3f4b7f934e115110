import type { Command } from '../programs/crash-command.ts';
import type { Death, Step } from '../programs/crash-moment.ts';
import { Died, settleTown, type CrashTown, type Device, type Mortal } from './crash-town.ts';
import type { Seeded } from './seeded.ts';

/** Who talks to whom. */
export type Pair = readonly [string, string];

/** One death to come: whose, after how many of the round's operations it is decided, and at which moment from then on. */
interface Fate {
  readonly after: number;
  readonly victim: string;
  /** undefined: killed from outside, there and then, whatever it is doing */
  readonly death?: Death;
}

/** A round as the seed wants it; how the processes interleave is up to the machine. */
export interface Round {
  /** what each device does, one after the other */
  readonly deeds: ReadonlyMap<string, readonly Command[]>;
  readonly fates: readonly Fate[];
  /** for how many operations a dead relay stays away */
  readonly away: number;
}

/** Among how many such steps of a device, or of the relay, a death is drawn: few enough to come to it within a round, mostly. */
const deviceSteps: readonly (readonly [Step, number])[] = [
  ['read', 150],
  ['change', 60],
  ['written', 60],
  ['committed', 60],
  ['carried', 40],
  ['piece', 40],
  ['answered', 40],
  ['chance', 200],
  ['cryptography', 1000],
];
const relaySteps: readonly (readonly [Step, number])[] = [
  ['flushed', 40],
  ['chance', 400],
  ['cryptography', 1000],
];
/** Between two rounds, so that in every round every device renews its leaf by a commit (rule 26). */
const weekMs = 7 * 86_400_000 + 60_000;
const mostTurns = 4;
const leastFates = 3;
const mostFates = 6;
const longestAway = 12;
/** A text this long lies in a chunk beside the log. */
const longTextCharacters = 6000;

/** @param spoken how many texts were said before, by `from>to`; goes on counting */
export function planRound(
  chance: Seeded,
  about: {
    readonly pairs: readonly Pair[];
    readonly operations: number;
    readonly spoken: Map<string, number>;
  },
): Round {
  const names = [...new Set(about.pairs.flat())];
  const deeds = new Map<string, Command[]>(names.map((name) => [name, []]));
  for (let made = 0; made < about.operations; made += 1) {
    const [one, other] = chance.oneOf(about.pairs);
    const [name, to] = chance.below(2) === 0 ? [one, other] : [other, one];
    deeds.get(name)?.push(planDeed(chance, { name, to, spoken: about.spoken }));
  }
  const fates = Array.from({ length: chance.between(leastFates, mostFates) }, () => {
    const victim = chance.oneOf(['relay', 'relay', ...names]);
    return planFate(chance, { victim, after: chance.below(about.operations) });
  });
  return { deeds, fates: fates.toSorted((a, b) => a.after - b.after), away: chance.below(longestAway) };
}

function planDeed(
  chance: Seeded,
  { name, to, spoken }: { readonly name: string; readonly to: string; readonly spoken: Map<string, number> },
): Command {
  const kind = chance.below(100);
  if (kind < 50) {
    const count = (spoken.get(`${name}>${to}`) ?? 0) + 1;
    spoken.set(`${name}>${to}`, count);
    const rest = chance.below(40) === 0 ? 'x'.repeat(longTextCharacters) : '';
    return { do: 'say', to, text: `${count} ${name}>${to} ${rest}` };
  }
  if (kind < 70) return { do: 'invite' };
  if (kind < 83) return { do: 'read', from: to };
  return { do: kind < 92 ? 'sync' : 'look' };
}

function planFate(chance: Seeded, at: { readonly victim: string; readonly after: number }): Fate {
  if (chance.below(4) === 0) return at;
  const [step, most] = chance.oneOf(at.victim === 'relay' ? relaySteps : deviceSteps);
  const turns = chance.below(2) === 0 ? 0 : chance.between(1, mostTurns);
  return { ...at, death: { at: step, count: chance.between(1, most), turns } };
}

/**
 * Everybody does what is planned, and dies as planned, and is started again. Who did not come to the moment of its death is killed
 * in the rush at the end. Then all is quiet.
 */
export async function liveRound(town: CrashTown, round: Round): Promise<void> {
  await town.sleep(weekMs);
  const fates = [...round.fates];
  const blows: Promise<void>[] = [];
  const doomed = new Map<Mortal, number>();
  let done = 0;
  let away = 0;
  const afterEach = async (): Promise<void> => {
    done += 1;
    for (let [fate] = fates; fate !== undefined && fate.after < done; [fate] = fates) {
      fates.shift();
      const mortal = fate.victim === 'relay' ? town.relay : town.device(fate.victim);
      doomed.set(mortal, mortal.lives);
      blows.push(strike(mortal, fate));
    }
    if (town.relay.alive) return;
    away += 1;
    if (away <= round.away) return;
    away = 0;
    await town.relay.start();
  };
  await Promise.all(
    town.devices.map(async (device) => {
      for (const deed of round.deeds.get(device.name) ?? []) {
        await tryIt(device, deed);
        await afterEach();
      }
    }),
  );
  await Promise.all(blows);
  const rush = town.devices.map((device) => tryIt(device, { do: 'sync' }));
  for (const [mortal, lives] of doomed) if (mortal.lives === lives) await mortal.kill();
  await Promise.all(rush);
  await settleTown(town);
}

/** Whether it is done when the process dies of it, the journal and the check will tell. */
async function tryIt(device: Device, deed: Command): Promise<void> {
  try {
    await device.do(deed);
  } catch (cause) {
    if (!(cause instanceof Died)) throw cause;
  }
}

async function strike(mortal: Mortal, { death }: Fate): Promise<void> {
  try {
    if (death === undefined) await mortal.kill();
    else if (mortal.alive) await mortal.arm(death);
  } catch (cause) {
    if (!(cause instanceof Died)) throw cause;
  }
}
