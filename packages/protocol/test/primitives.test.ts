import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  hkdfExpand,
  hkdfExtract,
  hpkeExport,
  hpkeKeyPair,
  hpkeOpen,
  hpkeReceiver,
  hpkeSeal,
  hpkeSender,
  nonceAt,
} from '../src/index.ts';
import { hexOf, ofHex } from './bytes-text.ts';
import { bytesOf, primitives } from './fixtures.ts';

interface HpkeVector {
  readonly info: string;
  readonly ikmE: string;
  readonly pkEm: string;
  readonly skEm: string;
  readonly ikmR: string;
  readonly pkRm: string;
  readonly skRm: string;
  readonly enc: string;
  readonly key: string;
  readonly base_nonce: string;
  readonly exporter_secret: string;
  readonly encryptions: readonly {
    readonly sequence: number;
    readonly pt: string;
    readonly aad: string;
    readonly nonce: string;
    readonly ct: string;
  }[];
  readonly exports: readonly {
    readonly exporter_context: string;
    readonly L: number;
    readonly exported_value: string;
  }[];
}

interface RfcVectors {
  readonly chacha20poly1305: Readonly<
    Record<'key' | 'nonce' | 'aad' | 'plaintext' | 'ciphertext' | 'tag', string>
  >;
  readonly x25519: Readonly<
    Record<'alicePrivate' | 'alicePublic' | 'bobPrivate' | 'bobPublic' | 'shared', string>
  >;
  readonly ed25519: readonly Readonly<Record<'seed' | 'publicKey' | 'message' | 'signature', string>>[];
  readonly hkdf: Readonly<Record<'ikm' | 'salt' | 'info' | 'prk' | 'okm', string>> & {
    readonly length: number;
  };
}

function vector<T>(name: string): T {
  return JSON.parse(readFileSync(resolve(import.meta.dirname, '../vectors', name), 'utf8')) as T;
}

/** A point whose order is small: no secret can be agreed with it. */
const lowOrder = new Uint8Array(32);

describe('HPKE as in RFC 9180, appendix A.2.1', () => {
  const rfc = vector<HpkeVector>('hpke-rfc9180.json');
  const info = ofHex(rfc.info);
  const receiver = { privateKey: ofHex(rfc.skRm), publicKey: ofHex(rfc.pkRm) };
  const sender = hpkeSender(primitives, ofHex(rfc.pkRm), { info, seed: ofHex(rfc.ikmE) });
  const context = hpkeReceiver(primitives, receiver, { info, encapsulated: ofHex(rfc.enc) });

  test('keys are derived as it says', () => {
    for (const [ikm, sk, pk] of [
      [rfc.ikmE, rfc.skEm, rfc.pkEm],
      [rfc.ikmR, rfc.skRm, rfc.pkRm],
    ] as const) {
      const pair = hpkeKeyPair(primitives, ofHex(ikm));
      expect([hexOf(pair.privateKey), hexOf(pair.publicKey)]).toEqual([sk, pk]);
    }
  });

  test('sender and receiver have its context', () => {
    expect(hexOf(sender?.encapsulated ?? new Uint8Array())).toBe(rfc.enc);
    expect(sender?.context).toEqual(context);
    expect(hexOf(context?.key ?? new Uint8Array())).toBe(rfc.key);
    expect(hexOf(context?.baseNonce ?? new Uint8Array())).toBe(rfc.base_nonce);
    expect(hexOf(context?.exporterSecret ?? new Uint8Array())).toBe(rfc.exporter_secret);
  });

  test.each(rfc.encryptions)(
    'its message $sequence is sealed and opened',
    ({ sequence, pt, aad, nonce, ct }) => {
      expect(hexOf(nonceAt(ofHex(rfc.base_nonce), sequence))).toBe(nonce);
      expect(hexOf(primitives.seal(ofHex(rfc.key), ofHex(nonce), ofHex(pt), ofHex(aad)))).toBe(ct);
      expect(
        hexOf(primitives.open(ofHex(rfc.key), ofHex(nonce), ofHex(ct), ofHex(aad)) ?? new Uint8Array()),
      ).toBe(pt);
    },
  );

  test.each(rfc.exports)('its secret for context "$exporter_context" is exported', (line) => {
    if (context === undefined) throw new Error('no context');
    expect(hexOf(hpkeExport(primitives, context, ofHex(line.exporter_context), line.L))).toBe(
      line.exported_value,
    );
  });

  test('one message is sealed to a key, and opened by nobody else and with no other info', () => {
    const sealed = hpkeSeal(primitives, receiver.publicKey, bytesOf('said'), { info, seed: bytesOf('seed') });
    if (sealed === undefined) throw new Error('not sealed');
    expect(hpkeOpen(primitives, receiver, sealed, info)).toEqual(bytesOf('said'));
    expect(hpkeOpen(primitives, receiver, sealed, bytesOf('other'))).toBeUndefined();
    expect(hpkeOpen(primitives, hpkeKeyPair(primitives, bytesOf('other')), sealed, info)).toBeUndefined();
    expect(hpkeOpen(primitives, receiver, sealed.subarray(0, 47), info)).toBeUndefined();
  });

  test('a key of low order is refused on both sides', () => {
    expect(hpkeSender(primitives, lowOrder, { info, seed: bytesOf('seed') })).toBeUndefined();
    expect(hpkeSeal(primitives, lowOrder, info, { info, seed: bytesOf('seed') })).toBeUndefined();
    expect(hpkeReceiver(primitives, receiver, { info, encapsulated: lowOrder })).toBeUndefined();
    expect(hpkeOpen(primitives, receiver, new Uint8Array(80), info)).toBeUndefined();
  });
});

describe('the primitives', () => {
  const rfc = vector<RfcVectors>('primitives-rfc.json');

  test('ChaCha20-Poly1305 is that of RFC 8439', () => {
    const { key, nonce, aad, plaintext, ciphertext, tag } = rfc.chacha20poly1305;
    const sealed = primitives.seal(ofHex(key), ofHex(nonce), ofHex(plaintext), ofHex(aad));
    expect(hexOf(sealed)).toBe(ciphertext + tag);
    expect(primitives.open(ofHex(key), ofHex(nonce), sealed, ofHex(aad))).toEqual(ofHex(plaintext));
    for (let bit = 0; bit < 8; bit += 1) {
      const other = sealed.with(bit * 7, (sealed[bit * 7] ?? 0) ^ (1 << bit));
      expect(primitives.open(ofHex(key), ofHex(nonce), other, ofHex(aad))).toBeUndefined();
    }
    expect(primitives.open(ofHex(key), ofHex(nonce), sealed.subarray(0, 15), ofHex(aad))).toBeUndefined();
  });

  test('X25519 is that of RFC 7748, and a point of low order gives no secret', () => {
    const { alicePrivate, alicePublic, bobPrivate, bobPublic, shared } = rfc.x25519;
    expect(hexOf(primitives.x25519PublicKey(ofHex(alicePrivate)))).toBe(alicePublic);
    expect(hexOf(primitives.x25519PublicKey(ofHex(bobPrivate)))).toBe(bobPublic);
    expect(hexOf(primitives.x25519(ofHex(alicePrivate), ofHex(bobPublic)) ?? new Uint8Array())).toBe(shared);
    expect(hexOf(primitives.x25519(ofHex(bobPrivate), ofHex(alicePublic)) ?? new Uint8Array())).toBe(shared);
    expect(primitives.x25519(ofHex(alicePrivate), lowOrder)).toBeUndefined();
  });

  test.each(rfc.ed25519)('Ed25519 is that of RFC 8032 for the message "$message"', (line) => {
    expect(hexOf(primitives.ed25519PublicKey(ofHex(line.seed)))).toBe(line.publicKey);
    expect(hexOf(primitives.ed25519Sign(ofHex(line.seed), ofHex(line.message)))).toBe(line.signature);
    const verify = (message: string, signature: string): boolean =>
      primitives.ed25519Verify(ofHex(line.publicKey), ofHex(message), ofHex(signature));
    expect(verify(line.message, line.signature)).toBe(true);
    expect(verify(`${line.message}00`, line.signature)).toBe(false);
    expect(verify(line.message, 'ff'.repeat(64))).toBe(false);
    expect(verify(line.message, 'ff'.repeat(3))).toBe(false);
  });

  test('a signature under a key of small order never verifies', () => {
    const identity = new Uint8Array(32).with(0, 1);
    const signature = new Uint8Array(64).with(0, 1);
    expect(primitives.ed25519Verify(identity, bytesOf('anything'), signature)).toBe(false);
    expect(primitives.ed25519Verify(new Uint8Array(32).fill(255), bytesOf('anything'), signature)).toBe(
      false,
    );
  });

  test('HKDF is that of RFC 5869', () => {
    const { ikm, salt, info, length, prk, okm } = rfc.hkdf;
    expect(hexOf(hkdfExtract(primitives, ofHex(salt), ofHex(ikm)))).toBe(prk);
    expect(hexOf(hkdfExpand(primitives, ofHex(prk), ofHex(info), length))).toBe(okm);
    expect(hkdfExtract(primitives, new Uint8Array(), ofHex(ikm))).toEqual(
      hkdfExtract(primitives, new Uint8Array(32), ofHex(ikm)),
    );
  });
});
