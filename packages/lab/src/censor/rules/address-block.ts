/** Packets to and from addresses are dropped, or their connections refused with a reset. */
import { oneOf, type Fields } from '../../scenario/field.ts';
import { resetToSender } from '../forge.ts';
import { dropped, type Bite, type Look } from '../look.ts';
import { carries, protocolField, wordsOfProtocols, type OverProtocol } from '../over-protocol.ts';
import { type Which, whichFields } from '../which.ts';

export type AddressBlock = Which &
  OverProtocol & {
    readonly technique: 'address-block';
    readonly action: 'drop' | 'reset';
  };

export const addressBlockFields: Fields<AddressBlock> = {
  ...whichFields,
  protocols: protocolField,
  action: oneOf(['drop', 'reset'], 'drop'),
};

export function addressBlock(rule: AddressBlock, look: Look): Bite {
  if (!carries(rule, look.flow.protocol)) return undefined;
  const { tcp } = look.packet;
  if (rule.action === 'drop' || tcp === undefined || !look.news.forth) return dropped;
  return { drop: true, packets: [resetToSender(look.packet, tcp)] };
}

export function wordsOfAddressBlock(rule: AddressBlock): string {
  const what = rule.action === 'drop' ? 'nothing passes' : 'connections are refused with a reset';
  return `${what}, ${wordsOfProtocols(rule)}`;
}
