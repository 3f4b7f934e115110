import { encode as encodeCbor } from 'cborg';
import { concat, uintBytes } from '../bytes.ts';
import { readItem, type Item } from '../cbor.ts';

/** What somebody could send instead of a valid encoding. */
export interface Mutation {
  /** says what was done to it */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Every way to change one field to a value of another kind or size, to leave it out, or to add one. The result is deterministic CBOR again unless its name says otherwise. */
export function* fieldMutations(encoded: Uint8Array): Generator<Mutation> {
  for (const [name, item] of variantsOf(readItem(encoded), 'value')) yield { name, bytes: encodeCbor(item) };
}

type Variant = readonly [name: string, item: unknown];

function* variantsOf(item: Item, path: string): Generator<Variant> {
  for (const [name, other] of replacementsOf(item)) yield [`${path} is ${name}`, other];
  if (item instanceof Map) {
    const entries = [...(item as ReadonlyMap<number, Item>)];
    for (const [at, [key, inner]] of entries.entries()) {
      yield [`${path}.${key} is missing`, new Map(entries.toSpliced(at, 1))];
      for (const [name, other] of variantsOf(inner, `${path}.${key}`))
        yield [name, new Map<number, unknown>(entries.with(at, [key, other as Item]))];
    }
    yield [`${path} has an unknown key`, new Map([...entries, [31, 0]])];
    yield [
      `${path} has an unknown optional key`,
      new Map<number, unknown>([...entries, [32, [true, 'later']]]),
    ];
    yield [`${path} has a key of text`, new Map<unknown, unknown>([...entries, ['1', 0]])];
  } else if (Array.isArray(item)) {
    const items = item as readonly Item[];
    for (const [at, inner] of items.entries()) {
      yield [`${path}[${at}] is missing`, items.toSpliced(at, 1)];
      for (const [name, other] of variantsOf(inner, `${path}[${at}]`))
        yield [name, items.with(at, other as Item)];
    }
    yield [`${path} has one more`, [...items, items.at(-1) ?? 0]];
    yield [
      `${path} has a thousand more`,
      [...items, ...Array.from({ length: 1001 }, () => items.at(-1) ?? 0)],
    ];
  }
}

function* replacementsOf(item: Item): Generator<Variant> {
  const others: readonly Variant[] = [
    ['0', 0],
    ['-1', -1],
    ['the largest number', Number.MAX_SAFE_INTEGER],
    ['a larger number', 2n ** 63n],
    ['a fraction', 1.5],
    ['true', true],
    ['null', null],
    ['undefined', undefined],
    ['empty bytes', new Uint8Array()],
    ['empty text', ''],
    ['text', '\u{1F426} tern'],
    ['an empty list', []],
    ['an empty map', new Map()],
  ];
  for (const other of others) if (other[1] !== item) yield other;
  if (typeof item === 'number') yield ['one more', item + 1];
  if (typeof item === 'string') yield ['longer', `${item}${'x'.repeat(1000)}`];
  if (item instanceof Uint8Array) {
    yield ['a byte longer', concat(item, new Uint8Array(1))];
    yield ['a byte shorter', item.subarray(1)];
    yield ['much longer', new Uint8Array(item.length + 5000)];
  }
}

/** Where an item of an encoding begins and what its head says. */
interface Head {
  readonly at: number;
  readonly major: number;
  readonly value: number;
  /** the first byte after the head */
  readonly body: number;
  /** the first byte after the whole item */
  readonly end: number;
  /** of a list or map: where the items in it begin */
  readonly inner: readonly number[];
}

/** The same value in encodings that deterministic CBOR forbids, and things that look like it: each must be refused. */
export function* looseEncodings(encoded: Uint8Array): Generator<Mutation> {
  const replaced = (from: number, to: number, ...by: readonly Uint8Array[]): Uint8Array =>
    concat(encoded.subarray(0, from), ...by, encoded.subarray(to));
  const byte = (value: number): Uint8Array => new Uint8Array([value]);
  for (const head of headsOf(encoded)) {
    const { at, major, value, body, end } = head;
    const where = `at ${at}`;
    if (major === 7) {
      yield { name: `null ${where}`, bytes: replaced(at, body, byte(0xf6)) };
      yield { name: `undefined ${where}`, bytes: replaced(at, body, byte(0xf7)) };
      yield { name: `false in two bytes ${where}`, bytes: replaced(at, body, byte(0xf8), byte(20)) };
    } else {
      for (const width of [1, 2, 4, 8].filter((width) => width >= body - at)) {
        const longer = concat(byte((major << 5) | (24 + Math.log2(width))), uintBytes(value, width));
        yield { name: `head in ${width} bytes more ${where}`, bytes: replaced(at, body, longer) };
      }
      yield { name: `head without a length ${where}`, bytes: replaced(at, body, byte((major << 5) | 28)) };
    }
    yield { name: `tag ${where}`, bytes: replaced(at, at, byte(0xc1)) };
    if (major === 0) yield* numbersInOtherKinds(head, replaced);
    if (major === 2 || major === 3) {
      const open = byte((major << 5) | 31);
      yield {
        name: `pieces ${where}`,
        bytes: replaced(at, end, open, encoded.subarray(at, end), byte(0xff)),
      };
    }
    if (major === 3)
      yield { name: `bad UTF-8 ${where}`, bytes: replaced(at, end, new Uint8Array([0x62, 0xc3, 0x28])) };
    if (major === 4 || major === 5) {
      const open = byte((major << 5) | 31);
      const content = encoded.subarray(body, end);
      yield { name: `indefinite length ${where}`, bytes: replaced(at, end, open, content, byte(0xff)) };
    }
    if (major === 5) yield* mapsOutOfOrder(encoded, head, replaced);
  }
  yield { name: 'a byte after the end', bytes: concat(encoded, byte(0)) };
  yield { name: 'sent twice', bytes: concat(encoded, encoded) };
}

type Replaced = (from: number, to: number, ...by: readonly Uint8Array[]) => Uint8Array;

function* numbersInOtherKinds({ at, body, value }: Head, replaced: Replaced): Generator<Mutation> {
  const double = new Uint8Array(9);
  double[0] = 0xfb;
  new DataView(double.buffer).setFloat64(1, value);
  yield { name: `a float at ${at}`, bytes: replaced(at, body, double) };
  if (value === 0)
    yield { name: `half a float at ${at}`, bytes: replaced(at, body, new Uint8Array([0xf9, 0, 0])) };
  if (value === 1)
    yield { name: `half a float at ${at}`, bytes: replaced(at, body, new Uint8Array([0xf9, 0x3c, 0])) };
  const big = concat(new Uint8Array([0xc2, 0x48]), uintBytes(value, 8));
  yield { name: `a big number at ${at}`, bytes: replaced(at, body, big) };
}

function* mapsOutOfOrder(encoded: Uint8Array, head: Head, replaced: Replaced): Generator<Mutation> {
  const { at, end, value, inner } = head;
  const entries = Array.from({ length: value }, (_, number) =>
    encoded.subarray(inner[number * 2], inner[number * 2 + 2] ?? end),
  );
  const [first, second] = entries;
  if (first === undefined) return;
  const mapOf = (parts: readonly Uint8Array[]): Uint8Array =>
    parts.length < 24
      ? concat(new Uint8Array([0xa0 | parts.length]), ...parts)
      : concat(new Uint8Array([0xb8, parts.length]), ...parts);
  yield { name: `a key twice at ${at}`, bytes: replaced(at, end, mapOf([first, ...entries])) };
  if (second === undefined) return;
  yield {
    name: `keys out of order at ${at}`,
    bytes: replaced(at, end, mapOf([second, first, ...entries.slice(2)])),
  };
}

function headsOf(encoded: Uint8Array): readonly Head[] {
  const heads: Head[] = [];
  const read = (at: number): number => {
    const first = encoded[at] ?? 0;
    const [major, low] = [first >>> 5, first & 31];
    const width = low < 24 ? 0 : 1 << (low - 24);
    const body = at + 1 + width;
    const value = width === 0 ? low : encoded.subarray(at + 1, body).reduce((sum, one) => sum * 256 + one, 0);
    const inner: number[] = [];
    const place = heads.length;
    let end = major === 2 || major === 3 ? body + value : body;
    const count = major === 4 ? value : value * 2;
    if (major === 4 || major === 5) {
      for (let number = 0; number < count; number += 1) {
        inner.push(end);
        end = read(end);
      }
    }
    heads.splice(place, 0, { at, major, value, body, end, inner });
    return end;
  };
  read(0);
  return heads;
}

/** Damage that knows nothing of what it hits: a cut after every byte, every byte changed, and bytes in between. */
export function* byteMutations(encoded: Uint8Array): Generator<Mutation> {
  for (let at = 0; at < encoded.length; at += 1) {
    yield { name: `cut after ${at}`, bytes: encoded.slice(0, at) };
    for (const mask of [1, 0x20, 0x80, 0xff]) {
      const bytes = encoded.slice();
      bytes[at] = (bytes[at] ?? 0) ^ mask;
      yield { name: `byte ${at} xor ${mask}`, bytes };
    }
  }
}

/** Bytes that claim more than they hold, or nest without end: an honest decoder answers them without taking memory. */
export const greedyBytes: readonly Mutation[] = [
  { name: 'bytes of 4 GiB', bytes: new Uint8Array([0x5a, 0xff, 0xff, 0xff, 0xff]) },
  { name: 'text of 2^53', bytes: new Uint8Array([0x7b, 0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]) },
  { name: 'a list of 4 billion', bytes: new Uint8Array([0x9a, 0xff, 0xff, 0xff, 0xff]) },
  { name: 'a map of 2^64', bytes: new Uint8Array([0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]) },
  { name: 'lists in lists', bytes: new Uint8Array(200_000).fill(0x81) },
  { name: 'maps in maps', bytes: concat(...Array.from({ length: 50_000 }, () => new Uint8Array([0xa1, 0]))) },
  { name: 'lists of many lists', bytes: new Uint8Array(60_000).fill(0x9f) },
];
