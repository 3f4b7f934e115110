import type { ByteFault } from './schedule.ts';

/** All bytes that somebody sends and is answered, in the order in which they leave, and before which of them a connection stops. */
export class ByteCount {
  /** those to come, the next first */
  #faults: readonly ByteFault[];
  #passed = 0;

  constructor(faults: readonly ByteFault[]) {
    this.#faults = faults.toSorted((a, b) => a.beforeByte - b.beforeByte);
  }

  /** So many are about to pass. @returns how many of them do, and what stops the others */
  pass(length: number): { readonly bytes: number; readonly stopped?: ByteFault['does'] } {
    const [next] = this.#faults;
    const before = next === undefined ? Infinity : next.beforeByte - this.#passed;
    if (next === undefined || before >= length) {
      this.#passed += length;
      return { bytes: length };
    }
    this.#passed = next.beforeByte;
    // of two before the same byte one is the other
    this.#faults = this.#faults.filter(({ beforeByte }) => beforeByte > next.beforeByte);
    return { bytes: before, stopped: next.does };
  }
}
