import type { Cause, Control, Diagnosis, Evidence, Passes, Way } from './diagnosis.ts';
import { connectionBytes, helloUnanswered, median, neverConnected } from './measures.ts';
import { lastMinute, networkRules } from './network-rules.ts';
import type { Observation } from './observation.ts';
import { factsOf, medianRoundTrip, memoryMs, says } from './way-facts.ts';
import { wayRules } from './way-rules.ts';

/**
 * What hinders each way, and the network as a whole, told from the client's own attempts alone. Pure.
 * @param observations in any order; those older than ten minutes are not looked at
 * @param options `now`: ms of the clock that the observations were made by
 * @returns one over all ways first, then one a way in the order in which they were first tried
 */
export function diagnose(
  observations: readonly Observation[],
  options: { readonly now: number },
): readonly [Diagnosis, ...Diagnosis[]] {
  const { now } = options;
  const all = observations
    .filter((one) => one.endedAt >= now - memoryMs)
    .toSorted((a, b) => a.beganAt - b.beganAt);
  const ways = [...new Map(all.map(({ way }) => [way.key, way])).values()].map((way) => ofWay(way, all, now));
  return overall(all, ways, now);
}

/** With what the ways show together. @param all oldest first @param ways by themselves */
export function overall(
  all: readonly Observation[],
  ways: readonly Diagnosis[],
  now: number,
): readonly [Diagnosis, ...Diagnosis[]] {
  const network = ofNetwork(all, ways, now);
  return [network, ...ways.map((one) => within(one, network))];
}

function ofWay(way: Way, all: readonly Observation[], now: number): Diagnosis {
  const facts = factsOf(way, all, now);
  for (const rule of wayRules) {
    const finding = rule.judge(facts);
    if (finding === undefined) continue;
    const { cause, alike, looked = facts.recent, ...more } = finding;
    const evidence = evidenceOf(rule.name, { looked, alike, now });
    return {
      way,
      cause,
      passes: passesOf(cause, facts.answered),
      evidence: { ...evidence, ...present(more) },
    };
  }
  const evidence = evidenceOf('too little to tell', { looked: facts.recent, alike: [], now });
  const cause = { kind: 'unclear' } as const;
  return { way, cause, passes: passesOf(cause, facts.answered), evidence };
}

function ofNetwork(all: readonly Observation[], ways: readonly Diagnosis[], now: number): Diagnosis {
  const minute = lastMinute(all);
  const passes = most(ways.map((one) => one.passes));
  for (const rule of networkRules) {
    const finding = rule.judge({ now, minute, ways });
    if (finding === undefined) continue;
    const evidence = evidenceOf(rule.name, { looked: minute, alike: finding.alike, now });
    const { cause } = finding;
    const example = ways.find((one) => one.cause === cause)?.evidence;
    const { bitsPerSecond, bytes, control, address } = example ?? {};
    return {
      way: undefined,
      cause,
      passes,
      evidence: { ...evidence, ...present({ bitsPerSecond, bytes, control, address }) },
    };
  }
  const evidence = evidenceOf('too little to tell', { looked: minute, alike: [], now });
  return { way: undefined, cause: { kind: 'unclear' }, passes, evidence };
}

/** Where everything is cut, that is what ails each way that is only silent. */
function within(one: Diagnosis, network: Diagnosis): Diagnosis {
  const { kind } = network.cause;
  if (one.cause.kind !== 'unclear' || (kind !== 'border-cut' && kind !== 'no-network')) return one;
  return {
    ...one,
    cause: network.cause,
    passes: 'nothing',
    evidence: { ...one.evidence, rule: network.evidence.rule },
  };
}

function evidenceOf(
  rule: string,
  {
    looked,
    alike,
    now,
  }: {
    readonly looked: readonly Observation[];
    readonly alike: readonly Observation[];
    readonly now: number;
  },
): Evidence {
  const last = looked.at(-1);
  const afterMs = median(alike.map((one) => Math.round(one.endedAt - one.beganAt)));
  const roundTripMs = medianRoundTrip(looked);
  const carried = alike.filter((one) => says(one) && !neverConnected(one) && !helloUnanswered(one));
  return {
    rule,
    attempts: looked.length,
    answered: looked.filter(({ end }) => end === 'answered').length,
    alike: alike.length,
    agoMs: last === undefined ? 0 : Math.max(0, Math.round(now - last.endedAt)),
    ...present({ afterMs, roundTripMs, bytes: median(carried.map(connectionBytes)) }),
  };
}

/** A way of which only small things are known to pass counts as one for text. */
function passesOf(cause: Cause, answered: readonly Observation[]): Passes {
  switch (cause.kind) {
    case 'works':
      return answered.some(({ bulk }) => bulk) ? 'bulk' : 'text';
    case 'frozen':
    case 'throttled':
    case 'slow-network':
      return 'text';
    case 'unclear':
      return answered.length > 0 ? 'text' : 'unknown';
    default:
      return 'nothing';
  }
}

const order: readonly Passes[] = ['bulk', 'text', 'unknown', 'nothing'];

function most(passes: readonly Passes[]): Passes {
  return order.find((one) => passes.includes(one)) ?? 'unknown';
}

type Extra = Partial<Pick<Evidence, 'afterMs' | 'roundTripMs' | 'bytes' | 'bitsPerSecond' | 'address'>>;

/** Only what is known. */
function present(
  more: {
    readonly [K in keyof Extra]: Extra[K] | undefined;
  } & { readonly control?: Control | undefined },
): Extra & { readonly control?: Control } {
  return Object.fromEntries(Object.entries(more).filter(([, value]) => value !== undefined));
}
