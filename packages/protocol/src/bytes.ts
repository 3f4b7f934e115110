import { MalformedError } from './errors.ts';

const utf8Encoder = new TextEncoder();
const utf8Decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function utf8(text: string): Uint8Array {
  return utf8Encoder.encode(text);
}

/** @throws {MalformedError} when the bytes are not UTF-8 */
export function utf8Text(bytes: Uint8Array): string {
  try {
    return utf8Decoder.decode(bytes);
  } catch (cause) {
    throw new MalformedError('text is not UTF-8', { cause });
  }
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Big-endian. @param value a whole number of at most `width` bytes */
export function uintBytes(value: number, width: number): Uint8Array {
  const bytes = new Uint8Array(width);
  let rest = value;
  for (let at = width - 1; at >= 0; at -= 1) {
    bytes[at] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return bytes;
}

/** In a time that depends on the lengths only. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let at = 0; at < a.length; at += 1) difference |= (a[at] ?? 0) ^ (b[at] ?? 0);
  return difference === 0;
}

/** Order of unsigned bytes, shorter first where one begins the other. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let at = 0; at < shared; at += 1) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

const base32Digits = 'abcdefghijklmnopqrstuvwxyz234567';
const noDigit = 255;
/** value of each ASCII digit */
const base32Values: Uint8Array = new Uint8Array(128).fill(noDigit);
for (let value = 0; value < base32Digits.length; value += 1)
  base32Values[base32Digits.charCodeAt(value)] = value;

/** Lower-case base32 of RFC 4648 section 6, unpadded. */
export function base32(bytes: Uint8Array): string {
  let text = '';
  let held = 0;
  let bits = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    held = (held << 8) | (bytes[at] ?? 0);
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += base32Digits[(held >>> bits) & 31] ?? '';
    }
    held &= (1 << bits) - 1;
  }
  if (bits > 0) text += base32Digits[(held << (5 - bits)) & 31] ?? '';
  return text;
}

/** @throws {MalformedError} for anything {@link base32} would not have written */
export function base32Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(Math.floor((text.length * 5) / 8));
  let held = 0;
  let bits = 0;
  let at = 0;
  for (let place = 0; place < text.length; place += 1) {
    const value = base32Values[text.charCodeAt(place)] ?? noDigit;
    if (value === noDigit) throw new MalformedError('not lower-case base32');
    held = (held << 5) | value;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes[at] = (held >>> bits) & 255;
      at += 1;
    }
    held &= (1 << bits) - 1;
  }
  if (held !== 0 || bits >= 5) throw new MalformedError('base32 has bits left over');
  return bytes;
}

const base64Digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const base64Values: ReadonlyMap<string, number> = new Map(
  Array.from(base64Digits, (digit, value) => [digit, value] as const),
);

/** base64url of RFC 4648 section 5, unpadded. */
export function base64url(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 3) {
    const left = bytes.length - at;
    const word = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    text += base64Digits[word >>> 18] ?? '';
    text += base64Digits[(word >>> 12) & 63] ?? '';
    if (left > 1) text += base64Digits[(word >>> 6) & 63] ?? '';
    if (left > 2) text += base64Digits[word & 63] ?? '';
  }
  return text;
}

/** @throws {MalformedError} for anything {@link base64url} would not have written */
export function base64urlBytes(text: string): Uint8Array {
  if (text.length % 4 === 1) throw new MalformedError('base64url has an impossible length');
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  let held = 0;
  let bits = 0;
  let at = 0;
  for (const digit of text) {
    const value = base64Values.get(digit);
    if (value === undefined) throw new MalformedError('not base64url');
    held = (held << 6) | value;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[at] = (held >>> bits) & 255;
      at += 1;
    }
    held &= (1 << bits) - 1;
  }
  if (held !== 0) throw new MalformedError('base64url has bits left over');
  return bytes;
}
