/** All bytes that pass somewhere, in the order in which they do, and before which of them something happens. */
export class ByteCount<Event extends { readonly beforeByte: number }> {
  /** those to come, the next first */
  #events: readonly Event[];
  #passed = 0;

  constructor(events: readonly Event[]) {
    this.#events = events.toSorted((a, b) => a.beforeByte - b.beforeByte);
  }

  /** So many are about to pass. @returns how many of them do, and what happens before the next; whoever lets that one pass says so again */
  pass(length: number): { readonly bytes: number; readonly met?: Event } {
    const [next] = this.#events;
    const before = next === undefined ? Infinity : next.beforeByte - this.#passed;
    if (next === undefined || before >= length) {
      this.#passed += length;
      return { bytes: length };
    }
    this.#passed = next.beforeByte;
    // of two before the same byte one is the other
    this.#events = this.#events.filter(({ beforeByte }) => beforeByte > next.beforeByte);
    return { bytes: before, met: next };
  }
}
