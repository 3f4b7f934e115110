import { createPrivateKey, hash, type KeyObject } from 'node:crypto';
import { concat } from '@tern/protocol';

const rememberedKeys = 64;

/**
 * OpenSSL's form of the raw private keys used last; making it costs as much as using it, since it computes the public half.
 * Keys are found by their hash, so no copy of one outlives its place here: OpenSSL wipes a key object when it is freed.
 */
export class PrivateKeys {
  readonly #prefix: Uint8Array;
  /** oldest first */
  readonly #objects: Map<string, KeyObject> = new Map();

  /** @param prefix PKCS #8 up to the 32 bytes of the key (RFC 8410 section 7) */
  constructor(prefix: Uint8Array) {
    this.#prefix = prefix;
  }

  /** @param privateKey 32 bytes */
  get(privateKey: Uint8Array): KeyObject {
    const name = hash('sha256', privateKey, 'base64');
    const object = this.#objects.get(name) ?? this.#import(privateKey);
    this.#objects.delete(name);
    this.#objects.set(name, object);
    const [oldest] = this.#objects.keys();
    if (this.#objects.size > rememberedKeys && oldest !== undefined) this.#objects.delete(oldest);
    return object;
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

/** The same bytes, as the type that parts of node:crypto insist on. */
export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
