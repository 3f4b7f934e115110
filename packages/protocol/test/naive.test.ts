/** Both decoders on thousands of values nobody wrote down, and on what becomes of them when they are damaged (rule 31). */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decode,
  decodeFrame,
  decodeOperation,
  decodePolicy,
  encode,
  MalformedError,
  operationCodecs,
  readItem,
  type Codec,
} from '../src/index.ts';
import {
  arbitraryOf,
  byteMutations,
  fieldMutations,
  greedyBytes,
  looseEncodings,
} from '../src/testing/index.ts';
import { hexOf, plain } from './bytes-text.ts';
import { readTree, Wrong } from './naive-cbor.ts';
import { readFrame, readOperationBody, readPolicy } from './naive-reading.ts';
import { readStructure } from './naive-schema.ts';
import { structure, structures } from './structures.ts';

type Reading = (encoded: Uint8Array) => unknown;

/** @returns what it read, or that it was refused; anything else thrown is a failure */
function outcome(read: () => unknown): unknown {
  try {
    return { read: plain(read()) };
  } catch (error) {
    if (error instanceof MalformedError || error instanceof Wrong) return 'refused';
    throw error;
  }
}

function agree(ours: Reading, naive: (hex: string) => unknown, encoded: Uint8Array): void {
  const hex = hexOf(encoded);
  expect([hex, outcome(() => naive(hex))]).toEqual([hex, outcome(() => ours(encoded))]);
}

interface Pair {
  readonly name: string;
  readonly codec: Codec<unknown>;
  readonly ours: Reading;
  readonly naive: (hex: string) => unknown;
}

const pairs: readonly Pair[] = [
  ...[...structures].map(([name, codec]): Pair => ({
    name,
    codec,
    ours: (encoded) => decode(codec, encoded),
    naive: (hex) => readStructure(name, hex),
  })),
  ...(['put', 'get', 'forward', 'defer'] as const).map((kind): Pair => ({
    name: `${kind} with its conditions`,
    codec: structure(kind),
    ours: (body) => decodeOperation({ type: operationCodecs[kind][0], body }),
    naive: (hex) => ({ kind, ...readOperationBody(kind, hex) }),
  })),
  { name: 'policy, first or later', codec: structure('policy'), ours: decodePolicy, naive: readPolicy },
  { name: 'frame with its number', codec: structure('frame'), ours: decodeFrame, naive: readFrame },
];

describe.each(pairs)('$name', ({ codec, ours, naive }) => {
  const valid = arbitraryOf(codec);

  test('two hundred valid values are read alike', () => {
    fc.assert(
      fc.property(valid, (value) => agree(ours, naive, encode(codec, value))),
      { numRuns: 200 },
    );
  });

  test('what is damaged is refused by both or read alike', () => {
    fc.assert(
      fc.property(valid, fc.nat(), (value, start) => {
        const encoded = encode(codec, value);
        const damaged = [
          ...looseEncodings(encoded),
          ...fieldMutations(encoded),
          ...byteMutations(encoded.slice(0, 200)),
        ];
        const short = damaged.filter(({ bytes }) => bytes.length < 3000);
        for (let at = 0; at < Math.min(150, short.length); at += 1) {
          const mutation = short[(start + at * 7919) % short.length];
          if (mutation !== undefined) agree(ours, naive, mutation.bytes);
        }
      }),
      { numRuns: 6 },
    );
  });
});

test('noise is refused by both or read alike', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (noise) => {
      const ours = outcome(() => readItem(noise)) === 'refused';
      expect(outcome(() => readTree(hexOf(noise))) === 'refused').toBe(ours);
    }),
    { numRuns: 8000 },
  );
  for (const { bytes } of greedyBytes.filter((one) => one.bytes.length < 1000)) {
    expect(outcome(() => readTree(hexOf(bytes)))).toBe('refused');
  }
});
