import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';

import { hexToBytes as bytes } from '@noble/hashes/utils.js';
import type { CiphersuiteImpl, Decoder, GroupContext, RatchetTree } from 'ts-mls';
import {
  bytesToBase64,
  decodeMlsMessage,
  defaultKeyRetentionConfig,
  defaultLifetimeConfig,
  joinGroup,
  makePskIndex,
  mlsExporter,
  processMessage,
} from 'ts-mls';
import { decodeAuthenticatedContent } from 'ts-mls/authenticatedContent.js';
import { validateRatchetTree } from 'ts-mls/clientState.js';
import { encodeCommit } from 'ts-mls/commit.js';
import { applyUpdatePathSecret } from 'ts-mls/createCommit.js';
import { verifyConfirmationTag } from 'ts-mls/framedContent.js';
import { decodeGroupContext } from 'ts-mls/groupContext.js';
import { verifyGroupInfoConfirmationTag, verifyGroupInfoSignature } from 'ts-mls/groupInfo.js';
import { makeKeyPackageRef } from 'ts-mls/keyPackage.js';
import { initializeEpoch } from 'ts-mls/keySchedule.js';
import { unprotectPrivateMessage } from 'ts-mls/messageProtection.js';
import { unprotectPublicMessage } from 'ts-mls/messageProtectionPublic.js';
import { getCommitSecret } from 'ts-mls/pathSecrets.js';
import { toPrivateKeyPath } from 'ts-mls/privateKeyPath.js';
import { encodeProposal } from 'ts-mls/proposal.js';
import { decodeRatchetTree, resolution } from 'ts-mls/ratchetTree.js';
import { createSecretTree, ratchetToGeneration } from 'ts-mls/secretTree.js';
import { expandSenderDataKey, expandSenderDataNonce } from 'ts-mls/sender.js';
import { createConfirmedHash, createInterimHash } from 'ts-mls/transcriptHash.js';
import { treeHash, treeHashRoot } from 'ts-mls/treeHash.js';
import { toLeafIndex, toNodeIndex } from 'ts-mls/treemath.js';
import { applyUpdatePath, decodeUpdatePath } from 'ts-mls/updatePath.js';
import { decryptGroupInfo, decryptGroupSecrets } from 'ts-mls/welcome.js';
import { expect, test } from 'vitest';

import { cipherSuite, cipherSuiteName } from '../src/group-cipher-suite.ts';
import { groupPrimitivesOver, webCryptoPrimitives } from '../src/group-primitives.ts';
import { nodePrimitives } from '@tern/reach/node';
import { must } from './group-crypto-devices.ts';
import { count, hex, items, list, word, type Json } from './group-crypto-json.ts';

const folder = new URL('../../../../shared/vectors/mls/', import.meta.url);
const missing = !existsSync(folder);
const suites = [
  [
    'node:crypto',
    cipherSuite((length) => new Uint8Array(randomBytes(length)), groupPrimitivesOver(nodePrimitives)),
  ],
  ['WebCrypto', cipherSuite((length) => new Uint8Array(randomBytes(length)), webCryptoPrimitives)],
] as const;

/** Each case of our suite in this file, under each of our providers. */
function vectors(
  file: string,
  cases: number,
  check: (vector: Json, cs: CiphersuiteImpl) => Promise<void>,
): void {
  test(`the working group's ${file} holds`, async () => {
    if (missing) {
      if (process.env['CI'] === 'true') throw new Error('the MLS test vectors are missing');
      console.info(
        `${file} is missing in ../shared/vectors/mls: it comes from github.com/mlswg/mls-implementations, test-vectors/`,
      );
      return;
    }
    const all = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as readonly Json[];
    const ours = all.filter((vector) => vector['cipher_suite'] === 1);
    expect(ours.length).toBe(cases);
    for (const [, cs] of suites) for (const vector of ours) await check(vector, cs);
  });
}

function decoded<T>(decoder: Decoder<T>, input: Uint8Array): T {
  const [value, length] = must(decoder(input, 0));
  expect(length).toBe(input.length);
  return value;
}

function message(vector: Json, name: string): NonNullable<ReturnType<typeof decodeMlsMessage>>[0] {
  return decoded(decodeMlsMessage, hex(vector, name));
}

function contextOf(vector: Json, tree: Uint8Array): GroupContext {
  return {
    version: 'mls10',
    cipherSuite: cipherSuiteName,
    groupId: hex(vector, 'group_id'),
    epoch: BigInt(vector['epoch'] === undefined ? 0 : count(vector, 'epoch')),
    treeHash: tree,
    confirmedTranscriptHash:
      vector['confirmed_transcript_hash'] === undefined
        ? new Uint8Array()
        : hex(vector, 'confirmed_transcript_hash'),
    extensions: [],
  };
}

const anyone = { validateCredential: async () => true };

vectors('key-schedule.json', 1, async (vector, cs) => {
  let initSecret = hex(vector, 'initial_init_secret');
  for (const epoch of list(vector, 'epochs')) {
    const context = decoded(decodeGroupContext, hex(epoch, 'group_context'));
    const derived = await initializeEpoch(
      initSecret,
      hex(epoch, 'commit_secret'),
      context,
      hex(epoch, 'psk_secret'),
      cs.kdf,
    );
    const { keySchedule } = derived;
    expect(derived.joinerSecret).toEqual(hex(epoch, 'joiner_secret'));
    expect(derived.welcomeSecret).toEqual(hex(epoch, 'welcome_secret'));
    expect(derived.encryptionSecret).toEqual(hex(epoch, 'encryption_secret'));
    expect(keySchedule.senderDataSecret).toEqual(hex(epoch, 'sender_data_secret'));
    expect(keySchedule.exporterSecret).toEqual(hex(epoch, 'exporter_secret'));
    expect(keySchedule.externalSecret).toEqual(hex(epoch, 'external_secret'));
    expect(keySchedule.confirmationKey).toEqual(hex(epoch, 'confirmation_key'));
    expect(keySchedule.membershipKey).toEqual(hex(epoch, 'membership_key'));
    expect(keySchedule.resumptionPsk).toEqual(hex(epoch, 'resumption_psk'));
    expect(keySchedule.epochAuthenticator).toEqual(hex(epoch, 'epoch_authenticator'));
    expect(keySchedule.initSecret).toEqual(hex(epoch, 'init_secret'));
    const { publicKey } = await cs.hpke.deriveKeyPair(keySchedule.externalSecret);
    expect(await cs.hpke.exportPublicKey(publicKey)).toEqual(hex(epoch, 'external_pub'));
    const exporter = epoch['exporter'] as Json;
    const length = count(exporter, 'length');
    const exported = await mlsExporter(
      keySchedule.exporterSecret,
      word(exporter, 'label'),
      hex(exporter, 'context'),
      length,
      cs,
    );
    expect(exported).toEqual(hex(exporter, 'secret'));
    initSecret = hex(epoch, 'init_secret');
  }
});

vectors('message-protection.json', 1, async (vector, cs) => {
  const context = contextOf(vector, hex(vector, 'tree_hash'));
  const signer = hex(vector, 'signature_pub');
  const senderDataSecret = hex(vector, 'sender_data_secret');
  for (const name of ['proposal_priv', 'commit_priv', 'application_priv']) {
    const sent = message(vector, name);
    if (sent.wireformat !== 'mls_private_message') throw new Error('not a PrivateMessage');
    const secretTree = await createSecretTree(2, hex(vector, 'encryption_secret'), cs.kdf);
    const opened = await unprotectPrivateMessage(
      senderDataSecret,
      sent.privateMessage,
      secretTree,
      [],
      context,
      defaultKeyRetentionConfig,
      cs,
      signer,
    );
    const content = opened.content.content;
    if (content.contentType === 'application')
      expect(content.applicationData).toEqual(hex(vector, 'application'));
    else if (content.contentType === 'commit')
      expect(encodeCommit(content.commit)).toEqual(hex(vector, 'commit'));
    else expect(encodeProposal(content.proposal)).toEqual(hex(vector, 'proposal'));
  }
  for (const name of ['proposal_pub', 'commit_pub']) {
    const sent = message(vector, name);
    if (sent.wireformat !== 'mls_public_message') throw new Error('not a PublicMessage');
    const { content } = await unprotectPublicMessage(
      hex(vector, 'membership_key'),
      context,
      [],
      sent.publicMessage,
      cs,
      signer,
    );
    if (content.contentType === 'commit') expect(encodeCommit(content.commit)).toEqual(hex(vector, 'commit'));
    else expect(encodeProposal(content.proposal)).toEqual(hex(vector, 'proposal'));
  }
});

vectors('passive-client-welcome.json', 8, async (vector, cs) => {
  const welcome = message(vector, 'welcome');
  const own = message(vector, 'key_package');
  if (welcome.wireformat !== 'mls_welcome' || own.wireformat !== 'mls_key_package')
    throw new Error('not a Welcome and its key package');
  const psks = Object.fromEntries(
    list(vector, 'external_psks').map((psk) => [bytesToBase64(hex(psk, 'psk_id')), hex(psk, 'psk')]),
  );
  const privateKeys = {
    initPrivateKey: hex(vector, 'init_priv'),
    hpkePrivateKey: hex(vector, 'encryption_priv'),
    signaturePrivateKey: hex(vector, 'signature_priv'),
  };
  const tree =
    vector['ratchet_tree'] === null ? undefined : decoded(decodeRatchetTree, hex(vector, 'ratchet_tree'));
  let state = await joinGroup(
    welcome.welcome,
    own.keyPackage,
    privateKeys,
    makePskIndex(undefined, psks),
    cs,
    tree,
  );
  expect(state.keySchedule.epochAuthenticator).toEqual(hex(vector, 'initial_epoch_authenticator'));
  for (const epoch of list(vector, 'epochs')) {
    for (const sent of [...items(epoch, 'proposals'), epoch['commit']]) {
      const next = decoded(decodeMlsMessage, bytes(String(sent)));
      if (next.wireformat !== 'mls_private_message' && next.wireformat !== 'mls_public_message')
        throw new Error('not a message');
      const processed = await processMessage(next, state, makePskIndex(state, psks), () => 'accept', cs);
      state = processed.newState;
    }
    expect(state.keySchedule.epochAuthenticator).toEqual(hex(epoch, 'epoch_authenticator'));
  }
});

vectors('secret-tree.json', 3, async (vector, cs) => {
  const data = vector['sender_data'] as Json;
  expect(await expandSenderDataKey(cs, hex(data, 'sender_data_secret'), hex(data, 'ciphertext'))).toEqual(
    hex(data, 'key'),
  );
  expect(await expandSenderDataNonce(cs, hex(data, 'sender_data_secret'), hex(data, 'ciphertext'))).toEqual(
    hex(data, 'nonce'),
  );
  const leaves = items(vector, 'leaves') as readonly (readonly Json[])[];
  const tree = await createSecretTree(leaves.length, hex(vector, 'encryption_secret'), cs.kdf);
  const reuseGuard = new Uint8Array(4) as Parameters<typeof ratchetToGeneration>[1]['reuseGuard'];
  for (const [leafIndex, generations] of leaves.entries()) {
    for (const each of generations) {
      const generation = count(each, 'generation');
      for (const [type, name] of [
        ['application', 'application'],
        ['commit', 'handshake'],
      ] as const) {
        const { key, nonce } = await ratchetToGeneration(
          tree,
          { leafIndex, generation, reuseGuard },
          type,
          defaultKeyRetentionConfig,
          cs,
        );
        expect(key).toEqual(hex(each, `${name}_key`));
        expect(nonce).toEqual(hex(each, `${name}_nonce`));
      }
    }
  }
});

vectors('transcript-hashes.json', 1, async (vector, cs) => {
  const { wireformat, content, auth } = decoded(
    decodeAuthenticatedContent,
    hex(vector, 'authenticated_content'),
  );
  if (content.contentType !== 'commit' || auth.contentType !== 'commit') throw new Error('not a commit');
  const confirmed = await createConfirmedHash(
    hex(vector, 'interim_transcript_hash_before'),
    { wireformat, content, signature: auth.signature },
    cs.hash,
  );
  expect(confirmed).toEqual(hex(vector, 'confirmed_transcript_hash_after'));
  expect(
    await verifyConfirmationTag(hex(vector, 'confirmation_key'), auth.confirmationTag, confirmed, cs.hash),
  ).toBe(true);
  expect(await createInterimHash(confirmed, auth.confirmationTag, cs.hash)).toEqual(
    hex(vector, 'interim_transcript_hash_after'),
  );
});

vectors('tree-validation.json', 14, async (vector, cs) => {
  const tree = decoded(decodeRatchetTree, hex(vector, 'tree'));
  for (const [at, expected] of items(vector, 'tree_hashes').entries()) {
    expect(await treeHash(tree, toNodeIndex(at), cs.hash)).toEqual(bytes(String(expected)));
  }
  for (const [at, expected] of items(vector, 'resolutions').entries())
    expect(resolution(tree, toNodeIndex(at))).toEqual(expected);
  const whole = await treeHashRoot(tree, cs.hash);
  expect(
    await validateRatchetTree(tree, contextOf(vector, whole), defaultLifetimeConfig, anyone, whole, cs),
  ).toBeUndefined();
});

vectors('treekem.json', 11, async (vector, cs) => {
  const tree: RatchetTree = decoded(decodeRatchetTree, hex(vector, 'ratchet_tree'));
  for (const update of list(vector, 'update_paths')) {
    const sender = toLeafIndex(count(update, 'sender'));
    const path = decoded(decodeUpdatePath, hex(update, 'update_path'));
    const after = await applyUpdatePath(tree, sender, path, cs.hash);
    expect(await treeHashRoot(after, cs.hash)).toEqual(hex(update, 'tree_hash_after'));
    const context = contextOf(vector, hex(update, 'tree_hash_after'));
    for (const leaf of list(vector, 'leaves_private')) {
      const index = toLeafIndex(count(leaf, 'index'));
      const expected = items(update, 'path_secrets')[index];
      if (typeof expected !== 'string') continue; // the sender itself, and blank leaves
      const known = Object.fromEntries(
        list(leaf, 'path_secrets').map((each) => [count(each, 'node'), hex(each, 'path_secret')]),
      );
      const { privateKeys } = await toPrivateKeyPath(known, index, cs);
      const privatePath = {
        leafIndex: index,
        privateKeys: { ...privateKeys, [index * 2]: hex(leaf, 'encryption_priv') },
      };
      const { nodeIndex, pathSecret } = await applyUpdatePathSecret(
        after,
        privatePath,
        sender,
        context,
        path,
        [],
        cs,
      );
      expect(pathSecret).toEqual(bytes(expected));
      expect(await getCommitSecret(after, nodeIndex, pathSecret, cs.kdf)).toEqual(
        hex(update, 'commit_secret'),
      );
    }
  }
});

vectors('welcome.json', 1, async (vector, cs) => {
  const welcome = message(vector, 'welcome');
  const own = message(vector, 'key_package');
  if (welcome.wireformat !== 'mls_welcome' || own.wireformat !== 'mls_key_package')
    throw new Error('not a Welcome and its key package');
  const initKey = await cs.hpke.importPrivateKey(hex(vector, 'init_priv'));
  const secrets = must(
    await decryptGroupSecrets(
      initKey,
      await makeKeyPackageRef(own.keyPackage, cs.hash),
      welcome.welcome,
      cs.hpke,
    ),
  );
  const none = new Uint8Array(cs.kdf.size);
  const info = must(await decryptGroupInfo(welcome.welcome, secrets.joinerSecret, none, cs));
  expect(await verifyGroupInfoSignature(info, hex(vector, 'signer_pub'), cs.signature)).toBe(true);
  expect(await verifyGroupInfoConfirmationTag(info, secrets.joinerSecret, none, cs)).toBe(true);
});
