import { BlockList, isIP } from 'node:net';
import { networkInterfaces } from 'node:os';

/** Ranges of this network, which an operator may open, and below those of no relay at all, which nobody may (rule 29). */
const privateRanges: readonly string[] = [
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  'fc00::/7',
];

/**
 * All that IANA has given out of IPv6 to be reached from everywhere. What lies outside is for one host, one network, no network or a
 * purpose of its own, and much of it carries an IPv4 address inside (mapped, compatible, translated, NAT64) that could lead to the rest.
 */
const publicIpv6: readonly string[] = ['2000::/3'];

/**
 * IANA's registries of addresses for special purposes, without the networks for documentation, which are like any other: nobody has
 * them. Further, under which a cloud tells its machines their secrets.
 */
const neverRanges: readonly string[] = [
  '0.0.0.0/8',
  '100.100.100.200/32',
  '168.63.129.16/32',
  '169.254.0.0/16',
  '192.0.0.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '2001::/23',
  '2002::/16',
  '2620:4f:8000::/48',
  'fd00:ec2::/32',
  'fd20:ce::/32',
];

const publicIpv6Lists: RangeLists = listsOf(publicIpv6);
const privateLists: RangeLists = listsOf(privateRanges);
const neverLists: RangeLists = listsOf(neverRanges);

/** One list would take an IPv4 address for a mapped one, and refuse them all. */
interface RangeLists {
  readonly ipv4: BlockList;
  readonly ipv6: BlockList;
}

/** @returns whether something may be handed on to this IP address, which came out of resolving and is what will be connected to */
export type AddressGuard = (address: string) => boolean;

export interface GuardOptions {
  /** private and loopback addresses too, and this machine's own: for relays of one network, and for tests */
  readonly alsoPrivate?: boolean;
  /** addresses of this machine, asked each time; those of its interfaces unless given */
  readonly own?: () => readonly string[];
}

/** Nothing is handed on into this machine or the network around it, nor to addresses that are nobody's, unless `alsoPrivate` says so. */
export function addressGuard(options: GuardOptions = {}): AddressGuard {
  const own = options.own ?? ownAddresses;
  return (address) => {
    const family = isIP(address);
    if (family === 0 || address.includes('%')) return false;
    if (isSame('::1', address)) return options.alsoPrivate === true;
    if (isIn(neverLists, address)) return false;
    const isPrivate = isIn(privateLists, address);
    if (family === 6 && !isPrivate && !isIn(publicIpv6Lists, address)) return false;
    if (options.alsoPrivate === true) return true;
    if (isPrivate) return false;
    return !own().some((one) => isSame(one, address));
  };
}

/**
 * Whether what follows the last dot is a number, as in `127.1`, `2130706433` and `0x7f.1`: an address in a way of writing that resolvers
 * read each as they like, and no name. No name of the public internet ends in a number.
 */
export function endsInNumber(host: string): boolean {
  return /(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)\.?$/i.test(host);
}

function ownAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((those) => (those ?? []).map(({ address }) => address));
}

function listsOf(ranges: readonly string[]): RangeLists {
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const range of ranges) {
    const [network = '', bits] = range.split('/');
    const family = familyOf(network);
    lists[family].addSubnet(network, Number(bits), family);
  }
  return lists;
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}

function isIn(lists: RangeLists, address: string): boolean {
  const family = familyOf(address);
  return lists[family].check(address, family);
}

/** The same address, however it is written. */
function isSame(one: string, other: string): boolean {
  const [plain = ''] = one.split('%');
  if (isIP(plain) !== isIP(other)) return false;
  const list = new BlockList();
  list.addAddress(plain, familyOf(plain));
  return list.check(other, familyOf(other));
}
