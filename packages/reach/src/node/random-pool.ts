import { randomFillSync } from 'node:crypto';

const poolBytes = 4096;

/** Random bytes by the page: asking the system for sixteen at a time costs ten times as much. What was given out is wiped here. */
export class RandomPool {
  readonly #pool: Buffer = Buffer.alloc(poolBytes);
  #used: number = poolBytes;

  take(length: number): Uint8Array {
    if (length > poolBytes) return randomFillSync(new Uint8Array(length));
    if (this.#used + length > poolBytes) {
      randomFillSync(this.#pool);
      this.#used = 0;
    }
    const bytes = new Uint8Array(this.#pool.subarray(this.#used, this.#used + length));
    this.#pool.fill(0, this.#used, this.#used + length);
    this.#used += length;
    return bytes;
  }
}
