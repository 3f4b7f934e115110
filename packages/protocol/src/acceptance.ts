import { bytes, decode, encode, field, list, struct, text, type Codec } from './codec.ts';
import { openDeviceCertificate, type DeviceCertificate } from './device.ts';
import { hintCodec, type Hint } from './link.ts';
import { invitationIdCodec, type InvitationId } from './ids.ts';
import { limits } from './limits.ts';
import type { Primitives } from './primitives.ts';
import { sign, signedCodec, verifySigned } from './signed.ts';

/**
 * The answer to an invitation: who accepts, the key package to be added with, and the secret of the pair's meeting log.
 * Signed by the accepting device, sealed to the invitation's key, appended to the inviter's inbox (rule 20).
 */
export interface Acceptance {
  readonly invitation: InvitationId;
  readonly name: string;
  /** an encoded {@link DeviceCertificate} */
  readonly certificate: Uint8Array;
  /** an encoded {@link DeviceList} */
  readonly devices: Uint8Array;
  readonly keyPackage: Uint8Array;
  /** 32 random bytes from which both derive the meeting log and its keys */
  readonly meeting: Uint8Array;
  /** where the accepting person's own inbox is, if there is one */
  readonly hosts: readonly Hint[];
}

export const acceptanceCodec: Codec<Acceptance> = struct<Acceptance>({
  invitation: field(1, invitationIdCodec),
  name: field(2, text(limits.nameBytes)),
  certificate: field(3, bytes(1, 1024)),
  devices: field(4, bytes(1, 2048)),
  keyPackage: field(5, bytes(1, 4096)),
  meeting: field(6, bytes(32)),
  hosts: field(7, list(hintCodec, 2)),
});

/** @param deviceSeed of the key that the certificate names */
export function encodeAcceptance(
  primitives: Primitives,
  acceptance: Acceptance,
  deviceSeed: Uint8Array,
): Uint8Array {
  return encode(
    signedCodec,
    sign(primitives, deviceSeed, { label: 'acceptance', payload: encode(acceptanceCodec, acceptance) }),
  );
}

/**
 * @returns the acceptance with the certificate it carries, or undefined when person or device did not sign
 * @throws {MalformedError}
 */
export function openAcceptance(
  primitives: Primitives,
  encoded: Uint8Array,
): { readonly acceptance: Acceptance; readonly sender: DeviceCertificate } | undefined {
  const signed = decode(signedCodec, encoded);
  const acceptance = decode(acceptanceCodec, signed.payload);
  const sender = openDeviceCertificate(primitives, acceptance.certificate);
  if (sender === undefined || !verifySigned(primitives, sender.deviceKey, signed, 'acceptance'))
    return undefined;
  return { acceptance, sender };
}
