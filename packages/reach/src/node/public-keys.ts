import { createPublicKey, type KeyObject } from 'node:crypto';
import { concat } from '@tern/protocol';
import { bufferOf } from './private-keys.ts';

/** A relay of a few thousand busy logs finds their keys here; each costs about a kilobyte. */
const rememberedKeys = 4096;

/** OpenSSL's form of the raw public keys used last: making it costs half of what using it does. */
export class PublicKeys {
  readonly #prefix: Uint8Array;
  readonly #accepts: (key: Uint8Array) => boolean;
  /** oldest first; those that are refused are not kept */
  readonly #objects: Map<string, KeyObject> = new Map();

  /**
   * @param prefix SubjectPublicKeyInfo up to the 32 bytes of the key (RFC 8410 section 4)
   * @param accepts judges a key before OpenSSL does
   */
  constructor(prefix: Uint8Array, accepts: (key: Uint8Array) => boolean) {
    this.#prefix = prefix;
    this.#accepts = accepts;
  }

  /** @param key 32 bytes @returns undefined for a key that is not accepted */
  get(key: Uint8Array): KeyObject | undefined {
    const name = bufferOf(key).toString('latin1');
    const known = this.#objects.get(name);
    if (known !== undefined) return known;
    if (!this.#accepts(key)) return undefined;
    const object = createPublicKey({ key: bufferOf(concat(this.#prefix, key)), format: 'der', type: 'spki' });
    this.#objects.set(name, object);
    const [oldest] = this.#objects.keys();
    if (this.#objects.size > rememberedKeys && oldest !== undefined) this.#objects.delete(oldest);
    return object;
  }
}
