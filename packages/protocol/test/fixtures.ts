/** People, relays and logs that tests and vectors speak of: all keys come from their names, so nothing here is random. */
import {
  base32,
  chunkIdOf,
  concat,
  encode,
  encodeCard,
  encodeDeviceCertificate,
  encodeDeviceList,
  encodePolicy,
  hpkeKeyPair,
  logIdOf,
  noblePrimitives,
  policyHash,
  relayIdOf,
  capabilityCodec,
  sign,
  utf8,
  type Capability,
  type Card,
  type ChunkId,
  type Hint,
  type LogId,
  type Policy,
  type RelayId,
  type Signed,
} from '../src/index.ts';

export const primitives: typeof noblePrimitives = noblePrimitives;

/** @returns bytes that look random and are always the same */
export function bytesOf(name: string, length = 32): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let at = 0; at * 32 < length; at += 1) parts.push(primitives.sha256(utf8(`tern test ${name} ${at}`)));
  return concat(...parts).slice(0, length);
}

export function idOf<T extends string>(name: string, length = 32): T {
  return base32(bytesOf(name, length)) as T;
}

export function keyOf(name: string): Uint8Array {
  return primitives.ed25519PublicKey(bytesOf(name));
}

/** 13 November 2026, in seconds. */
export const today = 1_794_528_000;

export const relay: RelayId = relayIdOf(primitives, keyOf('relay'));
export const sealingKeys: ReturnType<typeof hpkeKeyPair> = hpkeKeyPair(primitives, bytesOf('relay sealing'));

export const hint: Hint = { relay, address: 'relay.example', port: 443, tls: true, path: 'k7Qm2_xW-9fLzR4t' };

export const card: Card = {
  signingKey: keyOf('relay'),
  number: 7,
  issuedAt: today,
  notAfter: today + 35 * 86_400,
  keys: [{ id: bytesOf('key id', 8), publicKey: sealingKeys.publicKey, notAfter: today + 35 * 86_400 }],
  endpoints: ['https://relay.example:443', 'http://[2001:db8::7]:8080'],
  host: true,
  door: false,
  public: true,
  roomBytes: 2 ** 30,
  lifetime: 31_622_400,
  logs: 10_000,
};
export const signedCard: Uint8Array = encodeCard(primitives, card, bytesOf('relay'));

export const firstPolicy: Policy = {
  number: 0,
  nonce: bytesOf('nonce', 16),
  relay,
  appendKey: keyOf('append 0'),
  readKey: keyOf('read 0'),
  changeKey: keyOf('change 0'),
  lifetime: 90 * 86_400,
  roomBytes: 2 ** 32,
  closes: false,
  revoked: [],
};
export const firstPayload: Uint8Array = encodePolicy(firstPolicy);
export const log: LogId = logIdOf(primitives, firstPayload);
export const signedFirst: Signed = sign(primitives, bytesOf('change 0'), {
  label: 'policy',
  payload: firstPayload,
});

export const nextPolicy: Policy = {
  number: 1,
  log,
  previous: policyHash(primitives, firstPayload),
  appendKey: keyOf('append 1'),
  readKey: keyOf('read 1'),
  changeKey: keyOf('change 1'),
  lifetime: 90 * 86_400,
  roomBytes: 2 ** 32,
  closes: true,
  revoked: [bytesOf('serial of old', 8)],
};
export const nextPayload: Uint8Array = encodePolicy(nextPolicy);
export const signedNext: Signed = sign(primitives, bytesOf('change 0'), {
  label: 'policy',
  payload: nextPayload,
});

export const capability: Capability = {
  log,
  key: keyOf('capability'),
  notAfter: today + 7 * 86_400,
  entries: 1,
  bytes: 262_144,
  serial: bytesOf('serial', 8),
};
export const signedCapability: Signed = sign(primitives, bytesOf('change 0'), {
  label: 'capability',
  payload: encode(capabilityCodec, capability),
});

export const certificate: Uint8Array = encodeDeviceCertificate(
  primitives,
  {
    rootKey: keyOf('Ada'),
    deviceKey: keyOf('Ada phone'),
    serial: 1,
    notAfter: today + 365 * 86_400,
    mayAdd: true,
  },
  bytesOf('Ada'),
);
export const deviceList: Uint8Array = encodeDeviceList(
  primitives,
  { rootKey: keyOf('Ada'), number: 2, deviceKeys: [keyOf('Ada phone'), keyOf('Ada laptop')] },
  bytesOf('Ada'),
);

/** A chunk's content, of any length. */
export function chunkOf(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (at * 31 + (at >> 8) * 7 + length) & 255);
}

export const photo: Uint8Array = chunkOf(5000);
export const photoId: ChunkId = chunkIdOf(primitives, photo);
