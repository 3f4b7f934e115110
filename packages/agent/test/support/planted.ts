import { inflateSync, inflateRawSync, brotliDecompressSync, zstdDecompressSync, constants } from 'node:zlib';
import { base32 } from '@tern/protocol';

/** Something that must not be found where it is looked for, or must. */
export interface Planted {
  readonly what: string;
  readonly bytes: Uint8Array;
  /** set when it is text, which machines also write in other ways */
  readonly text?: string;
}

/** Where something planted was found. */
export interface Found {
  readonly what: string;
  readonly writing: string;
  readonly where: string;
}

export function plantedText(what: string, text: string): Planted {
  return { what, text, bytes: new Uint8Array(Buffer.from(text, 'utf8')) };
}

/** Pieces of something long, at steps, so that a part of it gives it away. Pieces that chance writes elsewhere are left out. */
export function pieces(what: string, bytes: Uint8Array, stepBytes = 64): readonly Planted[] {
  const planted: Planted[] = [];
  for (let at = 0; at + pieceBytes <= bytes.length; at += stepBytes) {
    const piece = bytes.subarray(at, at + pieceBytes);
    if (new Set(piece).size >= 14) planted.push({ what: `${what} at ${at}`, bytes: piece });
  }
  return planted;
}

const pieceBytes = 24;
const leastPatternBytes = 8;

/** One planted thing as it would be written. */
interface Pattern {
  readonly what: string;
  readonly writing: string;
  readonly bytes: Buffer;
}

/** Everything a machine makes of bytes when it writes them down. */
function writingsOf({ what, bytes, text }: Planted): readonly Pattern[] {
  const raw = Buffer.from(bytes);
  const patterns: Pattern[] = [{ what, writing: 'raw', bytes: raw }];
  const add = (writing: string, written: string): void => {
    patterns.push({ what, writing, bytes: Buffer.from(written, 'latin1') });
    patterns.push({ what, writing: `${writing} in UTF-16`, bytes: Buffer.from(written, 'utf16le') });
  };
  add('hex', raw.toString('hex'));
  add('upper-case hex', raw.toString('hex').toUpperCase());
  // where other bytes stand before it, the digits at its rim are mixed with theirs: what is looked for is what lies between
  for (const shift of [0, 1, 2]) {
    const shifted = Buffer.concat([Buffer.alloc(shift), raw]);
    const [from, to] = [Math.ceil((shift * 8) / 6), Math.floor((shifted.length * 8) / 6)];
    add(`base64 +${shift}`, shifted.toString('base64').slice(from, to));
    add(`base64url +${shift}`, shifted.toString('base64url').slice(from, to));
  }
  for (const shift of [0, 1, 2, 3, 4]) {
    const shifted = Buffer.concat([Buffer.alloc(shift), raw]);
    const [from, to] = [Math.ceil((shift * 8) / 5), Math.floor((shifted.length * 8) / 5)];
    add(`base32 +${shift}`, base32(shifted).slice(from, to));
    add(`upper-case base32 +${shift}`, base32(shifted).slice(from, to).toUpperCase());
  }
  if (text !== undefined) {
    const wide = Buffer.from(text, 'utf16le');
    patterns.push({ what, writing: 'UTF-16', bytes: wide });
    patterns.push({ what, writing: 'UTF-16, high byte first', bytes: Buffer.from(wide).swap16() });
    patterns.push({ what, writing: 'Latin-1', bytes: Buffer.from(text, 'latin1') });
    patterns.push({ what, writing: 'lower case', bytes: Buffer.from(text.toLowerCase(), 'utf8') });
    patterns.push({ what, writing: 'upper case', bytes: Buffer.from(text.toUpperCase(), 'utf8') });
    patterns.push({ what, writing: 'JSON', bytes: Buffer.from(asciiJson(text), 'latin1') });
    patterns.push({ what, writing: 'a URL', bytes: Buffer.from(encodeURIComponent(text), 'latin1') });
  }
  return patterns.filter((one) => one.bytes.length >= leastPatternBytes);
}

function asciiJson(text: string): string {
  const escaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(text)
    .slice(1, -1)
    .replaceAll(/[^ -~]/g, escaped);
}

/** Looks for thousands of patterns at once. */
export interface Search {
  readonly patterns: number;
  readonly longestBytes: number;
  /** as they lie */
  in(bytes: Uint8Array, where: string): readonly Found[];
  /** as they lie, and inside whatever in these bytes can be decompressed */
  deeply(bytes: Uint8Array, where: string): readonly Found[];
}

const slotBits = 22;

/** Patterns are found by their first eight bytes, taken as two words. */
function slotOf(low: number, high: number): number {
  return Math.imul(low ^ Math.imul(high, 0x85eb_ca6b), 0x9e37_79b1) >>> (32 - slotBits);
}

export function searchFor(planted: readonly Planted[]): Search {
  const bySlot = new Map<number, Pattern[]>();
  const slots = new Uint8Array(2 ** slotBits);
  let patterns = 0;
  let longestBytes = 0;
  const known = new Set<string>();
  for (const pattern of planted.flatMap(writingsOf)) {
    const name = pattern.bytes.toString('latin1');
    if (known.has(name)) continue;
    known.add(name);
    const slot = slotOf(pattern.bytes.readInt32LE(0), pattern.bytes.readInt32LE(4));
    bySlot.set(slot, [...(bySlot.get(slot) ?? []), pattern]);
    slots[slot] = 1;
    patterns += 1;
    longestBytes = Math.max(longestBytes, pattern.bytes.length);
  }
  const lookIn = (bytes: Uint8Array, where: string): readonly Found[] => {
    const found = new Map<string, Found>();
    const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    let [low, high] = [0, 0];
    for (let at = 0; at < bytes.length; at += 1) {
      low = (low >>> 8) | (high << 24);
      high = (high >>> 8) | ((bytes[at] ?? 0) << 24);
      const slot = slotOf(low, high);
      if (slots[slot] !== 1 || at < 7) continue;
      for (const { what, writing, bytes: pattern } of bySlot.get(slot) ?? []) {
        const from = at - 7;
        if (from + pattern.length > view.length) continue;
        if (view.compare(pattern, 0, pattern.length, from, from + pattern.length) !== 0) continue;
        found.set(`${what} ${writing}`, { what, writing, where: `${where} at ${from}` });
      }
    }
    return [...found.values()];
  };
  return {
    patterns,
    longestBytes,
    in: lookIn,
    deeply: (bytes, where) => [
      ...lookIn(bytes, where),
      ...unpacked(bytes).flatMap(({ by, at, content }) => lookIn(content, `${where}, ${by} from ${at}`)),
    ],
  };
}

interface Unpacked {
  readonly by: string;
  readonly at: number;
  readonly content: Uint8Array;
}

const partly = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 2 ** 20 };
const mostPackedBytes = 2 ** 19;

/** What can be decompressed: at every place that begins like something compressed, and the whole by those that have no beginning. */
function unpacked(bytes: Uint8Array): readonly Unpacked[] {
  const found: Unpacked[] = [];
  const attempt = (by: string, at: number, unpack: (packed: Uint8Array) => Uint8Array): void => {
    try {
      const content = unpack(bytes.subarray(at, at + mostPackedBytes));
      if (content.length >= leastPatternBytes) found.push({ by, at, content });
    } catch {
      // it was not compressed, or is cut where nothing of it can be read
    }
  };
  for (let at = 0; at + 2 < bytes.length; at += 1) {
    const [first = 0, second = 0] = [bytes[at], bytes[at + 1]];
    if (first === 0x1f && second === 0x8b && bytes[at + 2] === 8)
      attempt('gzip', at, (packed) => inflateRawSync(packed.subarray(gzipHeadBytes(packed)), partly));
    // RFC 1950: deflate, a window of at most 32 KiB, a check
    else if ((first & 15) === 8 && first >>> 4 <= 7 && (first * 256 + second) % 31 === 0 && first === 0x78)
      attempt('zlib', at, (packed) => inflateSync(packed, partly));
    else if (first === 0x28 && second === 0xb5 && bytes[at + 2] === 0x2f)
      attempt('zstd', at, (packed) => zstdDecompressSync(packed, { maxOutputLength: 2 ** 20 }));
  }
  if (bytes.length <= mostPackedBytes) {
    attempt('deflate', 0, (packed) => inflateRawSync(packed, partly));
    attempt('brotli', 0, (packed) => brotliDecompressSync(packed, { maxOutputLength: 2 ** 20 }));
  }
  return found;
}

/** RFC 1952 section 2.3: ten bytes, then an extra field, a name and a comment, where the flags say so. */
function gzipHeadBytes(packed: Uint8Array): number {
  const flags = packed[3] ?? 0;
  let at = 10;
  if ((flags & 4) !== 0) at += 2 + (packed[at] ?? 0) + (packed[at + 1] ?? 0) * 256;
  for (const flag of [8, 16]) if ((flags & flag) !== 0) at = packed.indexOf(0, at) + 1;
  return (flags & 2) === 0 ? at : at + 2;
}
