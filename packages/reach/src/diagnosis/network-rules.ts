import type { Cause, CauseKind, Diagnosis } from './diagnosis.ts';
import { helloUnanswered, median, neverConnected, placeOf } from './measures.ts';
import type { Observation } from './observation.ts';
import { sameMinuteMs, says } from './way-facts.ts';

export interface NetworkFacts {
  readonly now: number;
  /** what was tried in the minute before the last attempt, oldest first */
  readonly minute: readonly Observation[];
  /** one for each way */
  readonly ways: readonly Diagnosis[];
}

interface NetworkFinding {
  readonly cause: Cause;
  readonly alike: readonly Observation[];
}

export interface NetworkRule {
  readonly name: string;
  readonly reason: string;
  judge(facts: NetworkFacts): NetworkFinding | undefined;
}

/** What all ways together show. The first rule that finds something decides. */
export const networkRules: readonly NetworkRule[] = [
  {
    name: 'the device is offline',
    reason: 'the system itself says so',
    judge: ({ minute }) =>
      minute.at(-1)?.end === 'no-network'
        ? { cause: { kind: 'no-network' }, alike: minute.slice(-1) }
        : undefined,
  },
  {
    name: 'nothing answers at all',
    reason:
      'no address answers and the system’s resolver is silent too: the network is not there, or not yet open to this device',
    judge(facts) {
      const minute = straight(facts.minute);
      const dead = minute.filter((one) => neverConnected(one) || resolverSilent(one));
      const all = minute.length >= 2 && dead.length === minute.length && minute.some(resolverSilent);
      return all ? { cause: { kind: 'no-network' }, alike: dead } : undefined;
    },
  },
  {
    name: 'nothing beyond answers',
    reason:
      'the resolver of this network or TCP answers, but no exchange with any of two or more places came back, also without a name being said',
    judge: judgeBorder,
  },
  {
    name: 'what hinders most',
    reason:
      'among the ways that are hindered, the cause seen on most places; of equals the one that explains most',
    judge: judgeMost,
  },
  {
    name: 'ways answer',
    reason: 'nothing was found that hinders any way, and at least one is answered',
    judge: ({ ways, minute }) =>
      ways.some(({ cause }) => cause.kind === 'works')
        ? { cause: { kind: 'works' }, alike: minute.filter(({ end }) => end === 'answered') }
        : undefined,
  },
];

/** Silence on a way through another relay is that relay's, whose own ways were tried as well. */
function straight(minute: readonly Observation[]): readonly Observation[] {
  return minute.filter(({ way, end }) => way.kind !== 'forward' || end === 'answered');
}

function resolverSilent({ resolved }: Observation): boolean {
  return resolved?.by === 'system' && 'failed' in resolved && resolved.failed !== 'no-such-name';
}

function judgeBorder({ minute: all, ways }: NetworkFacts): NetworkFinding | undefined {
  // who was sent to a wrong place has not knocked at the right one
  const astray = new Set(
    ways.flatMap(({ way, cause }) => (cause.kind === 'wrong-address' ? [way?.key] : [])),
  );
  const minute = straight(all).filter(({ way }) => !astray.has(way.key));
  const dead = minute.filter(
    (one) => one.end === 'silent' && (neverConnected(one) || helloUnanswered(one) || resolverSilent(one)),
  );
  const places = new Set(dead.map(({ way }) => way.relay ?? placeOf(way)));
  if (dead.length < 3 || places.size < 2 || dead.length !== minute.length) return undefined;
  const hellos = dead.filter(helloUnanswered);
  const resolverAnswers = minute.some(({ resolved }) => resolved?.by === 'system' && 'addresses' in resolved);
  // names may be on a list of their own: that a hello without a name is swallowed too says that it is all of them
  const namelessToo = hellos.some(({ way }) => way.name === undefined);
  const cut = hellos.length === 0 ? resolverAnswers : namelessToo || hellos.length < dead.length;
  return cut ? { cause: { kind: 'border-cut' }, alike: dead } : undefined;
}

/** From what explains most about a network to what concerns one relay. */
const byWeight: readonly CauseKind[] = [
  'throttled',
  'frozen',
  'banned',
  'silent-after-hello',
  'reset',
  'wrong-address',
  'name-removed',
  'slow-network',
  'protocol-refused',
  'relay-down',
];

function judgeMost({ ways, minute }: NetworkFacts): NetworkFinding | undefined {
  const hindered = ways.filter(({ cause }) => byWeight.includes(cause.kind));
  const counted = byWeight.map((kind) => {
    const those = hindered.filter(({ cause }) => cause.kind === kind);
    const places = new Set(those.flatMap(({ way }) => (way === undefined ? [] : [placeOf(way)])));
    return { kind, those, places: places.size };
  });
  const most = counted.toSorted((a, b) => b.places - a.places)[0];
  const causes = (most?.those ?? []).map(({ cause }) => cause);
  const cause = worstOf(causes);
  if (cause === undefined) return undefined;
  const keys = new Set(most?.those.map(({ way }) => way?.key));
  return { cause, alike: minute.filter(({ way }) => keys.has(way.key)) };
}

/** Of causes of one kind, the one in the middle. */
function worstOf(causes: readonly Cause[]): Cause | undefined {
  const size = (cause: Cause): number => {
    if (cause.kind === 'frozen') return cause.bytes;
    if (cause.kind === 'throttled') return cause.bitsPerSecond;
    return cause.kind === 'banned' ? cause.seconds : 0;
  };
  const middle = median(causes.map(size));
  return causes.find((cause) => size(cause) === middle);
}

/** @param all oldest first */
export function lastMinute(all: readonly Observation[]): readonly Observation[] {
  const telling = all.filter(says);
  const last = Math.max(...telling.map(({ endedAt }) => endedAt));
  return telling.filter((one) => one.endedAt >= last - sameMinuteMs);
}
