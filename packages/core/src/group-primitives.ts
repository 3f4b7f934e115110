import { ed25519 } from '@noble/curves/ed25519.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { MalformedError, noblePrimitives, type Primitives } from '@tern/protocol';

/** What group encryption takes from the platform. Keys are raw: 32 bytes for the curves, 16 for AES; nonces have 12, tags 16. */
export interface GroupPrimitives {
  /** SHA-256 */
  digest(data: Uint8Array): Awaitable<Uint8Array>;
  sign(seed: Uint8Array, message: Uint8Array): Awaitable<Uint8Array>;
  /** false for whatever is no key or no signature, too */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): Awaitable<boolean>;
  signatureKey(seed: Uint8Array): Awaitable<Uint8Array>;
  exchangeKey(privateKey: Uint8Array): Awaitable<Uint8Array>;
  /** throws for a public key of low order (RFC 7748 section 6.1) */
  exchange(privateKey: Uint8Array, publicKey: Uint8Array): Awaitable<Uint8Array>;
  /** AES-128-GCM, the tag at the end */
  seal(
    key: Uint8Array,
    nonce: Uint8Array,
    plaintext: Uint8Array,
    associated: Uint8Array,
  ): Awaitable<Uint8Array>;
  /** throws where the tag does not match */
  open(
    key: Uint8Array,
    nonce: Uint8Array,
    ciphertext: Uint8Array,
    associated: Uint8Array,
  ): Awaitable<Uint8Array>;
}

type Awaitable<T> = T | Promise<T>;

/** WebCrypto's curves where it has them (Node 24, Chrome 137, Firefox 130, Safari 17), otherwise noble's. */
export async function webPrimitives(): Promise<GroupPrimitives> {
  try {
    await Promise.all([importEd25519(new Uint8Array(32)), importX25519(new Uint8Array(32))]);
    return webCryptoPrimitives;
  } catch {
    return groupPrimitivesOver(noblePrimitives); // importKey rejects for an algorithm it does not know, and nothing else can be wrong with these two
  }
}

/**
 * Those of the rest of Tern, which are synchronous: over node:crypto twice as fast as WebCrypto, over noble five times slower.
 * @param aes AES-128-GCM; WebCrypto's where not given
 */
export function groupPrimitivesOver(
  primitives: Primitives,
  aes: Pick<GroupPrimitives, 'seal' | 'open'> = { seal, open },
): GroupPrimitives {
  return {
    digest: (data) => primitives.sha256(data),
    sign: (seed, message) => primitives.ed25519Sign(exactly32(seed), message),
    verify: (publicKey, message, signature) =>
      publicKey.length === 32 &&
      signature.length === 64 &&
      primitives.ed25519Verify(publicKey, message, signature),
    signatureKey: (seed) => primitives.ed25519PublicKey(exactly32(seed)),
    exchangeKey: (privateKey) => primitives.x25519PublicKey(exactly32(privateKey)),
    exchange(privateKey, publicKey) {
      const shared = primitives.x25519(exactly32(privateKey), exactly32(publicKey));
      if (shared === undefined) throw new MalformedError('the public key is of low order');
      return shared;
    },
    ...aes,
  };
}

export const webCryptoPrimitives: GroupPrimitives = {
  digest: (data) => sha256(data),
  async sign(seed, message) {
    return new Uint8Array(await crypto.subtle.sign('Ed25519', await importEd25519(seed), whole(message)));
  },
  async verify(publicKey, message, signature) {
    if (publicKey.length !== 32 || signature.length !== 64) return false;
    try {
      const key = await crypto.subtle.importKey('raw', whole(publicKey), 'Ed25519', false, ['verify']);
      return await crypto.subtle.verify('Ed25519', key, whole(signature), whole(message));
    } catch {
      return false; // a key that is no point of the curve
    }
  },
  signatureKey: async (seed) => ed25519.getPublicKey(exactly32(seed)), // once per device; WebCrypto has no such operation
  exchangeKey: (privateKey) => webCryptoPrimitives.exchange(privateKey, basePoint),
  async exchange(privateKey, publicKey) {
    const [own, other] = await Promise.all([
      importX25519(privateKey),
      crypto.subtle.importKey('raw', whole(exactly32(publicKey)), 'X25519', false, []),
    ]);
    const shared = new Uint8Array(
      await crypto.subtle.deriveBits({ name: 'X25519', public: other }, own, 256),
    );
    if (shared.every((byte) => byte === 0)) throw new MalformedError('the public key is of low order');
    return shared;
  },
  seal,
  open,
};

type ImportedKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

const basePoint = Uint8Array.from({ length: 32 }, (_, at) => (at === 0 ? 9 : 0));
// RFC 8410: a private key of 32 bytes for Ed25519 (1.3.101.112) or X25519 (1.3.101.110)
const pkcs8 = (curve: number, key: Uint8Array): Uint8Array<ArrayBuffer> =>
  whole(
    Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, curve, 4, 0x22, 4, 0x20, ...exactly32(key)),
  );

function importEd25519(seed: Uint8Array): Promise<ImportedKey> {
  return crypto.subtle.importKey('pkcs8', pkcs8(0x70, seed), 'Ed25519', false, ['sign']);
}

function importX25519(privateKey: Uint8Array): Promise<ImportedKey> {
  return crypto.subtle.importKey('pkcs8', pkcs8(0x6e, privateKey), 'X25519', false, ['deriveBits']);
}

async function seal(
  key: Uint8Array,
  nonce: Uint8Array,
  plaintext: Uint8Array,
  associated: Uint8Array,
): Promise<Uint8Array> {
  const imported = await crypto.subtle.importKey('raw', whole(key), 'AES-GCM', false, ['encrypt']);
  const options = { name: 'AES-GCM', iv: whole(nonce), additionalData: whole(associated) };
  return new Uint8Array(await crypto.subtle.encrypt(options, imported, whole(plaintext)));
}

async function open(
  key: Uint8Array,
  nonce: Uint8Array,
  ciphertext: Uint8Array,
  associated: Uint8Array,
): Promise<Uint8Array> {
  const imported = await crypto.subtle.importKey('raw', whole(key), 'AES-GCM', false, ['decrypt']);
  const options = { name: 'AES-GCM', iv: whole(nonce), additionalData: whole(associated) };
  return new Uint8Array(await crypto.subtle.decrypt(options, imported, whole(ciphertext)));
}

function exactly32(bytes: Uint8Array): Uint8Array {
  if (bytes.length !== 32) throw new MalformedError('a key of these curves has 32 bytes');
  return bytes;
}

/** WebCrypto wants bytes that no other thread can change. */
function whole(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes);
}
