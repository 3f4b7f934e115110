import { encode as encodeByLibrary } from 'cborg';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  bool,
  bytes,
  choice,
  decode,
  encode,
  encodeItem,
  field,
  id,
  list,
  MalformedError,
  optional,
  readItem,
  type Item,
  struct,
  text,
  tuple,
  uint,
  word,
  type Codec,
} from '../src/index.ts';
import {
  arbitraryOf,
  byteMutations,
  fieldMutations,
  greedyBytes,
  looseEncodings,
} from '../src/testing/index.ts';
import { structures } from './structures.ts';

/** What decodes must be what its bytes say, and nothing but MalformedError may come out otherwise. */
function decodesOrIsMalformed(codec: Codec<unknown>, encoded: Uint8Array): 'decoded' | 'malformed' {
  let value: unknown;
  try {
    value = decode(codec, encoded);
  } catch (error) {
    if (error instanceof MalformedError) return 'malformed';
    throw error;
  }
  expect(decode(codec, encode(codec, value))).toEqual(value);
  return 'decoded';
}

/** A part inside that came later is shown, but not sent on. */
function holdsLaterKind(value: unknown): boolean {
  return JSON.stringify(value, (_, one: unknown) => (typeof one === 'bigint' ? null : one)).includes(
    '"unknown"',
  );
}

describe.each([...structures])('%s', (_, codec) => {
  const valid = arbitraryOf(codec);

  test('every valid value comes back as it was, from one encoding only', () => {
    fc.assert(
      fc.property(valid, (value) => {
        const encoded = encode(codec, value);
        const decoded = decode(codec, encoded);
        expect(decoded).toEqual(value);
        expect(encode(codec, decoded)).toEqual(encoded);
      }),
      { numRuns: 150 },
    );
  });

  test('with one field changed it decodes or is malformed', () => {
    fc.assert(
      fc.property(valid, (value) => {
        for (const { bytes } of fieldMutations(encode(codec, value))) {
          try {
            decodesOrIsMalformed(codec, bytes);
          } catch (error) {
            const later = error instanceof MalformedError && holdsLaterKind(decode(codec, bytes));
            if (!later) throw error;
          }
        }
      }),
      { numRuns: 4 },
    );
  });

  test('in any other encoding it is malformed', () => {
    fc.assert(
      fc.property(valid, (value) => {
        for (const { name, bytes } of looseEncodings(encode(codec, value)))
          expect([name, decodesOrIsMalformed(codec, bytes)]).toEqual([name, 'malformed']);
      }),
      { numRuns: 20 },
    );
  });

  test('cut or damaged anywhere it decodes or is malformed, and a cut is always malformed', () => {
    const [shortest] = fc
      .sample(valid, { numRuns: 10, seed: 7 })
      .map((value) => encode(codec, value))
      .toSorted((a, b) => a.length - b.length);
    for (const { name, bytes } of byteMutations(shortest ?? new Uint8Array())) {
      const outcome = laterOr(codec, bytes);
      if (name.startsWith('cut')) expect([name, outcome]).toEqual([name, 'malformed']);
    }
  });

  test('bytes that mean nothing, or claim more than they hold, are malformed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => void laterOr(codec, noise)),
      { numRuns: 200 },
    );
    for (const { bytes } of greedyBytes) expect(() => decode(codec, bytes)).toThrow(MalformedError);
  });
});

function laterOr(codec: Codec<unknown>, encoded: Uint8Array): 'decoded' | 'malformed' {
  try {
    return decodesOrIsMalformed(codec, encoded);
  } catch (error) {
    if (error instanceof MalformedError && holdsLaterKind(decode(codec, encoded))) return 'decoded';
    throw error;
  }
}

const items: fc.Arbitrary<Item> = fc.letrec<{ readonly item: Item }>((tie) => ({
  item: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.maxSafeNat(),
    fc.constantFrom(0, 23, 24, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER),
    fc.boolean(),
    fc.uint8Array({ maxLength: 300 }),
    fc.string({ unit: 'binary', maxLength: 80 }),
    fc.array(tie('item'), { maxLength: 30 }),
    fc
      .uniqueArray(fc.tuple(fc.maxSafeNat(), tie('item')), { selector: ([key]) => key, maxLength: 30 })
      .map((entries) => new Map(entries)),
  ),
})).item;

describe('the writer of items', () => {
  test('writes what a library writes, whatever the order of keys, and the reader reads it back', () => {
    fc.assert(
      fc.property(items, (item) => {
        const written = encodeItem(item);
        expect(written).toEqual(new Uint8Array(encodeByLibrary(item)));
        expect(readItem(written)).toEqual(item);
      }),
    );
  });
});

describe('the reader of items', () => {
  test('claims of more than is there take no memory', () => {
    const before = process.memoryUsage();
    for (let round = 0; round < 200; round += 1) {
      for (const { bytes } of greedyBytes) expect(() => readItem(bytes)).toThrow(MalformedError);
    }
    const after = process.memoryUsage();
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(64 * 2 ** 20);
  });

  test('what is read stays as it was when the bytes are used again', () => {
    const encoded = Buffer.from([0x42, 1, 2]);
    const item = readItem(encoded);
    encoded.fill(9);
    expect(item).toEqual(new Uint8Array([1, 2]));
  });

  test('sixteen levels are read and seventeen are refused', () => {
    const nested = (levels: number): Uint8Array => new Uint8Array(levels + 1).fill(0x81, 0, levels);
    expect(readItem(nested(16))).toBeDefined();
    expect(() => readItem(nested(17))).toThrow(MalformedError);
  });

  test('text is kept to the letter, a byte order mark and a replacement character included', () => {
    const codec = text(20);
    for (const said of ['\uFEFFtern', 'a\uFFFDb', '', '\u{1F426}'])
      expect(decode(codec, encode(codec, said))).toBe(said);
  });

  test('numbers are read up to 2^53 - 1 and refused from there', () => {
    const codec = uint();
    expect(decode(codec, encode(codec, Number.MAX_SAFE_INTEGER))).toBe(Number.MAX_SAFE_INTEGER);
    expect(() => readItem(new Uint8Array([0x1b, 0, 0x20, 0, 0, 0, 0, 0, 0]))).toThrow(MalformedError);
  });
});

describe('a value that breaks its own limits is never sent', () => {
  const pair = tuple<readonly [number, boolean]>(uint(9), bool());
  const one = struct<{ readonly must: number; readonly may?: number }>({
    must: field(1, uint(9)),
    may: optional(2, uint(9)),
  });
  type Either = { readonly kind: 'a' } | { readonly kind: 'b'; readonly n: number };
  const either = choice<Either>({ a: [0, struct({})], b: [1, struct({ n: field(1, uint(9)) })] });
  const cases: readonly (readonly [string, Codec<unknown>, unknown])[] = [
    ['a number above its limit', uint(9), 10],
    ['a negative number', uint(9), -1],
    ['negative zero', uint(9), -0],
    ['a fraction', uint(9), 0.5],
    ['a number as text', uint(9), '1'],
    ['a truth value as number', bool(), 1],
    ['too few bytes', bytes(2, 3), new Uint8Array(1)],
    ['too many bytes', bytes(2, 3), new Uint8Array(4)],
    ['bytes as a list', bytes(2), [1, 2]],
    ['text with too many bytes', text(5), 'ééé'],
    ['text with too many characters', text(5), 'abcdef'],
    ['half a character', text(5), '\uD800'],
    ['text of another form', text(5, /^[a-z]+$/), 'A'],
    ['an id of another length', id(16), 'abc'],
    ['an id with a wrong digit', id(16), 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'],
    ['too long a list', list(uint(9), 2), [1, 2, 3]],
    ['a list that is none', list(uint(9), 2), 1],
    ['too short a tuple', pair, [1]],
    ['a missing field', one, {}],
    ['a null where a field must be', one, { must: null }],
    ['an unknown kind', either, { kind: 'c' }],
    ['a word that is none', word(['yes', 'no']), 'maybe'],
  ];
  test.each(cases)('%s', (_, codec, value) => {
    expect(() => encode(codec, value)).toThrow(MalformedError);
  });

  test('an optional field that is absent, undefined or null is left out', () => {
    const short = encode(one, { must: 1 });
    for (const value of [
      { must: 1, may: undefined },
      { must: 1, may: null },
    ]) {
      expect(encode(one as Codec<unknown>, value)).toEqual(short);
    }
    expect(decode(one, short)).toEqual({ must: 1 });
  });
});
