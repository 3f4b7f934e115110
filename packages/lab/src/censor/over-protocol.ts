import { protocolTcp, protocolUdp } from '../net/packet.ts';
import { oneOf, type Field } from '../scenario/field.ts';

/** Rules that count or drop do it over TCP, UDP, or whatever there is. */
export type OverProtocol = { readonly protocols: 'tcp' | 'udp' | 'any' };

export const protocolField: Field<OverProtocol['protocols']> = oneOf(['tcp', 'udp', 'any'], 'any');

export function carries({ protocols }: OverProtocol, protocol: number): boolean {
  return protocols === 'any' || protocol === (protocols === 'tcp' ? protocolTcp : protocolUdp);
}

export function wordsOfProtocols({ protocols }: OverProtocol): string {
  return protocols === 'any' ? 'over TCP and UDP' : `over ${protocols.toUpperCase()} only`;
}
