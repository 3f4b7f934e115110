import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { equalBytes, MalformedError } from '@tern/protocol';
import type {
  Decoder,
  Encoder,
  GenerationSecret,
  GroupContext,
  MLSMessage,
  RatchetTree,
  SecretTree,
  SecretTreeNode,
} from 'ts-mls';
import { decodeMlsMessage, encodeMlsMessage } from 'ts-mls';
import { decodeUint8, decodeUint32, uint8Encoder, uint32Encoder } from 'ts-mls/codec/number.js';
import { mapDecoders } from 'ts-mls/codec/tlsDecoder.js';
import { contramapBufferEncoders, encode } from 'ts-mls/codec/tlsEncoder.js';
import {
  decodeVarLenData,
  decodeVarLenType,
  varLenDataEncoder,
  varLenTypeEncoder,
} from 'ts-mls/codec/variableLength.js';
import { decodeGroupContext, groupContextEncoder } from 'ts-mls/groupContext.js';
import { decodeRatchetTree, encodeRatchetTree } from 'ts-mls/ratchetTree.js';
import { decodeGenerationSecret, generationSecretEncoder } from 'ts-mls/secretTree.js';

// What of a group is stored apart from its head, by the hash of its bytes: trees, and the ratchets of epochs that have ended.

/** The ratchets of an epoch that has ended: enough to open application messages, and nothing else. */
export interface PastRatchets {
  readonly groupContext: GroupContext;
  readonly senderDataSecret: Uint8Array;
  readonly secretTree: SecretTree;
}

const partVersion = 1;
/** 65,536 leaves: far beyond any group */
const widestTree = 2 ** 17;

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
    partVersion,
    past.secretTree.length,
    past.groupContext,
    past.senderDataSecret,
    leavesOf(past.secretTree).map(([leaf, { application }]) => ({ leaf, application })),
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
  if (version !== partVersion) throw new MalformedError(`ratchets of version ${version}`);
  const nodes = ratchets.map(({ leaf, application }) => [leaf, { handshake: spent, application }] as const);
  return { groupContext, senderDataSecret, secretTree: secretTreeOf(width, nodes) };
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

/**
 * A message of MLS from exactly the bytes that say it. The library also takes lengths that are written longer than they need be, which
 * RFC 9420 section 2.1.2 forbids: one message would have many names.
 * @throws {MalformedError}
 */
export function decodeMessage(bytes: Uint8Array, what: string): MLSMessage {
  const message = decodeAll(decodeMlsMessage, bytes.slice(), what);
  if (!equalBytes(encodeMlsMessage(message), bytes)) throw new MalformedError(`not a ${what}`);
  return message;
}

export function leavesOf(secretTree: SecretTree): (readonly [leaf: number, node: SecretTreeNode])[] {
  return secretTree.flatMap((node, at) => (node === nobody || at % 2 === 1 ? [] : [[at / 2, node] as const]));
}

export function secretTreeOf(
  width: number,
  nodes: readonly (readonly [leaf: number, node: SecretTreeNode])[],
): SecretTree {
  if (width > widestTree || nodes.length > width)
    throw new MalformedError('group state with more ratchets than leaves');
  const secretTree = Array.from({ length: width }, () => nobody);
  for (const [leaf, node] of nodes) {
    if (leaf * 2 >= width) throw new MalformedError('group state with a ratchet outside its tree');
    secretTree[leaf * 2] = node;
  }
  return secretTree;
}
