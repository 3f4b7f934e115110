import { originOf, type Hint } from '@tern/protocol';
import { endsInNumber, isAddress, isOfInternet } from './address.ts';
import type { ObservedWay } from './attempt-report.ts';

/** How one request may travel to a relay. */
export interface Way extends ObservedWay {
  /** as the relay was named; its path is the secret and stands in no key */
  readonly hint: Hint;
  /** names and addresses of this relay, any of which its certificate may be for */
  readonly names: readonly string[];
}

/** What is known of how to get to one relay. */
export interface Entrance {
  readonly hint: Hint;
  /** the first is the one the hint names */
  readonly endpoints: readonly Endpoint[];
}

export interface Endpoint {
  /** a name or an address; an IPv6 address without brackets */
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
}

/** What a platform can do beside asking its system for a name and saying that name. */
export interface Abilities {
  /** dials an address that it chose itself, and says in the hello what it likes */
  readonly choosesAddress: boolean;
  /** names to whose addresses we know more than the system says */
  readonly remembers: (host: string) => boolean;
}

/** What tells one way from another, on the wire; without the secret path. */
export function wayKey(way: ObservedWay): string {
  const said = way.serverName === way.host ? '' : `(${way.serverName})`;
  const through = way.through === undefined ? '' : `/${way.through}`;
  return `${way.carrier}:${way.by}:${way.host}:${way.port}${way.tls ? '' : ':plain'}${said}${through}`;
}

/** the endpoint's name or address in such a key */
export function hostOfKey(key: string): string {
  return /^[a-z]+:[a-z]+:(.+):\d+(?::plain)?(?:[(/].*)?$/u.exec(key)?.[1] ?? '';
}

/** What a censor may count new connections by: the name in the hello, or the address where it names none. */
export function countedBy(way: ObservedWay): string {
  if (way.carrier === 'forward') return `/${way.through ?? ''}`;
  return way.serverName === '' ? `@${way.host}` : way.serverName;
}

/** which relay it leads to */
export function relayOf({ hint }: Pick<Way, 'hint'>): string {
  return hint.relay ?? originOf(hint);
}

export function sameRelay(one: Pick<Way, 'hint'>, other: Pick<Way, 'hint'>): boolean {
  return relayOf(one) === relayOf(other);
}

/** straight to an address, under TLS, and its hello says no name */
export function saysNoName({ carrier, tls, serverName }: ObservedWay): boolean {
  return carrier !== 'forward' && tls && serverName === '';
}

/** nothing in it is worth counting: no hello, or no network */
export function isUncounted(way: ObservedWay): boolean {
  return !way.tls || way.carrier === 'forward' || isLoopback(way.host);
}

/**
 * Every way to a relay but those through another one, the plainest first: as the link says it, then its other endpoints, then what a
 * network that lies about names, or listens for them, leaves over.
 */
export function waysOf(entrance: Entrance, abilities: Abilities): readonly Way[] {
  const names = entrance.endpoints.map(({ host }) => host);
  const all = entrance.endpoints.map((endpoint): Way => {
    const literal = isAddress(endpoint.host);
    const serverName = literal || !endpoint.tls ? '' : endpoint.host;
    const by = literal ? 'literal' : 'system';
    return { carrier: 'https', ...endpoint, by, serverName, hint: entrance.hint, names };
  });
  if (!abilities.choosesAddress) return all;
  const named = all.filter(({ by, host }) => by === 'system' && isPublicName(host));
  const elsewhere = named.flatMap((way): readonly Way[] => [
    ...(abilities.remembers(way.host) ? [{ ...way, by: 'remembered' } as const] : []),
    { ...way, by: 'doh' },
  ]);
  const silent = [...named, ...elsewhere].filter(({ tls }) => tls);
  return [...all, ...elsewhere, ...silent.map((way) => ({ ...way, serverName: '' }))];
}

/** The one way there of somebody who can only ask by URL, in a list. */
export function asUrlSays(place: Hint): readonly Way[] {
  return waysOf(entranceOf(place), { choosesAddress: false, remembers: () => false });
}

/** What a link or an invitation names, and nothing else. */
export function entranceOf(hint: Hint): Entrance {
  const host = bare(hint.address);
  return { hint, endpoints: [{ host, port: hint.port, tls: hint.tls }] };
}

/**
 * With the endpoints that a relay's signed card names. A relay cannot send us into the network we sit in, nor talk us out of TLS,
 * unless the link did so before.
 */
export function withEndpoints(entrance: Entrance, endpoints: readonly string[]): Entrance {
  const [first] = entrance.endpoints;
  if (first === undefined) return entrance;
  const known = new Set(entrance.endpoints.map(nameOf));
  const more = endpoints.flatMap((text): readonly Endpoint[] => {
    const endpoint = endpointOf(text);
    if (endpoint === undefined || known.has(nameOf(endpoint))) return [];
    if (first.tls && !endpoint.tls) return [];
    if (isPrivate(endpoint.host) && !isPrivate(first.host)) return [];
    known.add(nameOf(endpoint));
    return [endpoint];
  });
  return more.length === 0 ? entrance : { ...entrance, endpoints: [...entrance.endpoints, ...more] };
}

function nameOf({ host, port, tls }: Endpoint): string {
  return `${tls ? 'https' : 'http'}://${host}:${port}`;
}

/** `https://name:port`, `https://[::1]`; undefined for what is no such thing, or an address written in a way that hides which */
function endpointOf(text: string): Endpoint | undefined {
  const found = /^(https?):\/\/(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::([0-9]{1,5}))?$/u.exec(text);
  const [, scheme, host, port] = found ?? [];
  if (scheme === undefined || host === undefined) return undefined;
  const name = bare(host);
  if (!isAddress(name) && endsInNumber(name)) return undefined;
  const tls = scheme === 'https';
  const number = port === undefined ? (tls ? 443 : 80) : Number(port);
  return number >= 1 && number <= 65_535 ? { host: name, port: number, tls } : undefined;
}

function bare(address: string): string {
  return address.replace(/^\[|\]$/gu, '');
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.(?:\d{1,3}\.){2}\d{1,3}$/u.test(host);
}

/** Names that only some network, or no network, knows are asked of no resolver elsewhere (RFC 6761, 6762, 7686, 8375). */
function isPublicName(host: string): boolean {
  const last = host.replace(/\.$/u, '').split('.').at(-1) ?? '';
  return (
    host.includes('.') && !localDomains.has(last) && !endsInNumber(host) && !/\.home\.arpa\.?$/u.test(host)
  );
}

const localDomains: ReadonlySet<string> = new Set([
  'home',
  'internal',
  'lan',
  'local',
  'localdomain',
  'localhost',
  'onion',
]);

/**
 * A name or address of this machine or of the network around it, as far as it can be seen without asking anybody; what a system would read
 * as an address, but nobody writes so, is taken for one.
 */
export function isPrivate(host: string): boolean {
  return isAddress(host) ? !isOfInternet(host) : !isPublicName(host);
}
