import {
  Agent as HttpAgent,
  request as httpRequest,
  type ClientRequest,
  type IncomingMessage,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { UnreachableError, type Hint } from '@tern/protocol';
import { unlessAborted } from '../abort.ts';
import { Inbox, longestAnswerBytes, notARelay } from '../inbox.ts';
import { withPatience } from '../patience.ts';
import type { Transport } from '../transport.ts';
import { probeSilenceMs } from './http-exchange.ts';
import { nodeWorld } from './node-world.ts';

export interface HttpsTransportOptions {
  /** until a connection stands; 5 s unless given */
  readonly longestConnectMs?: number;
  /** until the first byte of an answer, beside the time for which it may be kept back; 20 s unless given */
  readonly longestAnswerMs?: number;
  /** from one piece of an answer to the next; 15 s unless given */
  readonly longestSilenceMs?: number;
  /** false: one connection for each request, closed after it; for networks that freeze what lives longer */
  readonly keepAlive?: boolean;
  /** certificates to trust instead of the machine's own, PEM */
  readonly authorities?: string;
}

/**
 * Carries each request as one POST over HTTP/1.1, by TLS where the hint says so. Sends no headers but those HTTP needs.
 * TLS hides the secret path on the way and is not what a relay is known by: that is its card.
 */
export function httpsTransport(options: HttpsTransportOptions = {}): Transport & Disposable {
  const keepAlive = options.keepAlive ?? true;
  const kept = { keepAlive, keepAliveMsecs: probeSilenceMs, scheduling: 'lifo', noDelay: true } as const;
  const agents = {
    http: new HttpAgent(kept),
    https: new HttpsAgent({ ...kept, ...(options.authorities !== undefined && { ca: options.authorities }) }),
  };
  return {
    name: 'https',
    async *carry(to, body, { signal, heldMs = 0 }) {
      signal.throwIfAborted();
      const post = (): ClientRequest => beginPost(to, body, agents);
      const { longestAnswerMs = 20_000 } = options;
      const patience = { ...options, longestAnswerMs: longestAnswerMs + heldMs };
      yield* piecesOf(await answered(post, patience, signal), patience, signal);
    },
    [Symbol.dispose]() {
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}

function beginPost(
  to: Hint,
  body: Uint8Array,
  agents: { readonly http: HttpAgent; readonly https: HttpsAgent },
): ClientRequest {
  const post = {
    method: 'POST',
    host: to.address.replace(/^\[|\]$/g, ''),
    port: to.port,
    path: `/${to.path}`,
    headers: { 'content-length': body.length },
  };
  const request = to.tls
    ? httpsRequest({ ...post, agent: agents.https })
    : httpRequest({ ...post, agent: agents.http });
  request.setNoDelay(true);
  request.end(body);
  return request;
}

/** A kept connection may have been closed by the relay just now, unseen; whatever is sent is harmless to send twice. */
async function answered(
  post: () => ClientRequest,
  options: HttpsTransportOptions,
  signal: AbortSignal,
): Promise<Answered> {
  const request = post();
  try {
    return await answerTo(request, options, signal);
  } catch (error) {
    if (!request.reusedSocket || !wasReset(error)) throw error;
    return answered(post, options, signal);
  }
}

interface Answered {
  readonly request: ClientRequest;
  readonly response: IncomingMessage;
  readonly inbox: Inbox;
}

async function answerTo(
  request: ClientRequest,
  options: HttpsTransportOptions,
  signal: AbortSignal,
): Promise<Answered> {
  const connected = Promise.withResolvers<void>();
  const response = Promise.withResolvers<Answered>();
  request.on('error', (cause) => {
    const error = unreachable(cause);
    connected.reject(error);
    response.reject(error);
  });
  request.on('response', (arrived) =>
    response.resolve({ request, response: arrived, inbox: inboxOf(arrived) }),
  );
  request.on('socket', (socket) => {
    if (!socket.connecting) connected.resolve();
    else socket.once('encrypted' in socket ? 'secureConnect' : 'connect', () => connected.resolve());
  });
  response.promise.catch(() => undefined); // where connecting fails, nobody waits for the response
  try {
    await within(connected.promise, options.longestConnectMs ?? 5000, signal);
    const arrived = await within(response.promise, options.longestAnswerMs ?? 20_000, signal);
    checkHead(arrived.response);
    return arrived;
  } catch (error) {
    request.destroy();
    throw error;
  }
}

async function* piecesOf(
  { request, response, inbox }: Answered,
  options: HttpsTransportOptions,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  const expected = Number(response.headers['content-length'] ?? Infinity);
  const longestSilenceMs = (): number => options.longestSilenceMs ?? 15_000;
  try {
    yield* inbox.read({ world: nodeWorld, longestSilenceMs, signal });
  } finally {
    // a reader that stops at the last byte leaves a connection that is as good as new
    if (inbox.receivedBytes !== expected) request.destroy();
  }
}

function inboxOf(response: IncomingMessage): Inbox {
  const inbox = new Inbox();
  response.on('data', (piece: Buffer) => {
    if (!inbox.push(new Uint8Array(piece.buffer, piece.byteOffset, piece.length))) response.destroy();
  });
  response.on('end', () => inbox.end());
  response.on('error', (cause) => inbox.end(unreachable(cause)));
  return inbox;
}

function checkHead(response: IncomingMessage): void {
  if (response.statusCode !== 200) throw notARelay(`the answer has status ${response.statusCode ?? 0}`);
  if (Number(response.headers['content-length'] ?? 0) > longestAnswerBytes)
    throw notARelay('the answer is too long');
}

function within<T>(work: Promise<T>, longestSilenceMs: number, signal: AbortSignal): Promise<T> {
  return withPatience(unlessAborted(work, signal), { world: nodeWorld, longestSilenceMs }, { signal });
}

function codeOf(error: unknown): string {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'string' ? code : '';
}

/** Words for developers only: the address stays out of them. */
function unreachable(cause: unknown): UnreachableError {
  const code = codeOf(cause);
  return code.startsWith('HPE_')
    ? new UnreachableError('what answered does not speak HTTP', { code: 'not-a-relay', cause })
    : new UnreachableError(`the connection failed: ${code}`, { cause });
}

function wasReset(error: unknown): boolean {
  return error instanceof UnreachableError && ['ECONNRESET', 'EPIPE'].includes(codeOf(error.cause));
}
