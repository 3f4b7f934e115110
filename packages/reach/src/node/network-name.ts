import { createHash } from 'node:crypto';
import { networkInterfaces } from 'node:os';

/**
 * What tells the network this machine is in from others: a hash of its addresses there. It is for comparing only and is not sent anywhere.
 * A network that gives out another address is a new one, which costs what a new one costs: a few careful exchanges.
 */
export function networkName(): string {
  const addresses = Object.entries(networkInterfaces())
    .flatMap(([name, those]) => (those ?? []).map((one) => ({ name, ...one })))
    .filter(
      ({ internal, family, address }) => !internal && !(family === 'IPv6' && address.startsWith('fe80')),
    )
    // the host's part of an IPv6 address changes every day by itself
    .map(({ name, family, address, mac }) =>
      [name, mac, family === 'IPv6' ? address.split(':').slice(0, 4).join(':') : address].join(' '),
    );
  if (addresses.length === 0) return 'none';
  return createHash('sha256')
    .update([...new Set(addresses)].toSorted().join('\n'))
    .digest('base64url')
    .slice(0, 16);
}
