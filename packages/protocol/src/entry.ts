import { base32, base32Bytes, concat, uintBytes } from './bytes.ts';
import { MalformedError } from './errors.ts';
import type { ChunkId } from './ids.ts';
import { limits } from './limits.ts';
import { hkdfExpand, hkdfExtract, type Primitives } from './primitives.ts';

/** What a log holds: opaque bytes of one of two sizes, or a chunk that was put before (rule 15). */
export type Entry =
  | { readonly kind: 'inline'; readonly body: Uint8Array }
  | { readonly kind: 'chunk'; readonly chunk: ChunkId; readonly length: number };

const inlineKind = 0;
const chunkKind = 1;
const saltBytes = 16;
const tagBytes = 16;
const lengthBytes = 4;

/** Bytes of an entry beside what it carries: kind, salt, length, tag. */
const inlineOverheadBytes = 1 + saltBytes + lengthBytes + tagBytes;
const [smallEntryBytes, largeEntryBytes] = limits.inlineEntryBytes;

/** @throws {MalformedError} for a body or a chunk of no allowed size */
export function encodeEntry(entry: Entry): Uint8Array {
  const encoded =
    entry.kind === 'inline'
      ? concat(new Uint8Array([inlineKind]), entry.body)
      : concat(new Uint8Array([chunkKind]), base32Bytes(entry.chunk), uintBytes(entry.length, 4));
  decodeEntry(encoded);
  return encoded;
}

/** @throws {MalformedError} for anything but exactly one whole entry */
export function decodeEntry(bytes: Uint8Array): Entry {
  if (bytes[0] === inlineKind) {
    if (bytes.length !== smallEntryBytes && bytes.length !== largeEntryBytes)
      throw new MalformedError('entry of no allowed size');
    return { kind: 'inline', body: new Uint8Array(bytes.subarray(1)) };
  }
  if (bytes[0] === chunkKind && bytes.length === 37) {
    const length = new DataView(bytes.buffer, bytes.byteOffset + 33, 4).getUint32(0);
    if (length < 1 || length > limits.chunkBytes)
      throw new MalformedError('entry names a chunk of no allowed length');
    return { kind: 'chunk', chunk: base32(bytes.subarray(1, 33)) as ChunkId, length };
  }
  throw new MalformedError('entry of no known kind');
}

/**
 * Sizes a body is padded to: the small inline one, and in a chunk powers of two from 4 KiB. The large inline one is for what cannot lie in
 * a chunk: where each connection carries 4 KiB, a third of it is the handshake, and an entry passes whole or not at all.
 */
function bucketBytes(contentBytes: number): number {
  const inline = contentBytes + inlineOverheadBytes;
  if (inline <= smallEntryBytes) return smallEntryBytes - 1;
  let bucket = 4096;
  while (bucket < inline - 1) bucket *= 2;
  return bucket;
}

/** The most bytes {@link sealBody} takes. */
export const longestBodyBytes: number = limits.chunkBytes - (inlineOverheadBytes - 1);

/**
 * The AEAD around everything MLS that a relay holds (rule 19): salt, then ciphertext, padded so that only a few sizes exist.
 * The result with one more byte is an inline entry, or else it is a chunk's content.
 * @param key 32 bytes, shared by everybody who shall open it; each body draws its own key from it
 * @param options.salt 16 fresh random bytes
 * @throws {MalformedError} when the content is longer than {@link longestBodyBytes}
 */
export function sealBody(
  primitives: Primitives,
  key: Uint8Array,
  content: { readonly plaintext: Uint8Array; readonly salt: Uint8Array; readonly context: Uint8Array },
): Uint8Array {
  if (content.plaintext.length > longestBodyBytes) throw new MalformedError('entry is too long for a chunk');
  const padded = new Uint8Array(bucketBytes(content.plaintext.length) - saltBytes - tagBytes);
  padded.set(uintBytes(content.plaintext.length, lengthBytes));
  padded.set(content.plaintext, lengthBytes);
  return concat(
    content.salt,
    primitives.seal(bodyKey(primitives, key, content.salt), new Uint8Array(12), padded, content.context),
  );
}

/** @returns undefined for what was not sealed under this key and context */
export function openBody(
  primitives: Primitives,
  key: Uint8Array,
  content: { readonly body: Uint8Array; readonly context: Uint8Array },
): Uint8Array | undefined {
  const { body } = content;
  if (body.length < saltBytes + tagBytes + lengthBytes) return undefined;
  const own = bodyKey(primitives, key, body.subarray(0, saltBytes));
  const padded = primitives.open(own, new Uint8Array(12), body.subarray(saltBytes), content.context);
  if (padded === undefined || padded.length < lengthBytes) return undefined;
  const length = new DataView(padded.buffer, padded.byteOffset, lengthBytes).getUint32(0);
  if (length > padded.length - lengthBytes) return undefined;
  return new Uint8Array(padded.subarray(lengthBytes, lengthBytes + length));
}

function bodyKey(primitives: Primitives, key: Uint8Array, salt: Uint8Array): Uint8Array {
  return hkdfExpand(
    primitives,
    hkdfExtract(primitives, salt, key),
    new TextEncoder().encode('tern/1 body'),
    32,
  );
}
