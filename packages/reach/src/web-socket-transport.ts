import { originOf, UnreachableError, type Hint, type World } from '@tern/protocol';
import {
  longestBeatMs,
  SocketConnection,
  type PlatformSocket,
  type SocketPatience,
} from './socket-connection.ts';
import type { Transport } from './transport.ts';

export interface WebSocketTransportOptions {
  readonly world: Pick<World, 'now' | 'wait'>;
  /** `(url) => new WebSocket(url)`, in browsers and in Node */
  readonly open: (url: string) => PlatformSocket;
  /** until a socket is open; 5 s unless given */
  readonly longestConnectMs?: number;
  /** until the first byte of an answer, beside the time for which it may be kept back; 15 s unless given */
  readonly longestAnswerMs?: number;
  /** from one piece of an answer to the next; 15 s unless given */
  readonly longestSilenceMs?: number;
}

/** A transport that can keep a connection ready for requests to come. */
export interface StandingTransport extends Transport, Disposable {
  /** requests to this relay can leave at once */
  standing(to: Hint): boolean;
  /**
   * Opens the connection, or waits for the one that is being opened.
   * @throws {UnreachableError} when it does not open
   */
  stand(to: Hint, options: { readonly signal: AbortSignal }): Promise<void>;
}

/**
 * Carries the same sealed requests over one WebSocket for each relay, many at once. It opens one when the first request needs it.
 * Closing it anywhere changes nothing: whoever waited meets an {@link UnreachableError} and asks again, here or elsewhere.
 */
export function webSocketTransport(options: WebSocketTransportOptions): StandingTransport {
  const patience: SocketPatience = {
    world: options.world,
    longestConnectMs: options.longestConnectMs ?? 5000,
    longestAnswerMs: options.longestAnswerMs ?? 15_000,
    longestSilenceMs: options.longestSilenceMs ?? 15_000,
    beat: { mostMs: longestBeatMs },
  };
  const connections = new Map<string, SocketConnection>();
  const connectionTo = (to: Hint): SocketConnection => {
    const url = urlOf(to);
    const known = connections.get(url);
    if (known !== undefined) return known;
    const connection = new SocketConnection(openSocket(options, url), patience);
    connections.set(url, connection);
    connection.ended.addEventListener('abort', () => connections.delete(url), { once: true });
    return connection;
  };
  return {
    name: 'websocket',
    async *carry(to, request, { signal, heldMs = 0 }) {
      signal.throwIfAborted();
      yield* connectionTo(to).carry(request, { signal, heldMs });
    },
    standing: (to) => connections.get(urlOf(to))?.standing === true,
    async stand(to, { signal }) {
      signal.throwIfAborted();
      await connectionTo(to).ready(signal);
    },
    [Symbol.dispose]() {
      for (const connection of connections.values()) connection[Symbol.dispose]();
    },
  };
}

function urlOf(to: Hint): string {
  return `${originOf(to).replace(/^http/, 'ws')}/${to.path}`;
}

/** A browser refuses some addresses at once: a plain one from a page that came over TLS, for one. */
function openSocket(options: WebSocketTransportOptions, url: string): PlatformSocket {
  try {
    return options.open(url);
  } catch (cause) {
    throw new UnreachableError('a socket cannot be opened there', { cause });
  }
}
