import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hash,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto';

import { MalformedError } from '@tern/protocol';

import type { GroupPrimitives } from '../group-primitives.ts';

/** Group encryption over node:crypto. Synchronous: WebCrypto sends each of these small calls to a thread and back. */
export const nodeGroupPrimitives: GroupPrimitives = {
  digest: (data) => bytes(hash('sha256', data, 'buffer')),
  sign: (seed, message) => bytes(sign(null, message, privateKey(ed25519, seed))),
  verify(key, message, signature) {
    if (key.length !== 32 || signature.length !== 64) return false;
    try {
      return verify(null, message, publicKey(ed25519, key), signature);
    } catch {
      return false; // a key that is no point of the curve
    }
  },
  signatureKey: (seed) => rawPublic(privateKey(ed25519, seed)),
  exchangeKey: (key) => rawPublic(privateKey(x25519, key)),
  exchange: (own, other) =>
    bytes(diffieHellman({ privateKey: privateKey(x25519, own), publicKey: publicKey(x25519, other) })), // throws for low order
  seal(key, nonce, plaintext, associated) {
    const cipher = createCipheriv('aes-128-gcm', key, nonce);
    cipher.setAAD(associated);
    return bytes(Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]));
  },
  open(key, nonce, ciphertext, associated) {
    const end = ciphertext.length - 16;
    if (end < 0) throw new MalformedError('shorter than its tag');
    const decipher = createDecipheriv('aes-128-gcm', key, nonce);
    decipher.setAAD(associated);
    decipher.setAuthTag(ciphertext.subarray(end));
    return bytes(Buffer.concat([decipher.update(ciphertext.subarray(0, end)), decipher.final()]));
  },
};

// RFC 8410: 1.3.101.112 and 1.3.101.110
const ed25519 = 0x70;
const x25519 = 0x6e;

function privateKey(curve: number, raw: Uint8Array): KeyObject {
  const key = Buffer.from([
    0x30,
    0x2e,
    2,
    1,
    0,
    0x30,
    5,
    6,
    3,
    0x2b,
    0x65,
    curve,
    4,
    0x22,
    4,
    0x20,
    ...exactly32(raw),
  ]);
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
}

function publicKey(curve: number, raw: Uint8Array): KeyObject {
  const key = Buffer.from([0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, curve, 3, 0x21, 0, ...exactly32(raw)]);
  return createPublicKey({ key, format: 'der', type: 'spki' });
}

function rawPublic(key: KeyObject): Uint8Array {
  return bytes(createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32));
}

function exactly32(raw: Uint8Array): Uint8Array {
  if (raw.length !== 32) throw new MalformedError('a key of these curves has 32 bytes');
  return raw;
}

/** Own memory: a Buffer may lie in Node's pool. */
function bytes(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer);
}
