import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** What happens to the n-th connection that is opened: after so many bytes in one direction it is cut, or nothing passes any more. */
export interface ConnectionCut {
  readonly connection: number;
  readonly direction: 'up' | 'down';
  readonly bytes: number;
  readonly how: 'cut' | 'silence';
}

export interface CuttingProxy extends AsyncDisposable {
  readonly port: number;
  /** how many connections were cut or fell silent so far */
  readonly stopped: number;
  /** From now on connections are counted and cut, those that are open ended. */
  storm(cuts: readonly ConnectionCut[]): void;
  /** From now on everything passes, on new connections; those that fell silent are closed. */
  calm(): void;
}

/** Passes bytes on to a port of this machine, until they come to a byte where they do not. It begins calm. */
export async function openCuttingProxy(to: number): Promise<CuttingProxy> {
  const open = new Set<Socket>();
  const silent = new Set<Socket>();
  let opened = 0;
  let stopped = 0;
  let cuts: readonly ConnectionCut[] = [];
  const server = createServer((near) => {
    const cut = cuts.find(({ connection }) => connection === opened);
    opened += 1;
    const far = connect(to, '127.0.0.1');
    const both = [near, far];
    let dead = false;
    const end = (): void => both.forEach((socket) => socket.destroy());
    const stop = (how: ConnectionCut['how']): void => {
      stopped += 1;
      dead = true;
      if (how === 'cut') both.forEach((socket) => socket.resetAndDestroy());
      else both.forEach((socket) => silent.add(socket));
    };
    const pass = (from: Socket, into: Socket, direction: ConnectionCut['direction']): void => {
      let left = cut?.direction === direction ? cut.bytes : Infinity;
      from.on('data', (bytes: Buffer) => {
        if (dead) return;
        const passing = bytes.subarray(0, Math.min(left, bytes.length));
        left -= passing.length;
        if (passing.length === bytes.length) into.write(passing);
        // what passed still arrives before the cut does
        else into.write(passing, () => stop(cut?.how ?? 'cut'));
      });
    };
    pass(near, far, 'up');
    pass(far, near, 'down');
    for (const socket of both) {
      open.add(socket);
      socket.setNoDelay();
      socket.on('error', end).once('close', () => {
        open.delete(socket);
        if (!dead) end();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    get stopped() {
      return stopped;
    },
    storm(coming) {
      cuts = coming;
      opened = 0;
      for (const socket of open) socket.destroy();
    },
    calm() {
      cuts = [];
      for (const socket of silent) socket.destroy();
    },
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
