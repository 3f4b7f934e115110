import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A stretch of line before a server, on which a test decides what gets through. */
export interface LineProxy extends AsyncDisposable {
  readonly port: number;
  /** bytes from the server on each connection since the last {@link LineProxy.forget}, headers included */
  readonly down: readonly number[];
  /** paths that were asked for since then, each connection's first */
  readonly asked: readonly string[];
  forget(): void;
  /** a connection carries so many bytes from the server and then nothing, without ending; undefined: as many as there are */
  freezeAfter(bytes: number | undefined): void;
  /** changes what the server sends, by whole chunks as they arrive */
  alter(change: ((chunk: Buffer) => Buffer) | undefined): void;
  /** nobody answers, and what is open is cut */
  cut(isCut: boolean): void;
  leadTo(port: number): void;
}

export async function openLineProxy(to: number): Promise<LineProxy> {
  let port = to;
  let most: number | undefined;
  let change: ((chunk: Buffer) => Buffer) | undefined;
  let isCut = false;
  let down: { bytes: number }[] = [];
  let asked: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    if (isCut) {
      near.destroy();
      return;
    }
    const far = connect(port, '127.0.0.1');
    const count = { bytes: 0 };
    down.push(count);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.setNoDelay(true);
      one.on('error', () => other.destroy());
      one.once('close', () => {
        sockets.delete(one);
        if (most === undefined || count.bytes < most) other.end();
      });
    }
    near.once('data', (chunk: Buffer) => asked.push(chunk.toString('latin1').split(' ')[1] ?? ''));
    near.on('data', (chunk) => far.write(chunk));
    near.once('close', () => far.destroy());
    far.on('data', (chunk: Buffer) => {
      const through = most === undefined ? chunk : chunk.subarray(0, Math.max(0, most - count.bytes));
      count.bytes += through.length;
      if (through.length > 0) near.write(change === undefined ? through : change(through));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    get down() {
      return down.map(({ bytes }) => bytes);
    },
    get asked() {
      return asked;
    },
    forget() {
      down = [];
      asked = [];
    },
    freezeAfter(bytes) {
      most = bytes;
    },
    alter(fresh) {
      change = fresh;
    },
    cut(cutting) {
      isCut = cutting;
      if (cutting) for (const socket of sockets) socket.destroy();
    },
    leadTo(other) {
      port = other;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
