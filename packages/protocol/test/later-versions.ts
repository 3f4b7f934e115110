/** What a later Tern may send to this one (rule 31). */
import {
  cardCodec,
  decode,
  decodeContent,
  encode,
  encodeContent,
  encodeFrame,
  encodeItem,
  policyCodec,
  readItem,
  sign,
  signedCodec,
  type Codec,
  type Item,
} from '../src/index.ts';
import { hexOf, plain } from './bytes-text.ts';
import { bytesOf, card, keyOf, nextPolicy, primitives } from './fixtures.ts';
import { contents, frames } from './samples.ts';

/** A field that this version does not know and may pass over. */
function withLaterField<T>(codec: Codec<T>, value: T): Uint8Array {
  const known = codec.toItem(value) as ReadonlyMap<number, Item>;
  return encodeItem(
    new Map<number, Item>([...known, [33, ['later', new Map([[1, true]])]], [500, new Uint8Array([1])]]),
  );
}

/** @param at where in the item another one is put, by keys and places */
function replaced(item: Item, at: readonly number[], by: Item): Item {
  const [first, ...rest] = at;
  if (first === undefined) return by;
  if (item instanceof Map) {
    const map = item as ReadonlyMap<number, Item>;
    return new Map([...map].map(([key, inner]) => [key, key === first ? replaced(inner, rest, by) : inner]));
  }
  if (!Array.isArray(item)) throw new Error('nothing lies there');
  return (item as readonly Item[]).map((inner, place) =>
    place === first ? replaced(inner, rest, by) : inner,
  );
}

const laterPart: Item = [
  4,
  new Map<number, Item>([
    [1, 1],
    [2, 'a poll'],
  ]),
];

function mustBe<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('missing among the samples');
  return value;
}

/** A message whose only part is of a later kind. */
export const contentOfLaterPart: Uint8Array = encodeItem(
  replaced(readItem(encodeContent(mustBe(contents[0]))), [6], laterPart),
);
/** A message of two parts, the second of which is of a later kind. */
export const contentWithLaterPart: Uint8Array = encodeItem(
  replaced(readItem(encodeContent(mustBe(contents[1]))), [6, 1, 2, 1], laterPart),
);
/** A frame with a load of a later kind, numbered like content. */
export const frameOfLaterLoad: Uint8Array = encodeItem(
  replaced(readItem(encodeFrame(mustBe(frames[0]))), [5], [9, new Map([[1, 'later']])]),
);
const laterCard: Uint8Array = encode(
  signedCodec,
  sign(primitives, bytesOf('relay'), { label: 'card', payload: withLaterField(cardCodec, card) }),
);
const laterPolicy: Uint8Array = encode(
  signedCodec,
  sign(primitives, bytesOf('change 0'), {
    label: 'policy',
    payload: withLaterField(policyCodec, nextPolicy),
  }),
);

export function evolutionVectors(): Readonly<Record<string, unknown>> {
  return {
    signedWithLaterFields: [
      {
        structure: 'card',
        label: 'card',
        key: hexOf(keyOf('relay')),
        encoded: hexOf(laterCard),
        value: plain(card),
      },
      {
        structure: 'policy',
        label: 'policy',
        key: hexOf(keyOf('change 0')),
        encoded: hexOf(laterPolicy),
        value: plain(decode(policyCodec, encode(policyCodec, nextPolicy))),
      },
    ],
    later: [
      {
        structure: 'content',
        encoded: hexOf(contentOfLaterPart),
        value: plain(decodeContent(contentOfLaterPart)),
      },
      {
        structure: 'content',
        encoded: hexOf(contentWithLaterPart),
        value: plain(decodeContent(contentWithLaterPart)),
      },
      {
        structure: 'frame',
        encoded: hexOf(frameOfLaterLoad),
        value: { ...(plain(frames[0]) as object), load: { kind: 'unknown' } },
      },
    ],
  };
}
