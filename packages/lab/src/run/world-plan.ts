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

/** Who is behind a censor. */
export const insiders: readonly Person[] = people
  .filter(({ isp }) => isp !== undefined)
  .map(({ name }) => name);

/** Every server there is: those of messengers, and an ordinary web server and a resolver's on each side. */
export const hostsOfServers: readonly {
  readonly host: string;
  readonly addresses: readonly string[];
  readonly names: readonly string[];
}[] = [
  ...serverHosts,
  { host: 'web-site', addresses: ['198.51.100.80'], names: ['big-news.example'] },
  { host: 'dns-one', addresses: ['198.51.100.53'], names: ['dns-one.example'] },
  { host: 'dns-two', addresses: ['203.0.113.53'], names: ['dns-two.example'] },
  { host: 'home-site', addresses: ['192.0.2.80'], names: ['weather.example'] },
];

/** Every name of a server leads to all its addresses, each to another one first. */
export const addressesOfNames: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  hostsOfServers.flatMap(({ names, addresses }) =>
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
