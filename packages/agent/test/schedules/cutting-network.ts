import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { quietPort } from '@tern/relay/testing';
import { ByteCount } from './byte-count.ts';
import type { QuickWorld } from './quick-world.ts';

/**
 * What happens to a connection before one byte: it is reset or closed, towards both ends; nothing passes on it any more; or what goes in that
 * direction waits for so long and passes then. Bytes are counted from 0 from the beginning of the storm, over everything that passes anywhere
 * in either direction, handshakes and heads among it: each that really passes is as likely, whatever it is a part of.
 */
export interface Cut {
  readonly beforeByte: number;
  readonly how: 'reset' | 'end' | 'silence' | 'hold';
  /** of `hold`, ms of the schedule's world */
  readonly forMs: number;
}

/** Where a connection met a cut: how many bytes had passed on it in that direction. */
export interface Met {
  readonly how: Cut['how'];
  readonly direction: 'up' | 'down';
  readonly byte: number;
}

/** `refuse`: nobody listens, what stands is reset; `silence`: connections stand, and nothing passes */
export type Shut = 'refuse' | 'silence';

/** A port of this machine through which something behind it is reached. */
export interface Door {
  readonly port: number;
  shut(how: Shut): Promise<void>;
  open(): Promise<void>;
}

const relayHost = '127.0.0.1';

/** All ports through which anybody reaches anybody in a schedule over sockets. It begins calm. */
export class CuttingNetwork implements AsyncDisposable {
  /** what cuts were met, in order */
  readonly met: Met[] = [];
  /** of this machine, and of no other network that is open on it: a port that is shut for a while nobody else takes meanwhile */
  readonly address: string;
  readonly #world: QuickWorld;
  readonly #doors: NetworkDoor[] = [];
  #storm: { readonly count: ByteCount<Cut>; readonly over: AbortController } | undefined;

  constructor(world: QuickWorld) {
    this.#world = world;
    this.address = ['127', ...world.randomBytes(3).map((byte) => 1 + (byte % 254))].join('.');
  }

  /** @param to the port behind it, where there is one just now */
  async door(to: () => number | undefined): Promise<Door> {
    const door = new NetworkDoor(await quietPort(), {
      address: this.address,
      to,
      world: this.#world,
      pass: (length) => this.#storm?.count.pass(length) ?? { bytes: length },
      note: (met) => void this.met.push(met),
      held: (ms) => this.#held(ms),
    });
    this.#doors.push(door);
    await door.open();
    return door;
  }

  storm(cuts: readonly Cut[]): void {
    this.#storm = { count: new ByteCount(cuts), over: new AbortController() };
  }

  /** From now on everything passes, what was held back too; what has fallen silent is closed, and every door is open. */
  async calm(): Promise<void> {
    this.#storm?.over.abort();
    this.#storm = undefined;
    for (const door of this.#doors) await door.open();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#doors.map((door) => door[Symbol.asyncDispose]()));
  }

  async #held(ms: number): Promise<void> {
    const over = this.#storm?.over.signal;
    if (over === undefined) return;
    await this.#world.wait(ms, { signal: over }).catch(() => undefined); // it has become calm
  }
}

interface DoorParts {
  readonly address: string;
  readonly to: () => number | undefined;
  readonly world: QuickWorld;
  readonly pass: ByteCount<Cut>['pass'];
  readonly note: (met: Met) => void;
  readonly held: (ms: number) => Promise<void>;
}

class NetworkDoor implements Door, AsyncDisposable {
  readonly port: number;
  readonly #parts: DoorParts;
  readonly #links = new Set<Link>();
  #server: Server | undefined;
  #turn: Promise<void> = Promise.resolve();
  #silent = false;

  constructor(port: number, parts: DoorParts) {
    this.port = port;
    this.#parts = parts;
  }

  open(): Promise<void> {
    return this.#inTurn(async () => {
      this.#silent = false;
      for (const link of this.#links) if (link.silent) link.reset();
      if (this.#server !== undefined) return;
      // an end that has said everything may still be told something
      this.#server = createServer({ allowHalfOpen: true }, (near) => this.#take(near));
      this.#server.listen(this.port, this.#parts.address);
      await once(this.#server, 'listening');
    });
  }

  shut(how: Shut): Promise<void> {
    return this.#inTurn(async () => {
      this.#silent ||= how === 'silence';
      for (const link of this.#links) {
        if (how === 'silence') link.silent = true;
        else link.reset();
      }
      if (how === 'silence' || this.#server === undefined) return;
      this.#server.close();
      await once(this.#server, 'close');
      this.#server = undefined;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shut('refuse');
  }

  /** A server that is told to close before it listens goes on to listen. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    this.#turn = this.#turn.then(work);
    return this.#turn;
  }

  #take(near: Socket): void {
    const { to, world } = this.#parts;
    world.stir();
    const link = new Link(near, this.#parts);
    link.silent = this.#silent;
    this.#links.add(link);
    void link.cross(to()).finally(() => this.#links.delete(link));
  }
}

/** One connection through a door. */
class Link {
  silent = false;
  readonly #near: Socket;
  readonly #parts: DoorParts;
  readonly #over = Promise.withResolvers<void>();
  #far: Socket | undefined;

  constructor(near: Socket, parts: DoorParts) {
    this.#near = near;
    this.#parts = parts;
    near.on('error', () => undefined); // whoever reads or writes hears of it
    near.setNoDelay();
  }

  /** Resolves when it is over. */
  async cross(port: number | undefined): Promise<void> {
    if (this.silent) await this.#over.promise;
    if (port === undefined) this.reset();
    if (this.#near.destroyed || port === undefined) return;
    const far = connect({ port, host: relayHost, allowHalfOpen: true, noDelay: true });
    far.on('error', () => undefined);
    this.#far = far;
    try {
      await Promise.all([this.#carry(this.#near, far, 'up'), this.#carry(far, this.#near, 'down')]);
    } catch {
      // one end is gone, or was never there, and the other hears of it, unless nothing passes
      if (this.silent) await this.#over.promise;
    }
    this.reset();
  }

  /** Both ends are told that it is over. */
  reset(): void {
    this.#over.resolve();
    for (const socket of [this.#near, this.#far]) {
      if (socket === undefined || socket.destroyed) continue;
      // one that has said its end cannot be reset: Node would keep it for ever
      if (socket.writableEnded) socket.destroy();
      else socket.resetAndDestroy();
    }
  }

  async #carry(from: Socket, into: Socket, direction: Met['direction']): Promise<void> {
    const { pass, note, world } = this.#parts;
    let byte = 0;
    for await (const piece of from as AsyncIterable<Buffer>) {
      world.stir();
      for (let rest = piece; rest.length > 0 && !this.silent;) {
        const { bytes, met } = pass(rest.length);
        if (bytes > 0) await written(into, rest.subarray(0, bytes));
        rest = rest.subarray(bytes);
        byte += bytes;
        if (met === undefined) continue;
        note({ how: met.how, direction, byte });
        await this.#meet(met, into);
      }
      if (this.silent) return this.#over.promise;
    }
    if (this.silent) return this.#over.promise;
    into.end();
  }

  /** What passed before has arrived. */
  async #meet({ how, forMs }: Cut, into: Socket): Promise<void> {
    switch (how) {
      case 'reset':
        return this.reset();
      case 'end':
        for (const socket of [this.#near, this.#far]) socket?.destroySoon();
        return;
      case 'silence':
        this.silent = true;
        return;
      case 'hold':
        await this.#parts.held(forMs);
        this.#parts.world.stir();
        if (into.destroyed) this.reset();
    }
  }
}

/** Resolves when it was given to the machine. */
function written(into: Socket, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    into.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
}
