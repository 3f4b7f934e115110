/**
 * What a watcher on the way can read of a TLS ClientHello: the name (SNI), the protocols offered, and what fingerprints
 * are made of. RFC 8446 section 4.1.2, RFC 6066 section 3, RFC 7301. It reads any bytes and never throws.
 */

/** A ClientHello that is there as a whole. */
export type ClientHello = {
  /** The name asked for, in lower case; empty when the hello holds none. */
  readonly name: string;
  /** The highest TLS version offered, 0x0303 or 0x0304. */
  readonly version: number;
  readonly ciphers: readonly number[];
  /** In the order of the wire, GREASE included. */
  readonly extensions: readonly number[];
  readonly alpn: readonly string[];
  readonly signatureAlgorithms: readonly number[];
};

export type HelloReading =
  /** These bytes are not the beginning of a ClientHello. */
  | { readonly kind: 'none' }
  /** They are one's beginning; the name may already be there. */
  | { readonly kind: 'part'; readonly name: string | undefined }
  | { readonly kind: 'hello'; readonly hello: ClientHello };

/** Longer ones are no hello to us. Real ones have 300 to 2,000 bytes. */
export const longestHelloBytes = 16_384;

const handshakeRecord = 22;
const clientHelloMessage = 1;
const recordHeaderBytes = 5;
const messageHeaderBytes = 4;
const extensionTypes = { name: 0, signatureAlgorithms: 13, alpn: 16, versions: 43 };

/** @param bytes the beginning of what a client says on a connection, from its first byte */
export function readHello(bytes: Uint8Array): HelloReading {
  const message = joinRecords(bytes);
  if (message === undefined) return { kind: 'none' };
  if (message.length < messageHeaderBytes) {
    return message.length > 0 && message[0] !== clientHelloMessage
      ? { kind: 'none' }
      : { kind: 'part', name: undefined };
  }
  const length = (at(message, 1) << 16) | (at(message, 2) << 8) | at(message, 3);
  if (message[0] !== clientHelloMessage || length > longestHelloBytes) return { kind: 'none' };
  const whole = message.length >= messageHeaderBytes + length;
  const body = new Cursor(message.subarray(messageHeaderBytes, messageHeaderBytes + length));
  const found = readBody(body);
  if (!whole) return { kind: 'part', name: found.name };
  if (body.ranOut) return { kind: 'none' };
  return { kind: 'hello', hello: { ...found, name: found.name ?? '' } };
}

/** The handshake bytes inside the records; a hello may be spread over several. Undefined: no handshake records. */
function joinRecords(bytes: Uint8Array): Uint8Array | undefined {
  const parts: Uint8Array[] = [];
  let place = 0;
  let total = 0;
  while (place < bytes.length && total < longestHelloBytes) {
    if (bytes[place] !== handshakeRecord) return place === 0 ? undefined : join(parts, total);
    if (place + 1 < bytes.length && bytes[place + 1] !== 3)
      return place === 0 ? undefined : join(parts, total);
    if (place + recordHeaderBytes > bytes.length) break;
    const length = (at(bytes, place + 3) << 8) | at(bytes, place + 4);
    if (length === 0 || length > longestHelloBytes) return place === 0 ? undefined : join(parts, total);
    const part = bytes.subarray(place + recordHeaderBytes, place + recordHeaderBytes + length);
    parts.push(part);
    total += part.length;
    place += recordHeaderBytes + length;
  }
  return bytes.length === 0 ? undefined : join(parts, total);
}

function join(parts: readonly Uint8Array[], total: number): Uint8Array {
  const [first] = parts;
  if (first !== undefined && parts.length === 1) return first;
  const joined = new Uint8Array(total);
  let place = 0;
  for (const part of parts) {
    joined.set(part, place);
    place += part.length;
  }
  return joined;
}

type Found = Omit<ClientHello, 'name'> & { readonly name: string | undefined };

function readBody(body: Cursor): Found {
  const legacyVersion = body.number(2);
  body.skip(32);
  body.skip(body.number(1));
  const ciphers = body.take(body.number(2)).numbers(2);
  body.skip(body.number(1));
  const extensions: number[] = [];
  let name: string | undefined;
  let version = legacyVersion;
  let alpn: readonly string[] = [];
  let signatureAlgorithms: readonly number[] = [];
  const list = body.left === 0 ? body : body.take(body.number(2));
  while (list.left > 0) {
    const type = list.number(2);
    const value = list.take(list.number(2));
    if (list.ranOut) break;
    extensions.push(type);
    if (type === extensionTypes.name) name = readName(value);
    if (type === extensionTypes.alpn) alpn = readProtocols(value);
    if (type === extensionTypes.signatureAlgorithms)
      signatureAlgorithms = value.take(value.number(2)).numbers(2);
    if (type === extensionTypes.versions) version = highest(value.take(value.number(1)).numbers(2), version);
  }
  if (list.ranOut) body.fail();
  return { name, version, ciphers, extensions, alpn, signatureAlgorithms };
}

function readName(value: Cursor): string | undefined {
  const list = value.take(value.number(2));
  if (list.number(1) !== 0) return undefined;
  const text = list.take(list.number(2)).text();
  return list.ranOut ? undefined : text.toLowerCase();
}

function readProtocols(value: Cursor): readonly string[] {
  const list = value.take(value.number(2));
  const found: string[] = [];
  while (list.left > 0) {
    const protocol = list.take(list.number(1)).text();
    if (list.ranOut) break;
    found.push(protocol);
  }
  return found;
}

function highest(versions: readonly number[], fallback: number): number {
  return versions
    .filter((version) => !isGrease(version))
    .reduce((high, next) => Math.max(high, next), fallback);
}

/** RFC 8701: values that Chromium and its relatives strew in so that nobody relies on a fixed list. */
export function isGrease(value: number): boolean {
  return (value & 0x0f0f) === 0x0a0a && value >> 8 === (value & 0xff);
}

function at(bytes: Uint8Array, place: number): number {
  return bytes[place] ?? 0;
}

/** Reads forward. Past the end it yields zeros and nothing, and says afterwards that it ran out. */
class Cursor {
  readonly #bytes: Uint8Array;
  #place = 0;
  #ranOut = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#place;
  }

  get ranOut(): boolean {
    return this.#ranOut;
  }

  fail(): void {
    this.#ranOut = true;
  }

  number(size: 1 | 2): number {
    const { left } = this;
    const place = this.#place;
    this.skip(size);
    if (left < size) return 0;
    return size === 1 ? at(this.#bytes, place) : (at(this.#bytes, place) << 8) | at(this.#bytes, place + 1);
  }

  skip(size: number): void {
    if (size > this.left) this.#ranOut = true;
    this.#place = Math.min(this.#bytes.length, this.#place + size);
  }

  /** A cursor over the next bytes. When they are cut, over what is there, and this one has run out. */
  take(size: number): Cursor {
    const begin = this.#place;
    this.skip(size);
    return new Cursor(this.#bytes.subarray(begin, this.#place));
  }

  numbers(size: 1 | 2): readonly number[] {
    const found: number[] = [];
    while (this.left >= size) found.push(this.number(size));
    return found;
  }

  text(): string {
    return String.fromCharCode(...this.#bytes.subarray(this.#place));
  }
}
