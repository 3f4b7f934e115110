/**
 * Who is rationed as one: an address, or the network of 64 bits that one host of IPv6 usually has for itself. A terminator, an onion
 * service or a person on the same machine is not rationed alone: behind the first two is everybody.
 */
export function sourceOf(address: string): string | undefined {
  if (address === '' || address === '::1' || /^(?:::ffff:)?127\./.test(address)) return undefined;
  if (address.startsWith('::ffff:') || !address.includes(':')) return address;
  const [before = '', after = ''] = address.split('%')[0]?.split('::') ?? [];
  const [first, last] = [before, after].map((half) => (half === '' ? [] : half.split(':'))) as [
    string[],
    string[],
  ];
  // what `::` stands for has to be there before it is cut
  const zeros = address.includes('::')
    ? Array<string>(Math.max(0, 8 - first.length - last.length)).fill('0')
    : [];
  return [...first, ...zeros, ...last].slice(0, 4).join(':');
}
