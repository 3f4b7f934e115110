import { randomBytes } from 'node:crypto';
import { sealBody } from '@tern/protocol';
import { nodePrimitives as primitives } from '@tern/reach/node';
import { expect, test } from 'vitest';
import { mlsIn } from '../src/group-sighting.ts';
import { circleOf, keyPackageFor, now, testCrypto } from './group-crypto-devices.ts';

/** What of MLS is seen in these bytes, surrounded by others. */
function seen(bytes: Uint8Array): readonly string[] {
  const around = Buffer.concat([randomBytes(777), bytes, randomBytes(333)]);
  const inside = mlsIn(around).filter(({ from, to }) => from >= 777 && to <= 777 + bytes.length);
  return inside.filter(({ from }) => from <= 777 + 4).map(({ what }) => what);
}

test('rule 19: whatever of MLS would lie readable on a relay is seen, wherever in other bytes it lies', async () => {
  const crypto = await testCrypto();
  const circle = await circleOf(crypto, ['Anna', 'Boris']);
  const anna = circle.get('Anna');
  if (anna === undefined) throw new Error('Anna is not in her own circle');
  const { message } = await crypto.sealMessage(anna, randomBytes(200));
  expect(seen(message)).toEqual(['message', 'private']);
  const { keyPackage } = await keyPackageFor(crypto, 'Cleo');
  expect(seen(keyPackage)).toContain('key package');
  const { commit, welcome } = await crypto.stageCommit(anna, { add: [keyPackage], now });
  expect(seen(commit)).toEqual(['message', 'private']);
  expect(seen(welcome ?? new Uint8Array())).toEqual(['message', 'welcome']);
  const tree = [...crypto.encodeGroup(anna).parts.values()].flatMap(seen);
  expect(tree).toContain('tree');
});

test('rule 19: the same bytes inside the AEAD of an entry are not seen, nor is MLS seen in chance', async () => {
  const crypto = await testCrypto();
  const { keyPackage } = await keyPackageFor(crypto, 'Cleo');
  const content = { plaintext: keyPackage, salt: randomBytes(16), context: randomBytes(32) };
  expect(mlsIn(sealBody(primitives, randomBytes(32), content))).toEqual([]);
  expect(mlsIn(randomBytes(2_000_000))).toEqual([]);
});
