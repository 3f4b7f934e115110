import { MalformedError, UnreachableError, type World } from '@tern/protocol';
import { unlessAborted } from './abort.ts';
import { Inbox, notARelay } from './inbox.ts';
import { withPatience } from './patience.ts';
import { decodeAnswer, encodeAsk, type AskFrame } from './socket-frames.ts';

/** As much of the platform's WebSocket as is used here. */
export interface PlatformSocket {
  binaryType: string;
  readonly bufferedAmount: number;
  send(frame: Uint8Array<ArrayBuffer>): void;
  close(): void;
  addEventListener(type: 'open' | 'close' | 'error', listener: () => void): void;
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
}

export interface SocketPatience {
  readonly world: Pick<World, 'now' | 'wait'>;
  /** until the socket is open */
  readonly longestConnectMs: number;
  /** until the first byte of an answer, beside the time for which it may be kept back */
  readonly longestAnswerMs: number;
  /** from one piece of an answer to the next */
  readonly longestSilenceMs: number;
  /** how much silence sockets of this transport outlive: what one was lost of the next one does not try */
  readonly beat: { mostMs: number };
}

/** A relay takes more; those that find no place wait for one. */
const mostRequests = 48;
/** Requests larger than this are for bulk, and so much of them is on its way at a time: a text does not wait behind a picture. */
const largeBytes = 4096;
const mostLargeBytes = 131_072;
/** After so long without a frame a socket is asked at once whether it lives: the machine may have slept. */
const staleMs = 15_000;
/** Silence while an answer is due, then a ping, then silence: after 9 s a socket is taken for frozen. */
const busyBeatMs = 5000;
/** While only watches wait, after 14 s, and twice as long each time that it was answered: a beat costs some 200 B on the wire. */
const firstBeatMs = 10_000;
export const longestBeatMs = 80_000;
const longestPongMs = 4000;

interface Asked {
  readonly inbox: Inbox;
  readonly held: boolean;
  /** of a large request, otherwise 0 */
  readonly largeBytes: number;
}

/** One WebSocket to one relay, from its opening to its end, which is the end of everything on it. */
export class SocketConnection implements Disposable {
  readonly #socket: PlatformSocket;
  readonly #patience: SocketPatience;
  readonly #asked = new Map<number, Asked>();
  readonly #opened: PromiseWithResolvers<void> = Promise.withResolvers();
  readonly #ending = new AbortController();
  #next = 0;
  /** frames that came, and when the last one did */
  #heard = 0;
  #heardAt: number;
  #freed: PromiseWithResolvers<void> = Promise.withResolvers();
  /** aborted when somebody waits for an answer who did not before */
  #news = new AbortController();
  #open = false;
  #beatMs = firstBeatMs;

  constructor(socket: PlatformSocket, patience: SocketPatience) {
    this.#socket = socket;
    this.#patience = patience;
    this.#heardAt = patience.world.now();
    socket.binaryType = 'arraybuffer';
    socket.addEventListener('open', () => {
      this.#open = true;
      this.#opened.resolve();
    });
    socket.addEventListener('message', ({ data }) => this.#take(data));
    socket.addEventListener('error', () => this.#end(new UnreachableError('the socket failed')));
    socket.addEventListener('close', () => this.#end(new UnreachableError('the socket was closed')));
    this.#opened.promise.catch(() => undefined); // whoever waits for it hears it too
    void this.#limitConnecting();
    void this.#keepListening();
  }

  /** requests may be carried at once */
  get standing(): boolean {
    return this.#open && !this.#ending.signal.aborted;
  }

  /** aborted with an UnreachableError when it ends */
  get ended(): AbortSignal {
    return this.#ending.signal;
  }

  /** @throws {UnreachableError} when it does not open */
  ready(signal: AbortSignal): Promise<void> {
    return unlessAborted(this.#opened.promise, signal);
  }

  async *carry(
    request: Uint8Array,
    options: { readonly signal: AbortSignal; readonly heldMs: number },
  ): AsyncIterable<Uint8Array> {
    const { signal, heldMs } = options;
    const held = heldMs > 0;
    await this.ready(signal);
    const large = request.length > largeBytes ? request.length : 0;
    while (!this.#hasRoomFor(large)) await unlessAborted(this.#freed.promise, signal);
    this.#ending.signal.throwIfAborted();
    signal.throwIfAborted();
    const number = (this.#next += 1);
    const inbox = new Inbox();
    this.#asked.set(number, { inbox, held, largeBytes: large });
    this.#send({ kind: 'request', number, bytes: request });
    if (this.#patience.world.now() - this.#heardAt > staleMs) void this.#probe();
    if (!held || this.#asked.size === 1) this.#news.abort();
    try {
      const { world, longestAnswerMs, longestSilenceMs } = this.#patience;
      yield* inbox.read({
        world,
        signal,
        longestSilenceMs: (first) => (first ? longestAnswerMs + heldMs : longestSilenceMs),
      });
    } finally {
      this.#asked.delete(number);
      this.#freed.resolve();
      this.#freed = Promise.withResolvers();
      if (!inbox.ended) this.#send({ kind: 'cancel', number });
    }
  }

  [Symbol.dispose](): void {
    this.#end(new UnreachableError('the socket was closed here', { code: 'closed' }));
  }

  #hasRoomFor(large: number): boolean {
    if (this.#ending.signal.aborted) return true; // what comes of it is an error
    let onTheirWay = 0;
    for (const one of this.#asked.values()) onTheirWay += one.largeBytes;
    return (
      this.#asked.size < mostRequests &&
      (large === 0 || onTheirWay === 0 || onTheirWay + large <= mostLargeBytes)
    );
  }

  #send(frame: AskFrame): void {
    if (this.standing) this.#socket.send(encodeAsk(frame));
  }

  #take(data: unknown): void {
    if (this.#ending.signal.aborted) return;
    this.#heard += 1;
    this.#heardAt = this.#patience.world.now();
    try {
      if (!(data instanceof ArrayBuffer)) throw new MalformedError('a frame of text');
      const frame = decodeAnswer(new Uint8Array(data));
      if (frame.kind === 'pong') return;
      if (frame.number > this.#next) throw new MalformedError('an answer to nothing');
      const inbox = this.#asked.get(frame.number)?.inbox; // none where nobody waits for it any more
      if (frame.kind === 'cut')
        inbox?.end(new UnreachableError('the relay ended the answer', { code: 'cut' }));
      else if (inbox?.push(frame.bytes) === true && frame.last) inbox.end();
    } catch (cause) {
      if (!(cause instanceof MalformedError)) throw cause;
      this.#end(notARelay('what answers on this socket is no relay', { cause }));
    }
  }

  #end(error: UnreachableError): void {
    if (this.#ending.signal.aborted) return;
    this.#ending.abort(error);
    this.#opened.reject(error);
    this.#freed.resolve();
    for (const { inbox } of this.#asked.values()) inbox.end(error);
    this.#socket.close();
  }

  async #limitConnecting(): Promise<void> {
    const { world, longestConnectMs } = this.#patience;
    const patience = { world, longestSilenceMs: longestConnectMs };
    try {
      await withPatience(this.#opened.promise, patience, { signal: this.#ending.signal });
    } catch (error) {
      if (error instanceof UnreachableError) this.#end(error);
      else throw error;
    }
  }

  /** A frozen connection says nothing for many minutes, so while answers are due it is asked now and then whether it lives. */
  async #keepListening(): Promise<void> {
    while (!this.#ending.signal.aborted) {
      const news = (this.#news = new AbortController()).signal;
      const before = { heard: this.#heard, buffered: this.#socket.bufferedAmount };
      if (this.#asked.size === 0) {
        await this.#newsOrEnd(news);
        continue;
      }
      const busy = [...this.#asked.values()].some((one) => !one.held);
      // new requests make the wait shorter and never longer: a frozen socket on which much is asked is found as fast
      const silentMs = this.#patience.world.now() - this.#heardAt;
      const passed = busy
        ? await this.#pause(busyBeatMs)
        : await this.#pause(Math.max(0, this.#beatMs - silentMs), news);
      // what leaves bit by bit is a sign of life as well
      if (!passed || this.#heard !== before.heard || this.#socket.bufferedAmount < before.buffered) continue;
      await this.#probe();
      if (busy) continue;
      const { beat } = this.#patience;
      if (this.standing) this.#beatMs = Math.min(beat.mostMs, this.#beatMs * 2);
      else beat.mostMs = Math.max(firstBeatMs, this.#beatMs / 2);
    }
  }

  /** Ends the socket if it says nothing to a ping. */
  async #probe(): Promise<void> {
    const before = this.#heard;
    this.#send({ kind: 'ping' });
    await this.#pause(longestPongMs);
    if (this.#heard === before)
      this.#end(new UnreachableError('the socket says nothing any more', { code: 'silent' }));
  }

  /** @returns false when the signal came before the time had passed */
  async #pause(ms: number, until?: AbortSignal): Promise<boolean> {
    const ending = this.#ending.signal;
    const signal = until === undefined ? ending : AbortSignal.any([until, ending]);
    return this.#patience.world.wait(ms, { signal }).then(
      () => true,
      () => false,
    );
  }

  /** Resolves with the signal, or when this connection ends. */
  async #newsOrEnd(news: AbortSignal): Promise<void> {
    const signal = AbortSignal.any([news, this.#ending.signal]);
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }
}
