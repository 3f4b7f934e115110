import { randomBytes } from 'node:crypto';

import { expect, test } from 'vitest';

import {
  epochAuthenticator,
  epochOf,
  groupIdOf,
  membersOf,
  openGroupCrypto,
  type Group,
} from '../src/group-crypto.ts';
import { groupPrimitivesOver } from '../src/group-primitives.ts';
import { noblePrimitives } from '@tern/protocol';
import {
  changed,
  circleOf,
  day,
  expectKind,
  keyPackageFor,
  must,
  now,
  testCrypto,
  text,
  utf8,
  vouches,
} from './group-crypto-devices.ts';
import { decodeGroup, encodeGroup } from './group-crypto-storage.ts';

const crypto = await testCrypto();
const judge = { now, authorise: (): boolean => true };
const open = (group: Group, message: Uint8Array) => crypto.openMessage(group, message, judge);

async function pair(): Promise<{ anna: Group; ben: Group }> {
  const circle = await circleOf(crypto, ['anna', 'ben']);
  return { anna: must(circle.get('anna')), ben: must(circle.get('ben')) };
}

test('a message opens for the other device and says who sent it', async () => {
  const { anna, ben } = await pair();
  const { message, next } = await crypto.sealMessage(anna, utf8('hello'), utf8('in the open'));
  const opened = expectKind(await open(ben, message), 'message');
  expect(text(opened.plaintext)).toBe('hello');
  expect(text(opened.authenticatedData)).toBe('in the open');
  expect(opened.from).toEqual(membersOf(ben)[0]);
  expect(text(opened.from.credential.subarray(32))).toBe('anna');
  expect([opened.epoch, opened.generation]).toEqual([1, 0]);
  expect(epochOf(next)).toBe(1);
  expect(groupIdOf(ben)).toEqual(groupIdOf(anna));
});

test('devices over node:crypto, WebCrypto and plain JavaScript understand one another', async () => {
  const rules = {
    verifyCredential: vouches,
    randomBytes: (length: number) => new Uint8Array(randomBytes(length)),
  };
  const web = await openGroupCrypto(rules);
  const noble = await openGroupCrypto({ ...rules, primitives: groupPrimitivesOver(noblePrimitives) });
  const [keysOfBen, keysOfCleo] = [await keyPackageFor(web, 'ben'), await keyPackageFor(noble, 'cleo')];
  const alone = await crypto.createGroup({
    ...(await keyPackageFor(crypto, 'anna')),
    groupId: utf8('group'),
  });
  const { next: anna, welcome } = await crypto.stageCommit(alone, {
    add: [keysOfBen.keyPackage, keysOfCleo.keyPackage],
    now,
  });
  const ben = await web.joinGroup({ ...keysOfBen, welcome: must(welcome) });
  const cleo = await noble.joinGroup({ ...keysOfCleo, welcome: must(welcome) });
  const staged = await noble.stageCommit(cleo, { now });
  const followed = expectKind(await web.openMessage(ben, staged.commit, judge), 'commit').next;
  expect(epochAuthenticator(followed)).toEqual(epochAuthenticator(staged.next));
  const { message } = await web.sealMessage(followed, utf8('all three'));
  const atAnna = expectKind(await open(anna, staged.commit), 'commit').next;
  expect(text(expectKind(await open(atAnna, message), 'message').plaintext)).toBe('all three');
});

test('members of one epoch export the same secret, and another for each label and context', async () => {
  const { anna, ben } = await pair();
  const context = utf8('log');
  const secret = await crypto.exportSecret(anna, 'tern read', { context, length: 32 });
  expect(await crypto.exportSecret(ben, 'tern read', { context, length: 32 })).toEqual(secret);
  expect(await crypto.exportSecret(ben, 'tern append', { context, length: 32 })).not.toEqual(secret);
  expect(await crypto.exportSecret(ben, 'tern read', { context: utf8('other'), length: 32 })).not.toEqual(
    secret,
  );
  const { next } = await crypto.stageCommit(ben, { now });
  expect(await crypto.exportSecret(next, 'tern read', { context, length: 32 })).not.toEqual(secret);
});

test('a message opens once, and again only for a state that was not stored', async () => {
  const { anna, ben } = await pair();
  const { message } = await crypto.sealMessage(anna, utf8('once'));
  const { next } = expectKind(await open(ben, message), 'message');
  expect(await open(next, message)).toEqual({ kind: 'unreadable', because: 'spent' });
  expectKind(await open(ben, message), 'message'); // why `next` is stored before the plaintext is released
});

test('messages open in any order, and lost ones hold up nobody', async () => {
  const { anna, ben } = await pair();
  const sent: Uint8Array[] = [];
  let writer = anna;
  for (let number = 0; number < 905; number += 1) {
    const { message, next } = await crypto.sealMessage(writer, utf8(String(number)));
    sent.push(message);
    writer = next;
  }
  let reader = ben;
  for (const number of [904, 3, 0, 903, 1, 450]) {
    const opened = expectKind(await open(reader, must(sent[number])), 'message');
    expect(text(opened.plaintext)).toBe(String(number));
    reader = decodeGroup(crypto, encodeGroup(crypto, opened.next));
  }
  expect(await open(reader, must(sent[450]))).toEqual({ kind: 'unreadable', because: 'spent' });
});

test('more than a thousand lost messages are waited for, and what fell out of the window is past', async () => {
  const { anna, ben } = await pair();
  const sent: Uint8Array[] = [];
  let writer = anna;
  for (let number = 0; number < 1102; number += 1) {
    const { message, next } = await crypto.sealMessage(writer, utf8(String(number)));
    sent.push(message);
    writer = next;
  }
  expect(await open(ben, must(sent[1001]))).toEqual({ kind: 'unreadable', because: 'future' });
  const first = expectKind(await open(ben, must(sent[1000])), 'message').next;
  const second = expectKind(await open(first, must(sent[1101])), 'message').next;
  expect(await open(second, must(sent[50]))).toEqual({ kind: 'unreadable', because: 'past' });
  expectKind(await open(second, must(sent[150])), 'message');
});

test('a message of an earlier epoch opens for seven days, once', async () => {
  const circle = await circleOf(crypto, ['anna', 'ben', 'cleo']);
  const { message } = await crypto.sealMessage(must(circle.get('anna')), utf8('late'));
  let later = await changed(crypto, circle, { by: 'cleo' });
  later = await changed(crypto, later, { by: 'cleo', remove: ['anna'] });
  const ben = decodeGroup(crypto, encodeGroup(crypto, must(later.get('ben'))));
  const opened = expectKind(
    await crypto.openMessage(ben, message, { ...judge, now: now + 7 * day }),
    'message',
  );
  expect([opened.epoch, text(opened.from.credential.subarray(32))]).toEqual([1, 'anna']);
  expect(await open(opened.next, message)).toEqual({ kind: 'unreadable', because: 'spent' });
  expect(await crypto.openMessage(ben, message, { ...judge, now: now + 7 * day + 1 })).toEqual({
    kind: 'unreadable',
    because: 'past',
  });
  expect(encodeGroup(crypto, opened.next).parts.size).toBe(encodeGroup(crypto, ben).parts.size);
});

test('no more than 64 past epochs are kept, and none for longer than seven days', async () => {
  let { anna } = await pair();
  for (let epoch = 0; epoch < 70; epoch += 1) anna = (await crypto.stageCommit(anna, { now })).next;
  expect(anna.past.length).toBe(64);
  const { parts } = encodeGroup(crypto, anna);
  expect(parts.size).toBe(1 + 64 + 64);
  const week = (await crypto.stageCommit(anna, { now: now + 8 * day })).next;
  expect(week.past.length).toBe(1);
  expect(encodeGroup(crypto, week).parts.size).toBe(3);
});

test('our own words come back as an echo, and words of a copied device as a twin', async () => {
  const { anna } = await pair();
  const { message, next } = await crypto.sealMessage(anna, utf8('mine'));
  expect(await open(next, message)).toEqual({ kind: 'own', as: 'echo', epoch: 1, generation: 0 });
  expect(await open(anna, message)).toEqual({ kind: 'own', as: 'twin', epoch: 1, generation: 0 });
  const { commit } = await crypto.stageCommit(anna, { now });
  expect(await open(next, commit)).toEqual({ kind: 'own', as: 'twin', epoch: 1, generation: 0 });
});

test('an operation leaves the group it was given as it was', async () => {
  const { anna, ben } = await pair();
  const before = encodeGroup(crypto, ben);
  const { message } = await crypto.sealMessage(anna, utf8('one'));
  const { commit } = await crypto.stageCommit(anna, { now });
  await open(ben, message);
  await open(ben, commit);
  await crypto.stageCommit(ben, { now });
  await crypto.sealMessage(ben, utf8('two'));
  expect(encodeGroup(crypto, ben)).toEqual(before);
});

test('a message rewrites the head of the stored group, an epoch adds its tree and the ratchets of the last', async () => {
  const { anna } = await pair();
  const before = encodeGroup(crypto, anna);
  const { next } = await crypto.sealMessage(anna, utf8('one'));
  expect([...encodeGroup(crypto, next).parts.keys()]).toEqual([...before.parts.keys()]);
  expect(encodeGroup(crypto, next).head).not.toEqual(before.head);
  const staged = await crypto.stageCommit(next, { now });
  expect(encodeGroup(crypto, staged.next).parts.size).toBe(before.parts.size + 2);
});
