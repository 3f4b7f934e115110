/** The little of DER (X.690) that a certificate needs: every value is its tag, its length and its content. */

export type Der = Buffer;

const tags = {
  boolean: 0x01,
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  object: 0x06,
  text: 0x0c,
  time: 0x17,
  sequence: 0x30,
  set: 0x31,
} as const;

export function tagged(tag: number, ...content: readonly Uint8Array[]): Der {
  const body = Buffer.concat(content);
  return Buffer.concat([Buffer.from([tag]), lengthOf(body.length), body]);
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  if (length < 0x100) return Buffer.from([0x81, length]);
  return Buffer.from([0x82, length >>> 8, length & 255]);
}

export function sequence(...items: readonly Der[]): Der {
  return tagged(tags.sequence, ...items);
}

export function set(...items: readonly Der[]): Der {
  return tagged(tags.set, ...items);
}

/** @param bytes big endian, unsigned */
export function integer(bytes: Uint8Array): Der {
  const isHigh = ((bytes[0] ?? 0) & 0x80) !== 0;
  return tagged(tags.integer, Buffer.from(isHigh ? [0] : []), bytes);
}

export function truth(): Der {
  return tagged(tags.boolean, Buffer.from([0xff]));
}

export function octets(...content: readonly Uint8Array[]): Der {
  return tagged(tags.octets, ...content);
}

/** @param unused bits at the end that do not count */
export function bits(content: Uint8Array, unused = 0): Der {
  return tagged(tags.bits, Buffer.from([unused]), content);
}

export function text(value: string): Der {
  return tagged(tags.text, Buffer.from(value, 'utf8'));
}

/** UTCTime, for years from 1950 to 2049. */
export function time(at: Date): Der {
  const digits = at.toISOString().replaceAll(/\D/gu, '').slice(2, 14);
  return tagged(tags.time, Buffer.from(`${digits}Z`, 'latin1'));
}

/** @param id as `2.5.29.17` */
export function object(id: string): Der {
  const [first = 0, second = 0, ...rest] = id.split('.').map(Number);
  return tagged(tags.object, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function base128(value: number): readonly number[] {
  const digits = [value & 127];
  for (let left = value >>> 7; left > 0; left >>>= 7) digits.unshift((left & 127) | 128);
  return digits;
}
