import type { Group, GroupCrypto } from '../src/group-crypto.ts';
import { must } from './group-crypto-devices.ts';

export interface Stored {
  readonly head: Uint8Array;
  readonly parts: ReadonlyMap<string, Uint8Array>;
}

export function encodeGroup(crypto: GroupCrypto, group: Group): Stored {
  return crypto.encodeGroup(group);
}

export function decodeGroup(crypto: GroupCrypto, stored: Stored): Group {
  return crypto.decodeGroup(stored.head, (name) => must(stored.parts.get(name)));
}
