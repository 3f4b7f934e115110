import { concat, equalBytes, MalformedError, uintBytes, utf8 } from '@tern/protocol';

/** What is kept of a home's key: the master key itself, or the master key wrapped by a passcode. */
export type HomeKeyRecord = {
  /** minutes without anybody here after which a home with a passcode locks; 0 for never */
  readonly lockAfter: number;
} & (
  | { readonly kind: 'bare'; readonly key: Uint8Array }
  | {
      readonly kind: 'passcode';
      readonly cost: PasscodeCost;
      readonly salt: Uint8Array;
      /** nonce, ciphertext, tag of AES-256-GCM */
      readonly wrapped: Uint8Array;
    }
);

/** What one guess costs: Argon2id (RFC 9106) with one lane. */
export interface PasscodeCost {
  readonly memoryKiB: number;
  readonly passes: number;
}

export const masterKeyBytes = 32;
export const keySaltBytes = 16;
export const keyNonceBytes = 12;
const tagBytes = 16;

/** The least that OWASP calls enough, because it has to run in JavaScript: 0.6 to 1 s of one core. */
export const defaultPasscodeCost: PasscodeCost = { memoryKiB: 19_456, passes: 2 };

/** Below the lower one guessing is cheap; above the upper one a hostile record could take the browser's memory or time. */
const costLimits = { memoryKiB: [19_456, 131_072], passes: [2, 8] } as const;
export const longestLockAfter: number = 7 * 24 * 60;

const magic: Uint8Array = utf8('TERNKEY');
const version = 1;
const kinds = { bare: 1, passcode: 2 } as const;
/** magic, version, kind (1 B), minutes (2 B) */
const headBytes: number = magic.length + 4;
const bareBytes: number = headBytes + masterKeyBytes;
const costBytes = 5;
const saltAt: number = headBytes + costBytes;
const wrappedAt: number = saltAt + keySaltBytes;
const passcodeBytes: number = wrappedAt + keyNonceBytes + masterKeyBytes + tagBytes;
export const largestHomeKeyRecord: number = passcodeBytes;

export function encodeHomeKeyRecord(record: HomeKeyRecord): Uint8Array {
  const head = concat(
    magic,
    uintBytes(version, 1),
    uintBytes(kinds[record.kind], 1),
    uintBytes(record.lockAfter, 2),
  );
  if (record.kind === 'bare') return concat(head, record.key);
  return concat(head, encodedCost(record.cost), record.salt, record.wrapped);
}

/** @throws {MalformedError} for anything {@link encodeHomeKeyRecord} would not have written, costs beyond the limits included */
export function decodeHomeKeyRecord(bytes: Uint8Array): HomeKeyRecord {
  if (bytes.length < headBytes || !equalBytes(bytes.subarray(0, magic.length), magic)) {
    throw new MalformedError('this is not the key of a home');
  }
  if (bytes[magic.length] !== version) throw new MalformedError('the key of a home in an unknown version');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const kind = view.getUint8(magic.length + 1);
  const lockAfter = view.getUint16(magic.length + 2);
  if (lockAfter > longestLockAfter) throw new MalformedError('a home locks within a week, or never');
  if (kind === kinds.bare && bytes.length === bareBytes) {
    return { kind: 'bare', lockAfter, key: bytes.slice(headBytes) };
  }
  if (kind !== kinds.passcode || bytes.length !== passcodeBytes) {
    throw new MalformedError('a key of no known kind or length');
  }
  const cost = { memoryKiB: view.getUint32(headBytes), passes: view.getUint8(headBytes + 4) };
  for (const name of ['memoryKiB', 'passes'] as const) {
    const [least, most] = costLimits[name];
    if (cost[name] < least || cost[name] > most) throw new MalformedError(`${name} is beyond its limits`);
  }
  return {
    kind: 'passcode',
    lockAfter,
    cost,
    salt: bytes.slice(saltAt, wrappedAt),
    wrapped: bytes.slice(wrappedAt),
  };
}

/** What the wrapped key is bound to, so that nobody can have it guessed at a lower cost. */
export function keyBinding({
  cost,
  salt,
}: {
  readonly cost: PasscodeCost;
  readonly salt: Uint8Array;
}): Uint8Array {
  return concat(magic, uintBytes(version, 1), encodedCost(cost), salt);
}

function encodedCost({ memoryKiB, passes }: PasscodeCost): Uint8Array {
  return concat(uintBytes(memoryKiB, 4), uintBytes(passes, 1));
}
