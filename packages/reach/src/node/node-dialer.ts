import type { World } from '@tern/protocol';
import { openDialer, type Dialer } from '../dialer/dialer.ts';
import { WayBook, type NameNetwork } from '../dialer/way-book.ts';
import { HttpsCarrier } from './https-carrier.ts';
import { networkAddresses, networkName } from './network-name.ts';
import { nodeWorld } from './node-world.ts';
import { Resolver, type DohServer } from './resolver.ts';

export interface NodeDialerOptions {
  /** certificates to trust instead of the machine's own, PEM */
  readonly authorities?: string;
  /** resolvers to ask over HTTPS where the system's does not help; well-known ones unless given */
  readonly dohServers?: readonly DohServer[];
  /** where a relay of the internet may be; an address of the internet unless given */
  readonly isOfInternet?: (address: string) => boolean;
  /** what the machine's own resolver says of a name; asked of it unless given @throws {DialError} where it knows none */
  readonly bySystem?: (host: string) => Promise<readonly string[]>;
  /** time, waiting and chance of everything but single sockets; the machine's own unless given */
  readonly world?: World;
  /** after so long without a sign nobody waits any more; 20 s unless given */
  readonly longestSilenceMs?: number;
}

/** looking at the interfaces costs more than a lookup in a table */
const networkMs = 2000;

/** The dialer of a machine: real sockets, several resolvers, and whatever network it is in now. */
export function nodeDialer(options: NodeDialerOptions = {}): Dialer {
  const { authorities, dohServers, isOfInternet, bySystem, longestSilenceMs, world = nodeWorld } = options;
  const book = new WayBook(networkNames(), world.randomBytes(32));
  const network = (): string => book.here;
  const resolver = new Resolver({
    world,
    remembered: (host) => book.address(host),
    network,
    ...(dohServers !== undefined && { dohServers }),
    ...(isOfInternet !== undefined && { isOfInternet }),
    ...(bySystem !== undefined && { bySystem }),
  });
  const https = new HttpsCarrier({ resolver, network, ...(authorities !== undefined && { authorities }) });
  const parts = { world, https, choosesAddress: true, network, book };
  return openDialer({ ...parts, ...(longestSilenceMs !== undefined && { longestSilenceMs }) });
}

function networkNames(): NameNetwork {
  let seen = { addresses: networkAddresses(), at: nodeWorld.now() };
  let last:
    | { readonly addresses: string; readonly key: Uint8Array | undefined; readonly name: string }
    | undefined;
  return (key) => {
    const now = nodeWorld.now();
    if (Math.abs(now - seen.at) > networkMs) seen = { addresses: networkAddresses(), at: now };
    const { addresses } = seen;
    if (last?.addresses !== addresses || last.key !== key)
      last = { addresses, key, name: networkName(addresses, key) };
    return last.name;
  };
}
