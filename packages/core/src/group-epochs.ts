import { MalformedError } from '@tern/protocol';
import type { ClientState, LeafNode, RatchetTree } from 'ts-mls';
import { directPath, leafToNodeIndex, leafWidth, toLeafIndex } from 'ts-mls/treemath.js';

import { equalBytes, type GroupSuite } from './group-cipher-suite.ts';
import { namePart, pastPart, slimSecretTree, treePart, type PastRatchets } from './group-parts.ts';
import { part, type Group, type PastEpoch } from './group-state.ts';

/** A device in a group. */
export interface Member {
  readonly leafIndex: number;
  /** opaque here: what the caller put in and {@link GroupRules.verifyCredential} accepted */
  readonly credential: Uint8Array;
  readonly signatureKey: Uint8Array;
}

/** Protocol rule 28: how long messages may be late. A kept epoch costs about 75 bytes a member, and its tree. */
const pastEpochsKept = 64;
const pastEpochKeptMs: number = 7 * 24 * 60 * 60 * 1000;

export function memberOf(leafIndex: number, leaf: LeafNode): Member {
  if (leaf.credential.credentialType !== 'basic')
    throw new MalformedError('a member without a basic credential');
  return { leafIndex, credential: leaf.credential.identity, signatureKey: leaf.signaturePublicKey };
}

export function memberAt(tree: RatchetTree, leafIndex: number): Member | undefined {
  const node = tree[leafIndex * 2];
  return node?.nodeType === 'leaf' ? memberOf(leafIndex, node.leaf) : undefined;
}

export function membersOf(group: Group): readonly Member[] {
  return group.mls.ratchetTree.flatMap((node, at) =>
    node?.nodeType === 'leaf' ? [memberOf(at / 2, node.leaf)] : [],
  );
}

/** The group as it begins for us: alone in it, or just joined. */
export async function firstEpoch(mls: ClientState, cs: GroupSuite): Promise<Group> {
  const tidy = await tidied(mls, { known: {}, cs });
  const [tree, bytes] = namePart(treePart(tidy.ratchetTree));
  return { mls: tidy, active: true, tree, past: [], parts: new Map([[tree, bytes]]) };
}

/** @param now when the epoch of `group` ended, in milliseconds since 1970 */
export async function nextEpoch(
  group: Group,
  mls: ClientState,
  options: { readonly now: number; readonly cs: GroupSuite },
): Promise<Group> {
  const tidy = await tidied(mls, { known: group.mls.privatePath.privateKeys, cs: options.cs });
  const [tree, treeBytes] = namePart(treePart(tidy.ratchetTree));
  const { groupContext, keySchedule, secretTree } = group.mls;
  const [ratchets, ratchetBytes] = namePart(
    pastPart({ groupContext, senderDataSecret: keySchedule.senderDataSecret, secretTree }),
  );
  const ended: PastEpoch = {
    epoch: epochOf(group),
    endedAt: Math.max(0, Math.floor(options.now)),
    tree: group.tree,
    ratchets,
  };
  const fresh: readonly (readonly [string, Uint8Array])[] = [
    [tree, treeBytes],
    [ratchets, ratchetBytes],
  ];
  const next = {
    mls: tidy,
    active: true,
    tree,
    past: [...group.past, ended],
    parts: new Map([...group.parts, ...fresh]),
  };
  return withoutOldEpochs(next, options.now);
}

/**
 * While our commit was on its way, messages of its epoch came and went. The staged state knows nothing of them: it gets the
 * ratchets as they are now, so that what was opened stays spent.
 */
export function adoptEpoch(current: Group, staged: Group): Group {
  const ended = staged.past.at(-1);
  if (ended === undefined || ended.epoch !== epochOf(current) || ended.tree !== current.tree) {
    throw new MalformedError('this commit was not staged in the current epoch');
  }
  const { groupContext, keySchedule, secretTree } = current.mls;
  const [ratchets, bytes] = namePart(
    pastPart({ groupContext, senderDataSecret: keySchedule.senderDataSecret, secretTree }),
  );
  const past = [...current.past, { ...ended, ratchets }];
  const parts = new Map([...staged.parts, ...current.parts, [ratchets, bytes] as const]);
  return withoutOldEpochs({ ...staged, past, parts }, ended.endedAt);
}

export function withoutOldEpochs(group: Group, now: number): Group {
  const past = group.past.filter((epoch) => now - epoch.endedAt <= pastEpochKeptMs).slice(-pastEpochsKept);
  return withPast(group, past);
}

/** The same group after one of its past ratchets has moved. */
export function withPastRatchets(group: Group, epoch: number, moved: PastRatchets): Group {
  const [ratchets, bytes] = namePart(pastPart(moved));
  const past = group.past.map((each) => (each.epoch === epoch ? { ...each, ratchets } : each));
  return withPast({ ...group, parts: new Map([...group.parts, [ratchets, bytes]]) }, past);
}

function withPast(group: Group, past: readonly PastEpoch[]): Group {
  const names = new Set([group.tree, ...past.flatMap(({ tree, ratchets }) => [tree, ratchets])]);
  return { ...group, past, parts: new Map([...names].map((name) => [name, part(group.parts, name)])) };
}

export function epochOf(group: Group): number {
  return Number(group.mls.groupContext.epoch);
}

/**
 * Drops what ts-mls keeps for longer than it is of use: ratchets of blank leaves, private keys of nodes that were blanked.
 * @throws {MalformedError} where a private key we were given does not fit the tree (RFC 9420 section 12.4.3.1): the author of
 * the commit or Welcome lied, and we would fall out with the next commit
 */
async function tidied(
  mls: ClientState,
  { known, cs }: { readonly known: Readonly<Record<number, Uint8Array>>; readonly cs: GroupSuite },
): Promise<ClientState> {
  const { ratchetTree, privatePath } = mls;
  const leaf = leafToNodeIndex(toLeafIndex(privatePath.leafIndex));
  const privateKeys: Record<number, Uint8Array> = {};
  for (const at of [leaf, ...directPath(leaf, leafWidth(ratchetTree.length))]) {
    const node = ratchetTree[at];
    const key = privatePath.privateKeys[at];
    if (node === undefined || key === undefined) continue;
    const publicKey = node.nodeType === 'leaf' ? node.leaf.hpkePublicKey : node.parent.hpkePublicKey;
    if (known[at] !== key && !equalBytes(await cs.publicKey(key), publicKey))
      throw new MalformedError('a private key does not fit the tree');
    privateKeys[at] = key;
  }
  return {
    ...mls,
    privatePath: { ...privatePath, privateKeys },
    secretTree: slimSecretTree(mls.secretTree, ratchetTree),
    historicalReceiverData: new Map(), // we keep past epochs ourselves, by time
    unappliedProposals: {},
  };
}
