import { bytes, decode, encode, field, list, optional, struct, text, type Codec } from './codec.ts';
import { openDeviceCertificate, type DeviceCertificate } from './device.ts';
import { conversationIdCodec, type ConversationId } from './ids.ts';
import { limits } from './limits.ts';
import { hintCodec, type Hint } from './link.ts';
import type { Primitives } from './primitives.ts';
import { sign, signedCodec, verifySigned } from './signed.ts';

/**
 * What two people leave each other in their meeting log: a way that does not depend on any group's state.
 * Signed by the sending device, sealed under a key both derive from the meeting's secret.
 */
export interface Parcel {
  /** an encoded {@link DeviceCertificate} of the sender */
  readonly certificate: Uint8Array;
  /** an encoded {@link DeviceList} */
  readonly devices: Uint8Array;
  readonly name: string;
  readonly conversation: ConversationId;
  /** an invitation into the conversation's group */
  readonly welcome?: WelcomeParcel;
  /** "my device lost its place: please add it again" (rule 27) */
  readonly rejoin?: RejoinParcel;
}

export interface WelcomeParcel {
  readonly welcome: Uint8Array;
  /** the key package it is for */
  readonly keyPackage: Uint8Array;
  readonly host: Hint;
  /** payload of the log's first policy */
  readonly firstPolicy: Uint8Array;
  /** payload of the policy of the epoch that the newcomer joins */
  readonly policy: Uint8Array;
  /** root keys of those who may change the members of a group; absent in a conversation of two */
  readonly adminKeys?: readonly Uint8Array[];
}

export interface RejoinParcel {
  readonly keyPackage: Uint8Array;
  /** signature keys of the devices this one replaces */
  readonly replaces: readonly Uint8Array[];
}

export const parcelCodec: Codec<Parcel> = struct<Parcel>({
  certificate: field(1, bytes(1, 1024)),
  devices: field(2, bytes(1, 2048)),
  name: field(3, text(limits.nameBytes)),
  conversation: field(4, conversationIdCodec),
  welcome: optional(
    5,
    struct<WelcomeParcel>({
      welcome: field(1, bytes(1, 200_000)),
      keyPackage: field(2, bytes(32)),
      host: field(3, hintCodec),
      firstPolicy: field(4, bytes(1, 4096)),
      policy: field(5, bytes(1, 4096)),
      adminKeys: optional(6, list(bytes(32), 64)),
    }),
  ),
  rejoin: optional(
    6,
    struct<RejoinParcel>({ keyPackage: field(1, bytes(1, 4096)), replaces: field(2, list(bytes(32), 16)) }),
  ),
});

/** @param deviceSeed of the key that the certificate names */
export function encodeParcel(primitives: Primitives, parcel: Parcel, deviceSeed: Uint8Array): Uint8Array {
  return encode(
    signedCodec,
    sign(primitives, deviceSeed, { label: 'parcel', payload: encode(parcelCodec, parcel) }),
  );
}

/**
 * @returns the parcel with the certificate it carries, or undefined when person or device did not sign
 * @throws {MalformedError}
 */
export function openParcel(
  primitives: Primitives,
  encoded: Uint8Array,
): { readonly parcel: Parcel; readonly sender: DeviceCertificate } | undefined {
  const signed = decode(signedCodec, encoded);
  const parcel = decode(parcelCodec, signed.payload);
  const sender = openDeviceCertificate(primitives, parcel.certificate);
  if (sender === undefined || !verifySigned(primitives, sender.deviceKey, signed, 'parcel')) return undefined;
  return { parcel, sender };
}
