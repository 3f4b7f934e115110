import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { UnreachableError, type Hint } from '@tern/protocol';
import { contractServe, type Serve, type ServedAnswer } from '@tern/reach/testing';
import { limitsWith } from '../limits-table.ts';
import { isSocketRequest, webSocketDoor, type WebSocketDoor } from '../web-socket-server.ts';
import { quietPort } from './quiet-port.ts';

/**
 * The answering end of the transport contract, for POSTs and WebSockets, from the same machine or a browser. A path is
 * `<any run>.<the test's name, encoded>`; below `/seen` a GET is answered when that has happened: `/seen/arrived/<path>`, `/seen/left/<path>`.
 */
export interface ContractServerProcess extends AsyncDisposable {
  readonly port: number;
  /** a port where nobody listens */
  readonly unusedPort: number;
}

export interface ContractServerOptions {
  /** PEM; plain where not given */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** what it answers, whatever the path; the test that the path names unless given */
  readonly serve?: Serve;
}

interface Seen {
  readonly arrived: PromiseWithResolvers<void>;
  readonly left: PromiseWithResolvers<void>;
  readonly serve: Serve;
  readonly door: WebSocketDoor;
}

export async function serveTransportContract({
  tls,
  serve,
}: ContractServerOptions = {}): Promise<ContractServerProcess> {
  const seen = new Map<string, Seen>();
  const seenAt = (path: string): Seen => {
    const known = seen.get(path);
    if (known !== undefined) return known;
    const name = decodeURIComponent(path.slice(path.indexOf('.') + 1));
    const [arrived, left] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const serveHere: Serve = serve ?? contractServe(name);
    const watched: Serve = (request, { signal }) => {
      arrived.resolve();
      signal.addEventListener('abort', () => left.resolve(), { once: true });
      return serveHere(request, { signal });
    };
    const door = webSocketDoor((request, asked) => wholeOrCut(watched(request, asked)), limitsWith());
    const fresh = { arrived, left, serve: watched, door };
    seen.set(path, fresh);
    return fresh;
  };
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const path = (request.url ?? '/').slice(1);
    const [, what, below] = /^seen\/(arrived|left)\/(.*)$/.exec(path) ?? [];
    const run = async (): Promise<void> => {
      response.setHeader('Access-Control-Allow-Origin', '*');
      if (below !== undefined) {
        await seenAt(below)[what === 'left' ? 'left' : 'arrived'].promise;
        response.end();
        return;
      }
      const gone = new AbortController();
      response.once('close', () => gone.abort());
      const asked = new Uint8Array(await buffer(request));
      const { length, pieces } = seenAt(path).serve(asked, { signal: gone.signal });
      response.writeHead(200, { 'Content-Length': length }).flushHeaders();
      let sent = 0;
      for await (const piece of pieces) {
        sent += piece.length;
        await new Promise<void>((written) => {
          response.write(piece, () => written());
        });
      }
      if (sent === length) response.end();
      else response.destroy();
    };
    run().catch(() => response.destroy());
  };
  const settings = { shouldUpgradeCallback: isSocketRequest };
  const server =
    tls === undefined ? createServer(settings, answer) : createTlsServer({ ...settings, ...tls }, answer);
  server.on('upgrade', (request: IncomingMessage, connection, head: Buffer) => {
    seenAt((request.url ?? '/').slice(1)).door.take(request, connection, { head, source: undefined });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    unusedPort: await quietPort(),
    async [Symbol.asyncDispose]() {
      await Promise.all([...seen.values()].map(({ door }) => door.close()));
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Where a test of the contract is served. @param run tells repeated runs of one test apart */
export function contractHint(
  server: { readonly port: number },
  options: { readonly tls: boolean; readonly run: string; readonly name: string },
): Hint {
  const path = `${options.run}.${encodeURIComponent(options.name)}`;
  return { address: '127.0.0.1', port: server.port, tls: options.tls, path };
}

async function* wholeOrCut({ length, pieces }: ServedAnswer): AsyncIterable<Uint8Array> {
  let sent = 0;
  for await (const piece of pieces) {
    sent += piece.length;
    yield piece;
  }
  if (sent !== length) throw new UnreachableError('the answer was cut');
}
