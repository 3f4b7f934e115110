import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { MalformedError } from '@tern/protocol';
import { decodeAsk, encodeAnswer, socketHeadBytes } from '@tern/reach';
import { WebSocketServer, type WebSocket } from 'ws';
import type { RelayLimits } from './limits-table.ts';
import { TurnTaking } from './turn-taking.ts';

/**
 * What a request is answered with: the whole answer, or its pieces as they come. Whatever it throws cuts the answer off;
 * the signal is aborted when nobody waits for it any more.
 */
export type SocketAnswer = (
  request: Uint8Array,
  options: { readonly signal: AbortSignal; readonly source?: string },
) => Promise<Uint8Array> | AsyncIterable<Uint8Array>;

export type SocketLimits = Pick<
  RelayLimits,
  'sockets' | 'socketRequests' | 'socketBytes' | 'bodyBytes' | 'idleSeconds' | 'requestSeconds'
>;

/** The WebSockets of one server. Each carries the same sealed requests as a POST does, many at once. */
export interface WebSocketDoor {
  /** false where there are as many as there may be */
  readonly hasRoom: boolean;
  /** sockets that are open */
  readonly size: number;
  /** Takes over a connection whose request {@link isSocketRequest}. @param source tells callers apart, as for a POST */
  take(
    request: IncomingMessage,
    connection: Duplex,
    options: { readonly head: Buffer; readonly source: string | undefined },
  ): void;
  /** Ends sockets on which nothing has moved for too long. Calls itself every five seconds, which is what the limits are counted in. */
  look(): void;
  /** Answers what is being answered, takes nothing more, closes. @returns when every socket is closed */
  close(): Promise<void>;
}

/**
 * A request that can become a WebSocket (RFC 6455 section 4.2.1); any other with an `Upgrade` header is an ordinary request.
 * `Origin` is not looked at: it says which page a browser is on, and nothing here rests on that. Whoever knows the secret path may
 * ask, from whatever origin the app was loaded, and what they ask carries its own proofs; there are no cookies that a page could misuse.
 */
export function isSocketRequest({ method, headers, httpVersion }: IncomingMessage): boolean {
  return (
    method === 'GET' &&
    httpVersion === '1.1' &&
    headers.upgrade?.toLowerCase() === 'websocket' &&
    /^[+/0-9A-Za-z]{22}==$/.test(headers['sec-websocket-key'] ?? '') &&
    headers['sec-websocket-version'] === '13'
  );
}

/** How often stuck and idle sockets are looked for. */
const lookMs = 5000;
/** for a socket to close after it was told so */
const farewellMs = 2000;
/** A frame that waits takes some 500 B of memory however short it is; so many short ones nobody has who reads. */
const mostShort = 256;
/** close codes of RFC 6455 section 7.4.1 */
const goingAway = 1001;
const brokenRules = 1002;

/** Takes sockets over from the HTTP server, answers what they ask, and closes those that are idle or stuck. */
export function webSocketDoor(answer: SocketAnswer, limits: SocketLimits): WebSocketDoor {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: limits.bodyBytes + socketHeadBytes,
    skipUTF8Validation: true,
  });
  const open = new Set<OpenSocket>();
  let closing: Promise<void> | undefined;
  const look = (): void => {
    for (const socket of open) socket.look();
  };
  const looking = setInterval(look, lookMs).unref();
  return {
    get hasRoom() {
      return open.size < limits.sockets && closing === undefined;
    },
    get size() {
      return open.size;
    },
    take(request, connection, { head, source }) {
      server.handleUpgrade(request, connection, head, (ws) => {
        const socket = new OpenSocket(ws, connection, {
          answer: (bytes, { signal }) =>
            answer(bytes, { signal, ...(source === undefined ? {} : { source }) }),
          limits,
        });
        open.add(socket);
        void socket.closed.then(() => open.delete(socket));
        if (closing !== undefined) socket.leave();
      });
    },
    look,
    close() {
      closing ??= (async () => {
        await Promise.all(
          [...open].map((socket) => {
            socket.leave();
            return socket.closed;
          }),
        );
        clearInterval(looking);
      })();
      return closing;
    },
  };
}

class OpenSocket {
  readonly closed: Promise<void>;
  readonly #ws: WebSocket;
  readonly #connection: Duplex;
  readonly #answer: SocketAnswer;
  readonly #limits: SocketLimits;
  readonly #running = new Map<number, AbortController>();
  readonly #turns: TurnTaking;
  #corked = false;
  #leaving = false;
  /** looks in a row at which nothing had come and nothing was being answered */
  #idleLooks = 0;
  /** looks in a row at which bytes waited and none had left */
  #stuckLooks = 0;
  #last = { came: 0, left: 0 };
  #came = 0;
  /** cuts and pongs on their way out, which take no turns */
  #short = 0;

  constructor(
    ws: WebSocket,
    connection: Duplex,
    parts: { readonly answer: SocketAnswer; readonly limits: SocketLimits },
  ) {
    this.#ws = ws;
    this.#connection = connection;
    this.#answer = parts.answer;
    this.#limits = parts.limits;
    this.#turns = new TurnTaking((frame, written) => this.#send(frame, written), parts.limits.socketBytes);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    ws.on('close', () => {
      for (const one of this.#running.values()) one.abort();
      resolve();
    });
    ws.on('error', () => ws.terminate()); // a frame over its limit, or a connection that broke: 'close' follows
    ws.on('message', (data, isBinary) => this.#take(data, isBinary));
  }

  /** Answers what runs, then closes. */
  leave(): void {
    this.#leaving = true;
    this.#closeWhenDone();
  }

  /** Ends the socket where nothing has moved for too long. */
  look(): void {
    const now = { came: this.#came, left: this.#turns.leftBytes };
    this.#idleLooks = this.#running.size === 0 && now.came === this.#last.came ? this.#idleLooks + 1 : 0;
    this.#stuckLooks = this.#turns.waiting && now.left === this.#last.left ? this.#stuckLooks + 1 : 0;
    this.#last = now;
    if (this.#stuckLooks * lookMs >= this.#limits.requestSeconds * 1000) this.#ws.terminate();
    else if (this.#idleLooks * lookMs >= this.#limits.idleSeconds * 1000) this.#close(goingAway);
  }

  #take(data: unknown, isBinary: boolean): void {
    if (this.#ws.readyState !== this.#ws.OPEN) return; // it was told to close, and talks on
    this.#came += 1;
    try {
      if (!isBinary || !(data instanceof Buffer)) throw new MalformedError('a frame of text');
      const frame = decodeAsk(data, this.#limits.bodyBytes);
      if (frame.kind === 'ping') this.#pong();
      else if (frame.kind === 'cancel') this.#cancel(frame.number);
      else void this.#run(frame.number, new Uint8Array(frame.bytes));
    } catch (cause) {
      if (!(cause instanceof MalformedError)) throw cause;
      this.#close(brokenRules);
    }
  }

  async #run(number: number, request: Uint8Array): Promise<void> {
    if (this.#leaving || this.#running.has(number) || this.#running.size >= this.#limits.socketRequests) {
      this.#cut(number);
      return;
    }
    const gone = new AbortController();
    this.#running.set(number, gone);
    try {
      const answer = this.#answer(request, { signal: gone.signal });
      if (answer instanceof Promise) await this.#turns.whole(number, await answer, gone.signal);
      else await this.#turns.pieces(number, answer, gone.signal);
    } catch {
      // what went wrong was written down where it went wrong; here it is an answer that did not come
      if (!gone.signal.aborted) this.#cut(number);
    } finally {
      this.#running.delete(number);
      this.#closeWhenDone();
    }
  }

  #cancel(number: number): void {
    this.#running.get(number)?.abort();
    this.#turns.drop(number);
  }

  /** Whoever asks and asks and reads nothing is not waited for. */
  #cut(number: number): void {
    if (this.#short >= mostShort) this.#ws.terminate();
    else this.#turns.cut(number, this.#shortLeaves());
  }

  /** Who sends pings and reads no pongs gets none. */
  #pong(): void {
    if (this.#short < mostShort) this.#send(encodeAnswer({ kind: 'pong' }), this.#shortLeaves());
  }

  /** @returns what is called when the frame has left */
  #shortLeaves(): () => void {
    this.#short += 1;
    return () => {
      this.#short -= 1;
    };
  }

  /** Frames of one turn of the event loop leave in one write, which halves what a message costs. */
  #send(frame: Uint8Array, written?: () => void): void {
    if (this.#ws.readyState !== this.#ws.OPEN) return;
    if (!this.#corked) {
      this.#corked = true;
      this.#connection.cork();
      setImmediate(() => {
        this.#corked = false;
        this.#connection.uncork();
      });
    }
    this.#ws.send(frame, { binary: true }, written === undefined ? undefined : () => written());
  }

  #closeWhenDone(): void {
    if (this.#leaving && this.#running.size === 0) this.#close(goingAway);
  }

  #close(code: number): void {
    this.#ws.close(code);
    setTimeout(() => this.#ws.terminate(), farewellMs).unref();
  }
}
