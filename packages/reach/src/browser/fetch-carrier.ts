import type { World } from '@tern/protocol';
import type { Carrier, Connection } from '../dialer/carrier.ts';
import type { Way } from '../dialer/way.ts';
import { exchangeByFetch } from './fetch-transport.ts';

/** Timers are the dialer's business: this is only for what it would forget. */
const endMs = 1_200_000;

/**
 * POSTs by `fetch`. A page cannot open a connection and never sees one; but it may ask only as often as it means to have connections, and
 * then there are no more. So what is opened here is the leave to ask, once; which connections stand is what the pool believes.
 */
export class FetchCarrier implements Carrier {
  readonly name = 'https';
  readonly blind = true;
  readonly #world: Pick<World, 'wait'>;

  constructor(world: Pick<World, 'wait'>) {
    this.#world = world;
  }

  async open(way: Way): Promise<Connection> {
    return new FetchConnection(way, this.#world);
  }
}

class FetchConnection implements Connection {
  readonly shared = false;
  usable = true;
  readonly #way: Way;
  readonly #world: Pick<World, 'wait'>;

  constructor(way: Way, world: Pick<World, 'wait'>) {
    this.#way = way;
    this.#world = world;
  }

  async *exchange(
    request: Uint8Array,
    { signal, last }: { readonly signal: AbortSignal; readonly last: boolean },
  ): AsyncIterable<Uint8Array> {
    const { host, port, tls, hint } = this.#way;
    const address = host.includes(':') ? `[${host}]` : host;
    yield* exchangeByFetch({ ...hint, address, port, tls }, request, {
      world: this.#world,
      longestSilenceMs: () => endMs,
      signal,
      last,
      left: (whole) => {
        if (!whole) this.usable = false;
      },
    });
  }

  close(): void {
    this.usable = false;
  }
}
