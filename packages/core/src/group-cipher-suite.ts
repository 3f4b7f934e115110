import { expand, extract } from '@noble/hashes/hkdf.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import type { CiphersuiteImpl, Hpke, PrivateKey, PublicKey } from 'ts-mls';

import type { GroupPrimitives } from './group-primitives.ts';

/**
 * The one cipher suite of Tern's groups, as ts-mls asks for it. An epoch costs thousands of tiny HMACs, so these are
 * noble's, which are synchronous (six times WebCrypto). The curves and AES-GCM are the platform's: constant in time, and five to ten
 * times faster than JavaScript.
 */
export const cipherSuiteName = 'MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519';

/** The id RFC 9420 section 17.1 gives it; stored states carry it. */
export const cipherSuiteId = 1;

const keyBytes = 16;
const nonceBytes = 12;
const hashBytes = 32;

/** What ts-mls asks for, and the one thing more that we do. */
export interface GroupSuite extends CiphersuiteImpl {
  /** the public half of a private key of the tree */
  publicKey(privateKey: Uint8Array): Promise<Uint8Array>;
}

export function cipherSuite(
  randomBytes: (length: number) => Uint8Array,
  primitives: GroupPrimitives,
): GroupSuite {
  const known = new WeakMap<Uint8Array, Uint8Array>(); // our private keys live as long as the tree keeps them, their public halves are asked for often
  async function publicKey(privateKey: Uint8Array): Promise<Uint8Array> {
    const derived = known.get(privateKey) ?? (await primitives.exchangeKey(privateKey));
    known.set(privateKey, derived);
    return derived;
  }
  return {
    publicKey,
    name: cipherSuiteName,
    rng: { randomBytes },
    hash: {
      digest: async (data) => primitives.digest(data),
      mac: async (key, data) => hmac(sha256, key, data),
      verifyMac: async (key, mac, data) => equalBytes(mac, hmac(sha256, key, data)),
    },
    kdf: {
      size: hashBytes,
      extract: async (salt, input) => extract(sha256, input, salt),
      expand: async (key, info, length) => hkdfExpand(key, info, length),
    },
    signature: {
      sign: async (seed, message) => primitives.sign(seed, message),
      verify: async (publicKey, message, signature) => primitives.verify(publicKey, message, signature),
      async keygen() {
        const signKey = randomBytes(32);
        return { signKey, publicKey: await primitives.signatureKey(signKey) };
      },
    },
    hpke: hpke(randomBytes, primitives, publicKey),
  };
}

// HPKE (RFC 9180), base mode: DHKEM(X25519, HKDF-SHA256) 0x0020, HKDF-SHA256 0x0001, AES-128-GCM 0x0001

const kem = ascii('KEM', 0x00, 0x20);
const suite = ascii('HPKE', 0x00, 0x20, 0x00, 0x01, 0x00, 0x01);
const none = new Uint8Array();

/** ts-mls only ever hands keys back to us, so they are plain bytes behind its CryptoKey. */
interface Key {
  bytes(): Promise<Uint8Array>;
}

function hpke(
  randomBytes: (length: number) => Uint8Array,
  primitives: GroupPrimitives,
  publicHalf: (privateKey: Uint8Array) => Promise<Uint8Array>,
): Hpke {
  function keyPair(seed: Uint8Array): { privateKey: PrivateKey; publicKey: PublicKey } {
    const secret = labeledExpand(kem, labeledExtract(kem, none, 'dkp_prk', seed), 'sk', none, 32);
    // ts-mls derives whole paths of key pairs and asks for one half only
    return { privateKey: keyOf<PrivateKey>(secret), publicKey: asKey<PublicKey>(() => publicHalf(secret)) };
  }
  async function encapsulate(publicKey: PublicKey, info: Uint8Array): Promise<Context & { enc: Uint8Array }> {
    const ephemeral = keyPair(randomBytes(32));
    const [to, secret, enc] = await Promise.all([
      bytesOf(publicKey),
      bytesOf(ephemeral.privateKey),
      bytesOf(ephemeral.publicKey),
    ]);
    return { enc, ...schedule(await primitives.exchange(secret, to), enc, to, info) };
  }
  async function decapsulate(privateKey: PrivateKey, enc: Uint8Array, info: Uint8Array): Promise<Context> {
    const secret = await bytesOf(privateKey);
    const [shared, own] = await Promise.all([primitives.exchange(secret, enc), publicHalf(secret)]);
    return schedule(shared, enc, own, info);
  }
  return {
    keyLength: keyBytes,
    nonceLength: nonceBytes,
    async seal(publicKey, plaintext, info, aad) {
      const { enc, key, nonce } = await encapsulate(publicKey, info);
      return { enc, ct: await primitives.seal(key, nonce, plaintext, aad ?? none) };
    },
    async open(privateKey, enc, ciphertext, info, aad) {
      const { key, nonce } = await decapsulate(privateKey, enc, info);
      return primitives.open(key, nonce, ciphertext, aad ?? none);
    },
    async exportSecret(publicKey, context, length, info) {
      const { enc, exporter } = await encapsulate(publicKey, info);
      return { enc, secret: labeledExpand(suite, exporter, 'sec', context, length) };
    },
    async importSecret(privateKey, context, enc, length, info) {
      const { exporter } = await decapsulate(privateKey, enc, info);
      return labeledExpand(suite, exporter, 'sec', context, length);
    },
    importPrivateKey: async (bytes) => keyOf<PrivateKey>(bytes),
    importPublicKey: async (bytes) => keyOf<PublicKey>(bytes),
    exportPublicKey: (key) => bytesOf(key),
    exportPrivateKey: (key) => bytesOf(key),
    encryptAead: async (key, nonce, aad, plaintext) => primitives.seal(key, nonce, plaintext, aad ?? none),
    decryptAead: async (key, nonce, aad, ciphertext) => primitives.open(key, nonce, ciphertext, aad ?? none),
    deriveKeyPair: async (seed) => keyPair(seed),
    generateKeyPair: async () => keyPair(randomBytes(32)),
  };
}

interface Context {
  readonly key: Uint8Array;
  readonly nonce: Uint8Array;
  readonly exporter: Uint8Array;
}

function schedule(dh: Uint8Array, enc: Uint8Array, recipient: Uint8Array, info: Uint8Array): Context {
  const shared = labeledExpand(
    kem,
    labeledExtract(kem, none, 'eae_prk', dh),
    'shared_secret',
    join(enc, recipient),
    32,
  );
  const context = join(
    Uint8Array.of(0),
    labeledExtract(suite, none, 'psk_id_hash', none),
    labeledExtract(suite, none, 'info_hash', info),
  );
  const secret = labeledExtract(suite, shared, 'secret', none);
  return {
    key: labeledExpand(suite, secret, 'key', context, keyBytes),
    nonce: labeledExpand(suite, secret, 'base_nonce', context, nonceBytes),
    exporter: labeledExpand(suite, secret, 'exp', context, hashBytes),
  };
}

function labeledExtract(id: Uint8Array, salt: Uint8Array, label: string, input: Uint8Array): Uint8Array {
  return extract(sha256, join(ascii('HPKE-v1'), id, ascii(label), input), salt);
}

function labeledExpand(
  id: Uint8Array,
  key: Uint8Array,
  label: string,
  info: Uint8Array,
  length: number,
): Uint8Array {
  return hkdfExpand(
    key,
    join(Uint8Array.of(length >> 8, length & 255), ascii('HPKE-v1'), id, ascii(label), info),
    length,
  );
}

/** RFC 5869; nearly always one block, where noble's own would set up two. */
function hkdfExpand(key: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  if (length > hashBytes) return expand(sha256, key, info, length);
  return hmac(sha256, key, join(info, Uint8Array.of(1))).slice(0, length);
}

function keyOf<K extends PublicKey | PrivateKey>(bytes: Uint8Array): K {
  return asKey(async () => bytes);
}

function asKey<K extends PublicKey | PrivateKey>(bytes: () => Promise<Uint8Array>): K {
  return { bytes } satisfies Key as unknown as K;
}

function bytesOf(key: PublicKey | PrivateKey): Promise<Uint8Array> {
  return (key as unknown as Key).bytes();
}

function ascii(text: string, ...more: readonly number[]): Uint8Array {
  return Uint8Array.of(...Array.from(text, (letter) => letter.charCodeAt(0)), ...more);
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return (
    a.length === b.length && a.reduce((difference, byte, at) => difference | (byte ^ (b[at] ?? 0)), 0) === 0
  );
}
