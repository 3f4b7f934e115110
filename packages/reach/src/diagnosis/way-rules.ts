import type { Finding } from './finding.ts';
import { helloUnanswered, isFresh, isNobodysAddress, neverConnected, sameRelay } from './measures.ts';
import type { Observation } from './observation.ts';
import { fewPass, stopsAsEarly } from './few-packets.ts';
import { judgeFreeze } from './freeze-rule.ts';
import { bestControl, hellosBefore, inSameMinute, says, type WayFacts } from './way-facts.ts';
import { judgeCrawl, judgeSpeed, judgeUnsteady } from './speed-rules.ts';

export interface WayRule {
  readonly name: string;
  readonly reason: string;
  /** @returns undefined where the rule says nothing: the next one is asked */
  judge(facts: WayFacts): Finding | undefined;
}

/** How long nothing is tried where a ban is suspected: 120 s are what was seen, and a retry may begin them anew. */
export const banSilenceMs = 130_000;
/** So many connections to a name within a minute were seen to bring a ban. */
const hellosOfABan = 3;
/** Once is chance. */
const twice = 2;

/** What one way shows. The first rule that finds something decides; the order is part of the rules. */
export const wayRules: readonly WayRule[] = [
  {
    name: 'the device is offline',
    reason: 'the system itself says so, and nothing else can be seen then',
    judge: ({ recent }) =>
      recent.at(-1)?.end === 'no-network' ? found('no-network', recent.slice(-1)) : undefined,
  },
  {
    name: 'another answers',
    reason: 'a certificate of another name, or words that are no relay’s, never come by loss or slowness',
    judge: judgeStranger,
  },
  {
    name: 'the name leads elsewhere',
    reason:
      'the system’s resolver and another source name different addresses, or it names one that is nobody’s, and nothing answers there',
    judge: judgeAddress,
  },
  {
    name: 'the name is gone here only',
    reason:
      'a resolver that answers "no such name" works and was told so; where an encrypted resolver says the same, the name is gone for all',
    judge: judgeName,
  },
  {
    name: 'crawls from the hello on',
    reason:
      'the few kilobytes of the handshake took a second and a half or more twice, and a fifth of that elsewhere in the same minute: what freezes is quick until it stops',
    judge: judgeCrawl,
  },
  {
    name: 'stops at a count',
    reason:
      'two connections that fall silent after the same amount are no accident while a small request passes; slow lines stop anywhere',
    judge: judgeFreeze,
  },
  {
    name: 'the pace, compared',
    reason:
      'a limit shows as the same speed twice, at a fifth or less of a control arm in the same minute; a slow network is slow for both; alone it is not said',
    judge: judgePace,
  },
  {
    name: 'silent after many',
    reason: `${hellosOfABan} connections or more to a name within a minute, the last answered less than a minute ago, then no hello is answered: what counts connections does this, and stops when left alone`,
    judge: judgeBan,
  },
  {
    name: 'the hello is swallowed',
    reason:
      'TCP stands, so the address is reached, and twice nothing came back while others are answered: on this way, or on another to the same relay in the same minute, of which none is answered while another relay is',
    judge: judgeHello,
  },
  {
    name: 'broken off',
    reason: 'a reset twice in a row: relays do not send them, and a relay that restarts does so once',
    judge: judgeReset,
  },
  {
    name: 'broken off, then shut out',
    reason:
      'the hello was reset where TCP had stood, and since then TCP does not stand there while others are answered: who resets by name often keeps the pair shut for minutes',
    judge: judgeShutOut,
  },
  {
    name: 'the words are refused',
    reason:
      'TLS stands and nothing more comes on it, or a socket does not open, while the same name answers another kind of request, or a control arm does',
    judge: judgeProtocol,
  },
  {
    name: 'nobody there',
    reason: 'the address refuses or does not answer even TCP, while others do in the same minute',
    judge: judgeAbsence,
  },
  {
    name: 'unsteady everywhere',
    reason:
      'some attempts pass and some do not, on this way and on the control arm alike, with long round trips: a bad line',
    judge: judgeUnsteady,
  },
  {
    name: 'answers',
    reason: 'the last attempt was answered, and those before mostly',
    judge: judgeAnswers,
  },
];

function found(kind: 'works' | 'no-network', alike: readonly Observation[]): Finding {
  return { cause: { kind }, alike };
}

const strangers: ReadonlySet<Observation['end']> = new Set([
  'wrong-certificate',
  'not-a-relay',
  'wrong-relay',
]);

function judgeStranger(facts: WayFacts): Finding | undefined {
  const alike = facts.failing.filter(({ end }) => strangers.has(end));
  if (alike.length === 0) return undefined;
  // an upgrade that is refused while the same name serves requests is a matter of words, not of who answers
  if (facts.way.kind !== 'https' && servesRequests(facts)) return undefined;
  return { cause: { kind: 'wrong-address' }, alike, ...addressOf(alike), control: bestControl(facts, alike) };
}

/** Names that lead to machines of one's own. */
const ownNetworks = /^[^.]+$|\.(?:local|localhost|lan|home|internal|test|home\.arpa)$/u;

function judgeAddress(facts: WayFacts): Finding | undefined {
  const { name } = facts.way;
  const alike = facts.failing.filter(({ resolved }) => resolved?.by === 'system' && 'addresses' in resolved);
  if (name === undefined || alike.length === 0) return undefined;
  const elsewhere = facts.samePlace.flatMap(({ resolved }) =>
    resolved !== undefined && resolved.by !== 'system' && 'addresses' in resolved ? resolved.addresses : [],
  );
  const told = alike.flatMap(({ resolved }) =>
    resolved !== undefined && 'addresses' in resolved ? resolved.addresses : [],
  );
  const differs = elsewhere.length > 0 && told.every((address) => !elsewhere.includes(address));
  const nobodys = told.length > 0 && told.every(isNobodysAddress) && !ownNetworks.test(name);
  if (!differs && !nobodys) return undefined;
  return { cause: { kind: 'wrong-address' }, alike, ...addressOf(alike), control: bestControl(facts, alike) };
}

function judgeName(facts: WayFacts): Finding | undefined {
  const alike = facts.failing.filter((one) => nameFailure(one) === 'system');
  if (alike.length === 0 || alike.at(-1) !== facts.failing.at(-1)) return undefined;
  const gone = facts.samePlace.some((one) => nameFailure(one) === 'https');
  return { cause: { kind: gone ? 'relay-down' : 'name-removed' }, alike, control: bestControl(facts, alike) };
}

/** Who says that there is no such name. */
function nameFailure({ resolved }: Observation): 'system' | 'https' | undefined {
  return resolved !== undefined && 'failed' in resolved && resolved.failed === 'no-such-name'
    ? resolved.by
    : undefined;
}

/** A pace of which nothing can be told says nothing of what fails since. */
function judgePace(facts: WayFacts): Finding | undefined {
  if (fewPass(facts.recent)) return undefined;
  const finding = judgeSpeed(facts);
  return finding?.cause.kind === 'unclear' && facts.failing.length > 0 ? undefined : finding;
}

function judgeBan(facts: WayFacts): Finding | undefined {
  // it may silence what stood already as well
  const failing = facts.failing.filter(isFresh);
  const alike = failing.filter((one) => helloUnanswered(one) && one.end === 'silent');
  const [first] = alike;
  const last = alike.at(-1);
  if (first === undefined || last === undefined || last !== failing.at(-1)) return undefined;
  if (alike.length * 2 < failing.length) return undefined;
  const answeredLately = facts.samePlace.some(
    (one) =>
      one.helloAnsweredAfterMs !== undefined &&
      one.endedAt <= first.endedAt &&
      first.beganAt - one.beganAt <= 60_000,
  );
  if (!answeredLately || hellosBefore(facts, first.beganAt) < hellosOfABan) return undefined;
  const seconds = Math.max(0, Math.ceil((last.endedAt + banSilenceMs - facts.now) / 1000));
  return { cause: { kind: 'banned', seconds }, alike, control: bestControl(facts, alike) };
}

function judgeHello(facts: WayFacts): Finding | undefined {
  const few = facts.way.kind === 'https' && fewPass(facts.recent);
  const own = facts.failing.filter(
    (one) =>
      one.end === 'silent' &&
      (helloUnanswered(one) || (facts.way.kind === 'https' && (few || saidNothing(one, facts)))),
  );
  // lists have several names: another that stops so early is the second time
  const beside = few ? stopsAsEarly(facts, own) : lostBeside(facts, own);
  const alike = own.length > 0 ? [...own, ...beside] : own;
  const control = bestControl(facts, own);
  if (!prevails(alike, facts.failing) || control?.answered !== true) return undefined;
  return { cause: { kind: 'silent-after-hello' }, alike, control };
}

/**
 * Hellos to the same relay in the same minute by other names or none; nothing where any of its ways is answered. A line that was dead for a moment
 * loses them all: another relay has to answer what was begun while one of these was waited for, and is sent again.
 */
function lostBeside(facts: WayFacts, own: readonly Observation[]): readonly Observation[] {
  const near = facts.others.filter((one) => says(one) && own.some((lost) => inSameMinute(lost, one)));
  const kin = near.filter((one) => sameRelay(one.way, facts.way));
  if (!own.every(helloUnanswered) || kin.some(({ end }) => end === 'answered')) return [];
  const meanwhile = near.some(
    (one) =>
      one.end === 'answered' &&
      own.some(({ beganAt, endedAt }) => one.beganAt >= beganAt && one.beganAt <= endedAt),
  );
  return meanwhile ? kin.filter((one) => one.end === 'silent' && helloUnanswered(one)) : [];
}

/** The hello came through and nothing after it: what lets a few packets pass first looks so. */
function saidNothing(one: Observation, { answered }: WayFacts): boolean {
  return spokeTls(one) && one.firstByteAfterMs === undefined && answered.length === 0;
}

function judgeReset(facts: WayFacts): Finding | undefined {
  const alike = facts.failing.filter(({ end }) => end === 'reset');
  if (!prevails(alike, facts.failing)) return undefined;
  if (facts.way.kind !== 'https' && alike.every(spokeTls) && servesRequests(facts)) return undefined;
  return { cause: { kind: 'reset' }, alike, control: bestControl(facts, alike) };
}

function judgeShutOut(facts: WayFacts): Finding | undefined {
  const [first, ...later] = facts.failing;
  if (first?.end !== 'reset' || !helloUnanswered(first) || later.length === 0) return undefined;
  const shut = later.every(
    (one) =>
      one.end === 'reset' ||
      one.end === 'refused-connection' ||
      (neverConnected(one) && one.end === 'silent'),
  );
  const control = bestControl(facts, facts.failing);
  return shut && control?.answered === true
    ? { cause: { kind: 'reset' }, alike: [first], control }
    : undefined;
}

function judgeProtocol(facts: WayFacts): Finding | undefined {
  const alike = facts.failing.filter(
    (one) => (spokeTls(one) || isUnseenSocket(one, facts)) && one.end !== 'no-network' && one.downBytes === 0,
  );
  if (!prevails(alike, facts.failing)) return undefined;
  const control = bestControl(facts, alike);
  const refused =
    facts.way.kind === 'https'
      ? control?.answered === true && alike.every(({ end }) => end !== 'silent')
      : servesRequests(facts);
  return refused ? { cause: { kind: 'protocol-refused' }, alike, control } : undefined;
}

/** Where TLS cannot be seen, requests to the same name that went over connections of their own since then show that it stands. */
function isUnseenSocket({ way, connection, beganAt }: Observation, { samePlace }: WayFacts): boolean {
  if (way.kind !== 'websocket' || connection !== undefined) return false;
  const requests = samePlace.filter((one) => one.way.kind === 'https' && isFresh(one) && says(one));
  const last = requests.at(-1);
  return last?.end === 'answered' && last.beganAt >= beganAt;
}

function judgeAbsence(facts: WayFacts): Finding | undefined {
  const alike = facts.failing.filter(
    (one) => one.end === 'refused-connection' || (neverConnected(one) && one.end === 'silent'),
  );
  if (!prevails(alike, facts.failing)) return undefined;
  const control = bestControl(facts, alike);
  // a refusal is an answer of somebody's; silence may be the whole network's
  if (control?.answered !== true && !alike.every(({ end }) => end === 'refused-connection')) return undefined;
  return { cause: { kind: 'relay-down' }, alike, control };
}

function judgeAnswers({ recent, answered, failing }: WayFacts): Finding | undefined {
  if (failing.length > 1 || answered.length === 0) return undefined;
  // a single failure after many successes is a hiccup; two answers in a row are a network that is well again
  if (failing.length === 1 && answered.length < 3) return undefined;
  if (recent.slice(-2).every(({ end }) => end === 'answered')) return found('works', answered);
  return answered.length * 3 >= recent.length * 2 ? found('works', answered) : undefined;
}

/** Twice or more, and most of what failed. */
function prevails(alike: readonly Observation[], failing: readonly Observation[]): boolean {
  return alike.length >= twice && alike.length * 3 >= failing.length * 2;
}

function spokeTls(one: Observation): boolean {
  return isFresh(one) && one.helloAnsweredAfterMs !== undefined;
}

/** An ordinary request to the same name was answered in what is remembered. */
function servesRequests({ samePlace }: WayFacts): boolean {
  return samePlace.some(({ way, end }) => way.kind === 'https' && end === 'answered');
}

function addressOf(alike: readonly Observation[]): { readonly address?: string } {
  for (const { resolved, way } of alike) {
    const address = resolved !== undefined && 'addresses' in resolved ? resolved.addresses[0] : way.address;
    if (address !== undefined) return { address };
  }
  return {};
}
