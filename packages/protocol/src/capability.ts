import { bytes, decode, field, struct, uint, type Codec } from './codec.ts';
import { logIdCodec, type LogId } from './ids.ts';
import { limits } from './limits.ts';
import type { Primitives } from './primitives.ts';
import { verifySigned, type Signed } from './signed.ts';

/** A right to append to one log that can be handed to a stranger and taken back (rule 20). */
export interface Capability {
  readonly log: LogId;
  /** Ed25519 key that proves its holder */
  readonly key: Uint8Array;
  /** seconds since 1970 */
  readonly notAfter: number;
  /** how many entries, and bytes of entries, it is good for */
  readonly entries: number;
  readonly bytes: number;
  /** 8 random bytes, named in a policy to revoke it */
  readonly serial: Uint8Array;
}

export const capabilityCodec: Codec<Capability> = struct<Capability>({
  log: field(1, logIdCodec),
  key: field(2, bytes(32)),
  notAfter: field(3, uint(limits.second)),
  entries: field(4, uint(limits.capabilityEntries)),
  bytes: field(5, uint(limits.capabilityBytes)),
  serial: field(6, bytes(8)),
});

/**
 * @param changeKey of the log's current policy
 * @returns undefined when the log's owner did not sign it
 * @throws {MalformedError}
 */
export function openCapability(
  primitives: Primitives,
  signed: Signed,
  changeKey: Uint8Array,
): Capability | undefined {
  const capability = decode(capabilityCodec, signed.payload);
  return verifySigned(primitives, changeKey, signed, 'capability') ? capability : undefined;
}
