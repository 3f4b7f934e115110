/** What a schedule needs of time; milliseconds, from any beginning. */
export interface Clock {
  readonly now: () => number;
  /** Calls once, after at least so long. */
  readonly wake: (afterMs: number, call: () => void) => void;
}

export const realClock: Clock = {
  now: () => performance.now(),
  wake: (afterMs, call) => setTimeout(call, afterMs),
};

interface Entry {
  readonly due: number;
  readonly order: number;
  readonly task: () => void;
}

/** A timer comes up to 1 ms late; what is due within half of that goes along, so that the lab is not slow on average. */
const graceMs = 0.5;

/** Runs tasks when they are due, those of one moment in the order they came. A binary heap over one timer. */
export class Schedule {
  readonly #clock: Clock;
  readonly #late: (ms: number) => void;
  readonly #heap: Entry[] = [];
  #order = 0;
  #wakesAt = Infinity;

  /** @param late told of every task how many milliseconds after its time it ran */
  constructor(clock: Clock, late: (ms: number) => void) {
    this.#clock = clock;
    this.#late = late;
  }

  /** Runs the task at once where its time has come. */
  at(due: number, task: () => void): void {
    const now = this.#clock.now();
    const first = this.#heap[0];
    if (due <= now && (first === undefined || first.due > due)) {
      task();
      return;
    }
    this.#insert({ due, order: this.#order, task });
    this.#order += 1;
    this.#arm(now);
  }

  get waiting(): number {
    return this.#heap.length;
  }

  #run(): void {
    this.#wakesAt = Infinity;
    for (;;) {
      const now = this.#clock.now();
      const first = this.#heap[0];
      if (first === undefined || first.due > now + graceMs) break;
      this.#removeFirst();
      this.#late(Math.max(0, now - first.due));
      first.task();
    }
    this.#arm(this.#clock.now());
  }

  #arm(now: number): void {
    const first = this.#heap[0];
    if (first === undefined || first.due >= this.#wakesAt) return;
    const { due } = first;
    this.#wakesAt = due;
    this.#clock.wake(Math.max(1, Math.round(due - now)), () => {
      // else something earlier has armed another timer since
      if (this.#wakesAt === due) this.#run();
    });
  }

  #insert(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const above = (at - 1) >>> 1;
      const parent = heap[above];
      if (parent === undefined || isBefore(parent, entry)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = entry;
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const left = heap[2 * at + 1];
      const right = heap[2 * at + 2];
      if (left === undefined) break;
      const isRight = right !== undefined && isBefore(right, left);
      const child = isRight ? right : left;
      if (isBefore(last, child)) break;
      heap[at] = child;
      at = 2 * at + (isRight ? 2 : 1);
    }
    heap[at] = last;
  }
}

function isBefore(one: Entry, other: Entry): boolean {
  return one.due < other.due || (one.due === other.due && one.order < other.order);
}
