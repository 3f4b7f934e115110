import { noblePrimitives } from '@tern/protocol';
import { hexToBytes as hex } from '@noble/hashes/utils.js';
import { getCiphersuiteFromName, getCiphersuiteImpl } from 'ts-mls';
import { describe, expect, test } from 'vitest';

import { cipherSuite, cipherSuiteName } from '../src/group-cipher-suite.ts';
import { groupPrimitivesOver, webCryptoPrimitives, webPrimitives } from '../src/group-primitives.ts';
import { nodeAes128Gcm, nodePrimitives } from '@tern/reach/node';
import { chance } from './group-crypto-devices.ts';

// RFC 9180 appendix A.1.1: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM, base mode
const rfc = {
  info: hex('4f6465206f6e2061204772656369616e2055726e'),
  ikmE: hex('7268600d403fce431561aef583ee1613527cff655c1343f29812e66706df3234'),
  pkEm: hex('37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431'),
  pkRm: hex('3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d'),
  skRm: hex('4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8'),
  aad: hex('436f756e742d30'),
  pt: hex('4265617574792069732074727574682c20747275746820626561757479'),
  ct: hex('f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a'),
};

for (const [name, primitives] of [
  ['node:crypto', groupPrimitivesOver(nodePrimitives)],
  ['node:crypto with its AES', groupPrimitivesOver(nodePrimitives, nodeAes128Gcm)],
  ['WebCrypto', webCryptoPrimitives],
  ['plain JavaScript', groupPrimitivesOver(noblePrimitives)],
] as const) {
  describe(`group encryption over ${name}`, () => {
    test('seals and opens as RFC 9180 appendix A.1.1 says', async () => {
      const { hpke } = cipherSuite(() => rfc.ikmE, primitives);
      const sealed = await hpke.seal(await hpke.importPublicKey(rfc.pkRm), rfc.pt, rfc.info, rfc.aad);
      expect(sealed.enc).toEqual(rfc.pkEm);
      expect(sealed.ct).toEqual(rfc.ct);
      const key = await hpke.importPrivateKey(rfc.skRm);
      expect(await hpke.open(key, rfc.pkEm, rfc.ct, rfc.info, rfc.aad)).toEqual(rfc.pt);
      await expect(hpke.open(key, rfc.pkEm, rfc.ct, rfc.info, rfc.info)).rejects.toThrow();
    });

    test('agrees with another implementation of HPKE', async () => {
      const pick = chance(9180);
      const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, () => pick(256));
      const { hpke } = cipherSuite(bytes, primitives);
      const { hpke: other } = await getCiphersuiteImpl(getCiphersuiteFromName(cipherSuiteName)); // over @hpke/core
      for (const length of [0, 1, 32, 1000]) {
        const { privateKey, publicKey } = await hpke.generateKeyPair();
        const [info, aad, plaintext] = [bytes(length), bytes(9), bytes(length)];
        const there = await other.importPrivateKey(await hpke.exportPrivateKey(privateKey));
        const { enc, ct } = await hpke.seal(publicKey, plaintext, info, aad);
        expect(await other.open(there, enc, ct, info, aad)).toEqual(plaintext);
        const to = await other.importPublicKey(await hpke.exportPublicKey(publicKey));
        const back = await other.seal(to, plaintext, info, aad);
        expect(await hpke.open(privateKey, back.enc, back.ct, info, aad)).toEqual(plaintext);
        const derived = await other.deriveKeyPair(info.length < 32 ? rfc.ikmE : info);
        const same = await hpke.deriveKeyPair(info.length < 32 ? rfc.ikmE : info);
        expect(await hpke.exportPublicKey(same.publicKey)).toEqual(
          await other.exportPublicKey(derived.publicKey),
        );
        const exported = await hpke.exportSecret(publicKey, aad, 40, info);
        expect(await hpke.importSecret(privateKey, aad, exported.enc, 40, info)).toEqual(exported.secret);
      }
    });

    test('refuses keys of low order, of a wrong length, and signatures that are none', async () => {
      const { hpke, signature } = cipherSuite(() => rfc.ikmE, primitives);
      await expect(
        hpke.seal(await hpke.importPublicKey(new Uint8Array(32)), rfc.pt, rfc.info),
      ).rejects.toThrow();
      await expect(async () =>
        hpke.seal(await hpke.importPublicKey(rfc.pkRm.subarray(1)), rfc.pt, rfc.info),
      ).rejects.toThrow();
      const { publicKey, signKey } = await signature.keygen();
      const signed = await signature.sign(signKey, rfc.pt);
      expect(await signature.verify(publicKey, rfc.pt, signed)).toBe(true);
      for (const [key, each] of [
        [publicKey, signed.with(0, (signed[0] ?? 0) ^ 1)],
        [publicKey, signed.subarray(1)],
        [new Uint8Array(32).fill(255), signed],
        [publicKey.subarray(1), signed],
      ] as const) {
        expect(await signature.verify(key, rfc.pt, each)).toBe(false);
      }
    });
  });
}

test('this platform has the curves of WebCrypto', async () => {
  expect(await webPrimitives()).toBe(webCryptoPrimitives);
});
