import { equalBytes } from './bytes.ts';
import { bool, bytes, decode, encode, field, list, optional, struct, uint, type Codec } from './codec.ts';
import { MalformedError } from './errors.ts';
import { hash, logIdCodec, logIdOf, relayIdCodec, type LogId, type RelayId } from './ids.ts';
import { limits } from './limits.ts';
import type { Primitives } from './primitives.ts';
import { verifySigned, type Signed } from './signed.ts';

/** Who may append to a log, read it and change this; one of a numbered chain (rule 11). The keys are Ed25519 and born for this log. */
export interface Policy {
  /** 0 for the first; in a conversation's log the epoch of its MLS group */
  readonly number: number;
  /** absent in the first, whose hash it is */
  readonly log?: LogId;
  /** SHA-256 of the previous policy's payload; absent in the first */
  readonly previous?: Uint8Array;
  /** 16 random bytes; in the first only */
  readonly nonce?: Uint8Array;
  /** where this log lives; in the first only */
  readonly relay?: RelayId;
  readonly appendKey: Uint8Array;
  readonly readKey: Uint8Array;
  readonly changeKey: Uint8Array;
  /** how long an entry is kept, seconds */
  readonly lifetime: number;
  /** bytes the log may hold at a time */
  readonly roomBytes: number;
  /** append keys of earlier policies end at once (a member was removed) */
  readonly closes: boolean;
  /** changed by commits alone: no policy without one, and no erasing, since every member of a group holds the change key */
  readonly commitsOnly?: boolean;
  /** serials of capabilities that no longer count */
  readonly revoked: readonly Uint8Array[];
}

export const policyCodec: Codec<Policy> = struct<Policy>({
  number: field(1, uint(limits.policyNumber)),
  log: optional(2, logIdCodec),
  previous: optional(3, bytes(32)),
  nonce: optional(4, bytes(16)),
  relay: optional(5, relayIdCodec),
  appendKey: field(6, bytes(32)),
  readKey: field(7, bytes(32)),
  changeKey: field(8, bytes(32)),
  lifetime: field(9, uint(limits.entryLifetimeSeconds)),
  roomBytes: field(10, uint(limits.logRoomBytes)),
  closes: field(11, bool()),
  revoked: field(12, list(bytes(8), limits.revokedSerials)),
  commitsOnly: optional(13, bool()),
});

/**
 * A policy's payload, checked to be either a first or a later one, never a mixture.
 * @throws {MalformedError}
 */
export function decodePolicy(payload: Uint8Array): Policy {
  const policy = decode(policyCodec, payload);
  const first =
    policy.nonce !== undefined &&
    policy.relay !== undefined &&
    policy.log === undefined &&
    policy.previous === undefined;
  const later =
    policy.nonce === undefined &&
    policy.relay === undefined &&
    policy.log !== undefined &&
    policy.previous !== undefined;
  if (policy.number === 0 ? !first : !later)
    throw new MalformedError('policy is neither a first nor a later one');
  return policy;
}

/** @throws {MalformedError} when the policy is neither a first nor a later one, or breaks a limit */
export function encodePolicy(policy: Policy): Uint8Array {
  const payload = encode(policyCodec, policy);
  decodePolicy(payload);
  return payload;
}

/** What the next policy names as its predecessor. */
export function policyHash(primitives: Primitives, payload: Uint8Array): Uint8Array {
  return hash(primitives, 'policy', payload);
}

/** A first policy is signed with the change key it names itself: whoever shows it may begin the log. @returns undefined when that does not hold */
export function openFirstPolicy(
  primitives: Primitives,
  signed: Signed,
  relay: RelayId,
): { readonly log: LogId; readonly policy: Policy } | undefined {
  const policy = decodePolicy(signed.payload);
  if (policy.number !== 0 || policy.relay !== relay) return undefined;
  if (!verifySigned(primitives, policy.changeKey, signed, 'policy')) return undefined;
  return { log: logIdOf(primitives, signed.payload), policy };
}

/** @returns the next policy, or undefined when it does not follow this one */
export function openNextPolicy(
  primitives: Primitives,
  signed: Signed,
  current: { readonly log: LogId; readonly policy: Policy; readonly payload: Uint8Array },
): Policy | undefined {
  const next = decodePolicy(signed.payload);
  if (next.number !== current.policy.number + 1 || next.log !== current.log || next.previous === undefined)
    return undefined;
  if (!equalBytes(next.previous, policyHash(primitives, current.payload))) return undefined;
  return verifySigned(primitives, current.policy.changeKey, signed, 'policy') ? next : undefined;
}
