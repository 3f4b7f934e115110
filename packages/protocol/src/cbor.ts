import { concat, uintBytes, utf8, utf8Text } from './bytes.ts';
import { MalformedError } from './errors.ts';

/** What a value on the wire is made of; maps have ascending keys. */
export type Item = number | boolean | Uint8Array | string | readonly Item[] | ReadonlyMap<number, Item>;

/** Lists and maps within each other; the deepest thing Tern sends has eleven. */
const deepest = 16;

/**
 * Reads exactly one item of deterministic CBOR (RFC 8949 section 4.2.1) and of that only what Tern uses: whole numbers
 * from 0 to 2^53 - 1, byte strings, UTF-8 text, lists, maps with ascending whole numbers as keys, false and true.
 * So every value has one encoding, and what was read can be written again byte for byte. Takes no memory that the bytes
 * do not fill, and copies what it returns.
 * @throws {MalformedError} for anything else
 */
export function readItem(bytes: Uint8Array): Item {
  const reader = new ItemReader(bytes);
  const item = reader.item(0);
  if (!reader.atEnd) throw new MalformedError('bytes after the end');
  return item;
}

const majorUint = 0;
const majorBytes = 2;
const majorText = 3;
const majorList = 4;
const majorMap = 5;
const falseByte = 0xf4;
const trueByte = 0xf5;
/** The lowest number that needs a head of so many bytes. */
const lowestOfWidth: ReadonlyMap<number, number> = new Map([
  [1, 24],
  [2, 2 ** 8],
  [4, 2 ** 16],
  [8, 2 ** 32],
]);

class ItemReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  item(depth: number): Item {
    if (depth > deepest) throw new MalformedError('nested too deeply');
    const first = this.#take(1)[0] ?? 0;
    if (first === falseByte) return false;
    if (first === trueByte) return true;
    const major = first >>> 5;
    const value = this.#headValue(first & 31);
    if (major === majorUint) return value;
    if (major === majorBytes) return new Uint8Array(this.#take(value));
    if (major === majorText) return utf8Text(this.#take(value));
    if (major === majorList) return this.#list(value, depth);
    if (major === majorMap) return this.#map(value, depth);
    throw new MalformedError('a kind of item that is not used');
  }

  #list(count: number, depth: number): readonly Item[] {
    this.#expectRoom(count);
    const items: Item[] = [];
    for (let at = 0; at < count; at += 1) items.push(this.item(depth + 1));
    return items;
  }

  #map(count: number, depth: number): ReadonlyMap<number, Item> {
    this.#expectRoom(count * 2);
    const items = new Map<number, Item>();
    let last = -1;
    for (let at = 0; at < count; at += 1) {
      const key = this.item(depth + 1);
      if (typeof key !== 'number' || key <= last)
        throw new MalformedError('keys are not ascending whole numbers');
      items.set(key, this.item(depth + 1));
      last = key;
    }
    return items;
  }

  /** The number in an item's head, which must stand there in as few bytes as it can. */
  #headValue(low: number): number {
    if (low < 24) return low;
    if (low > 27) throw new MalformedError('a length that is not given');
    const width = 1 << (low - 24);
    let value = 0;
    for (const byte of this.#take(width)) value = value * 256 + byte;
    if (value < (lowestOfWidth.get(width) ?? 0)) throw new MalformedError('a number in too many bytes');
    if (value > Number.MAX_SAFE_INTEGER) throw new MalformedError('a number of more than 53 bits');
    return value;
  }

  #take(length: number): Uint8Array {
    this.#expectRoom(length);
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  #expectRoom(length: number): void {
    if (length > this.#bytes.length - this.#at) throw new MalformedError('cut');
  }
}

/** The one encoding of an item, as {@link readItem} reads it; a map's keys may stand in any order. */
export function encodeItem(item: Item): Uint8Array {
  const parts: Uint8Array[] = [];
  write(item, parts);
  return concat(...parts);
}

function write(item: Item, parts: Uint8Array[]): void {
  if (typeof item === 'number') {
    parts.push(headOf(majorUint, item));
  } else if (typeof item === 'boolean') {
    parts.push(Uint8Array.of(item ? trueByte : falseByte));
  } else if (item instanceof Uint8Array) {
    parts.push(headOf(majorBytes, item.length), item);
  } else if (typeof item === 'string') {
    const text = utf8(item);
    parts.push(headOf(majorText, text.length), text);
  } else if (item instanceof Map) {
    const entries = [...(item as ReadonlyMap<number, Item>)].toSorted(([one], [other]) => one - other);
    parts.push(headOf(majorMap, entries.length));
    for (const [key, value] of entries) {
      write(key, parts);
      write(value, parts);
    }
  } else {
    const items = item as readonly Item[];
    parts.push(headOf(majorList, items.length));
    for (const one of items) write(one, parts);
  }
}

/** @param value a whole number of at most 53 bits */
function headOf(major: number, value: number): Uint8Array {
  if (value < 24) return Uint8Array.of((major << 5) | value);
  const low = value < 2 ** 8 ? 24 : value < 2 ** 16 ? 25 : value < 2 ** 32 ? 26 : 27;
  return Uint8Array.of((major << 5) | low, ...uintBytes(value, 1 << (low - 24)));
}
