import { concat, uintBytes } from './bytes.ts';
import { MalformedError } from './errors.ts';
import { nonceAt } from './hpke.ts';
import type { Primitives } from './primitives.ts';

/** The keys of one direction of one exchange; the record's number makes its nonce, so a pair is used for one sequence only. */
export interface RecordKeys {
  readonly key: Uint8Array;
  readonly baseNonce: Uint8Array;
}

/** Plaintext of a record, padding included, is a multiple of this. */
export const recordPaddingBytes = 256;
/** Plaintext of a record, padding included, is at most this (rule 5 allows 1,200 B). */
export const longestRecordBytes = 1024;

const headBytes = 3; // last or not, then the length of what counts
const tagBytes = 16;
const lengthBytes = 2;
const none = new Uint8Array();

/**
 * Seals bytes as records that open one by one in order (rule 5): what arrived before a cut is worth something.
 * On the wire each is its ciphertext's length (2 B) and the ciphertext.
 */
export function sealRecords(primitives: Primitives, keys: RecordKeys, plaintext: Uint8Array): Uint8Array {
  const roomBytes = longestRecordBytes - headBytes;
  const count = Math.max(1, Math.ceil(plaintext.length / roomBytes));
  const pieces: Uint8Array[] = [];
  for (let number = 0; number < count; number += 1) {
    const data = plaintext.subarray(number * roomBytes, (number + 1) * roomBytes);
    const record = new Uint8Array(
      Math.ceil((headBytes + data.length) / recordPaddingBytes) * recordPaddingBytes,
    );
    record[0] = number === count - 1 ? 1 : 0;
    record.set(uintBytes(data.length, 2), 1);
    record.set(data, headBytes);
    const sealed = primitives.seal(keys.key, nonceAt(keys.baseNonce, number), record, none);
    pieces.push(uintBytes(sealed.length, lengthBytes), sealed);
  }
  return concat(...pieces);
}

/** Opens records as their bytes arrive, in pieces of any size. */
export class RecordOpener {
  readonly #primitives: Primitives;
  readonly #keys: RecordKeys;
  #held: Uint8Array = none;
  #number = 0;
  #complete = false;

  constructor(primitives: Primitives, keys: RecordKeys) {
    this.#primitives = primitives;
    this.#keys = keys;
  }

  /** true once the record marked as last was opened */
  get complete(): boolean {
    return this.#complete;
  }

  /**
   * @returns the plaintext of the records completed by these bytes
   * @throws {MalformedError} when a record does not open, is of no allowed size, or follows the last
   */
  push(bytes: Uint8Array): Uint8Array {
    let held = this.#held.length === 0 ? bytes : concat(this.#held, bytes);
    const opened: Uint8Array[] = [];
    while (held.length > 0) {
      if (this.#complete) throw new MalformedError('bytes after the last record');
      if (held.length < lengthBytes) break;
      const length = ((held[0] ?? 0) << 8) | (held[1] ?? 0);
      const padded = length - tagBytes;
      if (padded < recordPaddingBytes || padded > longestRecordBytes || padded % recordPaddingBytes !== 0) {
        throw new MalformedError('record of no allowed size');
      }
      if (held.length < lengthBytes + length) break;
      opened.push(this.#open(held.subarray(lengthBytes, lengthBytes + length)));
      held = held.subarray(lengthBytes + length);
    }
    this.#held = new Uint8Array(held);
    return concat(...opened);
  }

  #open(sealed: Uint8Array): Uint8Array {
    const record = this.#primitives.open(
      this.#keys.key,
      nonceAt(this.#keys.baseNonce, this.#number),
      sealed,
      none,
    );
    if (record === undefined) throw new MalformedError('record does not open');
    const last = record[0] ?? 2;
    const length = ((record[1] ?? 0) << 8) | (record[2] ?? 0);
    if (last > 1 || length > record.length - headBytes) throw new MalformedError('record has a wrong head');
    for (let at = headBytes + length; at < record.length; at += 1) {
      if (record[at] !== 0) throw new MalformedError('record has a wrong padding');
    }
    this.#number += 1;
    this.#complete = last === 1;
    return record.subarray(headBytes, headBytes + length);
  }
}

/** All records at once. @throws {MalformedError} also when the last one is missing */
export function openRecords(primitives: Primitives, keys: RecordKeys, sealed: Uint8Array): Uint8Array {
  const opener = new RecordOpener(primitives, keys);
  const plaintext = opener.push(sealed);
  if (!opener.complete) throw new MalformedError('records are cut');
  return plaintext;
}
