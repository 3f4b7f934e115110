import { MalformedError } from '@tern/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import type { Group, Opened } from '../src/group-crypto.ts';
import { changed, circleOf, keyPackageFor, must, now, testCrypto, utf8 } from './group-crypto-devices.ts';

const crypto = await testCrypto();
const circle = await changed(crypto, await circleOf(crypto, ['anna', 'ben', 'cleo']), { by: 'cleo' });
const anna = must(circle.get('anna'));
const ben = must(circle.get('ben'));
const own = await keyPackageFor(crypto, 'dora');
const { message } = await crypto.sealMessage(anna, utf8('hello'));
const staged = await crypto.stageCommit(anna, { add: [own.keyPackage], now });
const welcome = must(staged.welcome);
const { head, parts } = crypto.encodeGroup(ben);

/** These bytes with something cut, put in, turned over or repeated; or other bytes altogether. */
function bent(bytes: Uint8Array): fc.Arbitrary<Uint8Array> {
  const at = fc.nat({ max: bytes.length });
  return fc
    .oneof(
      fc
        .tuple(at, fc.integer({ min: 1, max: 255 }))
        .map(([where, by]) => bytes.map((byte, each) => (each === where ? byte ^ by : byte))),
      fc
        .tuple(at, fc.uint8Array({ maxLength: 8 }))
        .map(([where, more]) => joined(bytes.subarray(0, where), more, bytes.subarray(where))),
      fc
        .tuple(at, at)
        .map(([a, b]) => joined(bytes.subarray(0, Math.min(a, b)), bytes.subarray(Math.max(a, b)))),
      fc.tuple(at, at).map(([a, b]) => joined(bytes, bytes.subarray(Math.min(a, b), Math.max(a, b)))),
      fc.uint8Array({ maxLength: 200 }),
    )
    .filter((each) => each.length !== bytes.length || each.some((byte, where) => byte !== bytes[where]));
}

function joined(...all: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(all.flatMap((each) => [...each]));
}

async function opened(group: Group, bytes: Uint8Array): Promise<Opened> {
  return crypto.openMessage(group, bytes, { now, authorise: () => true });
}

for (const [what, bytes] of [
  ['message', message],
  ['commit', staged.commit],
] as const) {
  test(`a ${what} that was tampered with is unreadable, and nothing else happens`, async () => {
    await fc.assert(
      fc.asyncProperty(bent(bytes), async (tampered) => {
        expect((await opened(ben, tampered)).kind).toBe('unreadable');
      }),
      { numRuns: 1000 },
    );
  });
}

test('a Welcome, key package or secret that was tampered with is malformed, and nothing else happens', async () => {
  const attempts = fc.oneof(
    bent(welcome).map((tampered) => ({ ...own, welcome: tampered })),
    bent(own.keyPackage).map((keyPackage) => ({ ...own, keyPackage, welcome })),
    fc.uint8Array({ maxLength: 97 }).map((secrets) => ({ ...own, secrets, welcome })),
  );
  await fc.assert(
    fc.asyncProperty(attempts, async (attempt) => {
      await expect(crypto.joinGroup(attempt)).rejects.toBeInstanceOf(MalformedError);
    }),
    { numRuns: 1000 },
  );
});

test('a key package that was tampered with is refused', async () => {
  await fc.assert(
    fc.asyncProperty(bent(own.keyPackage), async (tampered) => {
      expect((await crypto.checkKeyPackage(tampered, { now })).kind).toBe('refused');
    }),
    { numRuns: 1000 },
  );
});

test('a stored group that was tampered with is malformed, in its head and in each of its parts', () => {
  fc.assert(
    fc.property(bent(head), (tampered) => {
      expect(() => crypto.decodeGroup(tampered, (name) => must(parts.get(name)))).toThrow(MalformedError);
    }),
    { numRuns: 1000 },
  );
  const bentPart = fc
    .constantFrom(...parts)
    .chain(([name, bytes]) => bent(bytes).map((tampered) => ({ name, tampered })));
  fc.assert(
    fc.property(bentPart, ({ name, tampered }) => {
      const load = (asked: string): Uint8Array => (asked === name ? tampered : must(parts.get(asked)));
      expect(() => crypto.decodeGroup(head, load)).toThrow(MalformedError);
    }),
    { numRuns: 500 },
  );
});

test('a message of another group is not of this one', async () => {
  const other = must((await circleOf(crypto, ['anna', 'ben'])).get('anna'));
  const { message: foreign } = await crypto.sealMessage(other, utf8('hello'));
  expect(await opened(ben, foreign)).toEqual({ kind: 'unreadable', because: 'bad' });
});

test('a Welcome or a key package is no message, and no Welcome either', async () => {
  for (const bytes of [welcome, own.keyPackage])
    expect(await opened(ben, bytes)).toEqual({ kind: 'unreadable', because: 'bad' });
  await expect(crypto.joinGroup({ ...own, welcome: message })).rejects.toBeInstanceOf(MalformedError);
});

test('a commit with a length written longer than it need be is refused: it would have two names', async () => {
  const { commit } = staged;
  // version (2), kind (2), then the group id behind one byte of length
  const longer = joined(commit.subarray(0, 4), Uint8Array.of(0x40, commit[4] ?? 0), commit.subarray(5));
  expect((await opened(ben, longer)).kind).toBe('unreadable');
  expect((await opened(ben, commit)).kind).toBe('commit');
});
