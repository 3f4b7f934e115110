/**
 * Whether noble would look at this public key at all. OpenSSL takes keys that are written in a second way and keys of small
 * order, under which one signature is good for many messages; RFC 8032 section 5.1.3 refuses the former.
 */
export function isStrictEd25519Key(publicKey: Uint8Array): boolean {
  if (publicKey.length !== 32) return false;
  const y = publicKey.slice();
  y[31] = (y[31] ?? 0) & 0x7f;
  return isBelowPrime(y) && !smallOrder.has(Buffer.from(y).toString('hex'));
}

/** y of the eight points whose order divides eight, little-endian and without the sign of x, which each may have. */
const smallOrder: ReadonlySet<string> = new Set([
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '0000000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
]);

/** Below 2^255 - 19, whose bytes are ed, thirty times ff, 7f. */
function isBelowPrime(y: Uint8Array): boolean {
  if ((y[0] ?? 0) < 0xed || y[31] !== 0x7f) return true;
  for (let at = 1; at < 31; at += 1) if (y[at] !== 0xff) return true;
  return false;
}
