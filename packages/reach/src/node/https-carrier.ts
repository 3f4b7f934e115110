import type { Carrier, Connection, OpenOptions } from '../dialer/carrier.ts';
import { relayOf, wayKey, type Way } from '../dialer/way.ts';
import { giveUp } from './give-up.ts';
import { HttpConnection } from './http-exchange.ts';
import type { Resolver } from './resolver.ts';
import { dialTcp, dialTls } from './socket-dial.ts';

/** What is sent in one TLS record where a connection may freeze: a record that comes in half is worth nothing. */
const smallRecordBytes = 1300;
const rememberedRelays = 64;
/** A relay gives two with each handshake, and many connections may begin before one has ended. */
const sessionsOfOne = 64;
/** Ours are below 2 kB; others may say what they like. */
const mostSessionBytes = 8192;

interface Kept {
  readonly way: string;
  /** the certificate was for one of them; whoever goes on with it is shown none */
  readonly names: readonly string[];
  readonly session: Buffer;
  /** it went out already, and goes nowhere else */
  readonly used?: boolean;
}

/** What goes on with a session is 2 kB and five packets shorter, and brings no new one. Whose tickets a relay's other places do not read is found out by trying. */
interface Sessions {
  /** the newest last; each is used once, only where connections freeze a way's last one is used again, until there is another */
  kept: readonly Kept[];
  /** ways where one that came from another was not taken */
  readonly apart: Set<string>;
}

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
  /** of each relay */
  readonly #sessions = new Map<string, Sessions>();

  constructor(parts: HttpsCarrierParts) {
    this.#parts = parts;
  }

  async open(
    way: Way,
    { signal, small, freezes = false, reached, mayGreet }: OpenOptions,
  ): Promise<Connection> {
    const refused = (address: string): void => reached('resolved', address);
    const addresses = await this.#parts.resolver.addresses(way, { signal, refused });
    reached('resolved');
    const tcp = await dialTcp(addresses, way.port, { signal });
    reached('connected', tcp.remoteAddress);
    const options = { authority: authorityOf(way), path: way.hint.path, tcp };
    if (!way.tls) return new HttpConnection(tcp, options);
    try {
      await mayGreet?.({ signal });
    } catch (error) {
      giveUp(tcp);
      throw error;
    }
    const { authorities, network } = this.#parts;
    // the address says at once that the network is another, where its name is looked at now and then
    const sessions = this.#sessionsOf(`${network()} ${tcp.localAddress ?? ''} ${relayOf(way)}`);
    const from = wayKey(way);
    const newest = takeNewest(sessions, way, freezes);
    const session = newest?.session;
    const tls = await dialTls(tcp, {
      signal,
      serverName: way.serverName,
      names: way.names,
      ...(authorities !== undefined && { authorities }),
      ...(session !== undefined && { session }),
    });
    if (newest !== undefined && !tls.isSessionReused()) {
      if (newest.way !== from) sessions.apart.add(from);
      sessions.kept = sessions.kept.filter((one) => one.session !== newest.session);
    }
    tls.on('session', (next: Buffer) => {
      if (next.length > mostSessionBytes) return;
      sessions.kept = [...sessions.kept, { way: from, names: way.names, session: next }].slice(
        -sessionsOfOne,
      );
    });
    if (small) tls.setMaxSendFragment(smallRecordBytes);
    return new HttpConnection(tls, options);
  }

  #sessionsOf(relay: string): Sessions {
    const sessions = this.#sessions.get(relay) ?? { kept: [], apart: new Set() };
    this.#sessions.delete(relay);
    this.#sessions.set(relay, sessions);
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size > rememberedRelays && oldest !== undefined) this.#sessions.delete(oldest);
    return sessions;
  }
}

/** This way's own, or one of the relay's others. Whoever wrote a link may say any relay in it: a name of theirs vouches for no place that is not to have it. */
function takeNewest(sessions: Sessions, way: Way, freezes: boolean): Kept | undefined {
  const { kept, apart } = sessions;
  const key = wayKey(way);
  const fit = kept.filter(({ names }) => names.every((name) => way.names.includes(name)));
  const own = fit.filter((one) => one.way === key);
  const others = apart.has(key) ? undefined : fit.findLast(({ used }) => used !== true);
  const newest = own.at(-1) ?? others;
  const left = kept.filter((one) => one !== newest);
  const again = freezes && newest !== undefined && own.length === 1;
  sessions.kept = again ? [{ ...newest, used: true }, ...left] : left;
  return newest;
}

function authorityOf({ host, port, tls }: Way): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return port === (tls ? 443 : 80) ? name : `${name}:${port}`;
}
