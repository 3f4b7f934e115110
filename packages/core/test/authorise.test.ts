import { noblePrimitives, type Primitives } from '@tern/protocol';
import { expect, test } from 'vitest';
import { authorise, pairRule, type MemberRule } from '../src/authorise.ts';
import type { CommitView, Member } from '../src/group-crypto.ts';
import { credentialsOf, newIdentity, withNewDevice, type Identity } from '../src/identity.ts';

const primitives: Primitives = noblePrimitives;
let counter = 0;
const world = {
  now: () => 0,
  randomBytes: (length: number) => new Uint8Array(length).map((_, at) => (at === 0 ? (counter += 1) : at)),
  wait: async () => undefined,
};

const anna = newIdentity(primitives, world, 'Anna');
const boris = newIdentity(primitives, world, 'Boris');
const clara = newIdentity(primitives, world, 'Clara');
const rootOf = (identity: Identity): Uint8Array => credentialsOf(primitives, identity).rootKey;

function member(identity: Identity, leafIndex: number): Member {
  const { certificate, deviceKey } = credentialsOf(primitives, identity);
  return { leafIndex, credential: certificate, signatureKey: deviceKey };
}

const annas = member(anna, 0);
const boriss = member(boris, 1);
const borissNext = member(withNewDevice(primitives, world, boris, { replace: true }), 2);
const claras = member(clara, 3);
const pair = pairRule(rootOf(anna), rootOf(boris));
const circle: MemberRule = { kind: 'group', adminKeys: [rootOf(anna)] };

function judge(rule: MemberRule, commit: Partial<CommitView>): boolean {
  return authorise(primitives, rule, {
    members: [annas, boriss],
    by: annas,
    adds: [],
    removes: [],
    ...commit,
  });
}

test('rule 24: anybody may take a fresh leaf, and change devices of their own person', () => {
  expect(judge(pair, {})).toBe(true);
  expect(judge(pair, { by: boriss, adds: [borissNext] })).toBe(true);
  expect(judge(pair, { by: borissNext, removes: [boriss] })).toBe(true);
  expect(judge(circle, { by: boriss, adds: [borissNext], removes: [] })).toBe(true);
});

test('rule 24: one of two may put a new device of the other in the place of an old one', () => {
  expect(judge(pair, { by: annas, adds: [borissNext], removes: [boriss] })).toBe(true);
});

test('rule 24: a third person in a conversation of two is refused, whoever adds them', () => {
  expect(judge(pair, { adds: [claras] })).toBe(false);
  expect(judge(pair, { by: claras })).toBe(false);
  expect(judge(pair, { by: boriss, adds: [borissNext, claras] })).toBe(false);
});

test("rule 24: nobody takes the other one's device away for nothing", () => {
  expect(judge(pair, { by: annas, removes: [boriss] })).toBe(false);
  expect(judge(pair, { by: annas, adds: [], removes: [boriss, annas] })).toBe(false);
});

test('rule 24: in a group who may change it adds and removes, and nobody else is refused the right to leave', () => {
  expect(judge(circle, { by: annas, adds: [claras], removes: [boriss] })).toBe(true);
  expect(judge(circle, { by: boriss, adds: [claras] })).toBe(false);
  expect(judge(circle, { by: boriss, removes: [claras] })).toBe(false);
});

test('rule 24: a member whose person did not sign for it is refused', () => {
  const forged: Member = {
    ...boriss,
    credential: boriss.credential.map((byte, at) => (at === boriss.credential.length - 1 ? byte ^ 1 : byte)),
  };
  expect(judge(pair, { by: forged })).toBe(false);
  expect(judge(circle, { by: annas, adds: [forged] })).toBe(true); // who may change the group answers for whom it adds; the group's own check refuses the credential
});
