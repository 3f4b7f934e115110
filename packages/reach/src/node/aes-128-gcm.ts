import { createCipheriv, createDecipheriv, createSecretKey } from 'node:crypto';

const tagBytes = 16;
const suite = 'aes-128-gcm';

/** AES-128-GCM by OpenSSL, synchronous, for group encryption (MLS suite 1). Keys have 16 bytes, nonces 12; the tag is at the end. */
export const nodeAes128Gcm: {
  seal(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, associated: Uint8Array): Uint8Array;
  /** throws where the tag does not match */
  open(key: Uint8Array, nonce: Uint8Array, ciphertext: Uint8Array, associated: Uint8Array): Uint8Array;
} = {
  seal(key, nonce, plaintext, associated) {
    const cipher = createCipheriv(suite, createSecretKey(key), nonce, { authTagLength: tagBytes });
    cipher.setAAD(associated);
    return plain(Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]));
  },
  open(key, nonce, ciphertext, associated) {
    if (ciphertext.length < tagBytes) throw new RangeError('ciphertext is shorter than its tag');
    const decipher = createDecipheriv(suite, createSecretKey(key), nonce, { authTagLength: tagBytes });
    decipher.setAAD(associated);
    decipher.setAuthTag(ciphertext.subarray(ciphertext.length - tagBytes));
    return plain(Buffer.concat([decipher.update(ciphertext.subarray(0, -tagBytes)), decipher.final()]));
  },
};

function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}
