import { lookup } from 'node:dns/promises';
import { MalformedError, UnreachableError, type Hint, type World } from '@tern/protocol';
import { unlessAborted } from '../abort.ts';
import { SharedTask } from '../shared-task.ts';
import { DialError } from '../dialer/carrier.ts';
import { isAddress, isOfInternet } from '../dialer/address.ts';
import { isPrivate, type Way } from '../dialer/way.ts';
import { decodeAnswer, encodeQuestion, type ResolvedAddress } from './dns-message.ts';
import { HttpConnection } from './http-exchange.ts';
import { dialError, dialTcp, dialTls } from './socket-dial.ts';

/** A resolver that is asked over HTTPS (RFC 8484), by its address and without saying a name. */
export interface DohServer {
  readonly address: string;
  readonly port: number;
  /** certificates to trust instead of the machine's own, PEM */
  readonly authorities?: string;
}

/** Four that many use, of four operators: none of them is asked alone. Their certificates are for their addresses. */
const publicDohServers: readonly DohServer[] = ['1.1.1.1', '8.8.8.8', '9.9.9.9', '94.140.14.14'].map(
  (address) => ({ address, port: 443 }),
);

export interface ResolverParts {
  readonly world: World;
  /** the address under which a name's server was last proved */
  readonly remembered: (host: string) => string | undefined;
  readonly dohServers?: readonly DohServer[];
  /** what no resolver knew on one network is asked again on another; all are one unless given */
  readonly network?: () => string;
  /** as the system does it unless given @throws {DialError} */
  readonly bySystem?: (host: string) => Promise<readonly string[]>;
  /** where a relay of the internet may be; an address of the internet unless given */
  readonly isOfInternet?: (address: string) => boolean;
}

/** the next resolver is asked after so long without an answer of the one before */
const nextServerMs = 700;
const longestAnswerMs = 4000;
const [leastSeconds, mostSeconds] = [60, 3600];
/** What nobody knew, or nobody answered, is not asked again for so long, twice as long each time. */
const [firstRestMs, longestRestMs] = [15_000, 120_000];
const rememberedNames = 64;
/** The system is asked for the same name once in so long. */
const sameAnswerMs = 5000;

/** What resolvers over HTTPS said of a name, or that they said nothing. */
interface Told {
  readonly addresses: readonly string[];
  readonly until: number;
  /** in a row without an address */
  readonly failures: number;
  readonly network: string;
}

/** Where names have their addresses, in the three ways that a network may lie about, cut, or not know of. */
export class Resolver {
  readonly #parts: ResolverParts;
  readonly #told = new Map<string, Told>();
  /** what the system answered a moment ago */
  readonly #said = new Map<
    string,
    { readonly addresses: readonly string[]; readonly at: number; readonly network: string }
  >();
  /** whoever wants the same name meanwhile waits for the same answer */
  readonly #asking = new Map<string, SharedTask<readonly string[]>>();

  constructor(parts: ResolverParts) {
    this.#parts = parts;
  }

  /**
   * Those that may be dialled. Whoever made the relay's link may have meant this machine or the network around it, by naming it there; a
   * name or a card that only leads there is not followed, whoever it was that made it lead there.
   * @param options `refused`: told of an address that is not followed, where there is no other
   * @throws {DialError} `name` @throws the signal's reason
   */
  async addresses(
    way: Pick<Way, 'host' | 'by' | 'hint'>,
    options: { readonly signal: AbortSignal; readonly refused: (address: string) => void },
  ): Promise<readonly string[]> {
    const found = await this.#find(way, options);
    const allowed = dialable(found, way.hint, this.#parts.isOfInternet);
    const [refused] = found;
    if (allowed.length > 0 || refused === undefined) return allowed;
    options.refused(refused);
    throw new DialError('name', 'the name leads to where no relay of the internet is');
  }

  async #find(
    { host, by }: Pick<Way, 'host' | 'by'>,
    options: { readonly signal: AbortSignal },
  ): Promise<readonly string[]> {
    if (isAddress(host)) return [host];
    switch (by) {
      case 'remembered': {
        const address = this.#parts.remembered(host);
        if (address === undefined) throw new DialError('name', 'no address is remembered');
        return [address];
      }
      case 'doh':
        return this.#byDoh(host, options.signal);
      case 'system':
      case 'literal':
        return this.#bySystem(host, options.signal);
    }
  }

  /** A file's connections begin dozens a second, and each would ask. */
  async #bySystem(host: string, signal: AbortSignal): Promise<readonly string[]> {
    const { world, network = () => '', bySystem: ask = bySystem } = this.#parts;
    const where = network();
    const said = this.#said.get(host);
    if (said?.network === where && Math.abs(world.now() - said.at) < sameAnswerMs) return said.addresses;
    const addresses = await unlessAborted(ask(host), signal);
    this.#said.delete(host);
    this.#said.set(host, { addresses, at: world.now(), network: where });
    const [oldest] = this.#said.keys();
    if (this.#said.size > rememberedNames && oldest !== undefined) this.#said.delete(oldest);
    return addresses;
  }

  async #byDoh(host: string, signal: AbortSignal): Promise<readonly string[]> {
    const { world, network = () => '' } = this.#parts;
    const told = this.#told.get(host);
    const known = told !== undefined && told.until > world.now();
    if (known && told.addresses.length > 0) return told.addresses;
    if (known && told.network === network()) throw new DialError('name', 'no resolver knew it just now');
    const task = this.#asking.get(host) ?? new SharedTask((ending) => this.#learn(host, ending));
    this.#asking.set(host, task);
    try {
      return await task.run(signal);
    } finally {
      if (task.idle) this.#asking.delete(host);
    }
  }

  async #learn(host: string, signal: AbortSignal): Promise<readonly string[]> {
    const { world, network = () => '' } = this.#parts;
    const where = network();
    try {
      const found = await this.#ask(host, signal);
      const seconds = Math.min(
        mostSeconds,
        Math.max(leastSeconds, ...found.map(({ ttlSeconds }) => ttlSeconds)),
      );
      const addresses = found.map(({ address }) => address);
      this.#remember(host, { addresses, until: world.now() + seconds * 1000, failures: 0, network: where });
      return addresses;
    } catch (error) {
      if (!(error instanceof DialError)) throw error;
      const before = this.#told.get(host);
      const failures = before?.network === where ? before.failures : 0;
      const restMs = Math.min(longestRestMs, firstRestMs * 2 ** failures);
      const until = world.now() + restMs;
      this.#remember(host, { addresses: [], until, failures: Math.min(failures + 1, 20), network: where });
      throw error;
    }
  }

  #remember(host: string, told: Told): void {
    this.#told.delete(host);
    this.#told.set(host, told);
    const [oldest] = this.#told.keys();
    if (this.#told.size > rememberedNames && oldest !== undefined) this.#told.delete(oldest);
  }

  /** The first useful answer of several resolvers, each asked a little after the one before. */
  async #ask(host: string, signal: AbortSignal): Promise<readonly ResolvedAddress[]> {
    const { world, dohServers = publicDohServers } = this.#parts;
    const done = new AbortController();
    const either = AbortSignal.any([signal, done.signal]);
    const first = (world.randomBytes(1)[0] ?? 0) % Math.max(1, dohServers.length);
    const order = [...dohServers.slice(first), ...dohServers.slice(0, first)];
    const asked = order.map(async (server, place) => {
      await world.wait(place * nextServerMs, { signal: either });
      const answers = await Promise.all(
        (['A', 'AAAA'] as const).map((type) => askServer(server, { host, type, signal: either })),
      );
      const found = answers.flat();
      if (found.length === 0) throw new DialError('name', 'the name has no address');
      return found;
    });
    const late = world.wait(longestAnswerMs, { signal: either }).then((): never => {
      throw new DialError('name', 'no resolver answered');
    });
    try {
      return await Promise.race([Promise.any(asked), late]);
    } catch (cause) {
      signal.throwIfAborted();
      throw cause instanceof DialError ? cause : new DialError('name', 'no resolver knew it', { cause });
    } finally {
      late.catch(() => undefined);
      done.abort(new UnreachableError('another resolver answered', { code: 'left' }));
    }
  }
}

/** Of the addresses to which a relay's name led, those that its link lets us dial. */
export function dialable(
  addresses: readonly string[],
  { address }: Pick<Hint, 'address'>,
  may: (address: string) => boolean = isOfInternet,
): readonly string[] {
  return isPrivate(address.replace(/^\[|\]$/gu, '')) ? addresses : addresses.filter((one) => may(one));
}

/** @throws {DialError} */
export async function bySystem(host: string): Promise<readonly string[]> {
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch (cause) {
    throw dialError(cause);
  }
}

async function askServer(
  server: DohServer,
  {
    host,
    type,
    signal,
  }: { readonly host: string; readonly type: 'A' | 'AAAA'; readonly signal: AbortSignal },
): Promise<readonly ResolvedAddress[]> {
  const { address, port, authorities } = server;
  const tcp = await dialTcp([address], port, { signal });
  const names = [address];
  const socket = await dialTls(tcp, {
    signal,
    serverName: '',
    names,
    ...(authorities !== undefined && { authorities }),
  });
  const authority = address.includes(':') ? `[${address}]` : address;
  const connection = new HttpConnection(socket, {
    tcp,
    authority: port === 443 ? authority : `${authority}:${port}`,
    path: 'dns-query',
    headers: { 'content-type': 'application/dns-message', accept: 'application/dns-message' },
  });
  const pieces: Uint8Array[] = [];
  try {
    for await (const piece of connection.exchange(encodeQuestion(host, type), {
      signal,
      heldMs: 0,
      last: true,
    }))
      pieces.push(piece);
    return decodeAnswer(new Uint8Array(Buffer.concat(pieces)), host, type);
  } catch (cause) {
    if (cause instanceof MalformedError)
      throw new DialError('name', 'a resolver answered nonsense', { cause });
    throw cause;
  } finally {
    connection.close();
  }
}
