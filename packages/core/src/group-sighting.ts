import type { Decoder } from 'ts-mls';
import { mapDecoderOption } from 'ts-mls/codec/tlsDecoder.js';
import { decodeGroupInfo } from 'ts-mls/groupInfo.js';
import { decodeKeyPackage } from 'ts-mls/keyPackage.js';
import { decodePrivateMessage } from 'ts-mls/privateMessage.js';
import { decodePublicMessage } from 'ts-mls/publicMessage.js';
import { decodeRatchetTree } from 'ts-mls/ratchetTree.js';
import { decodeWelcome } from 'ts-mls/welcome.js';

/** Something of MLS (RFC 9420) that lies readable among other bytes. */
export interface Sighting {
  readonly what: 'message' | 'key package' | 'welcome' | 'group info' | 'private' | 'public' | 'tree';
  readonly from: number;
  /** excluded */
  readonly to: number;
}

/** Nothing of MLS is shorter; what is shorter parses by accident. */
const shortestBytes = 48;
const longestTreeBytes = 400_000;

/**
 * Whatever parses as a structure of MLS, whole or with other bytes around it: decoded by the library itself at every place. Structures
 * that begin with a version or a suite speak for themselves; the others count where their first numbers are such as occur.
 */
export function mlsIn(bytes: Uint8Array): readonly Sighting[] {
  const found: Sighting[] = [];
  for (let from = 0; from + shortestBytes <= bytes.length; from += 1) {
    for (const { what, decoder, begins } of structures) {
      if (!begins(bytes, from)) continue;
      const to = endOf(decoder, bytes, from);
      if (to !== undefined && to - from >= shortestBytes) found.push({ what, from, to });
    }
  }
  return found;
}

interface Structure {
  readonly what: Sighting['what'];
  readonly decoder: Decoder<unknown>;
  /** whether it is worth trying here */
  readonly begins: (bytes: Uint8Array, from: number) => boolean;
}

/** One that names a newcomer by a hash: without this, chance alone would write a Welcome into some megabytes. */
const decodePlausibleWelcome: Decoder<unknown> = mapDecoderOption(decodeWelcome, ({ secrets }) =>
  secrets.length > 0 && secrets.every((one) => [32, 48, 64].includes(one.newMember.length))
    ? secrets
    : undefined,
);

/** Chance writes short hashes and signatures of any length; these are as long as a suite makes them. */
const isHash = (bytes: Uint8Array): boolean => [32, 48, 64].includes(bytes.length);
const isSignature = (bytes: Uint8Array): boolean => bytes.length >= 60 && bytes.length <= 150;

const decodePlausibleGroupInfo: Decoder<unknown> = mapDecoderOption(
  decodeGroupInfo,
  ({ groupContext, confirmationTag, signature }) =>
    isHash(groupContext.treeHash) && isHash(confirmationTag) && isSignature(signature)
      ? signature
      : undefined,
);

const decodePlausibleKeyPackage: Decoder<unknown> = mapDecoderOption(
  decodeKeyPackage,
  ({ initKey, signature }) => (initKey.length >= 32 && isSignature(signature) ? signature : undefined),
);

/** The five kinds of message (RFC 9420 section 6) after version and kind, each as it counts by itself. */
const decodePlausibleMessage: Decoder<unknown> = (bytes, from) => {
  const inner = from + messageHeadBytes;
  const kind = (bytes[from + 2] ?? 0) * 256 + (bytes[from + 3] ?? 0);
  const named = messageKinds[kind - 1];
  const structure = structures.find(({ what }) => what === named);
  if (structure === undefined || !structure.begins(bytes, inner)) return undefined;
  const decoded = structure.decoder(bytes, inner);
  return decoded === undefined ? undefined : [decoded[0], decoded[1] + messageHeadBytes];
};
const messageHeadBytes = 4;
const messageKinds: readonly Sighting['what'][] = [
  'public',
  'private',
  'welcome',
  'group info',
  'key package',
];

const structures: readonly Structure[] = [
  { what: 'message', decoder: decodePlausibleMessage, begins: (bytes, at) => isVersion(bytes, at) },
  {
    what: 'key package',
    decoder: decodePlausibleKeyPackage,
    begins: (bytes, at) => isVersion(bytes, at) && isSuite(bytes, at + 2),
  },
  {
    what: 'group info',
    decoder: decodePlausibleGroupInfo,
    begins: (bytes, at) => isVersion(bytes, at) && isSuite(bytes, at + 2),
  },
  { what: 'welcome', decoder: decodePlausibleWelcome, begins: isSuite },
  { what: 'private', decoder: decodePrivateMessage, begins: isGroupAndEpoch },
  { what: 'public', decoder: decodePublicMessage, begins: isGroupAndEpoch },
  { what: 'tree', decoder: decodeRatchetTree, begins: isTree },
];

function endOf(decoder: Decoder<unknown>, bytes: Uint8Array, from: number): number | undefined {
  try {
    const decoded = decoder(bytes, from);
    return decoded === undefined ? undefined : from + decoded[1];
  } catch {
    return undefined; // whatever the library throws at bytes says that they are not its own
  }
}

/** RFC 9420 section 6: mls10 */
function isVersion(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0 && bytes[at + 1] === 1;
}

/** RFC 9420 section 17.1, and the numbers that the library gives to suites of the future */
function isSuite(bytes: Uint8Array, at: number): boolean {
  const suite = bytes[at + 1] ?? 0;
  return bytes[at] === 0 && suite >= 1 && suite <= 88;
}

/** A group id of 16 or 32 bytes and an epoch below 2^24. */
function isGroupAndEpoch(bytes: Uint8Array, at: number): boolean {
  const length = bytes[at];
  if (length !== 16 && length !== 32) return false;
  for (let place = at + 1 + length; place < at + 6 + length; place += 1) if (bytes[place] !== 0) return false;
  return true;
}

/** A length of two or four bytes, and then a leaf. */
function isTree(bytes: Uint8Array, at: number): boolean {
  const first = bytes[at] ?? 0;
  const width = first >>> 6 === 1 ? 2 : first >>> 6 === 2 ? 4 : 0;
  if (width === 0) return false;
  let length = first & 63;
  for (let place = at + 1; place < at + width; place += 1) length = length * 256 + (bytes[place] ?? 0);
  if (length > Math.min(longestTreeBytes, bytes.length - at - width)) return false;
  return bytes[at + width] === 1 && bytes[at + width + 1] === 1;
}
