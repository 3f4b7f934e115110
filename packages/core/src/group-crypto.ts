import { MalformedError, RefusedError, UsageError } from '@tern/protocol';
import type { ClientConfig, KeyPackage, PrivateKeyPackage, Proposal } from 'ts-mls';
import {
  createApplicationMessage,
  emptyPskIndex,
  encodeMlsMessage,
  generateKeyPackageWithKey,
  mlsExporter,
} from 'ts-mls';
import * as clientState from 'ts-mls/clientState.js';
import { verifyKeyPackage } from 'ts-mls/keyPackage.js';
import { defaultKeyPackageEqualityConfig } from 'ts-mls/keyPackageEqualityConfig.js';
import { verifyLeafNodeSignatureKeyPackage } from 'ts-mls/leafNode.js';

import { cipherSuite, cipherSuiteId, cipherSuiteName, type GroupSuite } from './group-cipher-suite.ts';
import { composeCommit } from './group-commit.ts';
import { adoptEpoch, firstEpoch, memberAt, nextEpoch } from './group-epochs.ts';
import { acceptedAtCommitter, lifetimeFrom } from './group-lifetime.ts';
import { webPrimitives, type GroupPrimitives } from './group-primitives.ts';
import { openMessage, type Opened, type Opening } from './group-opening.ts';
import { decodeMessage } from './group-parts.ts';
import { decodeGroupState, encodeHead, type Group } from './group-state.ts';

export { epochOf, membersOf } from './group-epochs.ts';
export type { Member } from './group-epochs.ts';
export type { CommitView, Opened, Opening } from './group-opening.ts';
export type { Group } from './group-state.ts';

/** What Tern asks of group encryption, and what it must know to give it. MLS (RFC 9420) under one cipher suite. */
export interface GroupRules {
  /** Does this identity vouch for this signature key? Asked for each member that we meet. */
  verifyCredential(credential: Uint8Array, signatureKey: Uint8Array): boolean;
  randomBytes(length: number): Uint8Array;
  /** WebCrypto's where not given; in Node, `groupPrimitivesOver(nodePrimitives)` is twice as fast */
  readonly primitives?: GroupPrimitives;
}

/** Ed25519, 32 bytes each; the private one is the seed of RFC 8032. */
export interface SignatureKeys {
  readonly publicKey: Uint8Array;
  readonly privateKey: Uint8Array;
}

export interface OwnKeyPackage {
  readonly keyPackage: Uint8Array;
  /** never leaves the device; used once */
  readonly secrets: Uint8Array;
}

/** `next` becomes the state through {@link GroupCrypto.adoptCommit}, once the commit is accepted; else both are dropped. */
export interface StagedCommit {
  readonly commit: Uint8Array;
  /** for all that were added, released only after the commit won; carries the whole tree */
  readonly welcome: Uint8Array | undefined;
  readonly next: Group;
}

export type KeyPackageCheck =
  | {
      readonly kind: 'usable';
      readonly credential: Uint8Array;
      readonly signatureKey: Uint8Array;
      readonly notAfter: number;
    }
  | { readonly kind: 'refused'; readonly because: 'malformed' | 'expired' | 'signature' | 'credential' };

/**
 * Nothing here keeps a state: whoever gives an operation an old group can open a message twice and seal two under one key. So
 * **store `next` durably before plaintext or ciphertext is released**, and never go back. Times are milliseconds since 1970.
 */
export interface GroupCrypto {
  createKeyPackage(options: {
    readonly credential: Uint8Array;
    readonly signatureKeys: SignatureKeys;
    readonly now: number;
  }): Promise<OwnKeyPackage>;
  checkKeyPackage(keyPackage: Uint8Array, options: { readonly now: number }): Promise<KeyPackageCheck>;
  /** @throws {MalformedError} for bytes that are not a key package and its secrets */
  createGroup(options: OwnKeyPackage & { readonly groupId: Uint8Array }): Promise<Group>;
  /** Always with a fresh leaf for us; with nothing to add or remove, only that. @throws {RefusedError} for a key package or member that cannot be used */
  stageCommit(
    group: Group,
    change: {
      readonly add?: readonly Uint8Array[];
      readonly remove?: readonly number[];
      readonly now: number;
    },
  ): Promise<StagedCommit>;
  /** @param current the group as it is now, in the epoch the commit was staged in */
  adoptCommit(current: Group, staged: Group): Group;
  /** @throws {MalformedError} for a Welcome that is not for this key package, or into a group that is not sound */
  joinGroup(options: OwnKeyPackage & { readonly welcome: Uint8Array }): Promise<Group>;
  /** Sealed at its length: the caller pads. @throws {UsageError} after we were removed */
  sealMessage(
    group: Group,
    plaintext: Uint8Array,
    authenticatedData?: Uint8Array,
  ): Promise<{ readonly message: Uint8Array; readonly next: Group }>;
  openMessage(group: Group, message: Uint8Array, opening: Opening): Promise<Opened>;
  exportSecret(
    group: Group,
    label: string,
    options: { readonly context: Uint8Array; readonly length: number },
  ): Promise<Uint8Array>;
  /** The head changes with each message. Parts change with an epoch, or when a past one is read; those no longer in `parts` must be deleted. */
  encodeGroup(group: Group): { readonly head: Uint8Array; readonly parts: ReadonlyMap<string, Uint8Array> };
  /** @throws {MalformedError} */
  decodeGroup(head: Uint8Array, loadPart: (name: string) => Uint8Array): Group;
}

/** Receivers keep this many unused generations of a sender, and jump as far ahead: 36 bytes each when stored. */
const generationsKept = 1000;

/** @throws {UsageError} where ts-mls runs uncorrected (tools/correct-ts-mls.ts): it would turn newcomers away from valid groups */
export async function openGroupCrypto(rules: GroupRules): Promise<GroupCrypto> {
  if (!('ternCorrection' in clientState) || clientState['ternCorrection'] !== 'unmerged-leaves-1') {
    throw new UsageError('ts-mls is not corrected: run tools/correct-ts-mls.ts');
  }
  const cs = cipherSuite((length) => rules.randomBytes(length), rules.primitives ?? (await webPrimitives()));
  const config = clientConfig(rules);
  return {
    createKeyPackage: (options) => createKeyPackage(options, cs),
    checkKeyPackage: (keyPackage, { now }) => checkKeyPackage(keyPackage, { now, cs, rules }),
    async createGroup({ groupId, keyPackage, secrets }) {
      return firstEpoch(
        await clientState.createGroup(
          groupId.slice(),
          keyPackageOf(keyPackage),
          secretsOf(secrets),
          [],
          cs,
          config,
        ),
        cs,
      );
    },
    async stageCommit(group, { add = [], remove = [], now }) {
      mustBeMember(group);
      const removes = remove.map((removed): Proposal => {
        if (removed === ownLeaf(group) || memberAt(group.mls.ratchetTree, removed) === undefined)
          throw new RefusedError('not-a-member', 'not another member of the group');
        return { proposalType: 'remove', remove: { removed } };
      });
      const adds = add.map((bytes): Proposal => {
        const keyPackage = keyPackageIn(bytes);
        if (keyPackage === undefined) throw keyPackageRefused('malformed');
        if (!acceptedAtCommitter(keyPackage.leafNode.lifetime, now)) throw keyPackageRefused('expired');
        return { proposalType: 'add', add: { keyPackage } };
      });
      const composed = await composeCommit(group.mls, [...removes, ...adds], cs).catch(
        async (cause: unknown) => {
          for (const keyPackage of add) {
            const checked = await checkKeyPackage(keyPackage, { now, cs, rules });
            if (checked.kind === 'refused') throw keyPackageRefused(checked.because, { cause });
          }
          throw new RefusedError('commit', 'the group does not allow this change', { cause });
        },
      );
      return { ...composed, next: await nextEpoch(group, composed.next, { now, cs }) };
    },
    adoptCommit: (current, staged) => adoptEpoch(current, staged),
    joinGroup: (options) => joinGroup(options, { cs, config }),
    async sealMessage(group, plaintext, authenticatedData = new Uint8Array()) {
      mustBeMember(group);
      const { privateMessage, newState } = await createApplicationMessage(
        group.mls,
        plaintext,
        cs,
        authenticatedData,
      );
      const message = encodeMlsMessage({
        version: 'mls10',
        wireformat: 'mls_private_message',
        privateMessage,
      });
      return { message, next: { ...group, mls: newState } };
    },
    openMessage: (group, message, opening) => openMessage(group, message, { ...opening, cs }),
    exportSecret: (group, label, { context, length }) =>
      mlsExporter(group.mls.keySchedule.exporterSecret, label, context, length, cs),
    encodeGroup: (group) => ({ head: encodeHead(group), parts: group.parts }),
    decodeGroup: (head, loadPart) => decodeGroupState(head, loadPart, config),
  };
}

export function groupIdOf(group: Group): Uint8Array {
  return group.mls.groupContext.groupId;
}

/** 32 bytes that are equal for all who agree on the history of the group (RFC 9420 section 8.7). */
export function epochAuthenticator(group: Group): Uint8Array {
  return group.mls.keySchedule.epochAuthenticator;
}

export function ownLeaf(group: Group): number {
  return group.mls.privatePath.leafIndex;
}

export function isMember(group: Group): boolean {
  return group.active;
}

function clientConfig(rules: GroupRules): ClientConfig {
  return {
    authService: {
      validateCredential: async (credential, signatureKey) =>
        credential.credentialType === 'basic' && rules.verifyCredential(credential.identity, signatureKey),
    },
    keyRetentionConfig: {
      retainKeysForGenerations: generationsKept,
      maximumForwardRatchetSteps: generationsKept,
      retainKeysForEpochs: 2,
    },
    lifetimeConfig: { maximumTotalLifetime: 0n, validateLifetimeOnReceive: false }, // by the caller's clock: group-lifetime.ts
    keyPackageEqualityConfig: defaultKeyPackageEqualityConfig,
    paddingConfig: { kind: 'alwaysPad', paddingLength: 0 },
  };
}

async function createKeyPackage(
  {
    credential,
    signatureKeys,
    now,
  }: { readonly credential: Uint8Array; readonly signatureKeys: SignatureKeys; readonly now: number },
  cs: GroupSuite,
): Promise<OwnKeyPackage> {
  const { publicPackage, privatePackage } = await generateKeyPackageWithKey(
    { credentialType: 'basic', identity: credential },
    {
      versions: ['mls10'],
      ciphersuites: [cipherSuiteName],
      extensions: [],
      proposals: [],
      credentials: ['basic'],
    },
    lifetimeFrom(now),
    [],
    { publicKey: signatureKeys.publicKey, signKey: signatureKeys.privateKey },
    cs,
  );
  const keyPackage = encodeMlsMessage({
    version: 'mls10',
    wireformat: 'mls_key_package',
    keyPackage: publicPackage,
  });
  const { initPrivateKey, hpkePrivateKey, signaturePrivateKey } = privatePackage;
  const secrets = Uint8Array.of(
    secretsVersion,
    cipherSuiteId,
    ...initPrivateKey,
    ...hpkePrivateKey,
    ...signaturePrivateKey,
  );
  return { keyPackage, secrets };
}

async function checkKeyPackage(
  bytes: Uint8Array,
  context: { readonly now: number; readonly cs: GroupSuite; readonly rules: GroupRules },
): Promise<KeyPackageCheck> {
  const { now, cs, rules } = context;
  const keyPackage = keyPackageIn(bytes);
  if (keyPackage === undefined) return { kind: 'refused', because: 'malformed' };
  const { credential, signaturePublicKey: signatureKey, lifetime } = keyPackage.leafNode;
  if (credential.credentialType !== 'basic') return { kind: 'refused', because: 'credential' };
  if (!acceptedAtCommitter(lifetime, now)) return { kind: 'refused', because: 'expired' };
  const signed =
    (await verifyKeyPackage(keyPackage, cs.signature)) &&
    (await verifyLeafNodeSignatureKeyPackage(keyPackage.leafNode, cs.signature));
  if (!signed) return { kind: 'refused', because: 'signature' };
  if (!rules.verifyCredential(credential.identity, signatureKey))
    return { kind: 'refused', because: 'credential' };
  return {
    kind: 'usable',
    credential: credential.identity,
    signatureKey,
    notAfter: Number(lifetime.notAfter) * 1000,
  };
}

async function joinGroup(
  { welcome, keyPackage, secrets }: OwnKeyPackage & { readonly welcome: Uint8Array },
  { cs, config }: { readonly cs: GroupSuite; readonly config: ClientConfig },
): Promise<Group> {
  const message = decodeMessage(welcome, 'Welcome');
  if (message.wireformat !== 'mls_welcome' || message.welcome.cipherSuite !== cipherSuiteName) {
    throw new MalformedError('not a Welcome of our suite');
  }
  const own = keyPackageOf(keyPackage);
  const privateKeys = secretsOf(secrets);
  try {
    const joined = await clientState.joinGroup(
      message.welcome,
      own,
      privateKeys,
      emptyPskIndex,
      cs,
      undefined,
      undefined,
      config,
    );
    if (joined.groupContext.extensions.length > 0)
      throw new MalformedError('a group with extensions that Tern does not use');
    return await firstEpoch(joined, cs);
  } catch (cause) {
    // whatever ts-mls finds wrong was written by the author of the Welcome
    throw new MalformedError('this Welcome does not lead into a sound group', { cause });
  }
}

const secretsVersion = 1;

function secretsOf(bytes: Uint8Array): PrivateKeyPackage {
  if (bytes.length !== 98 || bytes[0] !== secretsVersion || bytes[1] !== cipherSuiteId)
    throw new MalformedError('not the secrets of a key package');
  return {
    initPrivateKey: bytes.slice(2, 34),
    hpkePrivateKey: bytes.slice(34, 66),
    signaturePrivateKey: bytes.slice(66),
  };
}

function keyPackageIn(bytes: Uint8Array): KeyPackage | undefined {
  try {
    return keyPackageOf(bytes);
  } catch (error) {
    if (error instanceof MalformedError) return undefined;
    throw error;
  }
}

function keyPackageOf(bytes: Uint8Array): KeyPackage {
  const message = decodeMessage(bytes, 'key package');
  if (message.wireformat !== 'mls_key_package' || message.keyPackage.cipherSuite !== cipherSuiteName)
    throw new MalformedError('not a key package of our suite');
  return message.keyPackage;
}

function mustBeMember(group: Group): void {
  if (!group.active) throw new UsageError('we are not a member of this group any more');
}

function keyPackageRefused(because: string, options?: ErrorOptions): RefusedError {
  return new RefusedError(`key-package-${because}`, `key package refused: ${because}`, options);
}
