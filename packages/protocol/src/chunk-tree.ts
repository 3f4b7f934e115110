import { base32, base32Bytes, concat, equalBytes, uintBytes } from './bytes.ts';
import { MalformedError } from './errors.ts';
import { hash, type ChunkId } from './ids.ts';
import { limits } from './limits.ts';
import type { Primitives } from './primitives.ts';

/**
 * A chunk's tree (rule 16): SHA-256 over leaves of 1 KiB, the last one as long as it is; a node splits its leaves at the
 * largest power of two below their number, leaves and nodes hashed apart (as in RFC 9162 section 2.1). The ChunkId binds root and length.
 */

const leafMark = new Uint8Array([0]);
const nodeMark = new Uint8Array([1]);

/** @param length of a chunk, bytes */
export function leafCount(length: number): number {
  return Math.ceil(length / limits.leafBytes);
}

function splitAt(count: number): number {
  let split = 1;
  while (split * 2 < count) split *= 2;
  return split;
}

function leafHash(primitives: Primitives, leaf: Uint8Array): Uint8Array {
  return primitives.sha256(concat(leafMark, leaf));
}

function nodeHash(primitives: Primitives, left: Uint8Array, right: Uint8Array): Uint8Array {
  return primitives.sha256(concat(nodeMark, left, right));
}

function rangeHash(
  primitives: Primitives,
  leaves: readonly Uint8Array[],
  from: number,
  to: number,
): Uint8Array {
  if (to - from === 1) return leaves[from] ?? new Uint8Array(32);
  const split = from + splitAt(to - from);
  return nodeHash(
    primitives,
    rangeHash(primitives, leaves, from, split),
    rangeHash(primitives, leaves, split, to),
  );
}

function leavesOf(primitives: Primitives, chunk: Uint8Array): Uint8Array[] {
  if (chunk.length < 1 || chunk.length > limits.chunkBytes)
    throw new MalformedError('chunk of no allowed length');
  return Array.from({ length: leafCount(chunk.length) }, (_, at) =>
    leafHash(primitives, chunk.subarray(at * limits.leafBytes, (at + 1) * limits.leafBytes)),
  );
}

function idFrom(primitives: Primitives, root: Uint8Array, length: number): Uint8Array {
  return hash(primitives, 'chunk', uintBytes(length, 4), root);
}

/** @throws {MalformedError} for an empty chunk or one of more than 256 KiB */
export function chunkIdOf(primitives: Primitives, chunk: Uint8Array): ChunkId {
  const leaves = leavesOf(primitives, chunk);
  return base32(idFrom(primitives, rangeHash(primitives, leaves, 0, leaves.length), chunk.length)) as ChunkId;
}

/** Whole leaves `from` to `to` (exclusive) of a chunk. */
export interface LeafRange {
  readonly from: number;
  readonly to: number;
}

/** The hashes a reader of this range needs to check it alone, left to right. @throws {MalformedError} for a range outside the chunk */
export function rangeProof(
  primitives: Primitives,
  chunk: Uint8Array,
  range: LeafRange,
): readonly Uint8Array[] {
  const leaves = leavesOf(primitives, chunk);
  checkRange(range, leaves.length);
  const proof: Uint8Array[] = [];
  const walk = (from: number, to: number): void => {
    if (to <= range.from || from >= range.to) {
      proof.push(rangeHash(primitives, leaves, from, to));
    } else if (to - from > 1) {
      const split = from + splitAt(to - from);
      walk(from, split);
      walk(split, to);
    }
  };
  walk(0, leaves.length);
  return proof;
}

function checkRange(range: LeafRange, count: number): void {
  if (range.from < 0 || range.to <= range.from || range.to > count)
    throw new MalformedError('range lies outside the chunk');
}

/** @returns whether these bytes are exactly that range of that chunk */
export function verifyRange(
  primitives: Primitives,
  chunk: { readonly id: ChunkId; readonly length: number },
  part: { readonly range: LeafRange; readonly bytes: Uint8Array; readonly proof: readonly Uint8Array[] },
): boolean {
  const { range, bytes, proof } = part;
  if (chunk.length < 1 || chunk.length > limits.chunkBytes) return false;
  const count = leafCount(chunk.length);
  if (range.from < 0 || range.to <= range.from || range.to > count) return false;
  const expected = Math.min(range.to * limits.leafBytes, chunk.length) - range.from * limits.leafBytes;
  if (bytes.length !== expected) return false;
  let used = 0;
  const walk = (from: number, to: number): Uint8Array | undefined => {
    if (to <= range.from || from >= range.to) {
      used += 1;
      return proof[used - 1];
    }
    if (to - from === 1) {
      const start = (from - range.from) * limits.leafBytes;
      return leafHash(primitives, bytes.subarray(start, start + limits.leafBytes));
    }
    const split = from + splitAt(to - from);
    const left = walk(from, split);
    const right = walk(split, to);
    return left === undefined || right === undefined ? undefined : nodeHash(primitives, left, right);
  };
  const root = walk(0, count);
  if (root === undefined || used !== proof.length || proof.some((one) => one.length !== 32)) return false;
  return equalBytes(idFrom(primitives, root, chunk.length), base32Bytes(chunk.id));
}
