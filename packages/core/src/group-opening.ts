import { MalformedError } from '@tern/protocol';
import type { PrivateMessage, Proposal, ProposalAdd, ProposalRemove } from 'ts-mls';
import { emptyPskIndex } from 'ts-mls';
import type { AuthenticatedContent, AuthenticatedContentCommit } from 'ts-mls/authenticatedContent.js';
import type { ApplyProposalsResult } from 'ts-mls/clientState.js';
import { applyProposals, throwIfDefined, validateLeafNodeUpdateOrCommit } from 'ts-mls/clientState.js';
import { unprotectPrivateMessage } from 'ts-mls/messageProtection.js';
import { decryptSenderData } from 'ts-mls/privateMessage.js';
import { toLeafIndex } from 'ts-mls/treemath.js';
import type { UpdatePath } from 'ts-mls/updatePath.js';

import { equalBytes, type GroupSuite } from './group-cipher-suite.ts';
import { followCommit } from './group-commit.ts';
import {
  epochOf,
  memberAt,
  memberOf,
  membersOf,
  nextEpoch,
  withoutOldEpochs,
  withPastRatchets,
  type Member,
} from './group-epochs.ts';
import { acceptedAtReceiver } from './group-lifetime.ts';
import { decodeMessage, decodePastPart, decodeTreePart, type PastRatchets } from './group-parts.ts';
import { part, type Group } from './group-state.ts';

/** What a commit wants, for the one pure function that judges it (protocol rule 24). */
export interface CommitView {
  /** before the commit */
  readonly members: readonly Member[];
  readonly by: Member;
  readonly adds: readonly Member[];
  readonly removes: readonly Member[];
}

/** What became of bytes that claim to be a message of this group. None of these is a bug of the caller, so none is thrown. */
export type Opened =
  | {
      readonly kind: 'message';
      readonly plaintext: Uint8Array;
      readonly authenticatedData: Uint8Array;
      readonly from: Member;
      readonly epoch: number;
      readonly generation: number;
      readonly next: Group;
    }
  | {
      readonly kind: 'commit';
      readonly by: Member;
      readonly added: readonly Member[];
      readonly removed: readonly Member[];
      readonly next: Group;
    }
  /** the commit removes us; `next` still opens what others wrote before it, and sends nothing */
  | { readonly kind: 'removed'; readonly by: Member; readonly next: Group }
  /** a member's commit that nobody may follow: recovery begins, visibly */
  | { readonly kind: 'void'; readonly because: 'unauthorised' | 'invalid'; readonly by: Member }
  /**
   * It names our own leaf. `echo`: a message of a generation we have used, as when our own words come back from the log. `twin`: signed
   * with our key, and this state did not write it: a copy of this device lives (protocol rule 27), or a staged commit came back.
   */
  | {
      readonly kind: 'own';
      readonly as: 'echo' | 'twin';
      readonly epoch: number;
      readonly generation: number;
    }
  /**
   * `past`: its keys are gone. `future`: what comes before it is missing. `spent`: opened before, drop it silently.
   * `bad`: not written by a member for this group.
   */
  | { readonly kind: 'unreadable'; readonly because: 'past' | 'future' | 'spent' | 'bad' };

export interface Opening {
  /** milliseconds since 1970. For an entry of a log: when it was stored, so that whoever was away judges as those who were there */
  readonly now: number;
  authorise(view: CommitView): boolean;
}

const bad: Opened = { kind: 'unreadable', because: 'bad' };
const past: Opened = { kind: 'unreadable', because: 'past' };
const future: Opened = { kind: 'unreadable', because: 'future' };

export async function openMessage(
  group: Group,
  bytes: Uint8Array,
  opening: Opening & { readonly cs: GroupSuite },
): Promise<Opened> {
  const message = privateMessage(bytes);
  if (message === undefined || !equalBytes(message.groupId, group.mls.groupContext.groupId)) return bad;
  const current = epochOf(group);
  if (message.epoch > BigInt(current)) return future;
  const kept = withoutOldEpochs(group, opening.now);
  const epoch = keysOf(kept, Number(message.epoch));
  if (epoch === undefined) return past;
  if (message.contentType !== 'application' && epoch.number !== current) return past;
  const opened = await unprotect(kept, epoch, message, opening.cs);
  if ('kind' in opened) return opened;
  const { from, content, generation, moved } = opened;
  if (content.content.contentType === 'application') {
    const { applicationData: plaintext, authenticatedData } = content.content;
    const next =
      epoch.number === current ? withRatchets(kept, moved) : withPastRatchets(kept, epoch.number, moved);
    return { kind: 'message', plaintext, authenticatedData, from, epoch: epoch.number, generation, next };
  }
  // Tern's proposals travel inside commits only
  if (!isCommit(content)) return { kind: 'void', because: 'invalid', by: from };
  return openCommit(withRatchets(kept, moved), { content, by: from }, opening);
}

function withRatchets(group: Group, { secretTree }: PastRatchets): Group {
  return { ...group, mls: { ...group.mls, secretTree } };
}

function privateMessage(bytes: Uint8Array): PrivateMessage | undefined {
  try {
    const message = decodeMessage(bytes, 'message');
    return message.wireformat === 'mls_private_message' ? message.privateMessage : undefined;
  } catch (error) {
    if (error instanceof MalformedError) return undefined;
    throw error;
  }
}

interface EpochKeys extends PastRatchets {
  readonly number: number;
  readonly ratchetTree: Group['mls']['ratchetTree'];
}

function keysOf(group: Group, number: number): EpochKeys | undefined {
  if (number === epochOf(group)) {
    const { groupContext, secretTree, ratchetTree, keySchedule } = group.mls;
    return { number, groupContext, secretTree, ratchetTree, senderDataSecret: keySchedule.senderDataSecret };
  }
  const ended = group.past.find(({ epoch }) => epoch === number);
  if (ended === undefined) return undefined;
  return {
    number,
    ...decodePastPart(part(group.parts, ended.ratchets)),
    ratchetTree: decodeTreePart(part(group.parts, ended.tree)),
  };
}

interface Unprotected {
  readonly from: Member;
  readonly content: AuthenticatedContent;
  readonly generation: number;
  readonly moved: PastRatchets;
}

async function unprotect(
  group: Group,
  epoch: EpochKeys,
  message: PrivateMessage,
  cs: GroupSuite,
): Promise<Unprotected | Opened> {
  const { secretTree, ratchetTree, groupContext, senderDataSecret } = epoch;
  const { keyRetentionConfig } = group.mls.clientConfig;
  const sender = await quietly(() => decryptSenderData(message, senderDataSecret, cs));
  if (sender === undefined || sender.reuseGuard.length !== 4) return bad;
  const from = memberAt(ratchetTree, sender.leafIndex);
  const node = secretTree[sender.leafIndex * 2];
  if (from === undefined || node === undefined) return bad;
  const { generation } = sender;
  const ratchet = message.contentType === 'application' ? node.application : node.handshake;
  const own = sender.leafIndex === group.mls.privatePath.leafIndex;
  if (generation < ratchet.generation && ratchet.unusedGenerations[generation] === undefined) {
    if (own) return { kind: 'own', as: 'echo', epoch: epoch.number, generation };
    const dropped = generation < ratchet.generation - keyRetentionConfig.retainKeysForGenerations;
    return dropped ? past : { kind: 'unreadable', because: 'spent' };
  }
  if (generation - ratchet.generation > keyRetentionConfig.maximumForwardRatchetSteps) return future;
  const opened = await quietly(() =>
    unprotectPrivateMessage(
      senderDataSecret,
      message,
      secretTree,
      ratchetTree,
      groupContext,
      keyRetentionConfig,
      cs,
    ),
  );
  if (opened === undefined) return bad;
  if (own) return { kind: 'own', as: 'twin', epoch: epoch.number, generation };
  const moved = { groupContext, senderDataSecret, secretTree: opened.tree };
  return { from, content: opened.content, generation, moved };
}

interface SignedCommit {
  readonly content: AuthenticatedContentCommit;
  readonly by: Member;
}

async function openCommit(
  group: Group,
  signed: SignedCommit,
  opening: Opening & { readonly cs: GroupSuite },
): Promise<Opened> {
  const { mls } = group;
  const { content, by } = signed;
  const { cs, now } = opening;
  const judged = await quietly(() => judge(group, signed, opening));
  if (judged === undefined) return { kind: 'void', because: 'invalid', by };
  const { view, path, applied } = judged;
  if (!opening.authorise(view)) return { kind: 'void', because: 'unauthorised', by };
  if (view.removes.some(({ leafIndex }) => leafIndex === mls.privatePath.leafIndex)) {
    // not left to ts-mls: it looks for a blank leaf, and the same commit may have given ours to a newcomer
    return { kind: 'removed', by, next: { ...group, active: false } };
  }
  const next = await quietly(async () =>
    nextEpoch(group, await followCommit(mls, { content, by: by.leafIndex, path, applied }, cs), { now, cs }),
  );
  if (next === undefined) return { kind: 'void', because: 'invalid', by };
  return { kind: 'commit', by, added: view.adds, removed: view.removes, next };
}

interface JudgedCommit {
  readonly view: CommitView;
  readonly path: UpdatePath;
  readonly applied: ApplyProposalsResult;
}

/**
 * Tern's commits are narrower than MLS's: an update path always, adds and removes inline and nothing else, and a committer who stays
 * who they are. @returns undefined for a commit that is not, and throws what ts-mls throws for one that is invalid
 */
async function judge(
  group: Group,
  { content, by }: SignedCommit,
  { now, cs }: Opening & { readonly cs: GroupSuite },
): Promise<JudgedCommit | undefined> {
  const { mls } = group;
  const { path, proposals } = content.content.commit;
  if (path === undefined) return undefined;
  const committer = memberOf(by.leafIndex, path.leafNode);
  if (
    !equalBytes(committer.credential, by.credential) ||
    !equalBytes(committer.signatureKey, by.signatureKey)
  )
    return undefined;
  const adds: ProposalAdd[] = [];
  const removes: ProposalRemove[] = [];
  for (const each of proposals) {
    if (each.proposalOrRefType !== 'proposal') return undefined;
    if (isAdd(each.proposal)) adds.push(each.proposal);
    else if (isRemove(each.proposal)) removes.push(each.proposal);
    else return undefined;
  }
  if (!adds.every(({ add }) => acceptedAtReceiver(add.keyPackage.leafNode.lifetime, now))) return undefined;
  const applied = await applyProposals(mls, proposals, toLeafIndex(by.leafIndex), emptyPskIndex, false, cs);
  if (applied.additionalResult.kind !== 'memberCommit') return undefined;
  throwIfDefined(
    await validateLeafNodeUpdateOrCommit(
      path.leafNode,
      by.leafIndex,
      mls.groupContext,
      mls.clientConfig.authService,
      cs.signature,
    ),
  );
  const view: CommitView = {
    members: membersOf(group),
    by,
    adds: applied.additionalResult.addedLeafNodes.map(([leaf, { leafNode }]) => memberOf(leaf, leafNode)),
    removes: removes.flatMap(({ remove }) => memberAt(mls.ratchetTree, remove.removed) ?? []),
  };
  return { view, path, applied };
}

function isCommit(content: AuthenticatedContent): content is AuthenticatedContentCommit {
  return content.content.contentType === 'commit' && content.auth.contentType === 'commit';
}

function isAdd(proposal: Proposal): proposal is ProposalAdd {
  return proposal.proposalType === 'add';
}

function isRemove(proposal: Proposal): proposal is ProposalRemove {
  return proposal.proposalType === 'remove';
}

/** ts-mls answers hostile bytes with many kinds of exceptions; each of them means that the bytes are refused. */
async function quietly<T>(attempt: () => Promise<T>): Promise<T | undefined> {
  try {
    return await attempt();
  } catch {
    return undefined;
  }
}
