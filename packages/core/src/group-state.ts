import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { MalformedError } from '@tern/protocol';
import type {
  ClientConfig,
  ClientState,
  Decoder,
  Encoder,
  GenerationSecret,
  GroupContext,
  KeySchedule,
  PrivateKeyPath,
  RatchetTree,
  SecretTree,
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
import { decodeRatchetTree, encodeRatchetTree } from 'ts-mls/ratchetTree.js';
import {
  decodeGenerationSecret,
  decodeSecretTreeNode,
  generationSecretEncoder,
  secretTreeNodeEncoder,
} from 'ts-mls/secretTree.js';

import { cipherSuiteId, cipherSuiteName } from './group-cipher-suite.ts';

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

/** The ratchets of an epoch that has ended: enough to open application messages, and nothing else. */
export interface PastRatchets {
  readonly groupContext: GroupContext;
  readonly senderDataSecret: Uint8Array;
  readonly secretTree: SecretTree;
}

const stateVersion = 1;
const checksumBytes = 16;
/** 64 past epochs and 1,000 kept generations of 1,000 members stay below it */
const largestPart = 64 * 1024 * 1024;

const spent: GenerationSecret = { secret: new Uint8Array(), generation: 0, unusedGenerations: {} };
const nobody: SecretTreeNode = { handshake: spent, application: spent };

/** ts-mls derives ratchets for every node of the tree, and uses those of filled leaves. */
export function slimSecretTree(secretTree: SecretTree, tree: RatchetTree): SecretTree {
  return secretTree.map((node, at) => (tree[at]?.nodeType === 'leaf' ? node : nobody));
}

/** Fresh bytes of a tree or of ratchets, and their name. */
export function namePart(bytes: Uint8Array): readonly [name: string, bytes: Uint8Array] {
  return [bytesToHex(sha256(bytes)), bytes];
}

export function treePart(tree: RatchetTree): Uint8Array {
  return encodeRatchetTree(tree);
}

/** @throws {MalformedError} */
export function decodeTreePart(bytes: Uint8Array): RatchetTree {
  return decodeAll(decodeRatchetTree, bytes, 'ratchet tree');
}

const pastRatchetEncoder = contramapBufferEncoders(
  [uint32Encoder, generationSecretEncoder],
  ({ leaf, application }: PastLeaf): [number, GenerationSecret] => [leaf, application],
);
const decodePastRatchet = mapDecoders(
  [decodeUint32, decodeGenerationSecret],
  (leaf, application): PastLeaf => ({ leaf, application }),
);
const pastEncoder = contramapBufferEncoders(
  [
    uint8Encoder,
    uint32Encoder,
    groupContextEncoder,
    varLenDataEncoder,
    varLenTypeEncoder(pastRatchetEncoder),
  ],
  (past: PastRatchets): [number, number, GroupContext, Uint8Array, PastLeaf[]] => [
    stateVersion,
    past.secretTree.length,
    past.groupContext,
    past.senderDataSecret,
    leaves(past.secretTree).map(([leaf, { application }]) => ({ leaf, application })),
  ],
);
const decodePast = mapDecoders(
  [decodeUint8, decodeUint32, decodeGroupContext, decodeVarLenData, decodeVarLenType(decodePastRatchet)],
  (version, width, groupContext, senderDataSecret, ratchets) => ({
    version,
    width,
    groupContext,
    senderDataSecret,
    ratchets,
  }),
);

interface PastLeaf {
  readonly leaf: number;
  readonly application: GenerationSecret;
}

export const pastPart: Encoder<PastRatchets> = encode(pastEncoder);

/** @throws {MalformedError} */
export function decodePastPart(bytes: Uint8Array): PastRatchets {
  const { version, width, groupContext, senderDataSecret, ratchets } = decodeAll(
    decodePast,
    bytes,
    'past ratchets',
  );
  if (version !== stateVersion) throw new MalformedError(`ratchets of version ${version}`);
  const nodes = ratchets.map(({ leaf, application }) => [leaf, { handshake: spent, application }] as const);
  return { groupContext, senderDataSecret, secretTree: secretTreeOf(width, nodes) };
}

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
    leaves(mls.secretTree),
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

/**
 * Everything ts-mls throws while decoding means that the bytes are not what they claim to be.
 * @throws {MalformedError} also for bytes left over
 */
export function decodeAll<T>(decoder: Decoder<T>, bytes: Uint8Array, what: string): T {
  let decoded: [T, number] | undefined;
  try {
    decoded = decoder(bytes, 0);
  } catch (cause) {
    throw new MalformedError(`not a ${what}`, { cause });
  }
  if (decoded === undefined || decoded[1] !== bytes.length) throw new MalformedError(`not a ${what}`);
  return decoded[0];
}

function leaves(secretTree: SecretTree): (readonly [leaf: number, node: SecretTreeNode])[] {
  return secretTree.flatMap((node, at) => (node === nobody || at % 2 === 1 ? [] : [[at / 2, node] as const]));
}

function secretTreeOf(
  width: number,
  nodes: readonly (readonly [leaf: number, node: SecretTreeNode])[],
): SecretTree {
  if (nodes.length > width) throw new MalformedError('group state with more ratchets than leaves');
  const secretTree = new Array<SecretTreeNode>(width).fill(nobody);
  for (const [leaf, node] of nodes) {
    if (leaf * 2 >= width) throw new MalformedError('group state with a ratchet outside its tree');
    secretTree[leaf * 2] = node;
  }
  return secretTree;
}
