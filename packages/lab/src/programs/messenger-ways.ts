/** How the messenger of comparison opens a WebSocket to its server: straight, or inside something. */
import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { WebSocket } from 'ws';
import { dialThrough } from './pluggable.ts';

/** One place to try: a name or an address to dial, and the name that TLS asks for. */
export interface Place {
  readonly host: string;
  readonly port: number;
  readonly name: string;
  /** for a pluggable transport: what its client has to know of the server */
  readonly secret?: string;
}

export type Way =
  | { readonly kind: 'straight' }
  /** TLS to a proxy that looks into the hello of a second TLS inside the first, and leads to the server of that name */
  | { readonly kind: 'proxy'; readonly server: string }
  /** through the SOCKS port of a pluggable transport's client */
  | { readonly kind: 'socks'; readonly port: number; readonly server: string };

/** @throws an error with what the network said, or the signal's reason */
export async function openSocket(place: Place, way: Way, signal: AbortSignal): Promise<WebSocket> {
  let made: Duplex | undefined;
  try {
    const first = await dial(place, way, signal);
    made = first;
    const carrier = await dressed(first, place, { way, signal });
    made = carrier;
    const socket = new WebSocket(`wss://${serverName(place, way)}/`, {
      perMessageDeflate: false,
      createConnection: () => carrier as Socket,
    });
    await opened(socket, signal);
    return socket;
  } catch (error) {
    made?.destroy();
    throw error;
  }
}

function serverName(place: Place, way: Way): string {
  return way.kind === 'straight' ? place.name : way.server;
}

async function dial(place: Place, way: Way, signal: AbortSignal): Promise<Socket> {
  if (way.kind === 'socks') return dialThrough({ socksPort: way.port, ...place, signal });
  const socket = connectTcp({ host: place.host, port: place.port, noDelay: true, autoSelectFamily: false });
  await connected(socket, 'connect', signal);
  return socket;
}

async function dressed(
  socket: Socket,
  place: Place,
  options: { readonly way: Way; readonly signal: AbortSignal },
): Promise<TLSSocket> {
  const { way, signal } = options;
  const outer = await secured(socket, way.kind === 'socks' ? way.server : place.name, signal);
  return way.kind === 'proxy' ? secured(outer, way.server, signal) : outer;
}

async function secured(socket: Duplex, servername: string, signal: AbortSignal): Promise<TLSSocket> {
  const secure = connectTls({ socket, servername, ALPNProtocols: ['http/1.1'] });
  // what is underneath may break first, and then only it is told
  socket.on('error', (error) => secure.destroy(error));
  socket.on('close', () => secure.destroy());
  await connected(secure, 'secureConnect', signal);
  return secure;
}

async function connected(socket: Duplex, event: string, signal: AbortSignal): Promise<void> {
  const closed = new AbortController();
  const close = (): void => closed.abort(new Error('closed before it stood'));
  socket.once('close', close);
  socket.on('error', () => {}); // whoever waits is told by once(); later ones come with 'close'
  try {
    await once(socket, event, { signal: AbortSignal.any([signal, closed.signal]) });
  } catch (error) {
    socket.destroy();
    throw closed.signal.aborted ? closed.signal.reason : error;
  } finally {
    socket.off('close', close);
  }
}

async function opened(socket: WebSocket, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const stop = (): void => {
    socket.terminate();
    reject(signal.reason as Error);
  };
  signal.addEventListener('abort', stop, { once: true });
  socket.once('open', resolve);
  socket.once('close', () => reject(new Error('closed before it was open')));
  socket.on('error', reject);
  try {
    await promise;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
