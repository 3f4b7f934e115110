import { createCipheriv, createDecipheriv, createHmac, createSecretKey, hkdfSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { StorageError } from '@tern/core';
import type { Place, StoreRecord } from '@tern/core';
import { concat, uintBytes, utf8 } from '@tern/protocol';
import type { World } from '@tern/protocol';

/**
 * What a record looks like to someone who has the disk and not the key: two random-looking ids, a day, and a blob in
 * steps of 256 bytes.
 *
 *     sealed = AES-256-GCM(key, zero nonce, plaintext, format | partition id | record id | day) | tag (16 B) | salt (32 B)
 *     key = HMAC-SHA256(seal key, salt), used once: the salt is fresh for every record written
 *     plaintext = length of key text (4 B) | key text in UTF-16 | length of value (4 B) | value | zeros up to 256 B
 *
 * The salt stands at the end on purpose. SQLite zeroes what it deletes, but not the copies of a row's beginning that
 * rebalancing its tree leaves behind. With pages of {@link pageBytes} a row of this size always ends in pages of its
 * own, which are zeroed whole: the key of a deleted record is gone even where some of its ciphertext is not.
 */
export interface RecordSeal {
  partitionId(place: Place): Uint8Array;
  recordId(place: Place, key: string): Uint8Array;
  seal(row: RowName, record: StoreRecord): Uint8Array;
  /** @throws {StorageError} `storage-damaged` for anything {@link seal} did not make under the same name and master key */
  open(row: RowName, sealed: Uint8Array): StoreRecord;
}

export interface RowName {
  readonly partition: Uint8Array;
  readonly id: Uint8Array;
  readonly day: number;
}

/** Together with {@link paddedBytes} this puts the end of every row outside the tree's own pages (SQLite file format, 1.6). */
export const pageBytes = 1024;
const paddedBytes = 256;

const idBytes = 16;
const tagBytes = 16;
const saltBytes = 32;
const onceOnly = new Uint8Array(12);
const format = utf8('tern record 1');

/** @param masterKey 32 bytes, not kept */
export function recordSeal(masterKey: Uint8Array, world: Pick<World, 'randomBytes'>): RecordSeal {
  const indexKey = derivedKey(masterKey, 'tern store index 1');
  const sealKey = derivedKey(masterKey, 'tern store seal 1');
  // a KeyObject, because Node 24 takes four times as long over a cipher whose key comes as bytes
  const recordKey = (salt: Uint8Array): KeyObject => createSecretKey(hmacSha256(sealKey, salt));
  const name = (...texts: readonly string[]): Uint8Array =>
    hmacSha256(indexKey, concat(uintBytes(texts.length, 1), ...texts.map(framed))).subarray(0, idBytes);
  return {
    partitionId: (place) => name(place.table, place.partition),
    recordId: (place, key) => name(place.table, place.partition, key),
    seal(row, record) {
      const salt = world.randomBytes(saltBytes);
      const cipher = createCipheriv('aes-256-gcm', recordKey(salt), onceOnly).setAAD(associated(row));
      return concat(cipher.update(padded(record)), cipher.final(), cipher.getAuthTag(), salt);
    },
    open(row, sealed) {
      const end = sealed.length - saltBytes - tagBytes;
      if (end <= 0 || end % paddedBytes !== 0) throw damaged();
      const key = recordKey(sealed.subarray(end + tagBytes));
      const cipher = createDecipheriv('aes-256-gcm', key, onceOnly)
        .setAAD(associated(row))
        .setAuthTag(sealed.subarray(end, end + tagBytes));
      const plaintext = cipher.update(sealed.subarray(0, end));
      try {
        cipher.final();
      } catch (cause) {
        throw damaged(cause);
      }
      return unpadded(plaintext);
    },
  };
}

function derivedKey(masterKey: Uint8Array, purpose: string): KeyObject {
  return createSecretKey(new Uint8Array(hkdfSync('sha256', masterKey, new Uint8Array(), purpose, 32)));
}

function hmacSha256(key: KeyObject, data: Uint8Array): Uint8Array {
  return createHmac('sha256', key).update(data).digest();
}

function associated(row: RowName): Uint8Array {
  return concat(format, row.partition, row.id, uintBytes(row.day, 8));
}

/** UTF-16, because a key may hold half a surrogate pair, which UTF-8 cannot. */
function framed(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'utf16le');
  return concat(uintBytes(bytes.length, 4), bytes);
}

function padded(record: StoreRecord): Uint8Array {
  const content = concat(framed(record.key), uintBytes(record.value.length, 4), record.value);
  const whole = new Uint8Array(Math.ceil(content.length / paddedBytes) * paddedBytes);
  whole.set(content);
  return whole;
}

/** Of what the tag has proved to be ours. */
function unpadded(plaintext: Buffer): StoreRecord {
  const keyEnd = 4 + plaintext.readUInt32BE(0);
  const valueEnd = keyEnd + 4 + plaintext.readUInt32BE(keyEnd);
  return {
    key: plaintext.toString('utf16le', 4, keyEnd),
    value: Uint8Array.from(plaintext.subarray(keyEnd + 4, valueEnd)),
  };
}

function damaged(cause?: unknown): StorageError {
  const message = 'a record of the store does not open: the file was damaged, or written with another key';
  return new StorageError('storage-damaged', message, { cause });
}
