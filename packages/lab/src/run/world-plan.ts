import type { InternetPlan } from '../engine/internet.ts';
import { mobileLink, type LinkProfile } from '../engine/link.ts';
import type { IspName } from '../scenario/scenario.ts';
import { serverHosts } from '../subjects/places.ts';
import type { Person } from './workload.ts';

/** The country whose providers look into what passes. */
const inside = ['192.0.2.0/24'];

const people: readonly { readonly name: Person; readonly address: string; readonly isp?: IspName }[] = [
  { name: 'a', address: '192.0.2.100', isp: 'isp-1' },
  { name: 'b', address: '192.0.2.101', isp: 'isp-2' },
  { name: 'd', address: '192.0.2.102', isp: 'isp-2' },
  { name: 'c', address: '198.51.100.150' },
];

/** Where somebody's line ends, and whose rules are on it. */
export function lineOf(person: Person): { readonly address: string; readonly isp?: IspName } {
  const found = people.find(({ name }) => name === person);
  if (found === undefined) throw new RangeError(`nobody is called ${person}`);
  return found;
}

/** Who is behind a censor. */
export const insiders: readonly Person[] = people
  .filter(({ isp }) => isp !== undefined)
  .map(({ name }) => name);

interface Site {
  readonly names: readonly string[];
  readonly addresses: readonly string[];
}

/**
 * Who answers DNS over HTTPS in the world, under the names and addresses that these have there: whoever asks them by what a program
 * brings along finds them here, too. One machine is all four, which nobody can see.
 */
export const resolvers: readonly Site[] = [
  { names: ['one.one.one.one', 'cloudflare-dns.com'], addresses: ['1.1.1.1', '1.0.0.1'] },
  { names: ['dns.google'], addresses: ['8.8.8.8', '8.8.4.4'] },
  { names: ['dns.quad9.net'], addresses: ['9.9.9.9', '149.112.112.112'] },
  { names: ['dns.adguard-dns.com'], addresses: ['94.140.14.14', '94.140.15.15'] },
];

export type HostOfServers = Site & { readonly host: string };

export const hostOfResolvers: HostOfServers = {
  host: 'resolvers',
  names: resolvers.flatMap(({ names }) => names),
  addresses: resolvers.flatMap(({ addresses }) => addresses),
};

/** Of the lab alone: servers of messengers, and an ordinary web server on each side of the border. */
export const hostsOfLab: readonly HostOfServers[] = [
  ...serverHosts,
  { host: 'web-site', addresses: ['198.51.100.80'], names: ['big-news.example'] },
  { host: 'home-site', addresses: ['192.0.2.80'], names: ['weather.example'] },
];

/** Every server there is. */
export const hostsOfServers: readonly HostOfServers[] = [...hostsOfLab, hostOfResolvers];

/** Every name of a server leads to all its addresses, each to another one first. */
export const addressesOfNames: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  [...hostsOfLab, ...resolvers].flatMap(({ names, addresses }) =>
    names.map((name, at) => [name, [...addresses.slice(at), ...addresses.slice(0, at)]] as const),
  ),
);

/** The world that every subject gets for itself: people behind mobile lines unless another is given, servers behind none. */
export function worldPlan(seed: number, line: LinkProfile = mobileLink): InternetPlan {
  const homes = people.map(({ name, address, isp }) => ({
    name,
    addresses: [address],
    link: line,
    ...(isp === undefined ? {} : { isp }),
  }));
  const servers = hostsOfServers.map(({ host, addresses }) => ({
    name: host,
    addresses,
    ...(host === 'relay-home' || host === 'home-site' ? { isp: 'hosting' } : {}),
  }));
  return { hosts: [...homes, ...servers], inside, seed, names: addressesOfNames, urgent: true };
}
