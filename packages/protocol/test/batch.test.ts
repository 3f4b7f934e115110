import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  checkHint,
  decodeBatch,
  decodeOperation,
  encodeBatch,
  encodeOperation,
  encodeResponse,
  FrameReader,
  joinFrames,
  limits,
  MalformedError,
  peerPathOf,
  proofMessage,
  ResponseDecoder,
  splitFrames,
  type BatchId,
  type Operation,
  type RelayId,
  type WireOperation,
} from '../src/index.ts';
import { byteMutations } from '../src/testing/index.ts';
import { bytesOf, hint, idOf, keyOf, log, photoId, primitives, relay } from './fixtures.ts';
import { batchHeader, batchId, operations, responseHeaders, results } from './samples.ts';

const wire: readonly WireOperation[] = operations.map((one) => ({ ...encodeOperation(one), proofs: [] }));

describe('batches', () => {
  test('rule 6: a batch has the same bytes however often it is sent, and is read again as it was', () => {
    const encoded = encodeBatch({ ...batchHeader, operations: wire });
    expect(encodeBatch({ ...batchHeader, operations: wire })).toEqual(encoded);
    expect(decodeBatch(encoded)).toEqual({ ...batchHeader, operations: wire });
  });

  test('rule 6: a batch of more than 64 KiB or 256 operations is refused, and never made', () => {
    const hello = { ...encodeOperation({ kind: 'hello' }), proofs: [] };
    const many = Array.from({ length: 257 }, () => hello);
    expect(() => encodeBatch({ ...batchHeader, operations: many })).toThrow(MalformedError);
    const [header = new Uint8Array(), one = new Uint8Array()] = splitFrames(
      encodeBatch({ ...batchHeader, operations: [hello] }),
    );
    expect(decodeBatch(joinFrames([header, ...many.slice(1).map(() => one)])).operations).toHaveLength(256);
    expect(() => decodeBatch(joinFrames([header, ...many.map(() => one)]))).toThrow(MalformedError);
    const large = { type: 4, body: new Uint8Array(limits.batchBytes), proofs: [] };
    expect(() => encodeBatch({ ...batchHeader, operations: [large] })).toThrow(MalformedError);
    expect(() => decodeBatch(new Uint8Array(limits.batchBytes + 1))).toThrow(MalformedError);
  });

  test('rule 6: a batch that is empty, cut or damaged is refused or read as another, and nothing else happens', () => {
    expect(() => decodeBatch(new Uint8Array())).toThrow(MalformedError);
    const encoded = encodeBatch({ ...batchHeader, operations: wire.slice(0, 2) });
    for (const { bytes } of byteMutations(encoded)) {
      try {
        decodeBatch(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedError);
      }
    }
  });
});

describe('proofs', () => {
  const operation = encodeOperation({ kind: 'hello' });
  const place = { relay, batch: batchId };
  const proof = primitives.ed25519Sign(bytesOf('append 0'), proofMessage(primitives, operation, place));
  const verifies = (message: Uint8Array): boolean =>
    primitives.ed25519Verify(keyOf('append 0'), message, proof);

  test('rule 9: a proof verifies for its operation, batch and relay', () => {
    expect(verifies(proofMessage(primitives, { ...operation }, { ...place }))).toBe(true);
  });

  test('rule 9: a proof is refused at another relay, in another batch, and for another operation', () => {
    const others = [
      proofMessage(primitives, operation, { ...place, relay: idOf<RelayId>('other') }),
      proofMessage(primitives, operation, { ...place, batch: idOf<BatchId>('other', 16) }),
      proofMessage(primitives, { ...operation, type: 7 }, place),
      proofMessage(primitives, { ...operation, body: new Uint8Array([0xa0, 0]) }, place),
    ];
    for (const message of others) expect(verifies(message)).toBe(false);
  });
});

describe('operations', () => {
  test.each(operations.map((operation) => [operation.kind, operation] as const))(
    'a %s is read again as it was',
    (_, operation) => {
      expect(decodeOperation(encodeOperation(operation))).toEqual(operation);
    },
  );

  test('rule 31: an operation with an unknown number is nothing this version knows, and the rest of its batch is read', () => {
    const unknown = { type: 4711, body: bytesOf('whatever', 100), proofs: [bytesOf('proof', 64)] };
    const batch = decodeBatch(encodeBatch({ ...batchHeader, operations: [unknown, ...wire] }));
    expect(batch.operations.map((one) => decodeOperation(one)?.kind)).toEqual([
      undefined,
      ...operations.map((one) => one.kind),
    ]);
  });

  test('rules 29 and 30: a request for another relay is read as it was written, also an empty one', () => {
    const to = hint;
    const some: readonly Operation[] = [
      { kind: 'forward', to, request: new Uint8Array(), waitSeconds: 40 },
      { kind: 'forward', to, request: bytesOf('most', limits.forwardBytes), waitSeconds: 0 },
      { kind: 'defer', to, request: bytesOf('most', limits.forwardBytes), notAfter: 1 },
    ];
    for (const one of some) {
      const wire = encodeOperation(one);
      expect(decodeOperation(wire)).toEqual(one);
      const batch = encodeBatch({ ...batchHeader, operations: [{ ...wire, proofs: [] }] });
      expect(batch.length).toBeLessThanOrEqual(limits.batchBytes);
    }
  });

  test('rules 29 and 30: a request for a relay without a name is refused, and so is one that is too long or empty', () => {
    const { relay: _, ...nameless } = hint;
    const forward = { kind: 'forward', to: nameless, request: new Uint8Array(), waitSeconds: 0 } as const;
    const defer = { kind: 'defer', to: nameless, request: bytesOf('x'), notAfter: 1 } as const;
    for (const one of [forward, defer])
      expect(() => decodeOperation(encodeOperation(one))).toThrow(MalformedError);
    const tooLong = bytesOf('x', limits.forwardBytes + 1);
    expect(() => encodeOperation({ ...forward, to: hint, request: tooLong })).toThrow(MalformedError);
    expect(() => encodeOperation({ ...defer, to: hint, request: new Uint8Array() })).toThrow(MalformedError);
  });

  test('rule 29: a peer path is told from a secret path, and nobody tells the secret path from it', () => {
    const path = peerPathOf(primitives, 'kBv0rY3qyu4');
    expect(path).toMatch(/^[\w-]{22}$/u);
    expect(peerPathOf(primitives, 'kBv0rY3qyu5')).not.toBe(path);
    expect(peerPathOf(primitives, path)).not.toBe(path);
    expect(checkHint({ ...hint, path }).path).toBe(path);
  });

  test('rule 31: whoever asks for more is never understood, and the relay answers that it is unsupported', () => {
    for (const type of [...Array(300).keys(), 65_535].filter((one) => one >= 12))
      expect(decodeOperation({ type, body: new Uint8Array([0xa0]) })).toBeUndefined();
    expect(results).toContainEqual({ kind: 'unsupported' });
  });

  test('rule 16: a put within its chunk and a get of whole leaves are read', () => {
    const put: Operation = {
      kind: 'put',
      log,
      number: 0,
      chunk: photoId,
      length: 5000,
      offset: 4990,
      bytes: bytesOf('x', 10),
    };
    const get: Operation = { kind: 'get', log, number: 0, chunk: photoId, fromLeaf: 255, leaves: 1 };
    for (const one of [put, get]) expect(decodeOperation(encodeOperation(one))).toEqual(one);
  });

  test('rule 16: a put outside its chunk and a get of no leaf or beyond the last are refused', () => {
    const put = { kind: 'put', log, number: 0, chunk: photoId } as const;
    const get = { kind: 'get', log, number: 0, chunk: photoId } as const;
    const wrong: readonly Operation[] = [
      { ...put, length: 5000, offset: 4991, bytes: bytesOf('x', 10) },
      { ...put, length: 0, offset: 0, bytes: bytesOf('x', 1) },
      { ...get, fromLeaf: 0, leaves: 0 },
      { ...get, fromLeaf: 255, leaves: 2 },
    ];
    for (const one of wrong) expect(() => decodeOperation(encodeOperation(one))).toThrow(MalformedError);
  });

  test('rule 17: a watch of 400 slices is read, and with more than that or a longer wait it is refused', () => {
    const slice = { log, after: 0, number: 0 };
    const watch = (slices: number, waitSeconds = 0): Operation => ({
      kind: 'watch',
      add: Array.from({ length: slices }, () => slice),
      drop: [],
      waitSeconds,
    });
    expect(decodeOperation(encodeOperation(watch(400, 900)))).toMatchObject({ waitSeconds: 900 });
    expect(() => encodeOperation(watch(401))).toThrow(MalformedError);
    expect(() => encodeOperation(watch(1, 901))).toThrow(MalformedError);
  });
});

describe('responses', () => {
  const [header] = responseHeaders;
  if (header === undefined) throw new Error('no header');
  const items = results.map((result, operation) => ({ operation, result }));
  const encoded = encodeResponse(header, items);

  test('rule 5: however a response arrives its items are the same, and a cut one has its first', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 700 }), fc.nat(encoded.length), (step, cut) => {
        const decoder = new ResponseDecoder();
        const got = [];
        for (let at = 0; at < cut; at += step)
          got.push(...decoder.push(encoded.subarray(at, Math.min(cut, at + step))));
        expect(got).toEqual(items.slice(0, got.length));
        if (cut === encoded.length) expect([got.length, decoder.whole]).toEqual([items.length, true]);
        if (decoder.whole) expect(decoder.header).toEqual(header);
      }),
      { numRuns: 200 },
    );
  });

  test('an empty response is not whole, and one of a header alone is', () => {
    const decoder = new ResponseDecoder();
    expect([decoder.push(new Uint8Array()), decoder.whole]).toEqual([[], false]);
    expect([decoder.push(encodeResponse(header, [])), decoder.whole]).toEqual([[], true]);
  });

  test('a damaged response is malformed or another one', () => {
    const short = encodeResponse(header, items.slice(0, 6));
    for (const { bytes } of byteMutations(short)) {
      try {
        new ResponseDecoder().push(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedError);
      }
    }
  });
});

describe('frames', () => {
  test('values of any length come back from pieces of any size', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 50 })),
        fc.integer({ min: 1, max: 20 }),
        (values, step) => {
          const joined = joinFrames(values);
          expect(splitFrames(joined)).toEqual(values);
          const reader = new FrameReader();
          const got = [];
          for (let at = 0; at < joined.length; at += step)
            got.push(...reader.push(joined.subarray(at, at + step)));
          expect([got, reader.empty]).toEqual([values, true]);
        },
      ),
      { numRuns: 100 },
    );
  });

  test('rule 33: a frame longer than any answer may be is refused at its head, and a cut one at its end', () => {
    expect(() => new FrameReader().push(new Uint8Array([0x10, 0, 1]))).toThrow(MalformedError);
    expect(new FrameReader().push(new Uint8Array([0x10, 0, 0]))).toEqual([]);
    expect(() => splitFrames(new Uint8Array([0, 0, 2, 1]))).toThrow(MalformedError);
    expect(() => splitFrames(new Uint8Array([0, 0]))).toThrow(MalformedError);
  });
});
