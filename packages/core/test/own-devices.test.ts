import { noblePrimitives } from '@tern/protocol';
import { expect, test } from 'vitest';
import { credentialsOf, newIdentity, withNewDevice, withOwnDevices, type Identity } from '../src/identity.ts';

let counter = 0;
const world = {
  now: () => 0,
  randomBytes: (length: number) => new Uint8Array(length).map((_, at) => (at === 0 ? (counter += 1) : at)),
  wait: async () => undefined,
};
const listOf = (identity: Identity): Uint8Array => credentialsOf(noblePrimitives, identity).devices;
const learn = (identity: Identity, from: Identity): Identity =>
  withOwnDevices(noblePrimitives, identity, listOf(from)) ?? identity;

test('rule 26: a device learns of a newer device of its own person, and then has the same list', () => {
  const first = newIdentity(noblePrimitives, world, 'Boris');
  const second = withNewDevice(noblePrimitives, world, first, { replace: false });
  const learnt = learn(first, second);
  expect(learnt.listNumber).toBe(second.listNumber);
  expect(learnt.deviceKeys.length).toBe(2);
  expect(withOwnDevices(noblePrimitives, learnt, listOf(second))).toBeUndefined();
});

test('rule 26: two devices that took the same number are both in the list that follows', () => {
  const first = newIdentity(noblePrimitives, world, 'Boris');
  const second = withNewDevice(noblePrimitives, world, first, { replace: false });
  const third = withNewDevice(noblePrimitives, world, first, { replace: false });
  const learnt = learn(second, third);
  expect(learnt.listNumber).toBe(third.listNumber + 1);
  expect(learnt.deviceKeys.length).toBe(3);
  const settled = learn(third, learnt);
  expect(settled.listNumber).toBe(learnt.listNumber);
  expect(settled.deviceKeys.length).toBe(3);
});

test("rule 26: a list of another person's, or none at all, is refused", () => {
  const first = newIdentity(noblePrimitives, world, 'Boris');
  const stranger = newIdentity(noblePrimitives, world, 'Clara');
  expect(withOwnDevices(noblePrimitives, first, listOf(stranger))).toBeUndefined();
  expect(withOwnDevices(noblePrimitives, first, new Uint8Array([1, 2, 3]))).toBeUndefined();
});
