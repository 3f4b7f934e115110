import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { concat, equalBytes } from './bytes.ts';

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
      return fitsPlainly(publicKey, message, signature);
    } catch {
      return false; // a key that is no curve point
    }
  },
};

/**
 * RFC 8032 section 5.1.7 by the plain equation, as OpenSSL and browsers have it: R is computed and its bytes compared. noble's own check
 * multiplies by eight first, and so takes signatures that others refuse; two members must never judge a commit differently.
 */
function fitsPlainly(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  const { Point } = ed25519;
  const order = Point.Fn.ORDER;
  const ours = Point.fromBytes(publicKey, false);
  const s = littleEndian(signature.subarray(32));
  if (ours.isSmallOrder() || s >= order) return false;
  const k = littleEndian(sha512(concat(signature.subarray(0, 32), publicKey, message))) % order;
  const expected = Point.BASE.multiplyUnsafe(s).subtract(ours.multiplyUnsafe(k));
  return equalBytes(expected.toBytes(), signature.subarray(0, 32));
}

function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let at = bytes.length - 1; at >= 0; at -= 1) value = (value << 8n) | BigInt(bytes[at] ?? 0);
  return value;
}

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
