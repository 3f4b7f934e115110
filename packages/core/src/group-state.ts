import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { MalformedError } from '@tern/protocol';
import type {
  ClientConfig,
  ClientState,
  Encoder,
  GroupContext,
  KeySchedule,
  PrivateKeyPath,
  SecretTreeNode,
} from 'ts-mls';
import {
  decodeUint8,
  decodeUint32,
  decodeUint64,
  uint8Encoder,
  uint32Encoder,
  uint64Encoder,
} from 'ts-mls/codec/number.js';
import { mapDecoders } from 'ts-mls/codec/tlsDecoder.js';
import { contramapBufferEncoders, encode } from 'ts-mls/codec/tlsEncoder.js';
import {
  decodeVarLenData,
  decodeVarLenType,
  varLenDataEncoder,
  varLenTypeEncoder,
} from 'ts-mls/codec/variableLength.js';
import { decodeGroupContext, groupContextEncoder } from 'ts-mls/groupContext.js';
import { decodeKeySchedule, keyScheduleEncoder } from 'ts-mls/keySchedule.js';
import { decodePrivateKeyPath, privateKeyPathEncoder } from 'ts-mls/privateKeyPath.js';
import { decodeSecretTreeNode, secretTreeNodeEncoder } from 'ts-mls/secretTree.js';

import { cipherSuiteId, cipherSuiteName } from './group-cipher-suite.ts';
import { decodeAll, decodeTreePart, leavesOf, secretTreeOf } from './group-parts.ts';

/**
 * What a device knows of one group. Plain data that never changes: each operation gives the next one.
 * It holds keys. Only the group-*.ts files look inside.
 */
export interface Group {
  readonly mls: ClientState;
  readonly active: boolean;
  /** the tree of the current epoch, a name in {@link Group.parts} */
  readonly tree: string;
  /** newest last */
  readonly past: readonly PastEpoch[];
  /** trees and past ratchets, by the hash of their bytes; exactly those that `tree` and `past` name */
  readonly parts: ReadonlyMap<string, Uint8Array>;
}

/** Kept to open messages that come late (protocol rule 28). */
export interface PastEpoch {
  readonly epoch: number;
  /** milliseconds since 1970 */
  readonly endedAt: number;
  readonly tree: string;
  readonly ratchets: string;
}

const stateVersion = 1;
const checksumBytes = 16;
/** 64 past epochs and 1,000 kept generations of 1,000 members stay below it */
const largestPart = 64 * 1024 * 1024;

const leafEncoder = contramapBufferEncoders(
  [uint32Encoder, secretTreeNodeEncoder],
  ([leaf, node]: readonly [number, SecretTreeNode]): [number, SecretTreeNode] => [leaf, node],
);
const decodeLeaf = mapDecoders([decodeUint32, decodeSecretTreeNode], (leaf, node) => [leaf, node] as const);
const pastEpochEncoder = contramapBufferEncoders(
  [uint64Encoder, uint64Encoder, varLenDataEncoder, varLenDataEncoder],
  (past: PastEpoch): [bigint, bigint, Uint8Array, Uint8Array] => [
    BigInt(past.epoch),
    BigInt(past.endedAt),
    hexToBytes(past.tree),
    hexToBytes(past.ratchets),
  ],
);
const decodePastEpoch = mapDecoders(
  [decodeUint64, decodeUint64, decodeVarLenData, decodeVarLenData],
  (epoch, endedAt, tree, ratchets): PastEpoch => ({
    epoch: Number(epoch),
    endedAt: Number(endedAt),
    tree: bytesToHex(tree),
    ratchets: bytesToHex(ratchets),
  }),
);
type HeadFields = [
  version: number,
  suite: number,
  active: number,
  context: GroupContext,
  keys: KeySchedule,
  path: PrivateKeyPath,
  signatureKey: Uint8Array,
  confirmationTag: Uint8Array,
  ratchets: (readonly [number, SecretTreeNode])[],
  tree: Uint8Array,
  past: PastEpoch[],
];
const headEncoder = contramapBufferEncoders(
  [
    uint8Encoder,
    uint32Encoder,
    uint8Encoder,
    groupContextEncoder,
    keyScheduleEncoder,
    privateKeyPathEncoder,
    varLenDataEncoder,
    varLenDataEncoder,
    varLenTypeEncoder(leafEncoder),
    varLenDataEncoder,
    varLenTypeEncoder(pastEpochEncoder),
  ],
  ({ mls, active, tree, past }: Group): HeadFields => [
    stateVersion,
    cipherSuiteId,
    active ? 1 : 0,
    mls.groupContext,
    mls.keySchedule,
    mls.privatePath,
    mls.signaturePrivateKey,
    mls.confirmationTag,
    leavesOf(mls.secretTree),
    hexToBytes(tree),
    [...past],
  ],
);
const encodeHeadBody: Encoder<Group> = encode(headEncoder);
const decodeHead = mapDecoders(
  [
    decodeUint8,
    decodeUint32,
    decodeUint8,
    decodeGroupContext,
    decodeKeySchedule,
    decodePrivateKeyPath,
    decodeVarLenData,
    decodeVarLenData,
    decodeVarLenType(decodeLeaf),
    decodeVarLenData,
    decodeVarLenType(decodePastEpoch),
  ],
  (
    version,
    suite,
    active,
    groupContext,
    keySchedule,
    privatePath,
    signaturePrivateKey,
    confirmationTag,
    ratchets,
    tree,
    past,
  ) => ({
    version,
    suite,
    active: active === 1,
    groupContext,
    keySchedule,
    privatePath,
    signaturePrivateKey,
    confirmationTag,
    ratchets,
    tree: bytesToHex(tree),
    past,
  }),
);

/** Version, suite, everything that changes with a message, and a checksum against a disk that lies. Keys: encrypt it at rest. */
export function encodeHead(group: Group): Uint8Array {
  const body = encodeHeadBody(group);
  const head = new Uint8Array(body.length + checksumBytes);
  head.set(body);
  head.set(sha256(body).subarray(0, checksumBytes), body.length);
  return head;
}

/**
 * @param load the part of this name, as it was stored
 * @throws {MalformedError} for anything {@link encodeHead} did not write, and for parts that are not what they are named
 */
export function decodeGroupState(
  stored: Uint8Array,
  load: (name: string) => Uint8Array,
  clientConfig: ClientConfig,
): Group {
  const bytes = stored.slice();
  const body = bytes.subarray(0, Math.max(0, bytes.length - checksumBytes));
  const checksum = bytesToHex(sha256(body).subarray(0, checksumBytes));
  if (checksum !== bytesToHex(bytes.subarray(body.length)))
    throw new MalformedError('group state does not match its checksum');
  if (body[0] !== stateVersion) throw new MalformedError(`group state of version ${body[0] ?? 'none'}`);
  const { version, suite, active, ratchets, tree, past, ...mls } = decodeAll(decodeHead, body, 'group state');
  if (suite !== cipherSuiteId || mls.groupContext.cipherSuite !== cipherSuiteName)
    throw new MalformedError(`group state of version ${version} with suite ${suite}`);
  const names = new Set([tree, ...past.flatMap((epoch) => [epoch.tree, epoch.ratchets])]);
  const parts = new Map([...names].map((name) => [name, verifiedPart(name, load(name))]));
  const ratchetTree = decodeTreePart(part(parts, tree));
  if (ratchetTree[mls.privatePath.leafIndex * 2]?.nodeType !== 'leaf')
    throw new MalformedError('group state without its own leaf');
  return {
    active,
    tree,
    past,
    parts,
    mls: {
      ...mls,
      ratchetTree,
      secretTree: secretTreeOf(ratchetTree.length, ratchets),
      unappliedProposals: {},
      historicalReceiverData: new Map(),
      groupActiveState: { kind: 'active' },
      clientConfig,
    },
  };
}

/** @throws {MalformedError} when there is no part of this name */
export function part(parts: ReadonlyMap<string, Uint8Array>, name: string): Uint8Array {
  const bytes = parts.get(name);
  if (bytes === undefined) throw new MalformedError('group state lacks a part');
  return bytes;
}

function verifiedPart(name: string, stored: Uint8Array): Uint8Array {
  if (stored.length > largestPart) throw new MalformedError('group state has an oversized part');
  const bytes = stored.slice();
  if (bytesToHex(sha256(bytes)) !== name)
    throw new MalformedError('part of a group state does not match its name');
  return bytes;
}
