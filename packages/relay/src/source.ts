import { networkOfHost } from '@tern/reach';

/**
 * Who is rationed as one: an address, or the network of 64 bits that one host of IPv6 usually has for itself. A terminator, an onion
 * service or a person on the same machine is not rationed alone: behind the first two is everybody.
 */
export function sourceOf(address: string): string | undefined {
  if (address === '' || address === '::1' || /^(?:::ffff:)?127\./.test(address)) return undefined;
  return address.startsWith('::ffff:') ? address : (networkOfHost(address) ?? address);
}
