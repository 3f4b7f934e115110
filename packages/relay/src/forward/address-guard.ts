import { BlockList, isIP } from 'node:net';
import { networkInterfaces } from 'node:os';

/** Ranges of this network and of no network at all: an operator may open the first, nobody the second (rule 29). */
const privateRanges: readonly string[] = [
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  'fc00::/7',
];

/**
 * RFC 6890 and its registries, without the networks for documentation, which are like any other. Whatever carries an IPv4 address inside
 * an IPv6 one (mapped, compatible, NAT64, 6to4, Teredo) could lead to any of the rest.
 */
const neverRanges: readonly string[] = [
  '0.0.0.0/8',
  '169.254.0.0/16',
  '192.0.0.0/24',
  '192.88.99.0/24',
  '198.18.0.0/15',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/128',
  '::/96',
  '::ffff:0:0/96',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '100::/64',
  '2001::/32',
  '2001:2::/48',
  '2001:10::/28',
  '2001:20::/28',
  '2002::/16',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
];

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

export function addressGuard(options: GuardOptions = {}): AddressGuard {
  const own = options.own ?? ownAddresses;
  return (address) => {
    const family = isIP(address);
    if (family === 0 || address.includes('%')) return false;
    if (family === 6 && isLoopback(address)) return options.alsoPrivate === true;
    if (isIn(neverLists, address)) return false;
    if (options.alsoPrivate === true) return true;
    if (isIn(privateLists, address)) return false;
    return !own().some((one) => isSame(one, address));
  };
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

/** `::1` is in the range of compatible addresses too. */
function isLoopback(address: string): boolean {
  return isSame('::1', address);
}

/** The same address, however it is written. */
function isSame(one: string, other: string): boolean {
  const [plain = ''] = one.split('%');
  if (isIP(plain) !== isIP(other)) return false;
  const list = new BlockList();
  list.addAddress(plain, familyOf(plain));
  return list.check(other, familyOf(other));
}
