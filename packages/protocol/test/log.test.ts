/** Policies, capabilities, entries and chunks: what a relay and its readers judge by. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  base32,
  capabilityCodec,
  chunkIdOf,
  compareBytes,
  concat,
  decodeEntry,
  decodePolicy,
  encode,
  encodeBatch,
  encodeEntry,
  encodeOperation,
  encodePolicy,
  entryIdOf,
  leafCount,
  limits,
  longestBodyBytes,
  MalformedError,
  openBody,
  openCapability,
  openFirstPolicy,
  openNextPolicy,
  policyHash,
  rangeProof,
  sealBody,
  sealRequest,
  sealRequestWithTicket,
  sign,
  verifyRange,
  type ChunkId,
  type LogId,
  type Operation,
  type Policy,
  type RelayId,
} from '../src/index.ts';
import {
  bytesOf,
  capability,
  chunkOf,
  firstPayload,
  firstPolicy,
  idOf,
  log,
  nextPayload,
  nextPolicy,
  photo,
  photoId,
  primitives,
  relay,
  sealingKeys,
  signedCapability,
  signedFirst,
  signedNext,
} from './fixtures.ts';
import { batchHeader, chunkEntry, largeEntry, smallEntry } from './samples.ts';

const current = { log, policy: firstPolicy, payload: firstPayload };

function signedPolicy(policy: Policy, signer = 'change 0'): ReturnType<typeof sign> {
  return sign(primitives, bytesOf(signer), { label: 'policy', payload: encodePolicy(policy) });
}

describe('policies', () => {
  test('rule 11: a first policy makes the log whose id is its hash, and a later one follows it', () => {
    expect(openFirstPolicy(primitives, signedFirst, relay)).toEqual({ log, policy: firstPolicy });
    expect(openNextPolicy(primitives, signedNext, current)).toEqual(nextPolicy);
    const other = signedPolicy({ ...firstPolicy, nonce: bytesOf('other nonce', 16) });
    expect(openFirstPolicy(primitives, other, relay)?.log).not.toBe(log);
  });

  test('rule 11: a first policy for another relay, signed by another key or under another label is refused', () => {
    expect(openFirstPolicy(primitives, signedFirst, idOf<RelayId>('other'))).toBeUndefined();
    expect(openFirstPolicy(primitives, signedPolicy(firstPolicy, 'append 0'), relay)).toBeUndefined();
    const labelled = sign(primitives, bytesOf('change 0'), { label: 'card', payload: firstPayload });
    expect(openFirstPolicy(primitives, labelled, relay)).toBeUndefined();
    expect(openFirstPolicy(primitives, signedNext, relay)).toBeUndefined();
  });

  test('rule 11: a policy that skips a number, goes back, names another log or predecessor, or lacks the key is refused', () => {
    const wrong: readonly Policy[] = [
      { ...nextPolicy, number: 2 },
      { ...nextPolicy, log: idOf<LogId>('other') },
      { ...nextPolicy, previous: policyHash(primitives, nextPayload) },
    ];
    for (const policy of wrong)
      expect(openNextPolicy(primitives, signedPolicy(policy), current)).toBeUndefined();
    expect(openNextPolicy(primitives, signedFirst, current)).toBeUndefined();
    expect(openNextPolicy(primitives, signedPolicy(nextPolicy, 'change 1'), current)).toBeUndefined();
    const second = { log, policy: nextPolicy, payload: nextPayload };
    expect(openNextPolicy(primitives, signedNext, second)).toBeUndefined();
  });

  test('rule 11: a mixture of first and later policy is refused, and never sent', () => {
    const mixtures: readonly Policy[] = [
      { ...nextPolicy, number: 0 },
      { ...firstPolicy, number: 1 },
      { ...firstPolicy, log },
      { ...nextPolicy, nonce: bytesOf('nonce', 16) },
      { ...nextPolicy, relay },
    ];
    for (const policy of mixtures) expect(() => encodePolicy(policy)).toThrow(MalformedError);
    expect(() => decodePolicy(new Uint8Array([0xa0]))).toThrow(MalformedError);
  });

  test('rule 12: a commit that removes somebody says that it closes, and the policy keeps the word', () => {
    expect(decodePolicy(nextPayload).closes).toBe(true);
    expect(decodePolicy(firstPayload).closes).toBe(false);
  });
});

describe('capabilities', () => {
  test("rule 20: a capability signed by the log's change key opens", () => {
    expect(openCapability(primitives, signedCapability, firstPolicy.changeKey)).toEqual(capability);
  });

  test('rule 20: one signed by another key, under another label, or with a larger claim is refused', () => {
    expect(openCapability(primitives, signedCapability, nextPolicy.changeKey)).toBeUndefined();
    const { payload } = signedCapability;
    const other = sign(primitives, bytesOf('change 0'), { label: 'policy', payload });
    expect(openCapability(primitives, other, firstPolicy.changeKey)).toBeUndefined();
    const larger = encode(capabilityCodec, { ...capability, entries: 1000 });
    expect(
      openCapability(primitives, { ...signedCapability, payload: larger }, firstPolicy.changeKey),
    ).toBeUndefined();
    expect(() => openCapability(primitives, signedFirst, firstPolicy.changeKey)).toThrow(MalformedError);
  });
});

describe('entries', () => {
  test('rule 14: an EntryId is the same whoever sends the entry, and another in another log', () => {
    const id = entryIdOf(primitives, log, smallEntry);
    expect(entryIdOf(primitives, log, smallEntry.slice())).toBe(id);
    expect(entryIdOf(primitives, idOf<LogId>('other'), smallEntry)).not.toBe(id);
    expect(entryIdOf(primitives, log, largeEntry)).not.toBe(id);
  });

  test('rule 15: entries of exactly 1,024 and 3,072 B and entries that name a chunk are read', () => {
    expect([smallEntry.length, largeEntry.length, chunkEntry.length]).toEqual([1024, 3072, 37]);
    expect(decodeEntry(smallEntry)).toEqual({ kind: 'inline', body: smallEntry.slice(1) });
    expect(decodeEntry(largeEntry)).toEqual({ kind: 'inline', body: largeEntry.slice(1) });
    expect(decodeEntry(chunkEntry)).toEqual({ kind: 'chunk', chunk: photoId, length: photo.length });
  });

  test('rule 15: an entry of any other size or kind is refused, and never made', () => {
    for (const size of [0, 1, 36, 38, 1023, 1025, 3071, 3073]) {
      expect(() => decodeEntry(new Uint8Array(size))).toThrow(MalformedError);
      expect(() => decodeEntry(new Uint8Array(size).fill(1))).toThrow(MalformedError);
      if (size > 0 && size !== 1023 && size !== 3071)
        expect(() => encodeEntry({ kind: 'inline', body: new Uint8Array(size) })).toThrow(MalformedError);
    }
    expect(() => decodeEntry(smallEntry.with(0, 2))).toThrow(MalformedError);
    for (const length of [0, limits.chunkBytes + 1])
      expect(() => encodeEntry({ kind: 'chunk', chunk: photoId, length })).toThrow(MalformedError);
  });

  test('rule 15: every content lies in one of few sizes, and opens again', () => {
    const sizes = new Set<number>();
    const context = bytesOf('context');
    for (const length of [0, 1, 987, 988, 4060, 4061, 100_000, longestBodyBytes]) {
      const plaintext = chunkOf(length);
      const body = sealBody(primitives, bytesOf('wrap'), { plaintext, salt: bytesOf('salt', 16), context });
      sizes.add(body.length);
      expect(openBody(primitives, bytesOf('wrap'), { body, context })).toEqual(plaintext);
    }
    expect([...sizes]).toEqual([1023, 4096, 8192, 131_072, 262_144]);
  });

  test('rule 15: more than fits a chunk is refused', () => {
    const content = {
      plaintext: new Uint8Array(longestBodyBytes + 1),
      salt: bytesOf('salt', 16),
      context: bytesOf('c'),
    };
    expect(() => sealBody(primitives, bytesOf('wrap'), content)).toThrow(MalformedError);
  });

  test('rule 15: a sealed batch with an entry of 3,072 B stays below 4,096 B with all that may surround it', () => {
    const message: Operation = { kind: 'append', log, number: limits.policyNumber, entry: largeEntry };
    const many: readonly Operation[] = [
      message,
      {
        ...message,
        capability: sign(primitives, bytesOf('change 0'), {
          label: 'capability',
          payload: largestCapability(),
        }),
      },
      { ...message, next: signedPolicy(largestConversationPolicy()) },
    ];
    const ticket = { id: bytesOf('id', 16), secret: bytesOf('secret'), share: sealingKeys.publicKey };
    for (const operation of many) {
      const operations = [{ ...encodeOperation(operation), proofs: [bytesOf('proof', 64)] }];
      const batch = encodeBatch({
        ...batchHeader,
        notAfter: limits.second,
        room: limits.responseBytes,
        operations,
      });
      const key = { id: bytesOf('key id', 8), publicKey: sealingKeys.publicKey };
      const first = sealRequest(primitives, batch, { relay, key, seed: bytesOf('seed') });
      const later = sealRequestWithTicket(primitives, batch, {
        relay,
        ticket,
        random: bytesOf('random', 64),
      });
      expect(first.bytes.length).toBeLessThan(4096);
      expect(later.bytes.length).toBeLessThan(4096);
    }
  });

  test('rule 19: whoever has the key and the log opens what lies there', () => {
    const context = bytesOf('context');
    for (const name of ['a commit', 'a welcome', 'a message']) {
      const content = { plaintext: bytesOf(name, 500), salt: bytesOf(name, 16), context };
      const body = sealBody(primitives, bytesOf('wrap'), content);
      expect(openBody(primitives, bytesOf('wrap'), { body, context })).toEqual(content.plaintext);
    }
  });

  test('rule 19: a body opens for the right key, log and bytes only; every other is refused', () => {
    const context = bytesOf('context');
    const content = { plaintext: bytesOf('MLS'), salt: bytesOf('salt', 16), context };
    const body = sealBody(primitives, bytesOf('wrap'), content);
    expect(openBody(primitives, bytesOf('wrap'), { body, context })).toEqual(bytesOf('MLS'));
    expect(openBody(primitives, bytesOf('other'), { body, context })).toBeUndefined();
    expect(openBody(primitives, bytesOf('wrap'), { body, context: bytesOf('other') })).toBeUndefined();
    expect(openBody(primitives, bytesOf('wrap'), { body: body.slice(0, 35), context })).toBeUndefined();
    for (let at = 0; at < body.length; at += 50) {
      const other = body.with(at, (body[at] ?? 0) ^ 1);
      expect(openBody(primitives, bytesOf('wrap'), { body: other, context })).toBeUndefined();
    }
  });

  test('rule 19: a body that claims more than it holds is refused, though it was sealed with the right key', () => {
    const lying = { ...primitives, open: () => new Uint8Array([0, 0, 0, 9, 1]) };
    const short = { ...primitives, open: () => new Uint8Array(3) };
    const content = { body: new Uint8Array(64), context: bytesOf('context') };
    expect(openBody(lying, bytesOf('wrap'), content)).toBeUndefined();
    expect(openBody(short, bytesOf('wrap'), content)).toBeUndefined();
  });

  test('rule 19: nothing of a body shows what it holds, and it never looks like MLS', () => {
    const plaintext = concat(new Uint8Array([0, 1, 0, 2]), new Uint8Array(900)); // version 1, private message
    const body = sealBody(primitives, bytesOf('wrap'), {
      plaintext,
      salt: bytesOf('salt', 16),
      context: bytesOf('c'),
    });
    expect(Buffer.from(body).includes(Buffer.from(plaintext.subarray(0, 4)))).toBe(false);
    const zeros = body.filter((byte) => byte === 0).length;
    expect(zeros).toBeLessThan(30);
  });
});

function largestCapability(): Uint8Array {
  return encode(capabilityCodec, {
    ...capability,
    notAfter: limits.second,
    entries: limits.capabilityEntries,
    bytes: limits.capabilityBytes,
  });
}

/** In a conversation no capability counts, so none is revoked. */
function largestConversationPolicy(): Policy {
  return {
    ...nextPolicy,
    number: limits.policyNumber,
    lifetime: limits.entryLifetimeSeconds,
    roomBytes: limits.logRoomBytes,
    revoked: [],
  };
}

describe('chunks', () => {
  const lengths = [1, 2, 1023, 1024, 1025, 2048, 2049, 3072, 4097, 5000, 7169, 8192, 9001, 16_384];

  test.each(lengths)('rule 16: every range of a chunk of %i B verifies alone', (length) => {
    const chunk = chunkOf(length);
    const named = { id: chunkIdOf(primitives, chunk), length };
    for (const range of rangesOf(leafCount(length))) {
      const bytes = chunk.subarray(range.from * 1024, range.to * 1024);
      const proof = rangeProof(primitives, chunk, range);
      expect(proof.length).toBeLessThanOrEqual(2 * Math.ceil(Math.log2(leafCount(length) + 1)));
      expect(verifyRange(primitives, named, { range, bytes, proof })).toBe(true);
    }
  });

  test.each(lengths)(
    'rule 16: a range of a chunk of %i B with one bit, the place, the length or the proof changed is refused',
    (length) => {
      const chunk = chunkOf(length);
      const named = { id: chunkIdOf(primitives, chunk), length };
      for (const range of rangesOf(leafCount(length)).slice(0, 20)) {
        const bytes = chunk.slice(range.from * 1024, range.to * 1024);
        const proof = rangeProof(primitives, chunk, range);
        const verify = (part: Partial<Parameters<typeof verifyRange>[2]>, chunkNamed = named): boolean =>
          verifyRange(primitives, chunkNamed, { range, bytes, proof, ...part });
        for (let at = 0; at < bytes.length; at += 97) {
          for (const bit of [1, 128])
            expect(verify({ bytes: bytes.with(at, (bytes[at] ?? 0) ^ bit) })).toBe(false);
        }
        for (const [at, one] of proof.entries()) {
          expect(verify({ proof: proof.with(at, one.with(3, (one[3] ?? 0) ^ 4)) })).toBe(false);
          expect(verify({ proof: proof.toSpliced(at, 1) })).toBe(false);
          expect(verify({ proof: proof.with(at, one.slice(1)) })).toBe(false);
        }
        expect(verify({ proof: [...proof, bytesOf('more')] })).toBe(false);
        expect(verify({ bytes: bytes.slice(1) })).toBe(false);
        expect(verify({ bytes: concat(bytes, new Uint8Array(1)) })).toBe(false);
        expect(verify({ range: { from: range.from + 1, to: range.to + 1 } })).toBe(false);
        expect(verify({ range: { from: range.to, to: range.from } })).toBe(false);
        expect(verify({ range: { from: -1, to: 0 } })).toBe(false);
        expect(verify({}, { ...named, length: length + 1 })).toBe(false);
        expect(verify({}, { ...named, length: 0 })).toBe(false);
        expect(verify({}, { ...named, length: 2 ** 30 })).toBe(false);
        expect(verify({}, { ...named, id: idOf<ChunkId>('other') })).toBe(false);
      }
    },
  );

  test('rule 16: ranges of the longest chunk verify, and ranges that lie outside are refused', () => {
    const chunk = chunkOf(limits.chunkBytes);
    const named = { id: chunkIdOf(primitives, chunk), length: chunk.length };
    fc.assert(
      fc.property(fc.nat(255), fc.nat(255), (a, b) => {
        const range = { from: Math.min(a, b), to: Math.max(a, b) + 1 };
        const bytes = chunk.subarray(range.from * 1024, range.to * 1024);
        const proof = rangeProof(primitives, chunk, range);
        expect(verifyRange(primitives, named, { range, bytes, proof })).toBe(true);
      }),
      { numRuns: 40 },
    );
    for (const range of [
      { from: 0, to: 257 },
      { from: 3, to: 3 },
      { from: -1, to: 2 },
    ])
      expect(() => rangeProof(primitives, chunk, range)).toThrow(MalformedError);
  });

  test('rule 16: an empty chunk and one of more than 256 KiB are refused', () => {
    for (const length of [0, limits.chunkBytes + 1])
      expect(() => chunkIdOf(primitives, new Uint8Array(length))).toThrow(MalformedError);
  });

  test('rule 16: chunks of the same beginning and other length never share an id', () => {
    const ids = [1, 1024, 1025, 2048].map((length) => chunkIdOf(primitives, new Uint8Array(length)));
    expect(new Set(ids).size).toBe(4);
  });
});

function rangesOf(count: number): readonly { readonly from: number; readonly to: number }[] {
  return Array.from({ length: count }, (_, from) =>
    Array.from({ length: count - from }, (__, more) => ({ from, to: from + more + 1 })),
  ).flat();
}

test('bytes are ordered like unsigned numbers, shorter first', () => {
  const sorted = [[], [0], [0, 0], [1], [127], [128], [255], [255, 0]].map((one) => new Uint8Array(one));
  expect(sorted.toReversed().toSorted(compareBytes)).toEqual(sorted);
  expect(base32(bytesOf('x', 5))).toHaveLength(8);
});
