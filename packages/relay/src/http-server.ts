import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type Server as HttpServer,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { lastOfConnection, MalformedError, RefusedError } from '@tern/protocol';
import { certificatesOf, type CertificatePair, type Certificates } from './certificates.ts';
import { listenEverywhere, portOf, type ListenAddress } from './listening.ts';
import { answerMissing, answerWithPage } from './ordinary-page.ts';
import { answerWithFile } from './page-answer.ts';
import type { PageFiles } from './page-files.ts';
import type { LogSink } from './relay-log.ts';
import type { Relay } from './relay.ts';
import { isSocketRequest, webSocketDoor, type SocketAnswer } from './web-socket-server.ts';
import { sourceOf } from './source.ts';

export interface ServeOptions extends ListenAddress {
  /** where else it listens; the same is answered everywhere */
  readonly also?: readonly ListenAddress[];
  /** the secret path, one segment without slashes */
  readonly path: string;
  /** where other relays hand requests on; nowhere unless given */
  readonly peerPath?: string;
  /** TLS with these, each for the names that it is for, the first one also for clients that name none */
  readonly tls?: readonly [CertificatePair, ...CertificatePair[]];
  /** files under a secret path of their own */
  readonly page?: PageFiles;
  readonly log?: LogSink;
  /** stops accepting, answers what waits, and ends */
  readonly signal: AbortSignal;
}

export interface Server extends AsyncDisposable {
  /** `http(s)://host:port`, of the first address */
  readonly origin: string;
  readonly port: number;
  /** of every address, in order */
  readonly origins: readonly string[];
  /** whether a client that asks for this host is shown a certificate for it; true without TLS */
  certifies(host: string): boolean;
  /** resolves when everything is answered and every connection closed */
  readonly ended: Promise<void>;
}

/** What a server needs of a relay. */
type AnsweringRelay = Pick<Relay, 'limits' | 'answer' | 'hurry'>;

/** of a TLS record, so that one fits a packet */
const recordBytes = 1400;
const ticketKeyBytes = 48;

/**
 * Carries bodies of POSTs to a relay and its answers back. Whoever lacks the secret path meets an ordinary web server with one page.
 * @throws {UsageError} when it cannot listen there, or a certificate is none
 */
export async function serve(relay: AnsweringRelay, options: ServeOptions): Promise<Server> {
  const { limits } = relay;
  const secret = digest(`/${options.path}`);
  const peerSecret = options.peerPath === undefined ? undefined : digest(`/${options.peerPath}`);
  const leaving = new AbortController();
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const url = request.url ?? '';
    const method = request.method ?? '';
    // comparing digests takes the same time wherever the first difference lies
    const last = url.endsWith(lastOfConnection);
    const asked = digest(last ? url.slice(0, -lastOfConnection.length) : url);
    const known = timingSafeEqual(asked, secret);
    const peer = peerSecret !== undefined && timingSafeEqual(asked, peerSecret);
    if ((known || peer) && method === 'POST')
      void exchange(relay, options, { request, response, peer, last });
    else if (url === '/') answerWithPage(response, method);
    else if (!answerFile(options.page, { request, response })) answerMissing(response, method);
  };
  const sockets = webSocketDoor(socketAnswer(relay, options), limits);
  const settings = {
    // whatever is not a way in is answered as if it had not asked for anything else than HTTP
    shouldUpgradeCallback: (request: IncomingMessage): boolean =>
      isSocketRequest(request) && timingSafeEqual(digest(request.url ?? ''), secret) && sockets.hasRoom,
    maxHeaderSize: limits.headBytes,
    headersTimeout: limits.headSeconds * 1000,
    requestTimeout: limits.requestSeconds * 1000,
    keepAliveTimeout: limits.idleSeconds * 1000,
    connectionsCheckingInterval: 2000,
    noDelay: true,
  };
  const certificates =
    options.tls === undefined
      ? undefined
      : certificatesOf(options.tls, { ticketKeys: randomBytes(ticketKeyBytes) });
  const addresses: readonly ListenAddress[] = [options, ...(options.also ?? [])];
  let servers: readonly HttpServer[] = [];
  const answering = new Set<IncomingMessage>();
  // connections on which no answer is due have nothing to wait for, half-open ones included
  const endWhenAnswered = (): void => {
    if (!leaving.signal.aborted || answering.size > 0) return;
    for (const server of servers) server.closeAllConnections();
  };
  const make = (): HttpServer => {
    const server = createWith(settings, certificates, answer);
    server.on('upgrade', (request: IncomingMessage, connection: Duplex, head: Buffer) =>
      sockets.take(request, connection, { head, source: sourceOf(request.socket.remoteAddress ?? '') }),
    );
    server.on('request', (request, response) => {
      answering.add(request);
      response.once('close', () => {
        answering.delete(request);
        endWhenAnswered();
      });
    });
    return server;
  };
  servers = await listenEverywhere(addresses, { make, connections: limits.connections });
  options.log?.({ event: 'listening', tls: options.tls !== undefined });

  const ended = Promise.all(servers.map((server) => once(server, 'close'))).then(() => {});
  const leave = (): void => {
    if (leaving.signal.aborted) return;
    leaving.abort();
    relay.hurry();
    void sockets.close();
    for (const server of servers) server.close();
    // a closed server looks at no time limit any more: the rest of these may never come, and nothing of them was judged
    for (const request of answering) if (!request.complete) request.destroy();
    endWhenAnswered();
    const late = setTimeout(() => {
      for (const server of servers) server.closeAllConnections();
    }, limits.requestSeconds * 1000);
    void ended.then(() => clearTimeout(late));
  };
  options.signal.addEventListener('abort', leave, { once: true });
  if (options.signal.aborted) leave();
  const scheme = options.tls === undefined ? 'http' : 'https';
  const origins = servers.map((server, at) => {
    const host = addresses[at]?.host ?? '';
    return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${portOf(server)}`;
  });
  return {
    origin: origins[0] ?? '',
    port: servers[0] === undefined ? 0 : portOf(servers[0]),
    origins,
    certifies: (host) => certificates?.covers(host) ?? true,
    ended,
    async [Symbol.asyncDispose]() {
      options.signal.removeEventListener('abort', leave);
      leave();
      await ended;
    },
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function createWith(
  settings: Parameters<typeof createServer>[0] & object,
  certificates: Certificates | undefined,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): HttpServer {
  if (certificates === undefined) return createServer(settings, answer);
  const { settings: first, SNICallback } = certificates;
  const server = createTlsServer({ ...settings, ...first, SNICallback, ALPNProtocols: ['http/1.1'] }, answer);
  // a record is read only when it is whole: with small ones, what came before a connection froze is not lost
  server.on('secureConnection', (socket) => socket.setMaxSendFragment(recordBytes));
  return server;
}

async function exchange(
  relay: AnsweringRelay,
  options: ServeOptions,
  exchanged: {
    readonly request: IncomingMessage;
    readonly response: ServerResponse;
    /** it came over the peer path */
    readonly peer: boolean;
    /** no further request is taken on this connection */
    readonly last: boolean;
  },
): Promise<void> {
  const { request, response } = exchanged;
  if (exchanged.last) response.shouldKeepAlive = false;
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  try {
    const body = await readBody(request, relay.limits.bodyBytes);
    const source = sourceOf(request.socket.remoteAddress ?? '');
    const answer = await relay.answer(body, {
      signal: gone.signal,
      ...(source === undefined ? {} : { source }),
      ...(exchanged.peer ? { peer: true } : { path: options.path }),
    });
    response.writeHead(200, {
      'Content-Type': 'application/octet-stream',
      'Content-Length': answer.length,
      'Access-Control-Allow-Origin': '*',
      'Cache-Control': 'no-store',
    });
    response.end(answer);
  } catch (cause) {
    if (gone.signal.aborted) return;
    if (cause instanceof MalformedError) {
      answerMissing(response, 'POST');
      return;
    }
    noteFailure(options.log, cause);
    response.writeHead(503, { 'Content-Length': 0, 'Access-Control-Allow-Origin': '*', 'Retry-After': '1' });
    response.end();
  }
}

/** The same answers over a WebSocket; what a POST answers with a status is an answer cut off there. */
function socketAnswer(relay: AnsweringRelay, options: ServeOptions): SocketAnswer {
  return async (request, asked) => {
    try {
      return await relay.answer(request, { ...asked, path: options.path });
    } catch (cause) {
      if (!(cause instanceof MalformedError) && !asked.signal.aborted) noteFailure(options.log, cause);
      throw cause;
    }
  };
}

function noteFailure(log: LogSink | undefined, cause: unknown): void {
  if (cause instanceof RefusedError) return;
  log?.({ event: 'failed', doing: 'answer', error: cause instanceof Error ? cause.name : 'unknown' });
}

async function readBody(request: IncomingMessage, mostBytes: number): Promise<Uint8Array> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > mostBytes) throw new MalformedError('body is too large');
    pieces.push(piece);
  }
  return new Uint8Array(Buffer.concat(pieces, bytes));
}

/** @returns whether there is such a file of the app */
function answerFile(
  page: PageFiles | undefined,
  to: { readonly request: IncomingMessage; readonly response: ServerResponse },
): boolean {
  const { method, url = '' } = to.request;
  if (page === undefined || (method !== 'GET' && method !== 'HEAD')) return false;
  const root = `/${page.path}/`;
  if (!timingSafeEqual(digest(url.slice(0, root.length)), digest(root))) return false;
  const file = page.file(url.slice(root.length).split('?')[0] ?? '');
  if (file === undefined) return false;
  answerWithFile(file, to);
  return true;
}
