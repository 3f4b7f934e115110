import { concat, uintBytes } from './bytes.ts';
import { MalformedError } from './errors.ts';
import { limits } from './limits.ts';

const lengthBytes = 3;

/** Values one after the other, each behind its length (3 B), so that the first ones of a cut response are whole. */
export function joinFrames(values: readonly Uint8Array[]): Uint8Array {
  return concat(...values.flatMap((value) => [uintBytes(value.length, lengthBytes), value]));
}

/** Cuts frames out of bytes that arrive in pieces of any size. */
export class FrameReader {
  #pieces: Uint8Array[] = [];
  #heldBytes = 0;
  #wantedBytes = lengthBytes;

  /** true when the bytes so far end exactly where a frame does */
  get empty(): boolean {
    return this.#heldBytes === 0;
  }

  /**
   * @returns the values completed by these bytes
   * @throws {MalformedError} for a length that no answer can have, before anything of it is kept
   */
  push(bytes: Uint8Array): readonly Uint8Array[] {
    if (bytes.length > 0) this.#pieces.push(bytes);
    this.#heldBytes += bytes.length;
    if (this.#heldBytes < this.#wantedBytes) return [];
    const held = concat(...this.#pieces);
    const values: Uint8Array[] = [];
    let at = 0;
    this.#wantedBytes = lengthBytes;
    while (held.length - at >= lengthBytes) {
      const length = ((held[at] ?? 0) << 16) | ((held[at + 1] ?? 0) << 8) | (held[at + 2] ?? 0);
      if (length > limits.responseBytes) throw new MalformedError('frame is too long');
      if (held.length - at < lengthBytes + length) {
        this.#wantedBytes = lengthBytes + length;
        break;
      }
      values.push(held.subarray(at + lengthBytes, at + lengthBytes + length));
      at += lengthBytes + length;
    }
    this.#pieces = at === held.length ? [] : [held.subarray(at)];
    this.#heldBytes = held.length - at;
    return values;
  }
}

/** All frames at once. @throws {MalformedError} when the last one is cut */
export function splitFrames(bytes: Uint8Array): readonly Uint8Array[] {
  const reader = new FrameReader();
  const values = reader.push(bytes);
  if (!reader.empty) throw new MalformedError('frames are cut');
  return values;
}
