import { MalformedError } from '@tern/protocol';
import type { CiphersuiteImpl, ClientState, KeyPackage, LeafIndex, Proposal, Welcome } from 'ts-mls';
import { emptyPskIndex, encodeMlsMessage } from 'ts-mls';
import type { AuthenticatedContentCommit } from 'ts-mls/authenticatedContent.js';
import type { ApplyProposalsResult } from 'ts-mls/clientState.js';
import {
  applyProposals,
  nextEpochContext,
  throwIfDefined,
  validateLeafNodeCredentialAndKeyUniqueness,
} from 'ts-mls/clientState.js';
import type { UpdatePath } from 'ts-mls/updatePath.js';
import { applyUpdatePathSecret, createGroupInfoWithRatchetTree } from 'ts-mls/createCommit.js';
import {
  createConfirmationTag,
  createContentCommitSignature,
  verifyConfirmationTag,
} from 'ts-mls/framedContent.js';
import { makeKeyPackageRef } from 'ts-mls/keyPackage.js';
import { initializeEpoch } from 'ts-mls/keySchedule.js';
import { protect } from 'ts-mls/messageProtection.js';
import { getCommitSecret, pathToPathSecrets, pathToRoot } from 'ts-mls/pathSecrets.js';
import { mergePrivateKeyPaths, toPrivateKeyPath, updateLeafKey } from 'ts-mls/privateKeyPath.js';
import { createSecretTree } from 'ts-mls/secretTree.js';
import { treeHashRoot } from 'ts-mls/treeHash.js';
import { leafToNodeIndex, leafWidth, toLeafIndex, toNodeIndex } from 'ts-mls/treemath.js';
import { applyUpdatePath, createUpdatePath, firstCommonAncestor } from 'ts-mls/updatePath.js';
import { encryptGroupInfo, encryptGroupSecrets } from 'ts-mls/welcome.js';

/** What goes out together: the Welcome only after the commit has won. */
export interface ComposedCommit {
  readonly commit: Uint8Array;
  readonly welcome: Uint8Array | undefined;
  readonly next: ClientState;
}

/**
 * A commit of RFC 9420 section 12.4.1 with inline proposals, as a PrivateMessage. Put together from the parts of ts-mls rather
 * than with its `createCommit`, because that one
 * - sends no update path when it only adds: here every commit heals its author (section 16.6);
 * - takes 32 zero bytes as the commit secret of the last member left, so the one just removed could follow into the epoch of
 *   that lonely member: here it is fresh randomness, which nobody else ever has to derive;
 * - reads the machine's own clock for lifetimes: here the caller has judged them.
 * @throws what ts-mls throws for proposals that do not fit the group
 */
export async function composeCommit(
  state: ClientState,
  proposals: readonly Proposal[],
  cs: CiphersuiteImpl,
): Promise<ComposedCommit> {
  const inline = proposals.map((proposal) => ({ proposalOrRefType: 'proposal' as const, proposal }));
  const own = toLeafIndex(state.privatePath.leafIndex);
  const applied = await applyProposals(state, inline, own, emptyPskIndex, false, cs);
  const added = newcomersOf(applied);
  // newcomers get their path secret in the Welcome, so no ciphertext of the path is for them (section 12.4.1)
  const newcomers = added.map(([leaf]) => leafToNodeIndex(leaf));
  const { groupContext: context, signaturePrivateKey } = state;
  const [tree, path, pathSecrets, leafKey] = await createUpdatePath(
    applied.tree,
    own,
    context,
    signaturePrivateKey,
    cs,
    newcomers,
  );

  const top = pathSecrets.at(-1); // they come leaf to root
  const commitSecret =
    top === undefined
      ? cs.rng.randomBytes(cs.kdf.size)
      : await getCommitSecret(tree, toNodeIndex(top.nodeIndex), top.secret, cs.kdf);
  const sender = { senderType: 'member' as const, leafIndex: own };
  const nothing = new Uint8Array();
  const { signature, framedContent } = await createContentCommitSignature(
    context,
    'mls_private_message',
    { proposals: inline, path },
    sender,
    nothing,
    signaturePrivateKey,
    cs.signature,
  );
  const treeHash = await treeHashRoot(tree, cs.hash);
  const nextContext = await nextEpochContext(
    context,
    'mls_private_message',
    framedContent,
    signature,
    treeHash,
    state.confirmationTag,
    cs.hash,
  );
  const epoch = await initializeEpoch(
    state.keySchedule.initSecret,
    commitSecret,
    nextContext,
    applied.pskSecret,
    cs.kdf,
  );
  const confirmationTag = await createConfirmationTag(
    epoch.keySchedule.confirmationKey,
    nextContext.confirmedTranscriptHash,
    cs.hash,
  );
  const { privateMessage } = await protect(
    state.keySchedule.senderDataSecret,
    nothing,
    context,
    state.secretTree,
    { ...framedContent, auth: { contentType: 'commit', signature, confirmationTag } },
    own,
    state.clientConfig.paddingConfig,
    cs,
  );

  const above = await toPrivateKeyPath(pathToPathSecrets(pathSecrets), own, cs);
  const next: ClientState = {
    ...state,
    groupContext: nextContext,
    ratchetTree: tree,
    keySchedule: epoch.keySchedule,
    secretTree: await createSecretTree(leafWidth(tree.length), epoch.encryptionSecret, cs.kdf),
    privatePath: mergePrivateKeyPaths(
      updateLeafKey(state.privatePath, await cs.hpke.exportPrivateKey(leafKey)),
      above,
    ),
    confirmationTag,
  };

  let welcome: Welcome | undefined;
  if (added.length > 0) {
    const info = await createGroupInfoWithRatchetTree(nextContext, confirmationTag, next, tree, [], cs);
    const encryptedGroupInfo = await encryptGroupInfo(info, epoch.welcomeSecret, cs);
    const secrets = await Promise.all(
      added.map(async ([leaf, keyPackage]) => {
        const shared = firstCommonAncestor(tree, leaf, own);
        const pathSecret = pathSecrets.find(({ nodeIndex }) => nodeIndex === shared)?.secret;
        const initKey = await cs.hpke.importPublicKey(keyPackage.initKey);
        const { enc, ct } = await encryptGroupSecrets(
          initKey,
          encryptedGroupInfo,
          { joinerSecret: epoch.joinerSecret, pathSecret, psks: [] },
          cs.hpke,
        );
        return {
          newMember: await makeKeyPackageRef(keyPackage, cs.hash),
          encryptedGroupSecrets: { kemOutput: enc, ciphertext: ct },
        };
      }),
    );
    welcome = { cipherSuite: nextContext.cipherSuite, secrets, encryptedGroupInfo };
  }
  return {
    commit: encodeMlsMessage({ version: 'mls10', wireformat: 'mls_private_message', privateMessage }),
    welcome:
      welcome === undefined
        ? undefined
        : encodeMlsMessage({ version: 'mls10', wireformat: 'mls_welcome', welcome }),
    next,
  };
}

/** A commit of another member, its signature, proposals and leaf already judged. */
export interface ReceivedCommit {
  readonly content: AuthenticatedContentCommit;
  readonly by: number;
  readonly path: UpdatePath;
  readonly applied: ApplyProposalsResult;
}

/**
 * Section 12.4.2 from the update path on. `processPrivateMessage` of ts-mls would decrypt and verify all over again, without having
 * told us the sender before.
 * @throws what ts-mls throws where the path does not fit, {@link MalformedError} where the confirmation tag does not
 */
export async function followCommit(
  state: ClientState,
  { content, by, path, applied }: ReceivedCommit,
  cs: CiphersuiteImpl,
): Promise<ClientState> {
  const { groupContext: context, privatePath } = state;
  const sender = toLeafIndex(by);
  throwIfDefined(await validateLeafNodeCredentialAndKeyUniqueness(applied.tree, path.leafNode, by));
  const tree = await applyUpdatePath(applied.tree, sender, path, cs.hash);
  const treeHash = await treeHashRoot(tree, cs.hash);
  const newcomers = newcomersOf(applied).map(([leaf]) => leafToNodeIndex(leaf));
  const provisional = { ...context, treeHash, epoch: context.epoch + 1n };
  const { nodeIndex, pathSecret } = await applyUpdatePathSecret(
    tree,
    privatePath,
    sender,
    provisional,
    path,
    newcomers,
    cs,
  );
  const above = await toPrivateKeyPath(
    await pathToRoot(tree, nodeIndex, pathSecret, cs.kdf),
    privatePath.leafIndex,
    cs,
  );
  const commitSecret = await getCommitSecret(tree, nodeIndex, pathSecret, cs.kdf);

  if (content.auth.contentType !== 'commit') throw new MalformedError('a commit without a confirmation tag');
  const { signature, confirmationTag } = content.auth;
  const nextContext = await nextEpochContext(
    context,
    'mls_private_message',
    content.content,
    signature,
    treeHash,
    state.confirmationTag,
    cs.hash,
  );
  const epoch = await initializeEpoch(
    state.keySchedule.initSecret,
    commitSecret,
    nextContext,
    applied.pskSecret,
    cs.kdf,
  );
  const confirmed = await verifyConfirmationTag(
    epoch.keySchedule.confirmationKey,
    confirmationTag,
    nextContext.confirmedTranscriptHash,
    cs.hash,
  );
  if (!confirmed) throw new MalformedError('the commit leads its author into another epoch than us');
  return {
    ...state,
    groupContext: nextContext,
    ratchetTree: tree,
    keySchedule: epoch.keySchedule,
    secretTree: await createSecretTree(leafWidth(tree.length), epoch.encryptionSecret, cs.kdf),
    privatePath: mergePrivateKeyPaths(privatePath, above),
    confirmationTag,
  };
}

function newcomersOf({ additionalResult }: ApplyProposalsResult): [LeafIndex, KeyPackage][] {
  return additionalResult.kind === 'memberCommit' ? additionalResult.addedLeafNodes : [];
}
