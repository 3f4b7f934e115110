import { MalformedError, peerPathOf, RefusedError, type Hint, type World } from '@tern/protocol';
import { DialError, SimulatedNetwork, type NetworkRules, type Way } from '@tern/reach/testing';
import { openRelay, type Forwarder, type Relay, type RelayStore } from '@tern/relay';
import { Life, livingRelayStore, livingWorld, orAborted, type Death } from './life.ts';
import { playPrimitives } from './play-curves.ts';

export interface RelayHouseParts {
  readonly hint: Hint;
  /** of its card */
  readonly endpoints: readonly string[];
  readonly store: RelayStore;
  readonly world: World;
  /** of the network between it and other relays */
  readonly rules: NetworkRules;
  /** who stands behind an address, for what it hands on */
  readonly answer: (way: Way, request: Uint8Array, signal: AbortSignal) => Promise<Uint8Array>;
  /** told of what no relay may do */
  readonly fault: (text: string) => void;
}

/** A relay that dies and begins again over its store. It is the relay itself: what is simulated is what carries bytes to it. */
export class RelayHouse {
  readonly hint: Hint;
  readonly #parts: RelayHouseParts;
  /** what was kept here and handed on, tries included */
  handedOn = 0;
  #life: Life | undefined;
  #relay: Relay | undefined;

  constructor(parts: RelayHouseParts) {
    this.#parts = parts;
    this.hint = parts.hint;
  }

  get relay(): Relay | undefined {
    return this.alive ? this.#relay : undefined;
  }

  get alive(): boolean {
    return this.#life?.over === false;
  }

  async start(): Promise<void> {
    const { store, endpoints, fault } = this.#parts;
    const life = new Life();
    const world = livingWorld(this.#parts.world, life);
    this.#relay = await openRelay({
      store: livingRelayStore(store, life),
      world,
      primitives: playPrimitives,
      card: { endpoints },
      forwarder: ({ limits }) => this.#forwarder(world, life, limits.forwardSeconds * 1000),
    });
    this.#life = life;
    void this.#relay
      .deliver({ signal: new AbortController().signal })
      .catch((error: unknown) => fault(`a relay ended handing on: ${String(error)}`));
  }

  kill(): void {
    this.#life?.end();
  }

  spare(): void {
    this.#life?.spare();
  }

  plan(death: Death, died: () => void): void {
    this.#life?.plan(death, died);
  }

  /** One POST to one of its paths. @throws {DialError} where it is no such path, or the relay dies */
  async answer(path: string, request: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    const [life, relay] = [this.#life, this.#relay];
    if (life === undefined || relay === undefined || life.over)
      throw new DialError('refused', 'nobody listens there');
    const peer = path === peerPathOf(playPrimitives, this.hint.path);
    if (!peer && path !== this.hint.path) throw new DialError('not-a-relay', 'there is no such path');
    const either = AbortSignal.any([signal, life.signal]);
    const asker = { signal: either, ...(peer ? { peer } : { path }) };
    try {
      return await orAborted(relay.answer(request, asker), either);
    } catch (error) {
      if (either.aborted) throw either.reason;
      if (!(error instanceof MalformedError) && !(error instanceof RefusedError))
        this.#parts.fault(`a relay failed: ${error instanceof Error ? (error.stack ?? '') : String(error)}`);
      throw new DialError('not-a-relay', 'the answer has another status');
    }
  }

  /** Rations and guards are the business of the real one; here it is about what becomes of requests. */
  #forwarder(world: World, life: Life, longestMs: number): Forwarder {
    const network = new SimulatedNetwork(world, this.#parts.rules, {
      answer: (way, request, { signal }) =>
        this.#parts.answer(way, request, AbortSignal.any([signal, life.signal])),
    });
    const deliver: Forwarder['deliver'] = async ({ to, request, waitSeconds, roomBytes, signal }) => {
      const late = new AbortController();
      const over = new AbortController();
      const either = AbortSignal.any([signal, late.signal]);
      world.wait(longestMs + waitSeconds * 1000, { signal: over.signal }).then(
        () => late.abort(new DialError('silent', 'the far relay took too long')),
        () => undefined,
      );
      const pieces: Uint8Array[] = [];
      let stood = false;
      const whole = (): Uint8Array => new Uint8Array(Buffer.concat(pieces)).subarray(0, roomBytes);
      try {
        const way = wayTo(to);
        const connection = await network.open(way, { signal: either, small: true, reached: () => undefined });
        stood = true;
        const answer = connection.exchange(request, {
          signal: either,
          heldMs: waitSeconds * 1000,
          bulk: false,
          last: true,
        });
        for await (const piece of answer) pieces.push(piece);
        const tooLong = pieces.reduce((sum, piece) => sum + piece.length, 0) > roomBytes;
        return { bytes: whole(), stood, ...(tooLong && { trouble: 'too-long' as const }) };
      } catch (error) {
        if (signal.aborted || !(error instanceof DialError)) throw error;
        const trouble = { silent: 'silent', 'not-a-relay': 'stranger' }[error.ended as string] ?? 'closed';
        return { bytes: whole(), stood, trouble: trouble as 'silent' | 'stranger' | 'closed' };
      } finally {
        over.abort();
      }
    };
    return {
      forward: (ask) => deliver(ask),
      deliver: (ask) => {
        this.handedOn += 1;
        return deliver(ask);
      },
      mayKeep: () => true,
      mayReach: () => true,
      hurry: () => undefined,
      [Symbol.asyncDispose]: async () => undefined,
    };
  }
}

function wayTo(hint: Hint): Way {
  const { address: host, port, tls } = hint;
  return { carrier: 'https', host, port, tls, by: 'system', serverName: host, names: [host], hint };
}
