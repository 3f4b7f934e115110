import type { Carrier, Connection, OpenOptions } from '../dialer/carrier.ts';
import { wayKey, type Way } from '../dialer/way.ts';
import { HttpConnection } from './http-exchange.ts';
import type { Resolver } from './resolver.ts';
import { dialTcp, dialTls } from './socket-dial.ts';

/** What is sent in one TLS record where a connection may freeze: a record that comes in half is worth nothing. */
const smallRecordBytes = 1300;
const rememberedWays = 64;
/** A relay gives two with each handshake, and many connections may begin before one has ended. */
const sessionsOfOne = 32;

export interface HttpsCarrierParts {
  readonly resolver: Resolver;
  /** sessions are not taken from one network to another */
  readonly network: () => string;
  /** certificates to trust instead of the machine's own, PEM */
  readonly authorities?: string;
}

/** POSTs over connections that are dialled one by one: to an address of our choice, saying the name that the way says, or none. */
export class HttpsCarrier implements Carrier {
  readonly name = 'https';
  readonly #parts: HttpsCarrierParts;
  /** of each way, each used once; a handshake that goes on with one is 2 kB shorter */
  readonly #sessions = new Map<string, readonly Buffer[]>();

  constructor(parts: HttpsCarrierParts) {
    this.#parts = parts;
  }

  async open(way: Way, { signal, small, reached }: OpenOptions): Promise<Connection> {
    const refused = (address: string): void => reached('resolved', address);
    const addresses = await this.#parts.resolver.addresses(way, { signal, refused });
    reached('resolved');
    const tcp = await dialTcp(addresses, way.port, { signal });
    reached('connected', tcp.remoteAddress);
    const options = { authority: authorityOf(way), path: way.hint.path };
    if (!way.tls) return new HttpConnection(tcp, options);
    const { authorities, network } = this.#parts;
    // the address says at once that the network is another, where its name is looked at now and then
    const key = `${network()} ${tcp.localAddress ?? ''} ${wayKey(way)}`;
    const session = this.#newest(key);
    const tls = await dialTls(tcp, {
      signal,
      serverName: way.serverName,
      names: way.names,
      ...(authorities !== undefined && { authorities }),
      ...(session !== undefined && { session }),
    });
    tls.on('session', (next: Buffer) => this.#keep(key, next));
    if (small) tls.setMaxSendFragment(smallRecordBytes);
    return new HttpConnection(tls, options);
  }

  #newest(key: string): Buffer | undefined {
    const kept = this.#sessions.get(key);
    if (kept === undefined) return undefined;
    this.#sessions.set(key, kept.slice(0, -1));
    return kept.at(-1);
  }

  #keep(key: string, session: Buffer): void {
    const kept = this.#sessions.get(key) ?? [];
    this.#sessions.delete(key);
    this.#sessions.set(key, [...kept, session].slice(-sessionsOfOne));
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size > rememberedWays && oldest !== undefined) this.#sessions.delete(oldest);
  }
}

function authorityOf({ host, port, tls }: Way): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return port === (tls ? 443 : 80) ? name : `${name}:${port}`;
}
