import { Resolver } from 'node:dns/promises';
import { UnreachableError } from '@tern/protocol';
import type { RelayLimits } from '../limits-table.ts';
import { unlessAborted } from './abort.ts';
import { Places } from './places.ts';

/** All addresses of a name. @throws {Error} for a name that has none, and once the signal is aborted */
export type ResolveName = (
  name: string,
  options: { readonly signal: AbortSignal },
) => Promise<readonly string[]>;

const longestMs = 5000;
/** for the first answer of a server, and how often each is asked */
const timeoutMs = 1500;
const tries = 2;

/** Names that are being resolved: so many at a time, and of one source so many of them. */
export class NameResolver {
  readonly #resolve: ResolveName;
  readonly #places: Places;

  constructor(
    limits: Pick<RelayLimits, 'resolving' | 'resolvingOfOne'>,
    options: { readonly resolve?: ResolveName } = {},
  ) {
    this.#places = new Places({ most: limits.resolving, mostOfOne: limits.resolvingOfOne });
    this.#resolve = options.resolve ?? dnsNames();
  }

  /** @returns nothing for a name that has no address, or is slow to tell; `busy` where too many are asked for already */
  async addressesOf(
    name: string,
    options: { readonly source: string | undefined; readonly signal: AbortSignal },
  ): Promise<readonly string[] | 'busy'> {
    const { source, signal } = options;
    if (!this.#places.take(source, 1)) return 'busy';
    const over = new AbortController();
    const timer = setTimeout(() => over.abort(slow), longestMs);
    const ending = AbortSignal.any([signal, over.signal]);
    try {
      return await unlessAborted(this.#resolve(name, { signal: ending }), ending);
    } catch {
      return [];
    } finally {
      clearTimeout(timer);
      this.#places.release(source, 1);
    }
  }
}

const slow = new UnreachableError('the name is slow to resolve', { code: 'silent' });

/**
 * Asks DNS alone: the machine's own resolver would hold one of the few threads that all files need, for as long as a server likes.
 * @param options.servers as `address:port`; the machine's own unless given
 */
export function dnsNames(options: { readonly servers?: readonly string[] } = {}): ResolveName {
  return async (name, { signal }) => {
    signal.throwIfAborted();
    const resolver = new Resolver({ timeout: timeoutMs, tries });
    if (options.servers !== undefined) resolver.setServers(options.servers);
    const cancel = (): void => resolver.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    try {
      const found = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
      const [ipv4 = [], ipv6 = []] = found.map((one) => (one.status === 'fulfilled' ? one.value : []));
      // both kinds are tried, whichever has more
      const longest = Math.max(ipv4.length, ipv6.length);
      return Array.from({ length: longest }, (_, at) => [ipv4[at], ipv6[at]].filter(isGiven)).flat();
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  };
}

function isGiven(address: string | undefined): address is string {
  return address !== undefined;
}
