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
  | 'throttled';

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

/** @returns what hinders the way first */
export function expectedOf(policy: Policy, way: TriedWay): Expected {
  const hits = policy.rules.flatMap((rule) => {
    const what =
      rule.technique === 'border-cut' && rule.handshake === 'passes' ? helloLost : found[rule.technique];
    return what !== undefined && concerns(rule, what[0], way) ? [what] : [];
  });
  return hits.toSorted(([one], [other]) => one - other)[0]?.[1] ?? 'works';
}

function concerns(rule: Rule, stage: number, way: TriedWay): boolean {
  if (rule.scope === 'border' && !way.border) return false;
  if ('protocols' in rule && rule.protocols === 'udp') return false;
  const server = stage === 0 ? [resolver] : way.addresses;
  const port = stage === 0 ? 53 : way.port;
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

/** Over all ways: any of the causes that hinder most of the hindered ways; where none is hindered, that it works. */
export function expectedOverall(ways: readonly Expected[]): ReadonlySet<Expected> {
  const counts = new Map<Expected, number>();
  for (const cause of ways) if (cause !== 'works') counts.set(cause, (counts.get(cause) ?? 0) + 1);
  const most = Math.max(0, ...counts.values());
  if (most === 0) return new Set(['works']);
  return new Set([...counts].flatMap(([cause, count]) => (count === most ? [cause] : [])));
}
