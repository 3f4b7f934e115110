import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** What a stretch of network lets through, shared by all connections on it. */
export interface LineShape {
  /** each way */
  readonly bytesPerSecond: number;
  readonly roundTripMs: number;
}

/** As fast as this machine is. */
export const loopback: LineShape = { bytesPerSecond: Infinity, roundTripMs: 0 };

/** The bad line of the budgets: 128 kbit/s each way, 200 ms there and back. */
export const badLine: LineShape = { bytesPerSecond: 16_000, roundTripMs: 200 };

/** One connection that a browser made. */
export interface Connected {
  /** asked for first, without the query; the app's responses have a connection each */
  readonly path: string;
  readonly upgrade: boolean;
  /** bytes that the relay sent so far, headers included */
  readonly down: number;
  /** of these, before the body of the first response */
  readonly head: number;
  /** bytes that the browser sent so far */
  readonly up: number;
}

/**
 * Stands between browsers and a relay, counts what passes and holds it back as a bad line would: one queue each way for everybody,
 * segments of an Ethernet frame, and one round trip before a new connection carries anything. Nothing is lost on it, and the bytes
 * of TCP, IP and the link below come on top. Responses of the app fit TCP's first flight (10 segments), so slow start is left out.
 */
export interface SlowWire extends AsyncDisposable {
  readonly port: number;
  /** in the order in which they were begun */
  readonly connections: readonly Connected[];
  /** from now on */
  shape(shape: LineShape): void;
  /** counts anew; connections that stay open count for nothing any more */
  forget(): void;
  /** every connection ends at once and new ones are refused, or no longer so */
  cut(isCut: boolean): void;
}

/** @param to port of the relay on 127.0.0.1, asked for at each connection */
export async function laySlowWire(to: () => number): Promise<SlowWire> {
  const sockets = new Set<Socket>();
  const lines = { up: new Line(), down: new Line() };
  let connections: Count[] = [];
  let isCut = false;
  const server = createServer((near) => {
    if (isCut) {
      near.resetAndDestroy();
      return;
    }
    const far = connect({ host: '127.0.0.1', port: to() });
    const count: Count = { path: '', upgrade: false, down: 0, head: 0, up: 0 };
    connections.push(count);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => undefined); // the end of one is told to the other below
    }
    // the browser believes to be connected already, so its first bytes wait for the handshake here
    const up = lines.up.lane(far, lines.up.shape.roundTripMs);
    const down = lines.down.lane(near, 0);
    near.on('data', (piece: Buffer) => {
      if (count.up === 0) readRequest(piece, count);
      count.up += piece.length;
      up.send(piece);
    });
    far.on('data', (piece: Buffer) => {
      if (count.head === 0) count.head = piece.indexOf('\r\n\r\n') + 4;
      count.down += piece.length;
      down.send(piece);
    });
    near.once('close', () => {
      sockets.delete(near);
      up.end();
    });
    far.once('close', () => {
      sockets.delete(far);
      down.end();
    });
    near.once('end', () => up.end());
    far.once('end', () => down.end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const drop = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    port,
    get connections() {
      return connections;
    },
    shape(shape) {
      lines.up.shape = shape;
      lines.down.shape = shape;
    },
    forget() {
      connections = [];
    },
    cut(cutting) {
      isCut = cutting;
      if (cutting) drop();
    },
    async [Symbol.asyncDispose]() {
      drop();
      server.close();
      await once(server, 'close');
    },
  };
}

type Count = { -readonly [K in keyof Connected]: Connected[K] };

function readRequest(piece: Buffer, count: Count): void {
  const head = piece.toString('latin1');
  count.path = (head.split(' ')[1] ?? '').replace(/\?.*$/u, '');
  count.upgrade = /^upgrade: websocket/imu.test(head);
}

/** Payload of an Ethernet frame. */
const segmentBytes = 1460;

interface Lane {
  send(bytes: Buffer): void;
  /** once everything before has arrived */
  end(): void;
}

interface Due {
  readonly at: number;
  readonly deliver: () => void;
}

/** One direction. */
class Line {
  shape: LineShape = loopback;
  /** when the last segment that was given to it has left */
  #freeAt = 0;
  /** by their time */
  readonly #due: Due[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param startMs before this connection carries anything */
  lane(to: Socket, startMs: number): Lane {
    const opensAt = performance.now() + startMs;
    let lastAt = 0;
    const at = (bytes: number): number => {
      this.#freeAt = Math.max(this.#freeAt, performance.now()) + (bytes / this.shape.bytesPerSecond) * 1000;
      lastAt = Math.max(lastAt, this.#freeAt, opensAt + (bytes / this.shape.bytesPerSecond) * 1000);
      return lastAt + this.shape.roundTripMs / 2;
    };
    return {
      send: (bytes) => {
        for (let from = 0; from < bytes.length; from += segmentBytes) {
          const segment = bytes.subarray(from, from + segmentBytes);
          this.#put({ at: at(segment.length), deliver: () => to.writable && to.write(segment) });
        }
      },
      end: () => this.#put({ at: at(0), deliver: () => to.end() }),
    };
  }

  #put(due: Due): void {
    const before = this.#due.findLastIndex(({ at }) => at <= due.at);
    this.#due.splice(before + 1, 0, due);
    this.#deliver();
  }

  #deliver(): void {
    clearTimeout(this.#timer);
    const now = performance.now();
    while ((this.#due[0]?.at ?? Infinity) <= now) this.#due.shift()?.deliver();
    const next = this.#due[0];
    if (next !== undefined) this.#timer = setTimeout(() => this.#deliver(), Math.max(1, next.at - now));
  }
}
