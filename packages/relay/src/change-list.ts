import { MalformedError } from '@tern/protocol';

/** A key with its new value, or without one when it was removed. */
export interface Change {
  readonly key: Uint8Array;
  readonly value: Uint8Array | undefined;
}

const headBytes = 6;
/** no value is as long */
const removed = 0xffff_ffff;

/** All changes of a group in one piece of memory, which moves to the writing thread without being copied. */
export function packChanges(changes: Iterable<Change>): Uint8Array<ArrayBuffer> {
  const list = [...changes];
  const bytes = list.reduce((sum, { key, value }) => sum + headBytes + key.length + (value?.length ?? 0), 0);
  const packed = new Uint8Array(bytes);
  const numbers = new DataView(packed.buffer);
  let at = 0;
  for (const { key, value } of list) {
    numbers.setUint16(at, key.length);
    numbers.setUint32(at + 2, value?.length ?? removed);
    packed.set(key, at + headBytes);
    at += headBytes + key.length;
    if (value !== undefined) {
      packed.set(value, at);
      at += value.length;
    }
  }
  return packed;
}

/** @throws {MalformedError} when the list is cut */
export function* unpackChanges(packed: Uint8Array): Generator<Change> {
  const numbers = new DataView(packed.buffer, packed.byteOffset, packed.length);
  for (let at = 0; at < packed.length;) {
    if (at + headBytes > packed.length) throw new MalformedError('changes are cut');
    const keyEnd = at + headBytes + numbers.getUint16(at);
    const valueBytes = numbers.getUint32(at + 2);
    const key = packed.subarray(at + headBytes, keyEnd);
    const end = valueBytes === removed ? keyEnd : keyEnd + valueBytes;
    if (end > packed.length) throw new MalformedError('changes are cut');
    yield { key, value: valueBytes === removed ? undefined : packed.subarray(keyEnd, end) };
    at = end;
  }
}
