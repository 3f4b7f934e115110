/** What a diagnosis should say, told from the rules of a censor alone: neither a scenario's name nor a number of it has a part in it. */
import { matcherOf } from '../censor/name-pattern.ts';
import type { Policy, Rule, Technique } from '../censor/policy.ts';
import { isWithin, parseAddress, parsePrefix } from '../net/address.ts';

/** A way as a client takes it that asks the resolver of its network and speaks HTTPS. */
export interface TriedWay {
  /** empty where none is said */
  readonly name: string;
  readonly addresses: readonly string[];
  readonly port: number;
  /** one end is outside the country */
  readonly border: boolean;
}

/** The word of the product for what it would find. */
export type Expected =
  | 'works'
  | 'name-removed'
  | 'wrong-address'
  | 'relay-down'
  | 'silent-after-hello'
  | 'reset'
  | 'frozen'
  | 'throttled'
  | 'banned'
  | 'border-cut'
  | 'no-network';

/**
 * At which stage of a connection a technique stops it, and what that is called; undefined: it lets a few tries over TLS pass. Techniques
 * of an earlier stage hide those of a later one.
 */
const found: Readonly<Record<Technique, readonly [stage: number, cause: Expected] | undefined>> = {
  'dns-remove': [0, 'name-removed'],
  'dns-hijack': [0, 'wrong-address'],
  'address-block': [1, 'relay-down'],
  'border-cut': [1, 'relay-down'],
  'name-blackhole': [2, 'silent-after-hello'],
  'name-reset': [2, 'reset'],
  'tls-print': [2, 'silent-after-hello'],
  'freeze-packets': [3, 'frozen'],
  'freeze-bytes': [3, 'frozen'],
  police: [3, 'throttled'],
  crawl: [3, 'throttled'],
  // these look at what an ordinary exchange over TLS is not, or does not do within a minute, or at what stood before
  'age-limit': undefined,
  'fully-encrypted': undefined,
  'protocol-list': undefined,
  siberian: undefined,
  'swallow-standing': undefined,
  'udp-filter': undefined,
};

/** Where TCP still opens at a border that is cut, it is the hello that nobody answers. */
const helloLost = [2, 'silent-after-hello'] as const;

/** The resolver that a client asks. */
const resolver = '192.0.2.53';

/** One or more words that are right; the first is what is likeliest. */
type Right = readonly [Expected, ...Expected[]];

/**
 * What hinders each of all the ways that a client has. Who is answered by nobody at all cannot tell whether it is each of them: it is the
 * border where names are still told, and where not even they are, there is no network. Where one answers, it is each of the others.
 */
export function expectedOfAll(
  policy: Policy,
  ways: readonly TriedWay[],
  bans: readonly MetBan[] = [],
): readonly Right[] {
  if (ways.length >= 2 && ways.every((way) => isMute(policy, way))) {
    const cause = isMute(policy, { ...resolverWay, udp: true }) ? 'no-network' : 'border-cut';
    return ways.map(() => [cause]);
  }
  return ways.map((way): Right => {
    const cause = expectedOf(policy, way);
    const ban = bans.find(
      ({ what, value }) => (what === 'name' && value === way.name) || way.addresses.includes(value),
    );
    if (passesFew(policy, way, cause)) return [cause, 'frozen'];
    if (ban === undefined || !isSeenAfterHello(cause)) return [cause];
    const banned: Right = ban.hellos < knownHellos ? ['banned', 'silent-after-hello'] : ['banned'];
    if (ban.during) return [cause, ...banned];
    // what was seen before it is so all the same
    return cause === 'works' ? banned : [...banned, cause];
  });
}

/**
 * So many packets after a hello are a handshake that goes on with a session, a small request and its answer: whether an exchange falls silent at
 * once or the second one on its connection does is how they fall into packets.
 */
const fewPackets = 5;

function passesFew(policy: Policy, way: TriedWay, cause: Expected): boolean {
  return (
    cause === 'silent-after-hello' &&
    policy.rules.some(
      (rule) =>
        rule.technique === 'name-blackhole' && rule.furtherPackets >= fewPackets && concerns(rule, 2, way),
    )
  );
}

function isSeenAfterHello(cause: Expected): boolean {
  return cause === 'works' || cause === 'frozen' || cause === 'throttled';
}

/** What somebody has lost to a ban that is in force, by the book of the censor who banned it. */
export interface MetBan {
  readonly what: 'name' | 'address';
  readonly value: string;
  /** so many were still fine */
  readonly hellos: number;
  /** it began while the question was asked */
  readonly during: boolean;
}

/** As many hellos in a minute as are known to be counted. Who is banned after fewer sees what looks like a name that was put on a list just then. */
const knownHellos = 3;

const resolverWay: TriedWay = { name: '', addresses: [resolver], port: 53, border: false };

/** Not one packet comes back from there, and none that says so. */
function isMute(policy: Policy, { udp = false, ...way }: TriedWay & { readonly udp?: boolean }): boolean {
  return policy.rules.some((rule) => {
    const drops =
      (rule.technique === 'border-cut' && rule.handshake === 'dropped') ||
      (rule.technique === 'address-block' && rule.action === 'drop');
    if (!drops || ('protocols' in rule && rule.protocols === (udp ? 'tcp' : 'udp'))) return false;
    return isOf(rule, way, way);
  });
}

/** @returns what hinders the way first */
export function expectedOf(policy: Policy, way: TriedWay): Expected {
  const hits = policy.rules.flatMap((rule) => {
    const what = stopOf(rule);
    return what !== undefined && concerns(rule, what[0], way) ? [what] : [];
  });
  return hits.toSorted(([one], [other]) => one - other)[0]?.[1] ?? 'works';
}

function stopOf(rule: Rule): readonly [stage: number, cause: Expected] | undefined {
  return rule.technique === 'border-cut' && rule.handshake === 'passes' ? helloLost : found[rule.technique];
}

function concerns(rule: Rule, stage: number, way: TriedWay): boolean {
  if ('protocols' in rule && rule.protocols === 'udp') return false;
  return isOf(rule, way, stage === 0 ? resolverWay : way);
}

/** @param at where what is looked at goes to */
function isOf(rule: Rule, way: TriedWay, { addresses: server, port }: TriedWay): boolean {
  if (rule.scope === 'border' && !way.border) return false;
  const within = (networks: readonly string[]): boolean =>
    server.some((address) =>
      networks.some((network) => isWithin(parseAddress(address), parsePrefix(network))),
    );
  if (rule.addresses.length > 0 && !within(rule.addresses)) return false;
  if (within(rule.exceptAddresses)) return false;
  if (rule.ports.length > 0 && !rule.ports.includes(port)) return false;
  if (rule.exceptPorts.includes(port)) return false;
  if (rule.names.length > 0 && !matcherOf(rule.names)(way.name)) return false;
  return !matcherOf(rule.exceptNames)(way.name);
}

/** Over all ways: any of the causes that hinder most of the hindered ways, or what else they may be called; where none is hindered, that it works. */
export function expectedOverall(ways: readonly Right[]): ReadonlySet<Expected> {
  const counts = new Map<Expected, number>();
  for (const [cause] of ways) counts.set(cause, (counts.get(cause) ?? 0) + (cause === 'works' ? 0 : 1));
  const most = Math.max(0, ...counts.values());
  return new Set(ways.flatMap((right) => (counts.get(right[0]) === most ? right : [])));
}
