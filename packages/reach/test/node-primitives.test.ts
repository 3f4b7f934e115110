import { concat, noblePrimitives, uintBytes, UsageError, utf8 } from '@tern/protocol';
import { assert, oneof, property, uint8Array } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nodePrimitives } from '../src/node/index.ts';

const bytes = (length: number): ReturnType<typeof uint8Array> =>
  uint8Array({ minLength: length, maxLength: length });
const some = (most: number): ReturnType<typeof uint8Array> => uint8Array({ maxLength: most });
const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));
const both = [nodePrimitives, noblePrimitives] as const;
const prime = 2n ** 255n - 19n;

function littleEndian(value: bigint): Uint8Array {
  return hex(value.toString(16).padStart(64, '0')).toReversed();
}

// short ones and long ones are sealed by different hands, and the border is between them
const sealable = oneof(some(40), bytes(2047), bytes(2048), bytes(2049), bytes(5000));

describe('OpenSSL answers exactly as the portable primitives do', () => {
  test('for hashes of anything', () => {
    assert(
      property(some(300), some(200), (data, key) => {
        expect(nodePrimitives.sha256(data)).toEqual(noblePrimitives.sha256(data));
        expect(nodePrimitives.hmacSha256(key, data)).toEqual(noblePrimitives.hmacSha256(key, data));
      }),
    );
  });

  test('for what is sealed, opened, and changed in one bit', () => {
    assert(
      property(bytes(32), bytes(12), sealable, some(40), (key, nonce, plaintext, associated) => {
        const sealed = nodePrimitives.seal(key, nonce, plaintext, associated);
        expect(sealed).toEqual(noblePrimitives.seal(key, nonce, plaintext, associated));
        const changed = sealed.slice();
        const at = (nonce[0] ?? 0) % changed.length;
        changed[at] = (changed[at] ?? 0) ^ 1;
        for (const one of both) {
          expect(one.open(key, nonce, sealed, associated)).toEqual(plaintext);
          expect(one.open(key, nonce, changed, associated)).toBeUndefined();
          expect(one.open(key, nonce, sealed.subarray(1), associated)).toBeUndefined();
          expect(one.open(key, nonce, sealed.subarray(0, 15), associated)).toBeUndefined();
          expect(one.open(key, nonce, sealed, concat(associated, new Uint8Array(1)))).toBeUndefined();
        }
      }),
    );
  });

  test('for shared secrets with any 32 bytes as the other key, written in its own way or not', () => {
    assert(
      property(bytes(32), bytes(32), (privateKey, publicKey) => {
        const own = nodePrimitives.x25519PublicKey(privateKey);
        expect(own).toEqual(noblePrimitives.x25519PublicKey(privateKey));
        expect(nodePrimitives.x25519(privateKey, publicKey)).toEqual(
          noblePrimitives.x25519(privateKey, publicKey),
        );
      }),
      { numRuns: 40 },
    );
    const privateKey = new Uint8Array(32).fill(9);
    for (const u of [2n, 9n, 18n, 19n, 20n]) {
      for (const written of [u, u + 2n ** 255n, (prime + u) % 2n ** 255n]) {
        const publicKey = littleEndian(written);
        expect(nodePrimitives.x25519(privateKey, publicKey)).toEqual(
          noblePrimitives.x25519(privateKey, publicKey),
        );
      }
    }
  });

  test('for shared secrets with keys of low order, of which none is made', () => {
    const lowOrder = [
      0n,
      1n,
      325606250916557431795983626356110631294008115727848805560023387167927233504n,
      39382357235489614581723060781553021112529911719440698176882885853963445705823n,
      prime - 1n,
      prime,
      prime + 1n,
    ];
    for (const u of lowOrder) {
      for (const sign of [0n, 2n ** 255n]) {
        for (const one of both)
          expect(one.x25519(new Uint8Array(32).fill(3), littleEndian(u + sign))).toBeUndefined();
      }
    }
  });

  test('for signatures, right, changed, or over something else', () => {
    assert(
      property(bytes(32), some(200), bytes(64), (seed, message, noise) => {
        const key = nodePrimitives.ed25519PublicKey(seed);
        const signature = nodePrimitives.ed25519Sign(seed, message);
        expect(key).toEqual(noblePrimitives.ed25519PublicKey(seed));
        expect(signature).toEqual(noblePrimitives.ed25519Sign(seed, message));
        const changed = signature.slice();
        const at = (noise[0] ?? 0) % 64;
        changed[at] = (changed[at] ?? 0) ^ (1 << ((noise[1] ?? 0) % 8));
        for (const one of both) {
          expect(one.ed25519Verify(key, message, signature)).toBe(true);
          expect(one.ed25519Verify(key, message, changed)).toBe(false);
          expect(one.ed25519Verify(key, concat(message, uintBytes(1, 1)), signature)).toBe(false);
          expect(one.ed25519Verify(key, message, noise)).toBe(false);
          expect(one.ed25519Verify(noise.subarray(0, 32), message, signature)).toBe(false);
          expect(one.ed25519Verify(key, message, signature.subarray(1))).toBe(false);
          expect(one.ed25519Verify(key.subarray(1), message, signature)).toBe(false);
        }
      }),
      { numRuns: 30 },
    );
  });

  test('for a signature whose number is written beyond the order of the group', () => {
    const order = 2n ** 252n + 27742317777372353535851937790883648493n;
    const seed = new Uint8Array(32).fill(4);
    const message = new Uint8Array(8);
    const key = noblePrimitives.ed25519PublicKey(seed);
    const signature = noblePrimitives.ed25519Sign(seed, message);
    const s = BigInt(`0x${Buffer.from(signature.subarray(32).toReversed()).toString('hex')}`);
    const again = concat(signature.subarray(0, 32), littleEndian(s + order));
    for (const one of both) expect(one.ed25519Verify(key, message, again)).toBe(false);
  });

  test('for keys of small order and keys written in a second way, whatever is signed', () => {
    const smallOrder = [
      '0100000000000000000000000000000000000000000000000000000000000000',
      'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
      '0000000000000000000000000000000000000000000000000000000000000000',
      '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
      'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
    ].map(hex);
    const secondWay = Array.from({ length: 19 }, (_, y) => littleEndian(prime + BigInt(y)));
    const nothing = new Uint8Array(32);
    for (const unsigned of [...smallOrder, ...secondWay]) {
      for (const sign of [0, 0x80]) {
        const key = unsigned.slice();
        key[31] = (key[31] ?? 0) | sign;
        for (const nonce of [...smallOrder, ...secondWay]) {
          const signature = concat(nonce, nothing);
          const messages = [0, 1, 2, 3].map((message) => uintBytes(message, 1));
          for (const one of both)
            expect(messages.some((message) => one.ed25519Verify(key, message, signature))).toBe(false);
        }
      }
    }
  });

  test('for keys near the end of the field that are written as they should be', () => {
    for (let below = 2n; below < 40n; below += 1n) {
      const key = littleEndian(prime - below);
      const signature = concat(littleEndian(1n), new Uint8Array(32));
      expect(nodePrimitives.ed25519Verify(key, new Uint8Array(), signature)).toBe(
        noblePrimitives.ed25519Verify(key, new Uint8Array(), signature),
      );
    }
  });
});

test('a signature over a nonce with a part of small order, which only its own signer can make, is refused', () => {
  const key = hex('8a875fff1eb38451577acd5afee405456568dd7c89e090863a0557bc7af49f17');
  const signature = hex(
    'b15bf26424d1b69dd33b7a9e57db5de4a2aadea4a2a051efd9bfd6af74165d2bbd4b300ae6011f85c78e8503ffcbee924a61f64dd365a9e0a8e181bc22334d08',
  );
  for (const one of both) expect(one.ed25519Verify(key, utf8('tern'), signature)).toBe(false);
});

test('a key of the wrong length is our own mistake', () => {
  const short = new Uint8Array(31);
  expect(() => nodePrimitives.x25519PublicKey(short)).toThrow(UsageError);
  expect(() => nodePrimitives.ed25519Sign(short, short)).toThrow(UsageError);
  expect(() => nodePrimitives.seal(short, new Uint8Array(12), short, short)).toThrow(UsageError);
});

test('more keys than are remembered still each give their own signatures', () => {
  const message = new Uint8Array(3);
  const seeds = Array.from({ length: 100 }, (_, at) => new Uint8Array(32).fill(at));
  const first = seeds.map((seed) => nodePrimitives.ed25519Sign(seed, message));
  expect(seeds.map((seed) => nodePrimitives.ed25519Sign(seed, message))).toEqual(first);
  for (const [at, seed] of seeds.entries())
    expect(
      nodePrimitives.ed25519Verify(nodePrimitives.ed25519PublicKey(seed), message, first[at] ?? message),
    ).toBe(true);
});
