import { groupPrimitivesOver, type GroupPrimitives } from '@tern/core';
import { concat, equalBytes, type Primitives } from '@tern/protocol';
import { nodeAes128Gcm, nodePrimitives } from '@tern/reach/node';

const { sha256 } = nodePrimitives;
const hashOf = (...parts: readonly Uint8Array[]): Uint8Array => sha256(concat(...parts));
const [signing, sharing, sealing] = [1, 2, 3].map((label) => new Uint8Array([label])) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
];

/**
 * Curves that anybody could break and that nothing breaks by accident: a wrong key, message or share is noticed as with the real ones,
 * which would take a third of the time of a schedule. Hashes and seals are the real ones.
 */
export const playPrimitives: Primitives = {
  ...nodePrimitives,
  ed25519PublicKey: (seed) => hashOf(signing, seed),
  ed25519Sign: (seed, message) => signed(hashOf(signing, seed), message),
  ed25519Verify: (publicKey, message, signature) => equalBytes(signed(publicKey, message), signature),
  x25519PublicKey: (privateKey) => hashOf(sharing, privateKey),
  x25519(privateKey, publicKey) {
    const own = hashOf(sharing, privateKey);
    const [one, other] = Buffer.compare(own, publicKey) < 0 ? [own, publicKey] : [publicKey, own];
    return hashOf(sealing, one, other);
  },
};

export const playGroupPrimitives: GroupPrimitives = groupPrimitivesOver(playPrimitives, nodeAes128Gcm);

function signed(publicKey: Uint8Array, message: Uint8Array): Uint8Array {
  const half = hashOf(publicKey, message);
  return concat(half, half);
}
