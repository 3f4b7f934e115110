import { concat, utf8 } from './bytes.ts';
import { bytes, row, type Codec } from './codec.ts';
import { limits } from './limits.ts';
import type { Primitives } from './primitives.ts';

/** Something signed: the bytes as they were signed, unknown optional fields included, and the signature over them. */
export interface Signed {
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
}

export const signedCodec: Codec<Signed> = row<Signed>({
  payload: bytes(1, limits.signedBytes),
  signature: bytes(64),
});

function signedMessage(label: string, payload: Uint8Array): Uint8Array {
  return concat(utf8(`tern/1 ${label}\0`), payload);
}

/** @param seed the signer's 32-byte Ed25519 seed */
export function sign(
  primitives: Primitives,
  seed: Uint8Array,
  content: { readonly label: string; readonly payload: Uint8Array },
): Signed {
  return {
    payload: content.payload,
    signature: primitives.ed25519Sign(seed, signedMessage(content.label, content.payload)),
  };
}

/** @param key Ed25519, 32 bytes @param label says what kind of thing was signed */
export function verifySigned(
  primitives: Primitives,
  key: Uint8Array,
  signed: Signed,
  label: string,
): boolean {
  return primitives.ed25519Verify(key, signedMessage(label, signed.payload), signed.signature);
}
