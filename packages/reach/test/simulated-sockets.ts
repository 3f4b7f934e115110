import { UnreachableError, type World } from '@tern/protocol';
import type { PlatformSocket } from '../src/index.ts';
import { decodeAsk, encodeAnswer, socketPieceBytes, type AnswerFrame } from '../src/socket-frames.ts';

type Answer = (request: Uint8Array, options: { readonly signal: AbortSignal }) => Promise<Uint8Array>;

export interface SocketNetworkParts {
  readonly world: Pick<World, 'wait'>;
  readonly answer: Answer;
  /** from one side to the other; 30 ms unless given */
  readonly oneWayMs?: number;
}

/** WebSockets to one relay over a network that a test freezes, cuts and shuts. */
export class SocketNetwork {
  /** ever opened, or tried */
  opened = 0;
  /** no new socket opens */
  shut = false;
  /** called with each frame of an answer before it leaves; false: the socket is cut instead */
  passes: (frame: AnswerFrame) => boolean = () => true;
  readonly #parts: SocketNetworkParts;
  readonly #sockets = new Set<SimulatedSocket>();

  constructor(parts: SocketNetworkParts) {
    this.#parts = parts;
  }

  readonly open = (): PlatformSocket => {
    this.opened += 1;
    const socket = new SimulatedSocket(this, this.#parts);
    this.#sockets.add(socket);
    return socket;
  };

  get standing(): number {
    return this.#sockets.size;
  }

  /** Nothing passes any more on the sockets there are, and nobody is told. */
  freeze(): void {
    for (const socket of this.#sockets) socket.frozen = true;
  }

  /** Every socket is closed, as when a relay ends. */
  cut(): void {
    for (const socket of this.#sockets) socket.cut();
  }

  /** Something else than a relay speaks. */
  say(data: unknown): void {
    for (const socket of this.#sockets) socket.say(data);
  }

  left(socket: SimulatedSocket): void {
    this.#sockets.delete(socket);
  }
}

class SimulatedSocket implements PlatformSocket {
  binaryType = 'blob';
  readonly bufferedAmount = 0;
  frozen = false;
  #doomed = false;
  readonly #network: SocketNetwork;
  readonly #parts: SocketNetworkParts;
  readonly #listeners: {
    readonly type: string;
    readonly listener: (event: { readonly data: unknown }) => void;
  }[] = [];
  readonly #running = new Map<number, AbortController>();
  readonly #ended = new AbortController();

  constructor(network: SocketNetwork, parts: SocketNetworkParts) {
    this.#network = network;
    this.#parts = parts;
    void this.#later(() => (network.shut ? this.cut() : this.#tell('open')));
  }

  addEventListener(type: string, listener: (event: { readonly data: unknown }) => void): void {
    this.#listeners.push({ type, listener });
  }

  send(frame: Uint8Array): void {
    void this.#later(() => {
      const ask = decodeAsk(frame);
      if (ask.kind === 'ping') this.#back({ kind: 'pong' });
      else if (ask.kind === 'cancel') this.#running.get(ask.number)?.abort();
      else void this.#run(ask.number, ask.bytes);
    });
  }

  say(data: unknown): void {
    this.#tell('message', data);
  }

  close(): void {
    this.cut();
  }

  cut(): void {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort(new UnreachableError('cut'));
    for (const one of this.#running.values()) one.abort();
    this.#network.left(this);
    this.#tell('close');
  }

  async #run(number: number, bytes: Uint8Array): Promise<void> {
    const gone = new AbortController();
    this.#running.set(number, gone);
    try {
      const answer = await this.#parts.answer(bytes, { signal: gone.signal });
      for (let at = 0; at < Math.max(1, answer.length); at += socketPieceBytes) {
        const piece = answer.subarray(at, at + socketPieceBytes);
        this.#back({ kind: 'piece', number, bytes: piece, last: at + socketPieceBytes >= answer.length });
      }
    } catch {
      this.#back({ kind: 'cut', number });
    } finally {
      this.#running.delete(number);
    }
  }

  #back(frame: AnswerFrame): void {
    if (this.#ended.signal.aborted || this.#doomed) return;
    if (!this.#network.passes(frame)) {
      this.#doomed = true;
      void this.#later(() => this.cut()); // what left before it still arrives
    } else void this.#later(() => this.#tell('message', encodeAnswer(frame).buffer));
  }

  async #later(work: () => void): Promise<void> {
    if (this.frozen || this.#ended.signal.aborted) return;
    try {
      await this.#parts.world.wait(this.#parts.oneWayMs ?? 30, { signal: this.#ended.signal });
    } catch {
      return; // what was on its way when it was cut
    }
    if (!this.frozen) work();
  }

  #tell(type: string, data?: unknown): void {
    for (const one of this.#listeners) if (one.type === type) one.listener({ data });
  }
}
