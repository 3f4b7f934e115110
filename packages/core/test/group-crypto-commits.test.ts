import { randomBytes } from 'node:crypto';

import { ed25519 } from '@noble/curves/ed25519.js';
import { initializeEpoch } from 'ts-mls/keySchedule.js';
import { expect, test } from 'vitest';

import { cipherSuite } from '../src/group-cipher-suite.ts';
import {
  epochAuthenticator,
  epochOf,
  isMember,
  membersOf,
  openGroupCrypto,
  ownLeaf,
  type CommitView,
  type Group,
} from '../src/group-crypto.ts';
import { groupPrimitivesOver } from '../src/group-primitives.ts';
import { nodePrimitives } from '@tern/reach/node';
import {
  changed,
  circleOf,
  credentialOf,
  day,
  expectKind,
  keyPackageFor,
  must,
  now,
  testCrypto,
  text,
  utf8,
} from './group-crypto-devices.ts';
import { decodeGroup, encodeGroup } from './group-crypto-storage.ts';

const crypto = await testCrypto();
const judge = { now, authorise: (): boolean => true };
const open = (group: Group, message: Uint8Array) => crypto.openMessage(group, message, judge);

async function pair(): Promise<{ anna: Group; ben: Group }> {
  const circle = await circleOf(crypto, ['anna', 'ben']);
  return { anna: must(circle.get('anna')), ben: must(circle.get('ben')) };
}

for (const removed of [['ben'], ['ben', 'cleo']]) {
  test(`whoever is removed reads nothing of what follows (${removed.length} of five)`, async () => {
    const circle = await circleOf(crypto, ['anna', 'ben', 'cleo', 'dora', 'emil']);
    const anna = must(circle.get('anna'));
    const leaves = removed.map((name) => ownLeaf(must(circle.get(name))));
    const { commit, next } = await crypto.stageCommit(anna, { remove: leaves, now });
    const { message } = await crypto.sealMessage(next, utf8('without you'));
    const dora = expectKind(await open(must(circle.get('dora')), commit), 'commit');
    expect(dora.removed.map(({ leafIndex }) => leafIndex)).toEqual(leaves);
    expect(text(expectKind(await open(dora.next, message), 'message').plaintext)).toBe('without you');
    for (const name of removed) {
      const gone = expectKind(await open(must(circle.get(name)), commit), 'removed');
      expect(isMember(gone.next)).toBe(false);
      expect(epochAuthenticator(gone.next)).not.toEqual(epochAuthenticator(next));
      expect(await open(gone.next, message)).toEqual({ kind: 'unreadable', because: 'future' });
      await expect(crypto.sealMessage(gone.next, utf8('still here?'))).rejects.toThrow('not a member');
      // and not when it pretends to be in the new epoch with all it knows
      const mls = {
        ...gone.next.mls,
        groupContext: next.mls.groupContext,
        ratchetTree: next.mls.ratchetTree,
      };
      expect(await open({ ...gone.next, mls }, message)).toEqual({ kind: 'unreadable', because: 'bad' });
      const late = await crypto.sealMessage(must(circle.get('emil')), utf8('written before'));
      if (name !== 'emil') expectKind(await open(gone.next, late.message), 'message');
    }
  });
}

test('a stolen state is worth nothing after its device has committed a fresh leaf', async () => {
  const circle = await circleOf(crypto, ['anna', 'ben', 'cleo', 'dora', 'emil']);
  const stolen = must(circle.get('ben'));
  const healed = await changed(crypto, circle, { by: 'ben' });
  const { message } = await crypto.sealMessage(must(healed.get('cleo')), utf8('after'));
  expect(await open(stolen, message)).toEqual({ kind: 'unreadable', because: 'future' });
  const { commit } = await crypto.stageCommit(stolen, { now }); // the thief can only fork
  expect(await open(must(healed.get('cleo')), commit)).toEqual({ kind: 'unreadable', because: 'past' });
  const next = must(healed.get('cleo'));
  const mls = { ...stolen.mls, groupContext: next.mls.groupContext, ratchetTree: next.mls.ratchetTree };
  expect(await open({ ...stolen, mls }, message)).toEqual({ kind: 'unreadable', because: 'bad' });
});

test('the last one left begins an epoch that the one just removed cannot work out', async () => {
  const { anna, ben } = await pair();
  const { next } = await crypto.stageCommit(anna, { remove: [ownLeaf(ben)], now });
  const cs = cipherSuite((length) => new Uint8Array(length), groupPrimitivesOver(nodePrimitives));
  const zeros = new Uint8Array(32); // what ts-mls would have used
  const guess = await initializeEpoch(
    ben.mls.keySchedule.initSecret,
    zeros,
    next.mls.groupContext,
    zeros,
    cs.kdf,
  );
  expect(guess.keySchedule.epochAuthenticator).not.toEqual(epochAuthenticator(next));
});

test('one commit may give the leaf of the removed to a newcomer', async () => {
  const circle = await circleOf(crypto, ['anna', 'ben', 'cleo']);
  const leaf = ownLeaf(must(circle.get('ben')));
  const after = await changed(crypto, circle, { by: 'anna', remove: ['ben'], add: ['dora'] });
  expect(ownLeaf(must(after.get('dora')))).toBe(leaf);
  expect([...after.keys()].toSorted()).toEqual(['anna', 'cleo', 'dora']);
});

test('a group whose left half has gone goes on', async () => {
  const names = Array.from({ length: 8 }, (_, at) => `device ${at}`);
  let circle = await circleOf(crypto, names);
  circle = await changed(crypto, circle, { by: 'device 7', remove: names.slice(0, 4) });
  for (const by of names.slice(4)) circle = await changed(crypto, circle, { by });
  circle = await changed(crypto, circle, { by: 'device 5', add: ['late'] });
  expect(new Set([...circle.values()].map((group) => String(epochAuthenticator(group)))).size).toBe(1);
});

test('every commit renews the leaf of its author, also one that only adds', async () => {
  const { anna } = await pair();
  const before = String(anna.mls.privatePath.privateKeys[0]);
  const { keyPackage } = await keyPackageFor(crypto, 'cleo');
  for (const add of [[], [keyPackage]]) {
    const { next } = await crypto.stageCommit(anna, { add, now });
    expect(String(next.mls.privatePath.privateKeys[0])).not.toBe(before);
  }
});

test('of two commits in one epoch one wins: its author adopts it, the loser drops its own and follows', async () => {
  const circle = await circleOf(crypto, ['anna', 'ben', 'cleo']);
  const [anna, ben, cleo] = [must(circle.get('anna')), must(circle.get('ben')), must(circle.get('cleo'))];
  const [winner, loser] = [await crypto.stageCommit(anna, { now }), await crypto.stageCommit(ben, { now })];
  const adopted = crypto.adoptCommit(anna, winner.next);
  const followed = expectKind(await open(ben, winner.commit), 'commit').next;
  const third = expectKind(await open(cleo, winner.commit), 'commit').next;
  for (const group of [followed, third])
    expect(epochAuthenticator(group)).toEqual(epochAuthenticator(adopted));
  expect(await open(third, loser.commit)).toEqual({ kind: 'unreadable', because: 'past' });
  const { message } = await crypto.sealMessage(followed, utf8('on we go'));
  expectKind(await open(adopted, message), 'message');
});

test('what was opened while a commit was on its way stays opened after it is adopted', async () => {
  const { anna, ben } = await pair();
  const staged = await crypto.stageCommit(anna, { now });
  const kept = decodeGroup(crypto, encodeGroup(crypto, staged.next));
  const { message } = await crypto.sealMessage(ben, utf8('meanwhile'));
  const current = expectKind(await open(anna, message), 'message').next;
  expect(await open(crypto.adoptCommit(current, kept), message)).toEqual({
    kind: 'unreadable',
    because: 'spent',
  });
  expect(() => crypto.adoptCommit(crypto.adoptCommit(current, kept), kept)).toThrow(
    'not staged in the current epoch',
  );
});

test('a commit of a later epoch waits until the one before it has come', async () => {
  const { anna, ben } = await pair();
  const first = await crypto.stageCommit(anna, { now });
  const second = await crypto.stageCommit(first.next, { now });
  expect(await open(ben, second.commit)).toEqual({ kind: 'unreadable', because: 'future' });
  const after = expectKind(await open(ben, first.commit), 'commit').next;
  expect(epochOf(expectKind(await open(after, second.commit), 'commit').next)).toBe(3);
  expect(await open(after, first.commit)).toEqual({ kind: 'unreadable', because: 'past' });
});

test('a commit is judged before it is followed, by who it is from and whom it adds and removes', async () => {
  const circle = await circleOf(crypto, ['anna', 'ben', 'cleo']);
  const [anna, ben, cleo] = [must(circle.get('anna')), must(circle.get('ben')), must(circle.get('cleo'))];
  const dora = await keyPackageFor(crypto, 'dora');
  const { commit } = await crypto.stageCommit(anna, { add: [dora.keyPackage], remove: [ownLeaf(cleo)], now });
  const seen: CommitView[] = [];
  const opened = await crypto.openMessage(ben, commit, { now, authorise: (view) => seen.push(view) === 0 });
  expect(opened).toEqual({ kind: 'void', because: 'unauthorised', by: membersOf(ben)[0] });
  const [view] = seen;
  const nameOf = ({ credential }: { readonly credential: Uint8Array }): string =>
    text(credential.subarray(32));
  expect(must(view).members.map(nameOf)).toEqual(['anna', 'ben', 'cleo']);
  expect(nameOf(must(view).by)).toBe('anna');
  expect(must(view).adds.map(nameOf)).toEqual(['dora']);
  expect(must(view).removes.map(nameOf)).toEqual(['cleo']);
});

test('a key package that has expired, is not valid yet, badly signed or not vouched for is refused by the committer', async () => {
  const { anna } = await pair();
  const { keyPackage } = await keyPackageFor(crypto, 'cleo');
  expect(await crypto.checkKeyPackage(keyPackage, { now })).toMatchObject({
    kind: 'usable',
    notAfter: now + 60 * day,
  });
  for (const at of [now + 60 * day + 1000, now - 3 * day]) {
    expect(await crypto.checkKeyPackage(keyPackage, { now: at })).toEqual({
      kind: 'refused',
      because: 'expired',
    });
    await expect(crypto.stageCommit(anna, { add: [keyPackage], now: at })).rejects.toMatchObject({
      code: 'key-package-expired',
    });
  }
  const forged = keyPackage.map((byte, at) => (at === keyPackage.length - 1 ? byte ^ 1 : byte));
  await expect(crypto.stageCommit(anna, { add: [forged], now })).rejects.toMatchObject({
    code: 'key-package-signature',
  });
  const privateKey = new Uint8Array(randomBytes(32));
  const signatureKeys = { privateKey, publicKey: ed25519.getPublicKey(privateKey) };
  const strange = await crypto.createKeyPackage({
    credential: credentialOf('eve', new Uint8Array(32)),
    signatureKeys,
    now,
  });
  await expect(crypto.stageCommit(anna, { add: [strange.keyPackage], now })).rejects.toMatchObject({
    code: 'key-package-credential',
  });
  await expect(crypto.stageCommit(anna, { add: [utf8('no')], now })).rejects.toMatchObject({
    code: 'key-package-malformed',
  });
  await expect(crypto.stageCommit(anna, { add: [keyPackage, keyPackage], now })).rejects.toMatchObject({
    code: 'commit',
  });
  await expect(crypto.stageCommit(anna, { remove: [ownLeaf(anna)], now })).rejects.toMatchObject({
    code: 'not-a-member',
  });
});

test('a commit that adds an expired device is void for whoever receives it', async () => {
  const { anna, ben } = await pair();
  const { keyPackage } = await keyPackageFor(crypto, 'cleo', now - 63 * day);
  const { commit } = await crypto.stageCommit(anna, { add: [keyPackage], now: now - 63 * day });
  expect(await open(ben, commit)).toMatchObject({ kind: 'void', because: 'invalid' });
  expectKind(await crypto.openMessage(ben, commit, { ...judge, now: now - 10 * day }), 'commit');
});

test('a Welcome leads in only those for whom every member is vouched', async () => {
  const strict = await openGroupCrypto({
    verifyCredential: (credential) => text(credential.subarray(32)) !== 'anna',
    randomBytes: (length) => new Uint8Array(randomBytes(length)),
  });
  const own = await keyPackageFor(crypto, 'cleo');
  const { anna } = await pair();
  const welcome = must((await crypto.stageCommit(anna, { add: [own.keyPackage], now })).welcome);
  await expect(strict.joinGroup({ ...own, welcome })).rejects.toMatchObject({ code: 'malformed' });
  await expect(crypto.joinGroup({ ...(await keyPackageFor(crypto, 'dora')), welcome })).rejects.toMatchObject(
    { code: 'malformed' },
  );
  expectMembers(await crypto.joinGroup({ ...own, welcome }), 3);
});

function expectMembers(group: Group, count: number): void {
  expect(membersOf(group).length).toBe(count);
}
