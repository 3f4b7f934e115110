import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';

/**
 * The cryptography Tern is made of, synchronous, so that a relay can judge a batch inside one transaction.
 * Keys and signatures are raw bytes: X25519 and Ed25519 keys 32 B, signatures 64 B, AEAD keys 32 B, nonces 12 B, tags 16 B.
 */
export interface Primitives {
  sha256(data: Uint8Array): Uint8Array;
  hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array;
  /** ChaCha20-Poly1305 (RFC 8439). @returns ciphertext with its tag */
  seal(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, associated: Uint8Array): Uint8Array;
  /** @returns undefined when the tag does not match */
  open(
    key: Uint8Array,
    nonce: Uint8Array,
    ciphertext: Uint8Array,
    associated: Uint8Array,
  ): Uint8Array | undefined;
  x25519PublicKey(privateKey: Uint8Array): Uint8Array;
  /** @returns undefined for a public key of low order (RFC 7748 section 6.1) */
  x25519(privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array | undefined;
  ed25519PublicKey(seed: Uint8Array): Uint8Array;
  ed25519Sign(seed: Uint8Array, message: Uint8Array): Uint8Array;
  ed25519Verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
}

/** Runs wherever JavaScript runs. */
export const noblePrimitives: Primitives = {
  sha256: (data) => sha256(data),
  hmacSha256: (key, data) => hmac(sha256, key, data),
  seal: (key, nonce, plaintext, associated) => chacha20poly1305(key, nonce, associated).encrypt(plaintext),
  open(key, nonce, ciphertext, associated) {
    if (ciphertext.length < 16) return undefined;
    try {
      return chacha20poly1305(key, nonce, associated).decrypt(ciphertext);
    } catch {
      return undefined; // the only failure noble reports here is a tag that does not match
    }
  },
  x25519PublicKey: (privateKey) => x25519.getPublicKey(privateKey),
  x25519(privateKey, publicKey) {
    try {
      return x25519.getSharedSecret(privateKey, publicKey);
    } catch {
      return undefined; // noble refuses the all-zero result
    }
  },
  ed25519PublicKey: (seed) => ed25519.getPublicKey(seed),
  ed25519Sign: (seed, message) => ed25519.sign(message, seed),
  ed25519Verify(publicKey, message, signature) {
    try {
      return ed25519.verify(signature, message, publicKey, { zip215: false });
    } catch {
      return false; // a key or signature that is no curve point
    }
  },
};

/** HKDF-Extract with SHA-256 (RFC 5869). An empty salt is 32 zero bytes. @returns 32 bytes */
export function hkdfExtract(primitives: Primitives, salt: Uint8Array, input: Uint8Array): Uint8Array {
  return primitives.hmacSha256(salt.length === 0 ? new Uint8Array(32) : salt, input);
}

/** HKDF-Expand with SHA-256. @param length at most 8,160 bytes */
export function hkdfExpand(
  primitives: Primitives,
  key: Uint8Array,
  info: Uint8Array,
  length: number,
): Uint8Array {
  const output = new Uint8Array(length);
  let block: Uint8Array = new Uint8Array();
  for (let counter = 1, at = 0; at < length; counter += 1) {
    const input = new Uint8Array(block.length + info.length + 1);
    input.set(block);
    input.set(info, block.length);
    input[input.length - 1] = counter;
    block = primitives.hmacSha256(key, input);
    output.set(block.subarray(0, Math.min(block.length, length - at)), at);
    at += block.length;
  }
  return output;
}
