import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { TLSSocket } from 'node:tls';
import type { Hint } from '@tern/protocol';
import type { Serve } from '../src/testing/index.ts';

export const certificate: string = readFileSync(new URL('localhost.pem', import.meta.url), 'utf8');
const key = readFileSync(new URL('localhost-key.pem', import.meta.url), 'utf8');

export interface Listening extends AsyncDisposable {
  readonly hint: Hint;
  readonly port: number;
  /** connections so far */
  connections(): number;
  /** the names that hellos said, empty for none */
  readonly serverNames: readonly string[];
  /** of each handshake, whether it went on with a session */
  readonly resumed: readonly boolean[];
}

/** An HTTP server on this machine. Its certificate is for `localhost`, 127.0.0.1 and ::1. */
export async function listen(
  handler: RequestListener,
  { tls, ticketKeys }: { readonly tls: boolean; readonly ticketKeys?: Buffer },
): Promise<Listening> {
  const server: Server = tls
    ? createHttpsServer({ cert: certificate, key, ...(ticketKeys !== undefined && { ticketKeys }) }, handler)
    : createHttpServer(handler);
  let connections = 0;
  const serverNames: string[] = [];
  server.on('connection', () => {
    connections += 1;
  });
  const resumed: boolean[] = [];
  server.on('secureConnection', (socket: TLSSocket) => {
    const { servername } = socket;
    serverNames.push(typeof servername === 'string' ? servername : '');
    resumed.push(socket.isSessionReused());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    hint: { address: '127.0.0.1', port, tls, path: 'secret-path' },
    port,
    connections: () => connections,
    serverNames,
    resumed,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export function serving(serve: Serve): RequestListener {
  return (incoming, outgoing) => {
    const left = new AbortController();
    outgoing.on('close', () => left.abort());
    const run = async (): Promise<void> => {
      const { length, pieces } = serve(new Uint8Array(await buffer(incoming)), { signal: left.signal });
      outgoing.writeHead(200, { 'content-length': length });
      outgoing.flushHeaders();
      let sent = 0;
      for await (const piece of pieces) {
        sent += piece.length;
        await new Promise<void>((written) => outgoing.write(piece, () => written()));
      }
      if (sent === length) outgoing.end();
      else outgoing.destroy();
    };
    run().catch(() => outgoing.destroy());
  };
}

export async function unusedPort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
