import {
  encodePolicy,
  hkdfExpand,
  hkdfExtract,
  logIdOf,
  policyHash,
  sign,
  utf8,
  type LogId,
  type Policy,
  type Primitives,
  type RelayId,
  type Signed,
} from '@tern/protocol';

/** Seeds of the three keys that a policy names, and the key around what the log holds: 32 bytes each. */
export interface LogKeys {
  readonly append: Uint8Array;
  readonly read: Uint8Array;
  readonly change: Uint8Array;
  readonly wrap: Uint8Array;
}

export const logKeysBytes = 128;

export function splitLogKeys(secret: Uint8Array): LogKeys {
  return {
    append: secret.slice(0, 32),
    read: secret.slice(32, 64),
    change: secret.slice(64, 96),
    wrap: secret.slice(96, 128),
  };
}

export function joinLogKeys(keys: LogKeys): Uint8Array {
  const secret = new Uint8Array(logKeysBytes);
  secret.set(keys.append);
  secret.set(keys.read, 32);
  secret.set(keys.change, 64);
  secret.set(keys.wrap, 96);
  return secret;
}

/** What MLS exports for the log of a group's epoch (rule 11: all keys turn with every epoch). */
export const epochKeysLabel = 'tern/1 log keys';

export interface OwnLog {
  readonly log: LogId;
  readonly keys: LogKeys;
  readonly firstPolicy: Signed;
}

const inboxLifetimeSeconds = 28 * 86_400;
const inboxRoomBytes = 16 * 1024 * 1024;
const meetingRoomBytes = 4 * 1024 * 1024;
const conversationLifetimeSeconds = 90 * 86_400;
const conversationRoomBytes = 4 * 1024 * 1024 * 1024;

function derivedLog(
  primitives: Primitives,
  relay: RelayId,
  derived: {
    readonly secret: Uint8Array;
    readonly label: string;
    readonly roomBytes: number;
    readonly commitsOnly: boolean;
  },
): OwnLog {
  const prk = hkdfExtract(primitives, utf8(`tern/1 ${derived.label}`), derived.secret);
  const keys = splitLogKeys(hkdfExpand(primitives, prk, utf8('keys'), logKeysBytes));
  return beginLog(primitives, relay, {
    keys,
    nonce: hkdfExpand(primitives, prk, utf8('nonce'), 16),
    lifetime: inboxLifetimeSeconds,
    roomBytes: derived.roomBytes,
    commitsOnly: derived.commitsOnly,
  });
}

/** A person's inbox on one relay: the same from the same secret, so that every device of theirs finds it. */
export function inboxLog(primitives: Primitives, relay: RelayId, inboxSecret: Uint8Array): OwnLog {
  return derivedLog(primitives, relay, {
    secret: inboxSecret,
    label: `inbox ${relay}`,
    commitsOnly: false,
    roomBytes: inboxRoomBytes,
  });
}

/** Where two people leave each other what no group's state is needed for: both derive it, either may begin it. */
export function meetingLog(primitives: Primitives, relay: RelayId, meetingSecret: Uint8Array): OwnLog {
  return derivedLog(primitives, relay, {
    secret: meetingSecret,
    label: `meeting ${relay}`,
    commitsOnly: true,
    roomBytes: meetingRoomBytes,
  });
}

/** @param nonce 16 fresh random bytes */
export function conversationLog(
  primitives: Primitives,
  relay: RelayId,
  begin: { readonly keys: LogKeys; readonly nonce: Uint8Array },
): OwnLog {
  return beginLog(primitives, relay, {
    ...begin,
    commitsOnly: true,
    lifetime: conversationLifetimeSeconds,
    roomBytes: conversationRoomBytes,
  });
}

function beginLog(
  primitives: Primitives,
  relay: RelayId,
  begin: {
    readonly keys: LogKeys;
    readonly nonce: Uint8Array;
    readonly lifetime: number;
    readonly roomBytes: number;
    readonly commitsOnly: boolean;
  },
): OwnLog {
  const payload = encodePolicy({
    number: 0,
    nonce: begin.nonce,
    relay,
    ...publicKeys(primitives, begin.keys),
    lifetime: begin.lifetime,
    roomBytes: begin.roomBytes,
    closes: false,
    ...(begin.commitsOnly ? { commitsOnly: true } : {}),
    revoked: [],
  });
  return {
    log: logIdOf(primitives, payload),
    keys: begin.keys,
    firstPolicy: sign(primitives, begin.keys.change, { label: 'policy', payload }),
  };
}

function publicKeys(
  primitives: Primitives,
  keys: LogKeys,
): Pick<Policy, 'appendKey' | 'readKey' | 'changeKey'> {
  return {
    appendKey: primitives.ed25519PublicKey(keys.append),
    readKey: primitives.ed25519PublicKey(keys.read),
    changeKey: primitives.ed25519PublicKey(keys.change),
  };
}

/** The policy that must follow: every member computes the same bytes, so whoever publishes another one is noticed (rule 25). */
export function followingPolicy(
  primitives: Primitives,
  previous: { readonly log: LogId; readonly policy: Policy; readonly payload: Uint8Array },
  next: { readonly keys: LogKeys; readonly closes: boolean; readonly revoked?: readonly Uint8Array[] },
): Uint8Array {
  return encodePolicy({
    number: previous.policy.number + 1,
    log: previous.log,
    previous: policyHash(primitives, previous.payload),
    ...publicKeys(primitives, next.keys),
    lifetime: previous.policy.lifetime,
    roomBytes: previous.policy.roomBytes,
    closes: next.closes,
    ...(previous.policy.commitsOnly === undefined ? {} : { commitsOnly: previous.policy.commitsOnly }),
    revoked: next.revoked ?? [],
  });
}
