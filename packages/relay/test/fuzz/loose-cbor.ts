import { concat, readItem, uintBytes, utf8, type Item } from '@tern/protocol';
import { attempt } from './attempt.ts';
import type { Chance } from './chance.ts';

/** Bytes that stand where an item should, whatever they mean. */
class Raw {
  readonly bytes: Uint8Array;

  constructor(...bytes: readonly number[]) {
    this.bytes = Uint8Array.from(bytes);
  }
}

type Loose = Item | Raw | readonly Loose[] | ReadonlyMap<number, Loose>;

function headOf(major: number, value: number, least = 0): Uint8Array {
  const width = Math.max(
    least,
    value < 24 ? 0 : value < 2 ** 8 ? 1 : value < 2 ** 16 ? 2 : value < 2 ** 32 ? 4 : 8,
  );
  if (width === 0) return new Uint8Array([(major << 5) | value]);
  return concat(new Uint8Array([(major << 5) | (24 + Math.log2(width))]), uintBytes(value, width));
}

/** Writes what it is given, right or wrong. */
function written(item: Loose): Uint8Array {
  if (item instanceof Raw) return item.bytes;
  if (typeof item === 'number') return headOf(0, item);
  if (typeof item === 'boolean') return new Uint8Array([item ? 0xf5 : 0xf4]);
  if (item instanceof Uint8Array) return concat(headOf(2, item.length), item);
  if (typeof item === 'string') return concat(headOf(3, utf8(item).length), utf8(item));
  if (item instanceof Map) {
    const entries = [...(item as ReadonlyMap<number, Loose>)];
    return concat(
      headOf(5, entries.length),
      ...entries.flatMap(([key, value]) => [headOf(0, key), written(value)]),
    );
  }
  const items = item as readonly Loose[];
  return concat(headOf(4, items.length), ...items.map(written));
}

/** Changes one item somewhere in an encoding: its value, its kind, its size, or the way it is written. */
export function mutateEncoding(encoded: Uint8Array, chance: Chance): Uint8Array {
  const item = attempt(() => readItem(encoded));
  if (item === undefined) return encoded; // it was changed before
  let left = chance.below(itemsIn(item));
  const walk = (one: Item): Loose => {
    left -= 1;
    if (left === -1) return replaced(one, chance);
    if (left < -1) return one;
    if (one instanceof Map)
      return new Map(
        [...(one as ReadonlyMap<number, Item>)].map(([key, inner]) => [key, walk(inner)] as const),
      );
    return Array.isArray(one) ? (one as readonly Item[]).map(walk) : one;
  };
  return written(walk(item));
}

function itemsIn(item: Item): number {
  const inner =
    item instanceof Map
      ? [...(item as ReadonlyMap<number, Item>).values()]
      : Array.isArray(item)
        ? (item as readonly Item[])
        : [];
  return inner.reduce<number>((sum, one) => sum + itemsIn(one), 1);
}

const deep = Array.from({ length: 40 }, () => 0x81);
const oddities: readonly (() => Loose)[] = [
  () => 0,
  () => Number.MAX_SAFE_INTEGER,
  () => true,
  () => '',
  () => '\u{1F426}',
  () => new Uint8Array(),
  () => [],
  () => new Map(),
  () => new Raw(0xf6),
  () => new Raw(0xf7),
  () => new Raw(0x20),
  () => new Raw(0xf9, 0x3c, 0),
  () => new Raw(0xc1, 0),
  () => new Raw(0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
  () => new Raw(0x5a, 0xff, 0xff, 0xff, 0xff),
  () => new Raw(0x9b, 0, 0, 0, 1, 0, 0, 0, 0),
  () => new Raw(0xba, 0xff, 0xff, 0xff, 0xff),
  () => new Raw(0x5f, 0x41, 0, 0xff),
  () => new Raw(0x62, 0xc3, 0x28),
  () => new Raw(0x1c),
  () => new Raw(...deep, 0),
];

function replaced(item: Item, chance: Chance): Loose {
  if (chance.oneIn(4)) return chance.of(oddities)();
  if (typeof item === 'number') return replacedNumber(item, chance);
  if (item instanceof Uint8Array) return replacedBytes(item, chance);
  if (item instanceof Map) return replacedMap(item as ReadonlyMap<number, Item>, chance);
  if (Array.isArray(item)) return replacedList(item as readonly Item[], chance);
  if (typeof item === 'string') return `${item}${'x'.repeat(1 + chance.below(200))}`;
  return item !== true;
}

function replacedNumber(item: number, chance: Chance): Loose {
  const which = chance.below(5);
  if (which === 0) return item + 1;
  if (which === 1) return Math.max(0, item - 1);
  if (which === 2) return chance.below(2 ** 31);
  // the same number in more bytes than it needs, or than there are numbers for
  if (which === 3) return new Raw(...headOf(0, item, 8));
  return item * 256;
}

function replacedBytes(item: Uint8Array, chance: Chance): Loose {
  const which = chance.below(5);
  if (which === 0) return concat(item, chance.bytes(1));
  if (which === 1) return item.subarray(1);
  if (which === 2) return chance.bytes(item.length);
  if (which === 3) return concat(item, new Uint8Array(chance.below(5000)));
  const flipped = item.slice();
  const at = chance.below(Math.max(1, item.length));
  flipped[at] = (flipped[at] ?? 0) ^ (1 << chance.below(8));
  return flipped;
}

function replacedMap(item: ReadonlyMap<number, Item>, chance: Chance): Loose {
  const entries = [...item];
  const which = chance.below(5);
  if (which === 0 && entries.length > 0) return new Map(entries.toSpliced(chance.below(entries.length), 1));
  if (which === 1) return new Map([...entries, [31, 0]]);
  if (which === 2) return new Map<number, Item>([...entries, [32 + chance.below(100), [true, 'later']]]);
  const pairs = entries.map(([key, inner]) => concat(headOf(0, key), written(inner)));
  if (which === 3) return new Raw(...headOf(5, pairs.length), ...concat(...pairs.toReversed()));
  return new Raw(...headOf(5, pairs.length + 1), ...concat(...pairs, ...pairs.slice(-1)));
}

function replacedList(item: readonly Item[], chance: Chance): Loose {
  const which = chance.below(4);
  if (which === 0 && item.length > 0) return item.toSpliced(chance.below(item.length), 1);
  if (which === 1) return [...item, ...item.slice(-1)];
  if (which === 2) return item.toReversed();
  return Array.from({ length: item.length + 1001 }, () => item.at(-1) ?? 0);
}
