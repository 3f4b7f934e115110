import type { World } from '@tern/protocol';
import type { Carrier, Connection } from '../dialer/carrier.ts';
import type { Way } from '../dialer/way.ts';
import { exchangeByFetch } from './fetch-transport.ts';

/** Timers are the dialer's business: this is only for what it would forget. */
const endMs = 1_200_000;
/** A relay closes a browser's connection with its second answer. */
const mostExchanges = 2;

/**
 * POSTs by `fetch`. A page cannot open a connection and never sees one; but it may ask only as often as it means to have connections, and
 * then there are no more. So what is opened here is the leave to ask, twice, one after the other.
 */
export class FetchCarrier implements Carrier {
  readonly name = 'https';
  readonly #world: Pick<World, 'wait'>;

  constructor(parts: { readonly world: Pick<World, 'wait'> }) {
    this.#world = parts.world;
  }

  async open(way: Way): Promise<Connection> {
    return new FetchConnection(way, this.#world);
  }
}

class FetchConnection implements Connection {
  readonly shared = false;
  readonly blind = true;
  usable = true;
  readonly #way: Way;
  readonly #world: Pick<World, 'wait'>;
  #exchanges = 0;

  constructor(way: Way, world: Pick<World, 'wait'>) {
    this.#way = way;
    this.#world = world;
  }

  async *exchange(
    request: Uint8Array,
    { signal }: { readonly signal: AbortSignal },
  ): AsyncIterable<Uint8Array> {
    const { host, port, tls, hint } = this.#way;
    const address = host.includes(':') ? `[${host}]` : host;
    this.#exchanges += 1;
    yield* exchangeByFetch({ ...hint, address, port, tls }, request, {
      world: this.#world,
      longestSilenceMs: () => endMs,
      signal,
      left: (whole) => {
        if (!whole || this.#exchanges >= mostExchanges) this.usable = false;
      },
    });
  }

  close(): void {
    this.usable = false;
  }
}
