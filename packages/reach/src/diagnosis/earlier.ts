import { diagnose, overall } from './diagnose.ts';
import type { Diagnosis, Way } from './diagnosis.ts';
import {
  beyondHello,
  bitsPerSecond,
  connectionBytes,
  helloUnanswered,
  isFresh,
  median,
  packetsEstimate,
  placeOf,
  sameRelay,
  segmentBytes,
  sentHello,
} from './measures.ts';
import type { Observation } from './observation.ts';
import { fastBits } from './speed-rules.ts';
import { says } from './way-facts.ts';
import { freeze, isShutSince } from './freeze-rule.ts';

/** What an app counts are its requests and answers; a connection carries this beside them: TLS, and the words of HTTP. */
const beside = { handshakeUpBytes: 1700, handshakeDownBytes: 3300, eachBytes: 200 } as const;
/** More hellos to a name than this in a minute, the last of them answered: nobody counts them. */
const uncounted = { hellos: 3, ms: 60_000 } as const;
/** An attempt and its start are noted a moment apart, and no two say one name so soon after one another. */
const sameStartMs = 300;
/** What passed is so much more than what stopped that it was not for this. */
const beyond = 1.3;

/**
 * An app's attempts as these probes would have seen them: by their clock, under their names, with the bytes of a whole connection.
 * @param ways of the probes
 * @param addMs from the clock of the attempts to that of the probes
 */
export function asProbed(
  ways: readonly Way[],
  observations: readonly Observation[],
  addMs: number,
): readonly Observation[] {
  return observations.map((one): Observation => {
    const { connection, way } = one;
    const same = ways.find((probed) => isThat(way, probed));
    return {
      ...one,
      way: same ?? way,
      beganAt: one.beganAt + addMs,
      endedAt: one.endedAt + addMs,
      connection: connection && withTheRest(connection, one),
    };
  });
}

/** The plain way that a link names: its address, or as the system looks its name up, and with it in the hello. */
function isThat({ key, kind, port, ...way }: Way, probed: Way): boolean {
  const plain = /^https:(?:system:[^(]*$|literal:)/u.test(key);
  if (!plain || kind !== probed.kind || port !== probed.port) return false;
  return probed.name === undefined ? way.address === probed.address : way.name === probed.name;
}

function withTheRest(
  connection: NonNullable<Observation['connection']>,
  { helloAnsweredAfterMs, firstByteAfterMs, end }: Observation,
): NonNullable<Observation['connection']> {
  const { upBytes, downBytes, exchangesBefore, fresh } = connection;
  if (fresh && helloAnsweredAfterMs === undefined && firstByteAfterMs === undefined) return connection;
  const answers = exchangesBefore + (end === 'answered' ? 1 : 0);
  return {
    ...connection,
    upBytes: upBytes + beside.handshakeUpBytes + (exchangesBefore + 1) * beside.eachBytes,
    downBytes: downBytes + beside.handshakeDownBytes + answers * beside.eachBytes,
  };
}

/** What an app left behind, by {@link asProbed}. */
export interface Earlier {
  readonly observations: readonly Observation[];
  /** keys of ways on which it went on in small pieces, because connections to that relay had been frozen while others were answered */
  readonly pieces: ReadonlySet<string>;
}

/**
 * What hinders each way, by attempts of now and by what an app saw a while ago. What was seen now counts; the app's word is taken where
 * no attempt of now was answered and none says what else it is, and where what hinders shows only after more than was carried now.
 * @param seen `ways`: those that are asked about
 * @returns as {@link diagnose}, of the ways that are asked about
 */
export function diagnoseAgain(
  seen: {
    readonly ways: readonly Way[];
    readonly earlier: Earlier;
    readonly made: readonly Observation[];
  },
  { now }: { readonly now: number },
): readonly [Diagnosis, ...Diagnosis[]] {
  const { earlier, made, ways } = seen;
  const before = beforeNow(ways, earlier, now);
  const after = diagnose(made, { now }).slice(1);
  const each = ways.flatMap((way) => {
    const memory = banOf(way, before, earlier.observations) ?? ofTheWay(of(way, before), made);
    const said = of(way, after) ?? memory;
    if (said === undefined) return [];
    const own = made.filter((one) => one.way.key === way.key);
    if (memory !== undefined && outlasts(memory, said, own)) return [toldEarlier(memory)];
    return [lostThen(said, seen, now) ?? frozenToo(said, own, before) ?? said];
  });
  const all = made.toSorted((a, b) => a.beganAt - b.beganAt);
  return overall(all, each, now);
}

/** Ways of which an app saw lately that they freeze or are slowed down: more about them is less worth than about the others. */
export function settledBy(
  ways: readonly Way[],
  earlier: Earlier,
  { now }: { readonly now: number },
): ReadonlySet<string> {
  const settled = beforeNow(ways, earlier, now).filter(({ cause }) => isOfSize(cause));
  return new Set(settled.flatMap(({ way }) => (way === undefined ? [] : [way.key])));
}

function beforeNow(
  ways: readonly Way[],
  { observations, pieces }: Earlier,
  now: number,
): readonly Diagnosis[] {
  const seen = diagnose(observations, { now }).slice(1);
  const inPieces = ways.flatMap((way) => {
    const own = of(way, seen)?.cause.kind ?? 'unclear';
    const isOpen = own === 'works' || own === 'unclear';
    return isOpen && pieces.has(way.key) ? (pieceDiagnosis(way, observations, now) ?? []) : [];
  });
  const keys = new Set(inPieces.map(({ way }) => way?.key));
  return [...inPieces, ...seen.filter(({ way }) => !keys.has(way?.key))];
}

/** With what connections to that relay carried when they stopped; undefined where that is not known. */
function pieceDiagnosis(way: Way, observations: readonly Observation[], now: number): Diagnosis | undefined {
  const stopped = observations.filter(
    (one) =>
      sameRelay(one.way, way) &&
      hasStopped(one) &&
      isMore(one, observations) &&
      !isShutSince(one, observations),
  );
  const bytes = median(stopped.map(connectionBytes));
  const packets = median(stopped.map(packetsEstimate));
  const lastAt = Math.max(...stopped.map(({ endedAt }) => endedAt));
  if (bytes === undefined || packets === undefined) return undefined;
  return {
    way,
    cause: { kind: 'frozen', bytes, packetsEstimate: packets },
    passes: 'text',
    evidence: {
      rule: 'an app went on in small pieces',
      attempts: stopped.length,
      answered: 0,
      alike: stopped.length,
      agoMs: Math.max(0, Math.round(now - lastAt)),
      bytes,
    },
  };
}

/** Not so little that its hello alone may have been why. */
function isMore(one: Observation, observations: readonly Observation[]): boolean {
  const own = observations.filter(({ way }) => way.key === one.way.key);
  return (beyondHello(one, own) ?? 0) > segmentBytes;
}

/** In the middle of what it carried, nobody closed it, and nothing more came. */
function hasStopped(one: Observation): boolean {
  return one.end === 'silent' && (!isFresh(one) || one.firstByteAfterMs !== undefined);
}

/** Those that may have been counted: a name that had more hellos than are counted, and was answered, is not one of them. */
export function countedHellos(earlier: readonly Observation[]): readonly Observation[] {
  const byPlace = Map.groupBy(
    earlier.filter((one) => sentHello(one)),
    ({ way }) => placeOf(way),
  );
  return [...byPlace.values()].flatMap((hellos) => {
    const [last] = hellos.toSorted((a, b) => b.beganAt - a.beganAt);
    const many = hellos.some(
      ({ beganAt }) =>
        hellos.filter((one) => one.beganAt <= beganAt && one.beganAt > beganAt - uncounted.ms).length >
        uncounted.hellos,
    );
    return many && last?.helloAnsweredAfterMs !== undefined ? [] : hellos;
  });
}

/**
 * Those starts of which an app left nothing but when they were; of the others its attempts tell more, also whether a hello left at all.
 * @param starts by name
 */
export function unseenStarts(
  starts: ReadonlyMap<string, readonly number[]>,
  earlier: readonly Observation[],
): ReadonlyMap<string, readonly number[]> {
  const isSeen = (name: string, at: number): boolean =>
    earlier.some(({ way, beganAt }) => way.name === name && Math.abs(beganAt - at) < sameStartMs);
  return new Map([...starts].map(([name, times]) => [name, times.filter((at) => !isSeen(name, at))]));
}

function of(way: Way, diagnoses: readonly Diagnosis[]): Diagnosis | undefined {
  return diagnoses.find((one) => one.way?.key === way.key);
}

/** A ban is the name's, by whichever way it was met last; and where one is suspected nothing is tried now. */
function banOf(
  way: Way,
  before: readonly Diagnosis[],
  observations: readonly Observation[],
): Diagnosis | undefined {
  const there = observations.filter((one) => placeOf(one.way) === placeOf(way) && isFresh(one) && says(one));
  const last = there.toSorted((one, other) => one.beganAt - other.beganAt).at(-1);
  if (last === undefined || !helloUnanswered(last)) return undefined;
  const met = before.find((one) => one.cause.kind === 'banned' && one.way?.key === last.way.key);
  return met && { ...met, way };
}

/** That nothing beyond answers was said of all ways; not where one of them answers now. */
function ofTheWay(memory: Diagnosis | undefined, made: readonly Observation[]): Diagnosis | undefined {
  const { kind } = memory?.cause ?? {};
  const ofAll = kind === 'border-cut' || kind === 'no-network';
  return ofAll && made.some(({ end }) => end === 'answered') ? undefined : memory;
}

function isOfSize({ kind }: Diagnosis['cause']): boolean {
  return kind === 'frozen' || kind === 'throttled';
}

/** @param own attempts of now on this way */
function outlasts(memory: Diagnosis, said: Diagnosis, own: readonly Observation[]): boolean {
  if (memory.cause.kind === 'works' || memory.cause.kind === 'unclear') return false;
  // who resets by name often keeps the pair shut for minutes
  if (memory.cause.kind === 'reset' && said.cause.kind === 'relay-down') return true;
  const telling = own.filter(says);
  if (telling.length === 0) return true;
  if (said.cause.kind === 'unclear' && telling.every(({ end }) => end !== 'answered')) return true;
  const open = said.cause.kind === 'works' || said.cause.kind === 'unclear';
  return (
    open && (isOfSize(memory.cause) || stopsEarly(memory)) && !own.some((one) => contradicts(one, memory))
  );
}

/** The hello was answered there, and a few packets after it nothing passed: one small answer may be as many. */
function stopsEarly({ cause, evidence }: Diagnosis): boolean {
  return cause.kind === 'silent-after-hello' && evidence.bytes !== undefined;
}

/** It carried more, and nothing happened. Counts differ from one connection to another. */
function contradicts(one: Observation, { cause, evidence }: Diagnosis): boolean {
  if (one.end !== 'answered' || connectionBytes(one) <= (evidence.bytes ?? 0) * beyond) return false;
  if (cause.kind === 'silent-after-hello') return true;
  if (cause.kind === 'frozen') return packetsEstimate(one) > cause.packetsEstimate * beyond;
  return (bitsPerSecond(one) ?? 0) >= fastBits;
}

/** Once is chance, but not where an app lost one there as well since it was answered: each of them too little to tell, and both together not. */
function lostThen(
  said: Diagnosis,
  { earlier, made }: { readonly earlier: Earlier; readonly made: readonly Observation[] },
  now: number,
): Diagnosis | undefined {
  const { way, cause } = said;
  const own = made.filter((one) => one.way.key === way?.key);
  if (way === undefined || cause.kind !== 'unclear') return undefined;
  if (own.length === 0 || own.some(({ end }) => end === 'answered')) return undefined;
  const both = of(way, diagnose([...earlier.observations, ...made], { now }).slice(1));
  return both?.cause.kind === 'works' ? undefined : both;
}

/** Once is chance, but not where an app saw the connections of another relay freeze: one that stops here, while small things pass, is the next. */
function frozenToo(
  said: Diagnosis,
  own: readonly Observation[],
  before: readonly Diagnosis[],
): Diagnosis | undefined {
  const { way, cause, evidence } = said;
  if (way === undefined || cause.kind !== 'unclear') return undefined;
  const there = before.find(
    (one) => one.cause.kind === 'frozen' && one.way !== undefined && !sameRelay(one.way, way),
  );
  const stop = own.find((one) => hasStopped(one) && connectionBytes(one) >= freeze.leastBytes);
  if (there === undefined || stop === undefined || !own.some(({ end }) => end === 'answered'))
    return undefined;
  const bytes = connectionBytes(stop);
  return {
    ...said,
    cause: { kind: 'frozen', bytes, packetsEstimate: packetsEstimate(stop) },
    evidence: { ...evidence, rule: 'stops where an app saw others stop', alike: 1, bytes },
  };
}

function toldEarlier(one: Diagnosis): Diagnosis {
  return { ...one, evidence: { ...one.evidence, earlier: true } };
}
