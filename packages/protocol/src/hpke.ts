import { concat, uintBytes, utf8 } from './bytes.ts';
import { hkdfExpand, hkdfExtract, type Primitives } from './primitives.ts';

/**
 * HPKE (RFC 9180) in base mode with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and ChaCha20-Poly1305.
 * Only what Tern uses: no PSK, no authenticated mode.
 */
export interface HpkeContext {
  /** 32 bytes, for {@link nonceAt} and the AEAD */
  readonly key: Uint8Array;
  readonly baseNonce: Uint8Array;
  readonly exporterSecret: Uint8Array;
}

const version = utf8('HPKE-v1');
const kemSuite = concat(utf8('KEM'), uintBytes(0x0020, 2));
const suite = concat(utf8('HPKE'), uintBytes(0x0020, 2), uintBytes(0x0001, 2), uintBytes(0x0003, 2));
const empty = new Uint8Array();

function labeledExtract(
  primitives: Primitives,
  suiteId: Uint8Array,
  salt: Uint8Array,
  label: string,
  input: Uint8Array,
): Uint8Array {
  return hkdfExtract(primitives, salt, concat(version, suiteId, utf8(label), input));
}

function labeledExpand(
  primitives: Primitives,
  suiteId: Uint8Array,
  key: Uint8Array,
  label: string,
  info: Uint8Array,
  length: number,
): Uint8Array {
  return hkdfExpand(
    primitives,
    key,
    concat(uintBytes(length, 2), version, suiteId, utf8(label), info),
    length,
  );
}

/** RFC 9180 section 7.1.3. @param seed at least 32 random bytes */
export function hpkeKeyPair(
  primitives: Primitives,
  seed: Uint8Array,
): { readonly privateKey: Uint8Array; readonly publicKey: Uint8Array } {
  const prk = labeledExtract(primitives, kemSuite, empty, 'dkp_prk', seed);
  const privateKey = labeledExpand(primitives, kemSuite, prk, 'sk', empty, 32);
  return { privateKey, publicKey: primitives.x25519PublicKey(privateKey) };
}

function schedule(
  primitives: Primitives,
  shared: Uint8Array,
  kemContext: Uint8Array,
  info: Uint8Array,
): HpkeContext {
  const prk = labeledExtract(primitives, kemSuite, empty, 'eae_prk', shared);
  const secret = labeledExpand(primitives, kemSuite, prk, 'shared_secret', kemContext, 32);
  const context = concat(
    new Uint8Array([0]),
    labeledExtract(primitives, suite, empty, 'psk_id_hash', empty),
    labeledExtract(primitives, suite, empty, 'info_hash', info),
  );
  const scheduled = labeledExtract(primitives, suite, secret, 'secret', empty);
  return {
    key: labeledExpand(primitives, suite, scheduled, 'key', context, 32),
    baseNonce: labeledExpand(primitives, suite, scheduled, 'base_nonce', context, 12),
    exporterSecret: labeledExpand(primitives, suite, scheduled, 'exp', context, 32),
  };
}

/**
 * Sender's side.
 * @param seed 32 random bytes for the ephemeral key, never used twice
 * @returns undefined when the public key is of low order
 */
export function hpkeSender(
  primitives: Primitives,
  publicKey: Uint8Array,
  options: { readonly info: Uint8Array; readonly seed: Uint8Array },
): { readonly encapsulated: Uint8Array; readonly context: HpkeContext } | undefined {
  const ephemeral = hpkeKeyPair(primitives, options.seed);
  const shared = primitives.x25519(ephemeral.privateKey, publicKey);
  if (shared === undefined) return undefined;
  return {
    encapsulated: ephemeral.publicKey,
    context: schedule(primitives, shared, concat(ephemeral.publicKey, publicKey), options.info),
  };
}

/** Receiver's side. @returns undefined when the encapsulated key is of low order */
export function hpkeReceiver(
  primitives: Primitives,
  keyPair: { readonly privateKey: Uint8Array; readonly publicKey: Uint8Array },
  options: { readonly info: Uint8Array; readonly encapsulated: Uint8Array },
): HpkeContext | undefined {
  const shared = primitives.x25519(keyPair.privateKey, options.encapsulated);
  if (shared === undefined) return undefined;
  return schedule(primitives, shared, concat(options.encapsulated, keyPair.publicKey), options.info);
}

/** RFC 9180 section 5.3. */
export function hpkeExport(
  primitives: Primitives,
  context: HpkeContext,
  label: Uint8Array,
  length: number,
): Uint8Array {
  return labeledExpand(primitives, suite, context.exporterSecret, 'sec', label, length);
}

/** RFC 9180 section 5.2: the base nonce with the sequence number added. */
export function nonceAt(baseNonce: Uint8Array, sequence: number): Uint8Array {
  const nonce = new Uint8Array(baseNonce);
  const counter = uintBytes(sequence, 6);
  for (let at = 0; at < 6; at += 1) nonce[6 + at] = (nonce[6 + at] ?? 0) ^ (counter[at] ?? 0);
  return nonce;
}

/** One message sealed to a key: encapsulated key, then ciphertext. @returns undefined when the public key is of low order */
export function hpkeSeal(
  primitives: Primitives,
  publicKey: Uint8Array,
  plaintext: Uint8Array,
  options: { readonly info: Uint8Array; readonly seed: Uint8Array },
): Uint8Array | undefined {
  const sender = hpkeSender(primitives, publicKey, options);
  if (sender === undefined) return undefined;
  return concat(
    sender.encapsulated,
    primitives.seal(sender.context.key, sender.context.baseNonce, plaintext, empty),
  );
}

/** @returns undefined for anything not sealed to this key with this info */
export function hpkeOpen(
  primitives: Primitives,
  keyPair: { readonly privateKey: Uint8Array; readonly publicKey: Uint8Array },
  sealed: Uint8Array,
  info: Uint8Array,
): Uint8Array | undefined {
  if (sealed.length < 48) return undefined;
  const context = hpkeReceiver(primitives, keyPair, { info, encapsulated: sealed.subarray(0, 32) });
  if (context === undefined) return undefined;
  return primitives.open(context.key, context.baseNonce, sealed.subarray(32), empty);
}
