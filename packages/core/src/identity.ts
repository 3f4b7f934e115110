import {
  bytes,
  deviceIdOf,
  encodeDeviceCertificate,
  encodeDeviceList,
  equalBytes,
  field,
  list,
  openDeviceCertificate,
  openDeviceList,
  personIdOf,
  struct,
  text,
  uint,
  limits,
  MalformedError,
  type Codec,
  type DeviceCertificate,
  type DeviceId,
  type DeviceList,
  type PersonId,
  type Primitives,
  type World,
} from '@tern/protocol';
import { recordTable, type RecordTable } from './record-table.ts';

/** Who this home is: a person's root key and one device of theirs (rule 26). Never leaves the store but in an export. */
export interface Identity {
  readonly name: string;
  readonly rootSeed: Uint8Array;
  readonly deviceSeed: Uint8Array;
  /** of this device; counts the person's devices */
  readonly serial: number;
  /** number of the device list, which grows with every change */
  readonly listNumber: number;
  /** signature keys of all devices of this person, this one included */
  readonly deviceKeys: readonly Uint8Array[];
  /** keys this home's device had before it had to begin anew */
  readonly retired: readonly Uint8Array[];
  /** from which the keys of our inboxes derive */
  readonly inboxSecret: Uint8Array;
}

const identityCodec: Codec<Identity> = struct<Identity>({
  name: field(1, text(limits.nameBytes)),
  rootSeed: field(2, bytes(32)),
  deviceSeed: field(3, bytes(32)),
  serial: field(4, uint(2 ** 32)),
  listNumber: field(5, uint(2 ** 32)),
  deviceKeys: field(6, list(bytes(32), 16)),
  retired: field(7, list(bytes(32), 64)),
  inboxSecret: field(8, bytes(32)),
});

export const identityTable: RecordTable<Identity> = recordTable('self', identityCodec);

/** A certificate is good for ten years: a device is ended by the list, not by the clock. */
const certificateSeconds = 10 * 365 * 86_400;

export function newIdentity(primitives: Primitives, world: World, name: string): Identity {
  const deviceSeed = world.randomBytes(32);
  return {
    name: checkName(name),
    rootSeed: world.randomBytes(32),
    deviceSeed,
    serial: 1,
    listNumber: 1,
    deviceKeys: [primitives.ed25519PublicKey(deviceSeed)],
    retired: [],
    inboxSecret: world.randomBytes(32),
  };
}

/** The same person on a new device, which takes the place of this home's device or stands beside it. */
export function withNewDevice(
  primitives: Primitives,
  world: World,
  identity: Identity,
  options: { readonly replace: boolean },
): Identity {
  const deviceSeed = world.randomBytes(32);
  const old = primitives.ed25519PublicKey(identity.deviceSeed);
  const kept = options.replace
    ? identity.deviceKeys.filter((key) => !equalBytes(key, old))
    : identity.deviceKeys;
  return {
    ...identity,
    deviceSeed,
    serial: identity.serial + 1,
    listNumber: identity.listNumber + 1,
    deviceKeys: [...kept, primitives.ed25519PublicKey(deviceSeed)].slice(-16),
    retired: [...identity.retired, old].slice(-64),
  };
}

/**
 * With the devices that a list of this person's names, where this one did not know them. Two devices that took the same number without
 * knowing of each other are both in the list that follows, under a higher one.
 * @returns undefined where nothing is new, or the list is not this person's
 */
export function withOwnDevices(
  primitives: Primitives,
  identity: Identity,
  devices: Uint8Array,
): Identity | undefined {
  let list: DeviceList | undefined;
  try {
    list = openDeviceList(primitives, devices);
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
  }
  if (list === undefined || !equalBytes(list.rootKey, primitives.ed25519PublicKey(identity.rootSeed)))
    return undefined;
  const theirs = list.deviceKeys;
  const fresh = theirs.filter((key) => !identity.deviceKeys.some((known) => equalBytes(known, key)));
  const missing = identity.deviceKeys.some((known) => !theirs.some((key) => equalBytes(known, key)));
  if (fresh.length === 0 && list.number <= identity.listNumber) return undefined;
  const number = Math.max(list.number, identity.listNumber) + (missing ? 1 : 0);
  return { ...identity, listNumber: number, deviceKeys: [...identity.deviceKeys, ...fresh].slice(-16) };
}

/** @throws {MalformedError} for an empty name, one of more than 80 bytes, or one with control characters */
export function checkName(name: string): string {
  const trimmed = name.trim().normalize('NFC');
  if (trimmed === '') throw new MalformedError('a name has at least one character');
  if (new TextEncoder().encode(trimmed).length > limits.nameBytes)
    throw new MalformedError(`a name has at most ${limits.nameBytes} bytes`);
  if (/[\p{Cc}\p{Cs}\u2028\u2029\u202A-\u202E\u2066-\u2069\u200E\u200F\u061C]/u.test(trimmed))
    throw new MalformedError('a name has no control characters');
  return trimmed;
}

/** A name as somebody else wrote it; the beginning of their id where it is no name. */
export function foreignName(name: string, person: PersonId): string {
  try {
    return checkName(name);
  } catch (error) {
    if (error instanceof MalformedError) return person.slice(0, 8);
    throw error;
  }
}

/** What this device shows of itself to others. */
export interface Credentials {
  readonly rootKey: Uint8Array;
  readonly person: PersonId;
  readonly deviceKey: Uint8Array;
  readonly device: DeviceId;
  /** an encoded DeviceCertificate; the device's MLS credential */
  readonly certificate: Uint8Array;
  /** an encoded DeviceList */
  readonly devices: Uint8Array;
}

/** Same identity, same bytes: Ed25519 signs deterministically, and the certificate's end counts from a fixed day. */
export function credentialsOf(primitives: Primitives, identity: Identity): Credentials {
  const rootKey = primitives.ed25519PublicKey(identity.rootSeed);
  const deviceKey = primitives.ed25519PublicKey(identity.deviceSeed);
  const certificate: DeviceCertificate = {
    rootKey,
    deviceKey,
    serial: identity.serial,
    notAfter: firstDay + certificateSeconds,
    mayAdd: true,
  };
  return {
    rootKey,
    person: personIdOf(primitives, rootKey),
    deviceKey,
    device: deviceIdOf(primitives, deviceKey),
    certificate: encodeDeviceCertificate(primitives, certificate, identity.rootSeed),
    devices: encodeDeviceList(
      primitives,
      { rootKey, number: identity.listNumber, deviceKeys: identity.deviceKeys },
      identity.rootSeed,
    ),
  };
}

/** 2026-01-01, in seconds: certificates say nothing of when a person began. */
const firstDay = 1_767_225_600;

/** Who a credential says its holder is; undefined when its person did not sign it. */
export function holderOf(
  primitives: Primitives,
  credential: Uint8Array,
): (DeviceCertificate & { readonly person: PersonId; readonly device: DeviceId }) | undefined {
  try {
    const certificate = openDeviceCertificate(primitives, credential);
    if (certificate === undefined) return undefined;
    return {
      ...certificate,
      person: personIdOf(primitives, certificate.rootKey),
      device: deviceIdOf(primitives, certificate.deviceKey),
    };
  } catch (error) {
    if (error instanceof MalformedError) return undefined;
    throw error;
  }
}
