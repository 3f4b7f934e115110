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
import { sameMinuteMs, says } from './way-facts.ts';
import { banSilenceMs } from './way-rules.ts';

/** One attempt that is missing. Sizes are of the exchange, in bytes; a `hello` ends when TLS stands, a `dial` when TCP does. */
export type ProbeStep =
  | { readonly kind: 'dial' | 'hello'; readonly way: Way }
  | { readonly kind: 'exchange'; readonly way: Way; readonly bytes: number };

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
}

/** As the pace rules have it: what counts connections by name must find nothing to count. */
const pace = { hellosAMinute: 3, betweenMs: 1500 } as const;
const smallBytes = 500;
/** As much as leaves room for a small exchange with each of three relays and a second large one. */
const bulkBytes = 14_000;
/** A control arm that is so much faster is enough of one. */
const muchFaster = 5;
/** Of one way, by these probes. */
const mostAttempts = 4;
/** At once, each to another place; what measures a speed goes alone. */
const mostAtOnce = 3;
const handshakeBytes = 3000;
/** A silence after more than this may be a matter of size. */
const stalledBytes = 5000;

/** @returns what to do at once; `waitMs` where only the pace hinders; nothing where nothing more would help */
export function nextProbes(state: ProbeState): {
  readonly steps: readonly ProbeStep[];
  readonly waitMs?: number;
} {
  const wanted = wishes(state).filter(
    (step) =>
      costOf(step) <= state.bytesLeft &&
      state.made.filter(({ way }) => way.key === step.way.key).length < mostAttempts,
  );
  const waits = wanted.map((step) => waitMs(state, step.way));
  const ready = wanted.filter((_, at) => waits[at] === 0);
  const [first] = ready;
  if (first === undefined) {
    const soonest = Math.min(...waits);
    return soonest === Infinity ? { steps: [] } : { steps: [], waitMs: soonest };
  }
  if (isBulk(first)) return { steps: [first] };
  const steps: ProbeStep[] = [];
  let left = state.bytesLeft;
  for (const step of ready) {
    const taken = steps.some(({ way }) => placeOf(way) === placeOf(step.way));
    if (isBulk(step) || taken || steps.length === mostAtOnce || costOf(step) > left) continue;
    steps.push(step);
    left -= costOf(step);
  }
  return { steps };
}

/** What one attempt will have carried, handshakes included. */
export function costOf(step: ProbeStep): number {
  if (step.kind === 'dial') return 200;
  return 'bytes' in step ? handshakeBytes + smallBytes + step.bytes : handshakeBytes;
}

function isBulk(step: ProbeStep): boolean {
  return step.kind === 'exchange' && step.bytes > smallBytes;
}

/** In the order of their use: whether anything passes at all, then what is seen once only, then what it must be compared with. */
function wishes(state: ProbeState): readonly ProbeStep[] {
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
  const doubtful = ways.filter((way) => tried(way) && saidOf(way)?.cause.kind === 'unclear');
  const hindered = ways.filter((way) => !['works', 'unclear', undefined].includes(saidOf(way)?.cause.kind));
  // without a word from anybody else nothing can be compared
  const controls =
    answered.length === 0 && (doubtful.length > 0 || hindered.length > 0)
      ? ways.filter((way) => !tried(way))
      : [];
  // the other ways of a relay that is hindered show whether it is the name, the address or the relay
  const beside = ways.filter((way) => !tried(way) && hindered.some((one) => sameRelay(one, way)));
  return [
    ...untried.map(small),
    ...ways.flatMap((way) => afterStall(way, minute)),
    ...doubtful.flatMap((way) => again(way, observations)),
    ...controls.map(small),
    ...speeds(ways, minute),
    ...beside.map(small),
  ];
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

/** Where a way is slow: the same again, and a control arm. Where no speed was seen: one each, as far as that goes. */
function speeds(ways: readonly Way[], minute: readonly Observation[]): readonly ProbeStep[] {
  const speedsOf = (way: Way): readonly number[] =>
    minute.filter((one) => one.way.key === way.key).flatMap((one) => bitsPerSecond(one) ?? []);
  const answers = (way: Way): boolean =>
    minute.some((one) => one.way.key === way.key && isFresh(one) && one.end === 'answered');
  const stalls = (way: Way): boolean =>
    minute.some(
      (one) => one.way.key === way.key && one.end === 'silent' && connectionBytes(one) > stalledBytes,
    );
  const open = ways.filter((way) => answers(way) && !stalls(way));
  const bulk = (way: Way): ProbeStep => ({ kind: 'exchange', way, bytes: bulkBytes });
  const slow = open.filter((way) => speedsOf(way).some((speed) => speed < 2_000_000));
  // a limit is often one name's or one address's: what one relay carries says nothing of another
  if (slow.length === 0)
    return open
      .filter((way, at) => open.findIndex((one) => sameRelay(one, way)) === at)
      .filter((way) => !minute.some((one) => one.bulk && sameRelay(one.way, way)))
      .map(bulk);
  // two slow ways compared with one another would be a slow network: what is not slow, or not known yet, can tell
  const others = open.filter((way) => !slow.includes(way) && slow.some((one) => !sameRelay(one, way)));
  const slowest = Math.min(...slow.flatMap(speedsOf));
  const compared =
    others.some((other) => speedsOf(other).length > 0) ||
    slow.some((way) => speedsOf(way).some((speed) => speed >= slowest * muchFaster));
  const control = compared ? undefined : others[0];
  return [...(control === undefined ? [] : [control]), ...slow.filter((way) => speedsOf(way).length < 2)].map(
    bulk,
  );
}

/** How long the pace forbids another hello there; Infinity where a ban is suspected. */
function waitMs({ observations, now }: ProbeState, way: Way): number {
  const hellos = observations.filter((one) => placeOf(one.way) === placeOf(way) && sentHello(one));
  const [network, ...ways] = diagnose(observations, { now });
  const banned = ways.some(
    (one) => one.way !== undefined && placeOf(one.way) === placeOf(way) && one.cause.kind === 'banned',
  );
  const last = Math.max(...hellos.map(({ beganAt }) => beganAt));
  if (network.cause.kind === 'no-network') return Infinity;
  if (banned && now - last < banSilenceMs) return Infinity;
  const lately = hellos.map(({ beganAt }) => beganAt).filter((at) => at > now - 60_000);
  const third = lately.toSorted((a, b) => b - a)[pace.hellosAMinute - 1];
  const untilFewer = third === undefined ? 0 : third + 60_000 - now;
  return Math.max(0, untilFewer, last + pace.betweenMs - now);
}
