/** Four numbers from 0 to 255, as decimal digits without more: what systems also take for addresses (`127.1`, `0x7f.1`, `010.0.0.1`) is none. */
const octet = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const ipv4 = new RegExp(`^${octet}(?:\\.${octet}){3}$`, 'u');

/** An IP address as it is written once; an IPv6 one without brackets. */
export function isAddress(host: string): boolean {
  return octetsOf(host) !== undefined || groupsOf(host) !== undefined;
}

/** What a system would read as an address of numbers, whether or not it is written as one (the last label is a number). */
export function endsInNumber(host: string): boolean {
  const last = host.replace(/\.$/u, '').split('.').at(-1) ?? '';
  return /^(?:\d+|0x[0-9a-f]*)$/iu.test(last);
}

/**
 * Whether an address can be that of a relay somewhere in the internet, and not of this machine or the network around it. Networks for
 * documentation count as anywhere else. So do 198.18.0.0/15, where nobody is: a VPN on this machine may give a name an address out of it
 * and carry what is sent there to the true one. An address that carries an IPv4 address is judged by that.
 */
export function isOfInternet(address: string): boolean {
  const octets = octetsOf(address);
  if (octets !== undefined) return isOfInternetV4(octets);
  const groups = groupsOf(address);
  return groups !== undefined && isOfInternetV6(groups);
}

/** The network of 64 bits that one host of IPv6 usually has for itself, as `2001:db8:0:0`; undefined for what is no IPv6 address. */
export function networkOfHost(address: string): string | undefined {
  // what `::` stands for has to be there before it is cut
  return groupsOf(address.split('%')[0] ?? '')
    ?.slice(0, 4)
    .map(hex)
    .join(':');
}

type Range = readonly [first: number, bits: number];

/** RFC 6890 and its registries. */
const closedV4: readonly Range[] = (
  [
    [[0, 0, 0, 0], 8],
    [[10, 0, 0, 0], 8],
    [[100, 64, 0, 0], 10],
    [[127, 0, 0, 0], 8],
    [[169, 254, 0, 0], 16],
    [[172, 16, 0, 0], 12],
    [[192, 0, 0, 0], 24],
    [[192, 168, 0, 0], 16],
    [[224, 0, 0, 0], 3],
  ] as const
).map(([octets, bits]) => [numberOf(octets), bits]);

function isOfInternetV4(octets: readonly number[]): boolean {
  const number = numberOf(octets);
  return !closedV4.some(([first, bits]) => number >>> (32 - bits) === first >>> (32 - bits));
}

function isOfInternetV6(groups: readonly number[]): boolean {
  const [first = 0, second = 0, third = 0] = groups;
  const zeros = groups.findIndex((group) => group !== 0);
  const carried = (at: number): boolean => {
    const [high = 0, low = 0] = groups.slice(at);
    return isOfInternetV4([high >> 8, high & 255, low >> 8, low & 255]);
  };
  if (zeros === 5 && groups[5] === 0xffff) return carried(6); // mapped
  if (first === 0x64 && second === 0xff9b)
    return third === 0 && groups.slice(3, 6).every((one) => one === 0) && carried(6); // NAT64
  if (first === 0x2002) return carried(1); // 6to4
  // 2000::/3 is what is given out; in 2001::/23 are Teredo and what is for protocols
  return first >> 13 === 1 && !(first === 0x2001 && second < 0x200);
}

function octetsOf(address: string): readonly number[] | undefined {
  return ipv4.test(address) ? address.split('.').map(Number) : undefined;
}

/** eight of 16 bits */
function groupsOf(address: string): readonly number[] | undefined {
  const tail = /^(.*:)([\d.]+)$/u.exec(address);
  const octets = octetsOf(tail?.[2] ?? '');
  const [a = 0, b = 0, c = 0, d = 0] = octets ?? [];
  const text = octets === undefined ? address : `${tail?.[1]}${hex(a * 256 + b)}:${hex(c * 256 + d)}`;
  const halves = text.split('::').map((half) => (half === '' ? [] : half.split(':')));
  const [before = [], after] = halves;
  const missing = 8 - before.length - (after?.length ?? 0);
  if (halves.length > 2 || (after === undefined ? missing !== 0 : missing < 1)) return undefined;
  const groups = [...before, ...Array<string>(missing).fill('0'), ...(after ?? [])];
  return groups.every((group) => /^[0-9a-f]{1,4}$/iu.test(group))
    ? groups.map((group) => Number.parseInt(group, 16))
    : undefined;
}

function hex(group: number): string {
  return group.toString(16);
}

function numberOf(octets: readonly number[]): number {
  return octets.reduce((number, octet) => number * 256 + octet, 0);
}
