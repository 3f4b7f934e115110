import { StorageError, type Place, type StoreRecord } from '@tern/core';
import { equalBytes, utf8, type World } from '@tern/protocol';

/**
 * What a record looks like to someone who has the browser's profile and not the key: random-looking ids, a day, and a blob in
 * steps of 256 bytes.
 *
 *     key of the row = partition id (16 B) | record id (16 B)
 *     row = record id (16 B) | day (8 B) | nonce (12 B) | AES-256-GCM(seal key, nonce, plaintext, format | partition id | record id | day)
 *     plaintext = length of key text (4 B) | key text in UTF-16 | length of value (4 B) | value | zeros up to 256 B
 *
 * Nonces are random: at 2^32 records written with one key, chance would repeat one with a probability of 2^-32.
 */
export interface RecordSeal {
  /** 16 bytes */
  partitionId(place: Place): Promise<Bytes>;
  /** 32 bytes, the first 16 of them the partition's */
  rowKey(place: Place, key: string): Promise<Bytes>;
  seal(rowKey: Bytes, record: StoreRecord, day: number): Promise<Bytes>;
  /**
   * @param where the row's whole key, or only its partition for a row found by listing that
   * @throws {StorageError} `storage-damaged` for anything {@link seal} did not make there with the same master key
   */
  open(where: Bytes, row: unknown): Promise<OpenedRecord>;
}

export interface OpenedRecord extends StoreRecord {
  /** what tells it from others of its partition without opening it: its record id as text */
  readonly id: string;
}

/** WebCrypto and IndexedDB take no shared memory. */
export type Bytes = Uint8Array<ArrayBuffer>;

export const idBytes = 16;
const nonceAt: number = idBytes + 8;
const headBytes: number = nonceAt + 12;
const tagBytes = 16;
const paddedBytes = 256;
const format: Uint8Array = utf8('tern browser record 1');

/** @param masterKey 32 bytes, not kept; what is derived from it stays inside WebCrypto and cannot be read out */
export async function recordSeal(
  masterKey: Uint8Array,
  world: Pick<World, 'randomBytes'>,
): Promise<RecordSeal> {
  const master = await crypto.subtle.importKey('raw', owned(masterKey), 'HKDF', false, ['deriveKey']);
  const [indexKey, sealKey] = await Promise.all([
    derivedKey(master, 'tern browser index 1', {
      type: { name: 'HMAC', hash: 'SHA-256', length: 256 },
      uses: ['sign'],
    }),
    derivedKey(master, 'tern browser seal 1', {
      type: { name: 'AES-GCM', length: 256 },
      uses: ['encrypt', 'decrypt'],
    }),
  ]);
  const name = async (...texts: readonly string[]): Promise<Bytes> =>
    new Uint8Array(await crypto.subtle.sign('HMAC', indexKey, framed(texts)), 0, idBytes);
  return {
    partitionId: (place) => name(place.table, place.partition),
    async rowKey(place, key) {
      return joined(
        ...(await Promise.all([name(place.table, place.partition), name(place.table, place.partition, key)])),
      );
    },
    async seal(rowKey, record, day) {
      const head = new Uint8Array(headBytes);
      head.set(rowKey.subarray(idBytes));
      new DataView(head.buffer).setBigUint64(idBytes, BigInt(day));
      head.set(world.randomBytes(headBytes - nonceAt), nonceAt);
      const sealed = await crypto.subtle.encrypt(cipher(rowKey, head), sealKey, padded(record));
      return joined(head, new Uint8Array(sealed));
    },
    async open(where, row) {
      const body = row instanceof Uint8Array ? row.length - headBytes - tagBytes : 0;
      if (!(row instanceof Uint8Array) || body <= 0 || body % paddedBytes !== 0) throw damaged();
      const head = owned(row.subarray(0, headBytes));
      const id = head.subarray(0, idBytes);
      if (where.length > idBytes && !equalBytes(where.subarray(idBytes), id)) throw damaged();
      try {
        const plaintext = await crypto.subtle.decrypt(
          cipher(where, head),
          sealKey,
          owned(row.subarray(headBytes)),
        );
        return { id: idText(id), ...unpadded(plaintext) };
      } catch (cause) {
        throw damaged(cause); // the only failure left here is a tag that does not match
      }
    },
  };
}

/** A record id as a key of maps. */
export function idText(id: Uint8Array): string {
  return String.fromCharCode(...id);
}

/** The record id of a row that lies in the database, without opening it. */
export function idTextOfRow(row: unknown): string {
  if (!(row instanceof Uint8Array) || row.length < headBytes) throw damaged();
  return idText(row.subarray(0, idBytes));
}

/** The same bytes on memory of their own; a view of a larger or shared buffer is copied. */
export function owned(bytes: Uint8Array): Bytes {
  return new Uint8Array(bytes);
}

async function derivedKey(
  master: CryptoKey,
  purpose: string,
  key: { readonly type: HmacKeyGenParams | AesKeyGenParams; readonly uses: KeyUsage[] },
): Promise<CryptoKey> {
  const derivation = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: owned(utf8(purpose)) };
  return crypto.subtle.deriveKey(derivation, master, key.type, false, key.uses);
}

function cipher(where: Bytes, head: Bytes): AesGcmParams {
  const partition = where.subarray(0, idBytes);
  return {
    name: 'AES-GCM',
    iv: head.subarray(nonceAt),
    additionalData: joined(format, partition, head.subarray(0, nonceAt)),
  };
}

/** UTF-16, because a text may hold half a surrogate pair, which UTF-8 cannot. */
function framed(texts: readonly string[]): Bytes {
  const whole = new Uint8Array(1 + texts.reduce((sum, text) => sum + 4 + 2 * text.length, 0));
  const view = new DataView(whole.buffer);
  view.setUint8(0, texts.length);
  let at = 1;
  for (const text of texts) at = putText(view, at, text);
  return whole;
}

function padded({ key, value }: StoreRecord): Bytes {
  const content = 4 + 2 * key.length + 4 + value.length;
  const whole = new Uint8Array(Math.ceil(content / paddedBytes) * paddedBytes);
  const view = new DataView(whole.buffer);
  const valueAt = putText(view, 0, key);
  view.setUint32(valueAt, value.length);
  whole.set(value, valueAt + 4);
  return whole;
}

function putText(view: DataView, from: number, text: string): number {
  view.setUint32(from, 2 * text.length);
  for (let at = 0; at < text.length; at += 1) view.setUint16(from + 4 + 2 * at, text.charCodeAt(at), true);
  return from + 4 + 2 * text.length;
}

/** Of what the tag has proved to be ours. */
function unpadded(plaintext: ArrayBuffer): StoreRecord {
  const view = new DataView(plaintext);
  const keyEnd = 4 + view.getUint32(0);
  const codes = new Array<number>((keyEnd - 4) / 2);
  for (let at = 0; at < codes.length; at += 1) codes[at] = view.getUint16(4 + 2 * at, true);
  return {
    key: String.fromCharCode(...codes),
    value: new Uint8Array(plaintext, keyEnd + 4, view.getUint32(keyEnd)).slice(),
  };
}

function joined(...parts: readonly Uint8Array[]): Bytes {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function damaged(cause?: unknown): StorageError {
  const message = 'a record of the store does not open: it was damaged, or written with another key';
  return new StorageError('storage-damaged', message, { cause });
}
