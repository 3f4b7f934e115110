import {
  bytes,
  decode,
  encode,
  field,
  list,
  optional,
  struct,
  text,
  uint,
  bool,
  type Codec,
} from './codec.ts';
import { MalformedError } from './errors.ts';
import { relayIdOf, type RelayId } from './ids.ts';
import { limits } from './limits.ts';
import type { Primitives } from './primitives.ts';
import { sign, signedCodec, verifySigned, type Signed } from './signed.ts';

/** A key batches may be sealed to; rotated weekly, accepted for five weeks. */
export interface CardKey {
  /** 8 bytes */
  readonly id: Uint8Array;
  /** X25519, 32 bytes */
  readonly publicKey: Uint8Array;
  /** seconds since 1970 */
  readonly notAfter: number;
}

/** What a relay says of itself, signed by its long-lived key (rule 1). Never contains a secret path. */
export interface Card {
  /** Ed25519; its hash is the RelayId */
  readonly signingKey: Uint8Array;
  /** grows with every change; the highest one counts */
  readonly number: number;
  /** seconds since 1970 */
  readonly issuedAt: number;
  /** seconds since 1970; past it the card still counts until a newer one comes (rule 32) */
  readonly notAfter: number;
  /** newest first */
  readonly keys: readonly CardKey[];
  /** `https://host:port` or `http://host:port`; may be empty */
  readonly endpoints: readonly string[];
  /** holds logs (rule 2) */
  readonly host: boolean;
  /** is a way in for a bucket of invitees */
  readonly door: boolean;
  /** may be handed on to others */
  readonly public: boolean;
  /** bytes of one log, seconds of one entry, logs per right */
  readonly roomBytes?: number;
  readonly lifetime?: number;
  readonly logs?: number;
}

/** An endpoint names a server and nothing below it: a secret path has no place in a card. */
const endpointForm = /^[a-z][a-z0-9+.-]*:\/\/[a-z0-9.:[\]-]+$/;

export const cardCodec: Codec<Card> = struct<Card>({
  signingKey: field(1, bytes(32)),
  number: field(2, uint(2 ** 32)),
  issuedAt: field(3, uint(limits.second)),
  notAfter: field(4, uint(limits.second)),
  keys: field(
    5,
    list(
      struct<CardKey>({
        id: field(1, bytes(8)),
        publicKey: field(2, bytes(32)),
        notAfter: field(3, uint(limits.second)),
      }),
      8,
    ),
  ),
  endpoints: field(6, list(text(200, endpointForm), limits.endpoints)),
  host: field(7, bool()),
  door: field(8, bool()),
  public: field(9, bool()),
  roomBytes: optional(10, uint(limits.logRoomBytes)),
  lifetime: optional(11, uint(limits.entryLifetimeSeconds)),
  logs: optional(12, uint(2 ** 32)),
});

/** @param seed of the relay's signing key @throws {MalformedError} when the card would exceed 2 kB */
export function encodeCard(primitives: Primitives, card: Card, seed: Uint8Array): Uint8Array {
  const encoded = encode(
    signedCodec,
    sign(primitives, seed, { label: 'card', payload: encode(cardCodec, card) }),
  );
  if (encoded.length > limits.cardBytes) throw new MalformedError('card is too long');
  return encoded;
}

/**
 * @returns the card with the id of the relay that signed it, or undefined when the signature is not its own
 * @throws {MalformedError}
 */
export function openCard(
  primitives: Primitives,
  encoded: Uint8Array,
): { readonly relay: RelayId; readonly card: Card } | undefined {
  if (encoded.length > limits.cardBytes) throw new MalformedError('card is too long');
  const signed: Signed = decode(signedCodec, encoded);
  const card = decode(cardCodec, signed.payload);
  return verifySigned(primitives, card.signingKey, signed, 'card')
    ? { relay: relayIdOf(primitives, card.signingKey), card }
    : undefined;
}
