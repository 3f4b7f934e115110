import { Agent, request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { unlessAborted } from '../abort.ts';
import { DialError, type CloseOptions, type Connection } from '../dialer/carrier.ts';
import { Inbox, longestAnswerBytes, notARelay } from '../inbox.ts';
import { giveUp } from './give-up.ts';
import { lostNetwork } from './lost-network.ts';
import { nodeWorld } from './node-world.ts';
import { dialError } from './socket-dial.ts';

/** Timers are the dialer's business: this is only for what it would forget. */
const endMs = 1_200_000;

/**
 * Node asks the kernel to probe a kept connection after a second of silence and then each second, 104 bytes a probe: more than all that is
 * said on an idle one, and 25 packets in half a minute where packets are counted. Two hours is what systems do by themselves.
 */
export const probeSilenceMs = 7_200_000;
/**
 * Where connections are known to carry anything, one on which an answer is held back is probed after so long: a block that begins swallows what
 * stands without a word, and whoever only waits would not know until the answer is overdue. The kernel gives up ten seconds later. Shorter
 * than the two minutes after which some routers forget; 104 bytes a probe are 3.4 kB an hour for each relay.
 */
export const heldProbeMs = 110_000;

/** An agent that has one socket and makes no other. */
class OneSocketAgent extends Agent {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    super({ keepAlive: true, keepAliveMsecs: probeSilenceMs, maxSockets: 1 });
    this.#socket = socket;
  }

  override createConnection(): Socket {
    return this.#socket;
  }
}

export interface PostOptions {
  /** as HTTP names the server */
  readonly authority: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** what carries the socket: itself, or what is under its TLS */
  readonly tcp: Socket;
}

/** HTTP/1.1 over one socket that somebody else opened: POSTs, one after the other. */
export class HttpConnection implements Connection {
  readonly shared = false;
  readonly #socket: Socket;
  readonly #options: PostOptions;
  readonly #agent: Agent;
  #closed = false;
  /** an answer, or the rest of one */
  #owed = false;

  constructor(socket: Socket, options: PostOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#agent = new OneSocketAgent(socket);
    socket.once('close', () => this.close());
    // one that waits for nothing keeps no process running
    socket.unref();
  }

  get usable(): boolean {
    return !this.#closed && !this.#socket.destroyed && this.#socket.writable;
  }

  async *exchange(
    body: Uint8Array,
    {
      signal,
      heldMs,
      last,
      steady = false,
    }: {
      readonly signal: AbortSignal;
      readonly heldMs: number;
      readonly last: boolean;
      readonly steady?: boolean;
    },
  ): AsyncIterable<Uint8Array> {
    signal.throwIfAborted();
    this.#owed = true;
    this.#socket.ref();
    // the agent puts it back to two hours when the answer is there
    if (heldMs > heldProbeMs && steady) this.#socket.setKeepAlive(true, heldProbeMs);
    let inbox: Inbox | undefined;
    let expected = Infinity;
    const post = this.#post(body, last);
    const over = new AbortController();
    try {
      const answered = responseTo(post);
      const held = heldMs > 0 ? Promise.race([answered, this.#lost(over.signal)]) : answered;
      const response = await unlessAborted(held, signal);
      inbox = inboxOf(response);
      expected = Number(response.headers['content-length'] ?? Infinity);
      checkHead(response);
      yield* inbox.read({ world: nodeWorld, longestSilenceMs: () => endMs, signal });
    } finally {
      over.abort();
      // a reader that stops at the last byte leaves a connection that is as good as new
      const whole = inbox !== undefined && (inbox.ended || inbox.receivedBytes === expected);
      this.#owed = !whole;
      if (!whole || last) this.close();
      else this.#socket.unref();
    }
  }

  close({ doubted = false }: CloseOptions = {}): void {
    this.#closed = true;
    if (this.#owed || doubted) giveUp(this.#socket, this.#options.tcp);
    this.#agent.destroy();
    this.#socket.destroy();
  }

  /** Rejects when what is waited for cannot come any more; while it can, and afterwards, nothing. */
  async #lost(signal: AbortSignal): Promise<never> {
    const addresses = (): ReadonlySet<string> =>
      new Set(
        Object.values(networkInterfaces()).flatMap((those) => (those ?? []).map(({ address }) => address)),
      );
    try {
      await lostNetwork(this.#socket.localAddress ?? '', { world: nodeWorld, addresses, signal });
    } catch {
      return new Promise(() => undefined);
    }
    throw new DialError('left', 'the network is another one now');
  }

  #post(body: Uint8Array, last: boolean): ClientRequest {
    const { authority, path, headers } = this.#options;
    const request = httpRequest({
      method: 'POST',
      agent: this.#agent,
      path: `/${path}`,
      headers: {
        ...headers,
        'content-length': body.length,
        host: authority,
        ...(last && { connection: 'close' }),
      },
    });
    request.end(body);
    return request;
  }
}

function responseTo(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.on('response', resolve);
    request.on('error', (cause) => reject(dialError(cause)));
  });
}

function inboxOf(response: IncomingMessage): Inbox {
  const inbox = new Inbox();
  response.on('data', (piece: Buffer) => {
    if (!inbox.push(new Uint8Array(piece.buffer, piece.byteOffset, piece.length))) response.destroy();
  });
  response.on('end', () => inbox.end());
  response.on('error', (cause) => inbox.end(new DialError('closed', 'the answer was cut', { cause })));
  return inbox;
}

function checkHead(response: IncomingMessage): void {
  if (response.statusCode !== 200) throw notARelay(`the answer has status ${response.statusCode ?? 0}`);
  if (Number(response.headers['content-length'] ?? 0) > longestAnswerBytes)
    throw notARelay('the answer is too long');
}
