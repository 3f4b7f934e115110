import { UnreachableError } from '@tern/protocol';

/** A part of something that is carried in parts, in whatever it is counted in; `to` is not in it. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** What may begin now. */
export interface Room {
  /** how much goes into one exchange */
  readonly size: number;
  /** how much one of them may try; the same where somebody tries already */
  readonly trialSize: number;
  /** so many more exchanges may begin beside those that run; one always may */
  readonly spare: number;
}

export interface Carrying {
  readonly length: number;
  readonly room: () => Room;
  /**
   * One exchange. @returns the parts that are over
   * @throws {UnreachableError} where nothing is; it may have been too large, and what is asked for next may be smaller
   */
  readonly exchange: (
    span: Span,
    options: { readonly trial: boolean; readonly signal: AbortSignal },
  ) => Promise<readonly Span[]>;
  /** after a failure: whether another try makes sense although nothing else came through meanwhile */
  readonly retries: (error: UnreachableError) => boolean;
  readonly signal: AbortSignal;
}

interface Running {
  readonly span: Span;
  readonly trial: boolean;
  readonly stop: AbortController;
  /** running numbers tell what began before what */
  readonly began: number;
  readonly ended: Promise<Ended>;
  /** those that began later and have ended well */
  overtaken: number;
  doubled: boolean;
}

type Ended =
  | { readonly running: Running; readonly over: readonly Span[] }
  | { readonly running: Running; readonly error: unknown };

/** So many failures in a row, those that were under way together counted once. */
const tries = 5;
/** An exchange that so many later ones have overtaken, and as many as still run, stands still as far as one can tell. */
const overtakenBy = 3;

/**
 * Carries something in parts, as many side by side as there is room for. What fails is asked for again; what others have overtaken is
 * carried a second time once nothing else is left, and whichever comes first counts.
 * @throws {UnreachableError} when nothing more gets through @throws the signal's reason
 */
export async function carrySideBySide(carrying: Carrying): Promise<void> {
  await new SideBySide(carrying).run();
}

class SideBySide {
  readonly #carrying: Carrying;
  readonly #running = new Set<Running>();
  #open: readonly Span[];
  #number = 0;
  #failures = 0;
  #failedAt = 0;
  #cameAt = 0;

  constructor(carrying: Carrying) {
    this.#carrying = carrying;
    this.#open = [{ from: 0, to: carrying.length }];
  }

  async run(): Promise<void> {
    try {
      for (;;) {
        this.#carrying.signal.throwIfAborted();
        this.#begin();
        if (this.#running.size === 0) return;
        this.#took(await Promise.race([...this.#running].map(({ ended }) => ended)));
      }
    } finally {
      const left = [...this.#running];
      for (const { stop } of left) stop.abort(new UnreachableError('nobody waits for it', { code: 'left' }));
      await Promise.all(left.map(({ ended }) => ended));
    }
  }

  #begin(): void {
    for (;;) {
      if (this.#open.length === 0 && this.#late() === undefined) return;
      const { size, trialSize, spare } = this.#carrying.room();
      if (this.#running.size > 0 && spare <= 0) return;
      const [first, ...rest] = this.#open;
      if (first === undefined) {
        if (!this.#hurry(size)) return;
        continue;
      }
      // a trial that fails is not to be what everybody waits for in the end
      const trial = trialSize > size && trialSize * 2 <= bytesOf(this.#open);
      const to = Math.min(first.to, first.from + Math.max(1, trial ? trialSize : size));
      this.#open = to < first.to ? [{ from: to, to: first.to }, ...rest] : rest;
      this.#start({ from: first.from, to }, trial && to - first.from > size);
    }
  }

  /** Nothing is left to begin: what others have overtaken begins again beside itself, or in parts where it is too large for that. */
  #hurry(size: number): boolean {
    const late = this.#late();
    if (late === undefined) return false;
    late.doubled = true;
    if (bytesOf([late.span]) <= size) {
      this.#start(late.span, false);
      return true;
    }
    const code = late.overtaken >= this.#many ? 'silent' : 'left';
    this.#running.delete(late);
    late.stop.abort(new UnreachableError('others were faster', { code }));
    this.#reopen([late.span]);
    return true;
  }

  get #many(): number {
    return Math.max(overtakenBy, this.#running.size);
  }

  #late(): Running | undefined {
    const many = this.#many;
    return [...this.#running].find(
      ({ doubled, trial, overtaken }) => !doubled && overtaken >= (trial ? 1 : many),
    );
  }

  #start(span: Span, trial: boolean): void {
    const stop = new AbortController();
    const signal = AbortSignal.any([this.#carrying.signal, stop.signal]);
    this.#number += 1;
    const exchanged = this.#carrying.exchange(span, { trial, signal });
    const running: Running = {
      span,
      trial,
      stop,
      began: this.#number,
      overtaken: 0,
      doubled: false,
      ended: exchanged.then(
        (over): Ended => ({ running, over }),
        (error: unknown): Ended => ({ running, error }),
      ),
    };
    this.#running.add(running);
  }

  #took(ended: Ended): void {
    const { running } = ended;
    this.#running.delete(running);
    const other = [...this.#running].find(({ span }) => overlap(span, running.span));
    if ('error' in ended) {
      if (other === undefined) this.#failed(running, ended.error);
      return;
    }
    this.#number += 1;
    const left = without(running.span, ended.over);
    // a relay may name again what it has: only what is less afterwards has come forward
    const cameForward = bytesOf(left) < bytesOf([running.span]);
    if (cameForward) {
      this.#cameAt = this.#number;
      this.#failures = 0;
    }
    for (const one of this.#running) if (one.began < running.began) one.overtaken += 1;
    if (left.length === 0) {
      other?.stop.abort(new UnreachableError('another one was faster', { code: 'left' }));
      if (other !== undefined) this.#running.delete(other);
    } else if (other === undefined) {
      this.#reopen(left);
      if (!cameForward) this.#count(running);
    }
  }

  #failed(running: Running, error: unknown): void {
    this.#carrying.signal.throwIfAborted();
    if (!(error instanceof UnreachableError)) throw error;
    // the same moment may have met all that were under way
    const together = running.began <= this.#failedAt;
    const cameMeanwhile = this.#cameAt > running.began;
    if (!together && !cameMeanwhile && !this.#carrying.retries(error)) throw error;
    this.#reopen([running.span]);
    this.#count(running);
  }

  /** What touches goes on as one. */
  #reopen(spans: readonly Span[]): void {
    const all = [...spans, ...this.#open].toSorted((one, other) => one.from - other.from);
    this.#open = all.reduce<readonly Span[]>((joined, span) => {
      const last = joined.at(-1);
      if (last === undefined || last.to < span.from) return [...joined, span];
      return [...joined.slice(0, -1), { from: last.from, to: Math.max(last.to, span.to) }];
    }, []);
  }

  #count(running: Running): void {
    if (running.began <= this.#failedAt) return;
    this.#number += 1;
    this.#failedAt = this.#number;
    this.#failures += 1;
    if (this.#failures === tries) throw new UnreachableError('a chunk does not get through');
  }
}

function bytesOf(spans: readonly Span[]): number {
  return spans.reduce((sum, { from, to }) => sum + to - from, 0);
}

function overlap(one: Span, other: Span): boolean {
  return one.from < other.to && other.from < one.to;
}

/** What is left of a span without those, in order. */
export function without(span: Span, those: readonly Span[]): readonly Span[] {
  let left: readonly Span[] = [span];
  for (const { from, to } of those)
    left = left.flatMap((one) =>
      [
        { from: one.from, to: Math.min(one.to, from) },
        { from: Math.max(one.from, to), to: one.to },
      ].filter((part) => part.to > part.from),
    );
  return left;
}
