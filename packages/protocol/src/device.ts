import { bool, bytes, decode, encode, field, list, struct, uint, type Codec } from './codec.ts';
import { limits } from './limits.ts';
import type { Primitives } from './primitives.ts';
import { sign, signedCodec, verifySigned, type Signed } from './signed.ts';

/** A person's root key vouches for one device (rule 26). Encoded and signed it is the device's MLS credential. */
export interface DeviceCertificate {
  /** the person, Ed25519 */
  readonly rootKey: Uint8Array;
  /** the device's signature key, Ed25519, also the one of its MLS leaves */
  readonly deviceKey: Uint8Array;
  /** counts the person's devices from 1 */
  readonly serial: number;
  /** seconds since 1970 */
  readonly notAfter: number;
  /** may this device sign for further ones */
  readonly mayAdd: boolean;
}

export const deviceCertificateCodec: Codec<DeviceCertificate> = struct<DeviceCertificate>({
  rootKey: field(1, bytes(32)),
  deviceKey: field(2, bytes(32)),
  serial: field(3, uint(2 ** 32)),
  notAfter: field(4, uint(limits.second)),
  mayAdd: field(5, bool()),
});

export function encodeDeviceCertificate(
  primitives: Primitives,
  certificate: DeviceCertificate,
  rootSeed: Uint8Array,
): Uint8Array {
  return encode(
    signedCodec,
    sign(primitives, rootSeed, { label: 'device', payload: encode(deviceCertificateCodec, certificate) }),
  );
}

/** @returns undefined when its person did not sign it @throws {MalformedError} */
export function openDeviceCertificate(
  primitives: Primitives,
  encoded: Uint8Array,
): DeviceCertificate | undefined {
  const signed: Signed = decode(signedCodec, encoded);
  const certificate = decode(deviceCertificateCodec, signed.payload);
  return verifySigned(primitives, certificate.rootKey, signed, 'device') ? certificate : undefined;
}

/** Which devices a person has now; the highest number wins. */
export interface DeviceList {
  readonly rootKey: Uint8Array;
  readonly number: number;
  readonly deviceKeys: readonly Uint8Array[];
}

export const deviceListCodec: Codec<DeviceList> = struct<DeviceList>({
  rootKey: field(1, bytes(32)),
  number: field(2, uint(2 ** 32)),
  deviceKeys: field(3, list(bytes(32), 16)),
});

export function encodeDeviceList(
  primitives: Primitives,
  devices: DeviceList,
  rootSeed: Uint8Array,
): Uint8Array {
  return encode(
    signedCodec,
    sign(primitives, rootSeed, { label: 'devices', payload: encode(deviceListCodec, devices) }),
  );
}

/** @returns undefined when its person did not sign it @throws {MalformedError} */
export function openDeviceList(primitives: Primitives, encoded: Uint8Array): DeviceList | undefined {
  const signed: Signed = decode(signedCodec, encoded);
  const devices = decode(deviceListCodec, signed.payload);
  return verifySigned(primitives, devices.rootKey, signed, 'devices') ? devices : undefined;
}
