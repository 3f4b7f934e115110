import { diagnose } from './diagnose.ts';
import type { Diagnosis, Way } from './diagnosis.ts';
import {
  bitsPerSecond,
  connectionBytes,
  helloUnanswered,
  isFresh,
  neverConnected,
  placeOf,
  sameRelay,
  sentHello,
} from './measures.ts';
import type { Observation } from './observation.ts';
import { crawls } from './speed-rules.ts';
import { sameMinuteMs, says } from './way-facts.ts';
import { banSilenceMs } from './way-rules.ts';

/** One attempt that is missing. Sizes are of the exchange, in bytes; a `hello` ends when TLS stands, a `dial` when TCP does. */
export type ProbeStep =
  | { readonly kind: 'dial' | 'hello'; readonly way: Way }
  | {
      readonly kind: 'exchange';
      readonly way: Way;
      readonly bytes: number;
      /** on the connection of the exchange before */
      readonly kept?: true;
    };

type Kept = Extract<ProbeStep, { readonly kind: 'exchange' }> & { readonly kept: true };

export interface ProbeState {
  /** those that may be tried, the most promising first */
  readonly ways: readonly Way[];
  /** all that is known, these probes' own too */
  readonly observations: readonly Observation[];
  /** those that were made by these probes */
  readonly made: readonly Observation[];
  /** of the clock of the observations */
  readonly now: number;
  /** what may still be carried */
  readonly bytesLeft: number;
  /** on its last connection more can be asked for */
  readonly stands: (way: Way) => boolean;
  /** of an app, a while ago; they count for the pace alone */
  readonly hellos?: readonly Observation[];
  /** when hellos left of which no more is known than that, by name; the same */
  readonly starts?: ReadonlyMap<string, readonly number[]>;
  /** until when nothing may leave for a name that met a ban; the same */
  readonly bans?: ReadonlyMap<string, number>;
  /** keys of ways of which large exchanges are known already what becomes of them */
  readonly settled?: ReadonlySet<string>;
}

/** As the pace rules have it: what counts connections by name must find nothing to count. */
const pace = { hellosAMinute: 3, betweenMs: 1500 } as const;
const smallBytes = 500;
/** As much as leaves room for a small exchange with each of three relays and a second large one, each on a connection of its own. */
const bulkBytes = 13_500;
/** On connections that stand: beyond most of what is known to freeze, or a share of what may still be carried. */
const keptBulk = { most: 22_000, least: 4000 } as const;
/** A second look often wants a third: TLS may stand, and then nothing more come. */
const furtherLooks = 2;
/** Once more, while what may pass at first is used up. */
const moreBytes = 4000;
const leastMoreBytes = 3000;
/** What carries an exchange there and back: for each of its bytes, and for the last answer, which comes whole. */
const overhead = { share: 1.22, bytes: 700 } as const;
/** Slower than this may be a limit. */
const slowBits = 2_000_000;
/** A control arm that is so much faster is enough of one. */
const muchFaster = 5;
/** Connections to one way, by these probes. */
const mostAttempts = 4;
/** At once, each to another place; what measures a speed goes alone. */
const mostAtOnce = 3;
/** as far as none was seen */
const handshakeBytes = 3000;
/** A hello that was not answered once may not be again, and is sent four times more meanwhile. */
const unheardBytes = 7600;
/** A silence after more than this may be a matter of size. */
const stalledBytes = 5000;

/** @returns what to do at once; `waitMs` where only the pace hinders; nothing where nothing more would help */
export function nextProbes(state: ProbeState): {
  readonly steps: readonly ProbeStep[];
  readonly waitMs?: number;
} {
  const handshake = Math.max(handshakeBytes, ...state.made.map(handshakeOf));
  const cost = (step: ProbeStep): number => costOf(step, handshake);
  const wanted = wishes(state, cost).filter(
    (step) =>
      cost(step) <= Math.max(0, state.bytesLeft) &&
      (isKept(step) ||
        state.made.filter((one) => one.way.key === step.way.key && isFresh(one)).length < mostAttempts),
  );
  const waits = wanted.map((step) => (isKept(step) ? 0 : waitMs(state, step.way)));
  const ready = wanted.filter((_, at) => waits[at] === 0);
  const [first] = ready;
  if (first === undefined) {
    const soonest = Math.min(...waits);
    return soonest === Infinity ? { steps: [] } : { steps: [], waitMs: soonest };
  }
  if (isBulk(first) || isKept(first)) return { steps: [first] };
  const steps: ProbeStep[] = [];
  let left = state.bytesLeft;
  for (const step of ready) {
    const taken = steps.some(({ way }) => placeOf(way) === placeOf(step.way));
    if (isBulk(step) || isKept(step) || taken || steps.length === mostAtOnce || cost(step) > left) continue;
    steps.push(step);
    left -= cost(step);
  }
  return { steps };
}

/** What one attempt will have carried, handshakes included. */
export function costOf(step: ProbeStep, handshake: number = handshakeBytes): number {
  if (step.kind === 'dial') return 200;
  if (isKept(step)) return step.bytes === 0 ? 0 : Math.round(step.bytes * overhead.share) + overhead.bytes;
  return step.kind === 'exchange' ? handshake + smallBytes + step.bytes : Math.max(handshake, unheardBytes);
}

/** What a connection carried beside its exchange; nothing where that is hidden. */
function handshakeOf(one: Observation): number {
  return one.connection?.fresh === true ? connectionBytes(one) - one.upBytes - one.downBytes : 0;
}

function isKept(step: ProbeStep): step is Kept {
  return step.kind === 'exchange' && step.kept === true;
}

function isBulk(step: ProbeStep): boolean {
  return step.kind === 'exchange' && step.bytes > smallBytes;
}

/** In the order of their use: whether anything passes at all, then what is seen once only, then what it must be compared with. */
function wishes(state: ProbeState, cost: (step: ProbeStep) => number): readonly ProbeStep[] {
  const { ways, observations, now } = state;
  const [, ...diagnoses] = diagnose(observations, { now });
  const saidOf = (way: Way): Diagnosis | undefined => diagnoses.find((one) => one.way?.key === way.key);
  const minute = observations.filter((one) => says(one) && one.endedAt >= now - sameMinuteMs);
  const small = (way: Way): ProbeStep => ({ kind: 'exchange', way, bytes: smallBytes });
  const tried = (way: Way): boolean => minute.some((one) => one.way.key === way.key);
  const relayTried = (way: Way): boolean => minute.some((one) => sameRelay(one.way, way));
  const answered = minute.filter(({ end }) => end === 'answered');

  const untried = ways.filter(
    (way, at) => !relayTried(way) && ways.findIndex((one) => sameRelay(one, way)) === at,
  );
  const doubtful = ways.filter(
    (way) => tried(way) && saidOf(way)?.cause.kind === 'unclear' && !stoppedLater(minute, way),
  );
  const hindered = ways.filter((way) => !['works', 'unclear', undefined].includes(saidOf(way)?.cause.kind));
  // without a word from anybody else nothing can be compared
  const controls =
    answered.length === 0 && (doubtful.length > 0 || hindered.length > 0)
      ? ways.filter((way) => !tried(way))
      : [];
  // the other ways of a relay that is hindered show whether it is the name, the address or the relay
  const beside = ways.filter((way) => !tried(way) && hindered.some((one) => sameRelay(one, way)));
  const second = [
    ...doubtful.flatMap((way) => again(way, observations)),
    ...ways.filter((way) => crawled(minute, way) === 1).map(small),
  ];
  const open = ways.filter(
    (way) =>
      minute.some((one) => one.way.key === way.key && isFresh(one) && one.end === 'answered') &&
      !stalls(minute, way) &&
      crawled(minute, way) === 0,
  );
  const costs = (steps: readonly ProbeStep[]): number => steps.reduce((sum, step) => sum + cost(step), 0);
  // who is to be tried, and has to wait, is tried and looked at again
  const reserved = furtherLooks * (costs(second) + costs(untried.map(small)));
  // what was given up counts as far as it came
  const lately = observations.filter((one) => one.endedAt >= now - sameMinuteMs);
  const settled = open.filter(({ key }) => state.settled?.has(key) === true);
  const unsettled = open.filter((way) => !settled.includes(way));
  const kept = speedsKept(unsettled, { ...state, observations: lately }, reserved);
  return [
    ...untried.map(small),
    ...ways.filter((way) => !stoppedLater(minute, way)).flatMap((way) => afterStall(way, minute)),
    ...second,
    ...kept,
    ...ways.filter((way) => stoppedLater(minute, way)).flatMap((way) => afterStall(way, minute)),
    ...controls.map(small),
    ...speeds(unsettled, lately),
    ...beside.map(small),
    ...speedsKept(settled, { ...state, observations: lately }, 0),
  ];
}

/** How many of its handshakes were slow: 0 where any was not. */
function crawled(minute: readonly Observation[], way: Way): number {
  const fresh = minute.filter((one) => one.way.key === way.key && isFresh(one));
  return fresh.every(crawls) ? fresh.length : 0;
}

function stalls(minute: readonly Observation[], way: Way): boolean {
  return minute.some(
    (one) => one.way.key === way.key && one.end === 'silent' && connectionBytes(one) > stalledBytes,
  );
}

/** It was answered on the same connection before: not the way is shut, but something stopped there. */
function stoppedLater(minute: readonly Observation[], way: Way): boolean {
  return minute.some((one) => one.way.key === way.key && one.end === 'silent' && !isFresh(one));
}

/** The same once more, as cheaply as it shows; the whole exchange where that much passed this time. */
function again(way: Way, observations: readonly Observation[]): readonly ProbeStep[] {
  const own = observations.filter((one) => one.way.key === way.key);
  const last = own.findLast(says);
  if (last === undefined || last.end === 'answered') return [];
  const passed = own.at(-1) !== last;
  if (!passed && neverConnected(last)) return [{ kind: 'dial', way }];
  if (!passed && helloUnanswered(last)) return [{ kind: 'hello', way }];
  return [{ kind: 'exchange', way, bytes: smallBytes }];
}

/** An answer that stopped: once more as much on a fresh connection, and a small one between. */
function afterStall(way: Way, minute: readonly Observation[]): readonly ProbeStep[] {
  const own = minute.filter((one) => one.way.key === way.key);
  const stalls = own.filter(
    (one) => one.end === 'silent' && !helloUnanswered(one) && connectionBytes(one) > stalledBytes,
  );
  const stall = stalls.at(-1);
  if (stall === undefined) return [];
  const small = own.some((one) => one.end === 'answered' && connectionBytes(one) < connectionBytes(stall));
  const bytes = Math.round(connectionBytes(stall) * 1.25);
  return [
    ...(small ? [] : [{ kind: 'exchange', way, bytes: smallBytes } as const]),
    ...(stalls.length < 2 ? [{ kind: 'exchange', way, bytes } as const] : []),
  ];
}

function speedsOf(way: Way, observations: readonly Observation[]): readonly number[] {
  return observations.filter((one) => one.way.key === way.key).flatMap((one) => bitsPerSecond(one) ?? []);
}

/**
 * On connections that stand, what may still be carried is shared among the relays of which no speed was seen, so that each shows whether
 * it freezes or slows down after the same; what does is asked for a little more at once, while what may pass at first is used up.
 * @param state `observations`: of the last minute only
 */
function speedsKept(
  open: readonly Way[],
  { observations: minute, made, bytesLeft, stands }: ProbeState,
  reserved: number,
): readonly Kept[] {
  const lastOf = (way: Way): Observation | undefined => made.findLast((one) => one.way.key === way.key);
  const standing = open.filter(stands);
  const slowOnce = standing.filter((way) => {
    const [speed, ...more] = speedsOf(way, minute);
    return speed !== undefined && speed < slowBits && more.length === 0;
  });
  // where another way was slow twice, what was asked for already is enough as long as others are to be compared
  const known = open.some((way) => speedsOf(way, minute).filter((speed) => speed < slowBits).length > 1);
  const measured = (way: Way): boolean => minute.some((one) => one.bulk && sameRelay(one.way, way));
  const unmeasured = standing.filter(
    (way, at) => !measured(way) && standing.findIndex((one) => sameRelay(one, way)) === at,
  );
  const room = Math.floor((bytesLeft - overhead.bytes) / overhead.share);
  const more = slowOnce.flatMap((way): readonly Kept[] => {
    const bytes = known && unmeasured.length > 0 ? 0 : Math.min(moreBytes, room);
    if (bytes >= leastMoreBytes) return [{ kind: 'exchange', way, bytes, kept: true }];
    // what is still to come costs nothing more
    return lastOf(way)?.end === 'cancelled' ? [{ kind: 'exchange', way, bytes: 0, kept: true }] : [];
  });
  const share = Math.floor(((bytesLeft - reserved) / unmeasured.length - overhead.bytes) / overhead.share);
  const stopped = minute.findLast((one) => one.end === 'silent' && !isFresh(one));
  const bulk = unmeasured.flatMap((way): readonly Kept[] => {
    const last = lastOf(way);
    // beyond what stopped another, nothing more is to be learnt
    const enough =
      stopped === undefined || last === undefined
        ? keptBulk.most
        : Math.round(connectionBytes(stopped) * 1.2) - connectionBytes(last);
    const bytes = Math.min(keptBulk.most, share, Math.max(keptBulk.least, enough));
    return bytes < keptBulk.least ? [] : [{ kind: 'exchange', way, bytes, kept: true }];
  });
  return [...more, ...bulk];
}

/** Where a way is slow: the same again, and a control arm. Where no speed was seen: one each, as far as that goes. */
function speeds(open: readonly Way[], minute: readonly Observation[]): readonly ProbeStep[] {
  const bulk = (way: Way): ProbeStep => ({ kind: 'exchange', way, bytes: bulkBytes });
  const seen = (way: Way): readonly number[] => speedsOf(way, minute);
  const slow = open.filter((way) => seen(way).some((speed) => speed < slowBits));
  // a limit is often one name's or one address's: what one relay carries says nothing of another
  if (slow.length === 0)
    return open
      .filter((way, at) => open.findIndex((one) => sameRelay(one, way)) === at)
      .filter((way) => !minute.some((one) => one.bulk && sameRelay(one.way, way)))
      .map(bulk);
  // two slow ways compared with one another would be a slow network: what is not slow, or not known yet, can tell
  const others = open.filter((way) => !slow.includes(way) && slow.some((one) => !sameRelay(one, way)));
  const slowest = Math.min(...slow.flatMap(seen));
  const compared =
    others.some((other) => seen(other).length > 0) ||
    slow.some((way) => seen(way).some((speed) => speed >= slowest * muchFaster));
  const control = compared ? undefined : others[0];
  return [...(control === undefined ? [] : [control]), ...slow.filter((way) => seen(way).length < 2)].map(
    bulk,
  );
}

/** How long the pace forbids another hello there; Infinity where a ban is suspected by what was seen. */
function waitMs({ observations, now, hellos: before = [], starts, bans }: ProbeState, way: Way): number {
  const left = (bans?.get(placeOf(way)) ?? 0) - now;
  const all = [...before, ...observations];
  const hellos = all.filter((one) => placeOf(one.way) === placeOf(way) && sentHello(one));
  const [network] = diagnose(observations, { now });
  const [, ...ways] = diagnose(all, { now });
  const banned = ways.some(
    (one) => one.way !== undefined && placeOf(one.way) === placeOf(way) && one.cause.kind === 'banned',
  );
  const times = [...hellos.map(({ beganAt }) => beganAt), ...(starts?.get(placeOf(way)) ?? [])];
  const last = Math.max(...times);
  if (network.cause.kind === 'no-network') return Infinity;
  if (banned && now - last < banSilenceMs) return Infinity;
  const lately = times.filter((at) => at > now - 60_000);
  const third = lately.toSorted((a, b) => b - a)[pace.hellosAMinute - 1];
  const untilFewer = third === undefined ? 0 : third + 60_000 - now;
  return Math.max(0, left, untilFewer, last + pace.betweenMs - now);
}
