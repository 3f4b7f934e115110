import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A stretch of network between a browser and a relay, on this machine, that a test can cut, mend and slow. */
export interface Wire extends AsyncDisposable {
  readonly port: number;
  /** bytes that came through so far: to the relay, and from it */
  readonly passed: { readonly up: number; readonly down: number };
  /** connections that were begun since the wire was laid */
  readonly connections: number;
  /** Every connection ends at once, and new ones are refused. */
  cut(): void;
  mend(): void;
  /** Resolves as soon as so many further bytes went up to the relay. */
  up(bytes: number): Promise<void>;
}

/** @param to port of the relay on 127.0.0.1, asked for at each connection, so that a relay may come back elsewhere */
export async function layWire(to: () => number): Promise<Wire> {
  const sockets = new Set<Socket>();
  const passed = { up: 0, down: 0 };
  const watchers = new Set<{ readonly at: number; readonly tell: () => void }>();
  let whole = true;
  let connections = 0;
  const server = createServer((near) => {
    if (!whole) {
      near.resetAndDestroy();
      return;
    }
    connections += 1;
    const far = connect({ host: '127.0.0.1', port: to() });
    for (const socket of [near, far]) {
      socket.setNoDelay(true);
      sockets.add(socket);
      socket.once('close', () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
      socket.on('error', () => undefined); // the end of one is told to the other by 'close'
    }
    near.on('data', (piece: Buffer) => {
      passed.up += piece.length;
      for (const watcher of watchers) {
        if (passed.up < watcher.at) continue;
        watchers.delete(watcher);
        watcher.tell();
      }
    });
    far.on('data', (piece: Buffer) => (passed.down += piece.length));
    near.pipe(far);
    far.pipe(near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const drop = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    port,
    passed,
    get connections() {
      return connections;
    },
    cut() {
      whole = false;
      drop();
    },
    mend() {
      whole = true;
    },
    up(bytes) {
      const { promise, resolve } = Promise.withResolvers<void>();
      watchers.add({ at: passed.up + bytes, tell: resolve });
      return promise;
    },
    async [Symbol.asyncDispose]() {
      drop();
      server.close();
      await once(server, 'close');
    },
  };
}
