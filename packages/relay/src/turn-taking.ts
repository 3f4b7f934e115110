import { encodeAnswer, socketPieceBytes } from '@tern/reach';

interface Waiting {
  readonly number: number;
  readonly bytes: Uint8Array;
  readonly last: boolean;
  at: number;
  readonly done: () => void;
}

/**
 * Answers that leave over one socket, a small piece of each in turn, so that a short one does not wait behind a long one.
 * Pieces are handed on only as fast as they leave.
 */
export class TurnTaking {
  readonly #send: (frame: Uint8Array, written: () => void) => void;
  readonly #mostBytes: number;
  /** the one whose turn it is first */
  #queue: readonly Waiting[] = [];
  #onTheirWayBytes = 0;
  #leftBytes = 0;

  /**
   * @param send calls back when the frame has left this process
   * @param mostBytes handed on and not yet gone
   */
  constructor(send: (frame: Uint8Array, written: () => void) => void, mostBytes: number) {
    this.#send = send;
    this.#mostBytes = mostBytes;
  }

  /** something has not left yet */
  get waiting(): boolean {
    return this.#onTheirWayBytes > 0;
  }

  /** bytes that have left, ever */
  get leftBytes(): number {
    return this.#leftBytes;
  }

  /** @returns when all of it was handed on, or nobody wants it any more */
  async whole(number: number, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    await this.#add(number, { bytes, last: true, signal });
  }

  async pieces(number: number, pieces: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> {
    for await (const bytes of pieces) {
      if (signal.aborted) return;
      if (bytes.length > 0) await this.#add(number, { bytes, last: false, signal });
    }
    await this.whole(number, new Uint8Array(), signal);
  }

  /** @param left is called when that has left this process */
  cut(number: number, left?: () => void): void {
    this.drop(number);
    this.#hand(encodeAnswer({ kind: 'cut', number }), left);
  }

  /** Nobody wants the rest of it. */
  drop(number: number): void {
    const dropped = this.#queue.filter((one) => one.number === number);
    this.#queue = this.#queue.filter((one) => one.number !== number);
    for (const one of dropped) one.done();
  }

  async #add(
    number: number,
    piece: { readonly bytes: Uint8Array; readonly last: boolean; readonly signal: AbortSignal },
  ): Promise<void> {
    if (piece.signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    piece.signal.addEventListener('abort', () => this.drop(number), { once: true });
    this.#queue = [...this.#queue, { number, bytes: piece.bytes, last: piece.last, at: 0, done: resolve }];
    this.#handOn();
    await promise;
  }

  #handOn(): void {
    while (this.#onTheirWayBytes < this.#mostBytes) {
      const [next, ...others] = this.#queue;
      if (next === undefined) return;
      const bytes = next.bytes.subarray(next.at, next.at + socketPieceBytes);
      next.at += bytes.length;
      const finished = next.at === next.bytes.length;
      this.#queue = finished ? others : [...others, next];
      this.#hand(encodeAnswer({ kind: 'piece', number: next.number, bytes, last: finished && next.last }));
      if (finished) next.done();
    }
  }

  #hand(frame: Uint8Array, left?: () => void): void {
    this.#onTheirWayBytes += frame.length;
    this.#send(frame, () => {
      this.#onTheirWayBytes -= frame.length;
      this.#leftBytes += frame.length;
      left?.();
      this.#handOn();
    });
  }
}
