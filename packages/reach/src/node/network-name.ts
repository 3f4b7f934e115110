import { createHash, createHmac } from 'node:crypto';
import { networkInterfaces, type NetworkInterfaceInfo } from 'node:os';
import { networkOfHost } from '../dialer/address.ts';

/**
 * What tells the network this machine is in from others: a hash of its addresses there, under a key of the home, so that nobody without
 * it tells which network a name stands for, or finds the same one in two homes. It is for comparing only and is not sent anywhere.
 * A network that gives out another address is a new one, which costs what a new one costs: a few careful exchanges.
 * @param addresses as {@link networkAddresses} has them
 * @param key undefined for the name that an earlier version gave it
 */
export function networkName(addresses: string, key: Uint8Array | undefined): string {
  if (addresses === '') return 'none';
  const hash = key === undefined ? createHash('sha256') : createHmac('sha256', key);
  return hash.update(addresses).digest('base64url').slice(0, 16);
}

/** Of this machine, as text; empty where it has none. @param interfaces as the system has them now, unless given */
export function networkAddresses(
  interfaces: Readonly<Partial<Record<string, readonly NetworkInterfaceInfo[]>>> = networkInterfaces(),
): string {
  const addresses = Object.entries(interfaces)
    .flatMap(([name, those]) => (those ?? []).map((one) => ({ name, ...one })))
    .filter(
      ({ internal, family, address }) => !internal && !(family === 'IPv6' && address.startsWith('fe80')),
    )
    // the host's part of an IPv6 address changes every day by itself
    .map(({ name, address, mac }) => [name, mac, networkOfHost(address) ?? address].join(' '));
  return [...new Set(addresses)].toSorted().join('\n');
}
