import {
  Agent as HttpAgent,
  request as httpRequest,
  type ClientRequest,
  type IncomingMessage,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { Hint } from '@tern/protocol';
import type { Delivered, Forwarded } from './forwarder.ts';

export interface PeerPostOptions {
  /** the IP address that was judged: every connection goes there, whatever the name resolves to meanwhile */
  readonly address: string;
  /** certificates to trust instead of the machine's own, PEM */
  readonly authorities?: string;
}

export interface PostOptions {
  readonly signal: AbortSignal;
  /** for everything, from the first byte out to the last byte in */
  readonly longestMs: number;
  /** of an answer; what is longer is cut off there */
  readonly mostBytes: number;
  /** Asked before bytes of an answer are held. @returns false where there is no room for them */
  readonly hold?: (bytes: number) => boolean;
}

/** The connections to one far relay at one address. Disposed, it lets what is under way end. */
export interface PeerPost extends Disposable {
  /**
   * One POST, and the answer's body as far as it came; of an answer with any status but 200, nothing. Follows nothing, sends no header
   * that HTTP does not need. @throws the signal's reason
   */
  post(to: Hint, body: Uint8Array, options: PostOptions): Promise<Delivered>;
}

const longestConnectMs = 5000;
const idleMs = 30_000;
/** Node asks the kernel to probe a kept connection after a second of silence and each second from then on: nothing here needs that */
const probeSilenceMs = 7_200_000;
const mostHeaderBytes = 8192;

/** POSTs to one address, whatever name they are for, over connections that are kept for half a minute. */
export function openPeerPost({ address, authorities }: PeerPostOptions): PeerPost {
  const family = isIP(address);
  const lookup: LookupFunction = (_host, options, done) => {
    if (options.all === true) done(null, [{ address, family }]);
    else done(null, address, family);
  };
  const kept = {
    keepAlive: true,
    keepAliveMsecs: probeSilenceMs,
    maxFreeSockets: 4,
    timeout: idleMs,
    scheduling: 'lifo',
    lookup,
  } as const;
  const agents = {
    http: new HttpAgent(kept),
    https: new HttpsAgent({ ...kept, ...(authorities !== undefined && { ca: authorities }) }),
  };
  const begin = (to: Hint, body: Uint8Array): ClientRequest => {
    const what = {
      method: 'POST',
      host: to.address.replace(/^\[|\]$/g, ''),
      port: to.port,
      path: `/${to.path}`,
      headers: { 'content-length': body.length },
      maxHeaderSize: mostHeaderBytes,
    };
    const request = to.tls
      ? httpsRequest({ ...what, agent: agents.https })
      : httpRequest({ ...what, agent: agents.http });
    request.setNoDelay(true);
    request.end(body);
    return request;
  };
  let underWay = 0;
  let disposed = false;
  const closeWhenDone = (): void => {
    if (!disposed || underWay > 0) return;
    agents.http.destroy();
    agents.https.destroy();
  };
  return {
    async post(to, body, options) {
      underWay += 1;
      try {
        const until = performance.now() + options.longestMs;
        const first = await answerTo(begin(to, body), options, options.longestMs);
        if (!first.again) return first.forwarded;
        // a kept connection may have been closed by the far side just now, unseen; what is sent is harmless to send twice
        const left = Math.max(1, until - performance.now());
        return (await answerTo(begin(to, body), options, left)).forwarded;
      } finally {
        underWay -= 1;
        closeWhenDone();
      }
    },
    [Symbol.dispose]() {
      disposed = true;
      closeWhenDone();
    },
  };
}

interface Answered {
  readonly forwarded: Delivered;
  readonly again: boolean;
}

function answerTo(request: ClientRequest, options: PostOptions, longestMs: number): Promise<Answered> {
  const { signal, mostBytes } = options;
  const pieces: Buffer[] = [];
  let bytes = 0;
  return new Promise((resolve, reject) => {
    let ended = false;
    let stood = false;
    const end = (trouble?: Forwarded['trouble'], again = false): void => {
      if (ended) return;
      ended = true;
      clearTimeout(connecting);
      clearTimeout(deadline);
      signal.removeEventListener('abort', abort);
      if (trouble !== undefined) request.destroy();
      const whole = new Uint8Array(Buffer.concat(pieces, bytes));
      resolve({ forwarded: { bytes: whole, stood, ...(trouble !== undefined && { trouble }) }, again });
    };
    const abort = (): void => {
      reject(signal.reason as Error);
      end('closed');
    };
    const connecting = setTimeout(() => end('silent'), Math.min(longestConnectMs, longestMs));
    const deadline = setTimeout(() => end('silent'), longestMs);
    request.on('error', (cause) => {
      const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
      const closedUnseen = request.reusedSocket && bytes === 0 && ['ECONNRESET', 'EPIPE'].includes(code);
      end(code.startsWith('HPE_') ? 'stranger' : 'closed', closedUnseen);
    });
    request.on('socket', (socket) => {
      const stands = (): void => {
        stood = true;
        clearTimeout(connecting);
      };
      if (!socket.connecting) stands();
      else socket.once('encrypted' in socket ? 'secureConnect' : 'connect', stands);
    });
    request.on('response', (response: IncomingMessage) => {
      if (response.statusCode !== 200) {
        end(response.statusCode === 503 ? 'busy' : 'stranger');
        return;
      }
      response.on('data', (piece: Buffer) => {
        const fits = piece.subarray(0, mostBytes - bytes);
        if (options.hold?.(fits.length) === false) {
          end('busy');
          return;
        }
        pieces.push(fits);
        bytes += fits.length;
        if (fits.length < piece.length) end('too-long');
      });
      response.on('end', () => end(response.complete ? undefined : 'closed'));
      response.on('error', () => end('closed'));
      response.on('close', () => end('closed'));
    });
    request.on('close', () => end('closed'));
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}
