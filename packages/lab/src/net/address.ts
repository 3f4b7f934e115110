import { MalformedError } from '@tern/protocol';

/** An IPv4 network: the addresses whose bits under `mask` are those of `address`. */
export interface Prefix {
  readonly address: number;
  readonly mask: number;
}

/**
 * An IPv4 address as the 32 bits it is, unsigned: 192.0.2.1 is 0xc0000201.
 * @throws {MalformedError} for anything but four numbers from 0 to 255 with dots between
 */
export function parseAddress(text: string): number {
  const parts = text.split('.');
  const whole = parts.length === 4 && parts.every((part) => /^(?:0|[1-9]\d{0,2})$/u.test(part));
  const numbers = parts.map(Number);
  if (!whole || numbers.some((number) => number > 255)) throw new MalformedError(`no IPv4 address: ${text}`);
  return numbers.reduce((sum, number) => sum * 256 + number, 0);
}

export function formatAddress(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}

/**
 * `192.0.2.0/24`; an address alone is a network of one.
 * @throws {MalformedError} where the address or the number of bits is none
 */
export function parsePrefix(text: string): Prefix {
  const [address = '', bits = '32', ...rest] = text.split('/');
  if (rest.length > 0 || !/^\d{1,2}$/u.test(bits) || Number(bits) > 32) {
    throw new MalformedError(`no IPv4 network: ${text}`);
  }
  const mask = bits === '0' ? 0 : (0xffffffff << (32 - Number(bits))) >>> 0;
  return { address: (parseAddress(address) & mask) >>> 0, mask };
}

export function isWithin(address: number, { address: network, mask }: Prefix): boolean {
  return (address & mask) >>> 0 === network;
}
