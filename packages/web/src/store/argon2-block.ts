/** Words of 64 bits, each as two signed ones of 32, the low one first: V8 multiplies signed words without making doubles of them. */
export type Words = Int32Array<ArrayBuffer>;

export const blockWords = 256;

/** The compression of Argon2 (RFC 9106 section 3.5), with its working space. */
export class BlockMixer {
  readonly #mixed: Words = new Int32Array(blockWords);
  readonly #sum: Words = new Int32Array(blockWords);

  /**
   * Mixes two blocks of 1024 bytes into a third.
   * @param at where they begin in `memory`; `keep` mixes in what was there (version 0x13, after the first pass)
   */
  mixInto(
    memory: Words,
    at: { readonly one: number; readonly other: number; readonly into: number; readonly keep: boolean },
  ): void {
    const mixed = this.#mixed;
    const sum = this.#sum;
    const { one, other, into, keep } = at;
    for (let word = 0; word < blockWords; word += 1) {
      const both = (memory[one + word] ?? 0) ^ (memory[other + word] ?? 0);
      sum[word] = both;
      mixed[word] = both;
    }
    for (let row = 0; row < blockWords; row += 32) permute(mixed, row, 4);
    for (let column = 0; column < 32; column += 4) permute(mixed, column, 32);
    for (let word = 0; word < blockWords; word += 1) {
      const fresh = (mixed[word] ?? 0) ^ (sum[word] ?? 0);
      memory[into + word] = keep ? (memory[into + word] ?? 0) ^ fresh : fresh;
    }
  }

  erase(): void {
    this.#mixed.fill(0);
    this.#sum.fill(0);
  }
}

/** P of RFC 9106 section 3.6 over four rows of four words, each row two pairs that are `pair` apart. */
function permute(v: Words, from: number, pair: number): void {
  const row = 2 * pair;
  const mix = (a: number, b: number, c: number, d: number): void =>
    mixWords(v, [from + a, from + row + b, from + 2 * row + c, from + 3 * row + d]);
  mix(0, 0, 0, 0);
  mix(2, 2, 2, 2);
  mix(pair, pair, pair, pair);
  mix(pair + 2, pair + 2, pair + 2, pair + 2);
  mix(0, 2, pair, pair + 2);
  mix(2, pair, pair + 2, 0);
  mix(pair, pair + 2, 0, 2);
  mix(pair + 2, 0, 2, pair);
}

/** GB of RFC 9106 section 3.6. Everything in between stays in registers, which is half of the speed. */
function mixWords(v: Words, [a, b, c, d]: readonly [number, number, number, number]): void {
  let al = v[a] ?? 0;
  let ah = v[a + 1] ?? 0;
  let bl = v[b] ?? 0;
  let bh = v[b + 1] ?? 0;
  let cl = v[c] ?? 0;
  let ch = v[c + 1] ?? 0;
  let dl = v[d] ?? 0;
  let dh = v[d + 1] ?? 0;
  let low = lowSum(al, bl);
  ah = (ah + bh + highPart(al, bl, low)) | 0;
  al = low;
  low = dl ^ al;
  dl = dh ^ ah; // turned by 32
  dh = low;
  low = lowSum(cl, dl);
  ch = (ch + dh + highPart(cl, dl, low)) | 0;
  cl = low;
  bl ^= cl;
  bh ^= ch;
  low = (bl >>> 24) | (bh << 8);
  bh = (bh >>> 24) | (bl << 8);
  bl = low;
  low = lowSum(al, bl);
  ah = (ah + bh + highPart(al, bl, low)) | 0;
  al = low;
  dl ^= al;
  dh ^= ah;
  low = (dl >>> 16) | (dh << 16);
  dh = (dh >>> 16) | (dl << 16);
  dl = low;
  low = lowSum(cl, dl);
  ch = (ch + dh + highPart(cl, dl, low)) | 0;
  cl = low;
  bl ^= cl;
  bh ^= ch;
  v[a] = al;
  v[a + 1] = ah;
  v[b] = (bl << 1) | (bh >>> 31); // turned by 63
  v[b + 1] = (bh << 1) | (bl >>> 31);
  v[c] = cl;
  v[c + 1] = ch;
  v[d] = dl;
  v[d + 1] = dh;
}

/** The low word of `x + y + 2 * x * y`. */
function lowSum(x: number, y: number): number {
  return (x + y + (Math.imul(x, y) << 1)) | 0;
}

/** What goes into the high word of that sum, its carries included. @param low the low word */
function highPart(x: number, y: number, low: number): number {
  // the product in four of 16 bits
  const first = Math.imul(x & 0xffff, y & 0xffff);
  const second = Math.imul(x >>> 16, y & 0xffff);
  const cross = (first >>> 16) + (second & 0xffff) + Math.imul(x & 0xffff, y >>> 16);
  const high = (Math.imul(x >>> 16, y >>> 16) + (second >>> 16) + (cross >>> 16)) | 0;
  const product = Math.imul(x, y);
  const sum = (x + y) | 0;
  const carries = (sum >>> 0 < x >>> 0 ? 1 : 0) + (low >>> 0 < sum >>> 0 ? 1 : 0);
  return ((high << 1) | (product >>> 31)) + carries;
}
