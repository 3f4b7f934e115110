import type { Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { Observation } from '../diagnosis/observation.ts';

/** An exchange of more is made of several answers. */
const largeBytes = 2000;
const mostRepeats = 64;
/** An answer with a card in it is never so long, and no more is kept of one. */
const mostAnswerBytes = 16_384;

/** What one exchange showed; times in ms after it began. */
export interface Asked {
  readonly end: Observation['end'];
  readonly upBytes: number;
  readonly downBytes: number;
  readonly firstByteAfterMs?: number;
  readonly lastByteAfterMs?: number;
  readonly flow?: { readonly bytes: number; readonly ms: number };
}

export interface AskOptions {
  /** of what is asked for, about; a single card for less than a few of them. What is still coming comes first. */
  readonly bytes: number;
  /** what is still coming after so long is left to come */
  readonly longestMs: number;
  /** a pause so long is where it slows down or stops: what was asked for before it is left to come */
  readonly longestPauseMs: number;
  /** of this connection, as far as it is known */
  readonly roundTripMs: number;
  /** rejects when nothing more is waited for */
  readonly within: <T>(work: Promise<T>) => Promise<T>;
}

/**
 * A connection that stands. An empty request is answered with the relay's card, which is small; for more of an answer it is asked for again
 * and again without waiting, since what comes down is counted as it passes, and what goes up only as it is handed over.
 */
export class CardConnection {
  readonly #socket: Socket;
  readonly #words: string;
  #rest = '';
  #cardBytes: number;
  #owed = 0;
  #isRelay: boolean | undefined;
  #closed = false;
  #failure: Error | undefined;
  #down = 0;
  #news = Promise.withResolvers<void>();

  /** @param of `words`: of a request that is answered with a card; `cardBytes`: of the answer, as far as it is known */
  constructor(socket: Socket, of: { readonly words: string; readonly cardBytes: number }) {
    this.#socket = socket;
    this.#words = of.words;
    this.#cardBytes = of.cardBytes;
    socket.on('data', (piece: Buffer) => {
      this.#down += piece.length;
      this.#read(piece);
      if (this.#rest.length > mostAnswerBytes || (this.#owed === 0 && this.#rest.length > 0)) {
        this.#isRelay = false;
        socket.destroy();
      }
      this.#news.resolve();
    });
    const closed = (): void => {
      this.#closed = true;
      this.#news.resolve();
    };
    socket.once('end', closed);
    socket.once('close', closed);
    socket.on('error', (error: Error) => {
      this.#failure = error;
      closed();
    });
  }

  /** of an answer here with the words of HTTP around it, ahead of the first one as it was supposed */
  get cardBytes(): number {
    return this.#cardBytes;
  }

  /** More may be asked here, or is still to come. */
  get stands(): boolean {
    return !this.#closed && this.#isRelay === true;
  }

  /** All that was asked for has come. */
  get rests(): boolean {
    return this.stands && this.#owed === 0;
  }

  async ask({ bytes, longestMs, longestPauseMs, roundTripMs, within }: AskOptions): Promise<Asked> {
    const beganAt = performance.now();
    const after = (): number => performance.now() - beganAt;
    const before = this.#down;
    const resumed = this.#owed > 0;
    const upBytes = this.#request(bytes);
    let [first, last]: (number | undefined)[] = [];
    const asked = (end: Observation['end']): Asked => {
      const downBytes = this.#down - before;
      if (first === undefined || last === undefined) return { end, upBytes, downBytes };
      // a round trip for what was lost on the way or waited for room, and one where more was asked for meanwhile
      const took = resumed
        ? last - 2 * roundTripMs
        : (end === 'cancelled' ? after() : last) - first - roundTripMs;
      const flow = { bytes: downBytes, ms: Math.max(0, took) };
      return { end, upBytes, downBytes, firstByteAfterMs: first, lastByteAfterMs: last, flow };
    };
    for (let seen = this.#down; ; seen = this.#down) {
      if (this.#isRelay === false) return asked('not-a-relay');
      if (this.#owed === 0) return asked('answered');
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#closed) return asked('closed-early');
      if (after() - (first ?? Infinity) >= longestMs) return asked('cancelled');
      this.#news = Promise.withResolvers();
      try {
        const news = this.#news.promise;
        await within(first === undefined || resumed ? news : Promise.race([news, wait(longestPauseMs)]));
      } catch {
        return asked('silent');
      }
      if (this.#down === seen && !this.#closed) return asked('cancelled');
      if (this.#down > seen) last = after();
      first ??= last;
    }
  }

  /** @returns bytes sent */
  #request(bytes: number): number {
    if (bytes === 0 && this.#owed > 0) return 0;
    const times = bytes > largeBytes ? Math.min(mostRepeats, Math.ceil(bytes / this.#cardBytes)) : 1;
    this.#owed += times;
    const words = this.#words.repeat(times);
    this.#socket.write(words);
    return words.length;
  }

  #read(piece: Buffer): void {
    this.#rest += piece.toString('latin1');
    for (let length = this.#answerLength(); length !== undefined; length = this.#answerLength()) {
      this.#isRelay ??= this.#rest.startsWith('HTTP/1.1 200');
      this.#rest = this.#rest.slice(length);
      this.#cardBytes = length;
      this.#owed = Math.max(0, this.#owed - 1);
    }
  }

  /** of the first whole answer of what was not looked at yet */
  #answerLength(): number | undefined {
    const headEnd = this.#rest.indexOf('\r\n\r\n');
    if (headEnd < 0) return undefined;
    const head = this.#rest.slice(0, headEnd + 2);
    const [, said] = /\r\ncontent-length: *(\d+)\r\n/iu.exec(head) ?? [];
    if (said !== undefined) {
      const length = headEnd + 4 + Number(said);
      return this.#rest.length < length ? undefined : length;
    }
    const last = '\r\n0\r\n\r\n';
    const at = this.#rest.indexOf(last, headEnd + 2);
    if (at >= 0) return at + last.length;
    return head.startsWith('HTTP/1.1 200') ? undefined : this.#rest.length;
  }
}
