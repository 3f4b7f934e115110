import { noblePrimitives, type Primitives } from '@tern/protocol';
import { expect, test } from 'vitest';
import { selfOf } from '../src/engine.ts';
import {
  credentialsOf,
  identityTable,
  newIdentity,
  withNewDevice,
  withOwnDevices,
  type Identity,
} from '../src/identity.ts';
import { memoryStore } from '../src/memory-store.ts';

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

test('what a device says of itself is signed once, and anew where anything that it says is another', async () => {
  let signed = 0;
  const primitives: Primitives = {
    ...noblePrimitives,
    ed25519Sign: (seed, message) => {
      signed += 1;
      return noblePrimitives.ed25519Sign(seed, message);
    },
  };
  await using store = memoryStore({ world });
  const engine = { primitives };
  const self = (): ReturnType<typeof selfOf> => store.read((view) => selfOf(engine, view));
  const first = newIdentity(noblePrimitives, world, 'Boris');
  const others = [
    first,
    { ...first, name: 'Boris R.' },
    withNewDevice(noblePrimitives, world, first, { replace: false }),
    withNewDevice(noblePrimitives, world, first, { replace: true }),
    newIdentity(noblePrimitives, world, 'Boris'),
    first,
  ];
  const counts: number[] = [];
  for (const identity of others) {
    await store.change(async (change) => identityTable.put(change, '', 'self', identity));
    expect(await self()).toEqual({ ...identity, ...credentialsOf(noblePrimitives, identity) });
    const before = signed;
    await self();
    expect(signed).toBe(before);
    counts.push(signed);
  }
  expect(counts).toEqual([2, 2, 4, 6, 8, 10]);
  await store.read((view) => selfOf({ primitives }, view));
  expect(signed).toBe(12);
});
