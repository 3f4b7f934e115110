import { base64url, base64urlBytes, noblePrimitives, utf8, utf8Text } from '@tern/protocol';
import { openExport, type Argon2id } from '../export-seal.ts';
import type { RegisterTest } from './client-store-contract.ts';
import { same } from './store-promises.ts';

/** What every {@link Argon2id} promises: the same bytes as all others, so that what one of them locked another one opens. */
export function argon2idContract(test: RegisterTest, argon2id: Argon2id): void {
  test('Argon2id gives what its reference implementation gives', async () => {
    for (const { memoryKiB, passes, hex } of known) {
      const hash = await argon2id({
        password: utf8('password'),
        salt: utf8('somesalt'),
        memoryKiB,
        passes,
        bytes: 32,
      });
      same(hexOf(hash), hex);
    }
  });

  test('an export that was written elsewhere opens', async () => {
    const parts = { primitives: noblePrimitives, argon2id };
    const opened = await openExport(parts, base64urlBytes(exported), 'caf\u00e9 passphrase');
    same(opened.kind === 'opened' && utf8Text(opened.content), 'written in a terminal');
    same((await openExport(parts, base64urlBytes(exported), 'another')).kind, 'wrong-passphrase');
  });

  test('Argon2id takes passphrases of any length', async () => {
    const of = (password: Uint8Array): Promise<Uint8Array> =>
      argon2id({ password, salt: new Uint8Array(16), memoryKiB: 64, passes: 1, bytes: 32 });
    const hashes = await Promise.all([1, 2, 128, 1000].map((length) => of(new Uint8Array(length))));
    same(new Set(hashes.map(base64url)).size, hashes.length);
  });
}

/** From `src/test.c` of the reference implementation (github.com/P-H-C/phc-winner-argon2), version 0x13 with one lane. */
const known = [
  {
    memoryKiB: 65_536,
    passes: 2,
    hex: '09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7',
  },
  { memoryKiB: 256, passes: 2, hex: '9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe' },
] as const;

/** Sealed with hash-wasm in a terminal at the least cost there is. */
const exported =
  'VEVSTkVYUE9SVAEAAEwAAp7L7yaWcSQj3OMNuvuJK44Jhitb63_yl2oNCbVbAcNc2p8VN1hnjWK1uZEkdskIm1TBY1tj-KkZxCNOKgNcaxCzTtfZgzz8BJLdwxYe';

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
