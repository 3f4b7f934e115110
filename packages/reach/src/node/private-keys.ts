import { createPrivateKey, hash, type KeyObject } from 'node:crypto';
import { concat, UsageError } from '@tern/protocol';

const rememberedKeys = 64;

/**
 * OpenSSL's form of the raw private keys used last; making it costs as much as using it, since it computes the public half.
 * Keys are found by their hash, so no copy of one outlives its place here: OpenSSL wipes a key object when it is freed.
 */
export class PrivateKeys {
  readonly #prefix: Uint8Array;
  /** oldest first */
  readonly #keys: Map<string, PrivateKey> = new Map();

  /** @param prefix PKCS #8 up to the 32 bytes of the key (RFC 8410 section 7) */
  constructor(prefix: Uint8Array) {
    this.#prefix = prefix;
  }

  /** @param privateKey 32 bytes */
  get(privateKey: Uint8Array): KeyObject {
    return this.#find(privateKey).object;
  }

  /** @returns the 32 bytes of its public half */
  publicOf(privateKey: Uint8Array): Uint8Array {
    const key = this.#find(privateKey);
    key.publicBytes ??= publicBytes(key.object);
    return key.publicBytes.slice();
  }

  #find(privateKey: Uint8Array): PrivateKey {
    const name = hash('sha256', privateKey, 'base64');
    const key = this.#keys.get(name) ?? { object: this.#import(privateKey) };
    this.#keys.delete(name);
    this.#keys.set(name, key);
    const [oldest] = this.#keys.keys();
    if (this.#keys.size > rememberedKeys && oldest !== undefined) this.#keys.delete(oldest);
    return key;
  }

  #import(privateKey: Uint8Array): KeyObject {
    const der = concat(this.#prefix, privateKey);
    try {
      return createPrivateKey({ key: bufferOf(der), format: 'der', type: 'pkcs8' });
    } finally {
      der.fill(0);
    }
  }
}

interface PrivateKey {
  readonly object: KeyObject;
  publicBytes?: Uint8Array;
}

/** A JWK names its public half, so that no second key object is made for it. */
function publicBytes(privateKey: KeyObject): Uint8Array {
  const { x } = privateKey.export({ format: 'jwk' });
  if (typeof x !== 'string') throw new UsageError('not a private key of these curves');
  return new Uint8Array(Buffer.from(x, 'base64url'));
}

/** The same bytes, as the type that parts of node:crypto insist on. */
export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
