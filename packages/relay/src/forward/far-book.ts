import { isIP } from 'node:net';
import {
  MalformedError,
  RefusedError,
  UnreachableError,
  type ForwardTrouble,
  type Hint,
} from '@tern/protocol';
import { openPath, type Outgoing, type Transport } from '@tern/reach';
import type { AddressGuard } from './address-guard.ts';
import type { ForwarderParts } from './forwarder.ts';
import { unlessAborted } from './abort.ts';
import { NameResolver, type ResolveName } from './name-resolver.ts';
import { openPeerPost, type PeerPost } from './peer-post.ts';

export interface FarBookOptions extends ForwarderParts {
  readonly guard: AddressGuard;
  readonly resolve?: ResolveName;
  readonly authorities?: string;
}

/** A far relay that has proved who it is, at the one address to which everything goes. */
export interface Far {
  readonly address: string;
  readonly post: PeerPost;
}

export type Reached =
  | { readonly kind: 'proved'; readonly far: Far }
  | { readonly kind: 'failed'; readonly trouble: ForwardTrouble };

interface Kept {
  /** while it is being asked */
  asking?: Promise<Reached>;
  far?: Far;
  provedAt: number;
  /** something went wrong after the proof: whoever comes next has it asked for again, and does not pay for that */
  doubted?: boolean;
  failed?: { readonly trouble: ForwardTrouble; readonly until: number; readonly times: number };
}

/** of one name */
const mostAddresses = 3;
/** of an answer to a hello: the card and some of others */
const mostHelloBytes = 20_480;
const mostFailureTimes = 16;
/** A ticket that nobody was given: `refused` over a peer path, `done` over a client's. */
const proof: readonly Outgoing[] = [
  { operation: { kind: 'hello' } },
  { operation: { kind: 'forget', ticket: new Uint8Array(16) } },
];

/**
 * The far relays of a near one: which has proved its RelayId, at which address, and which did not (rule 29). A proof is a sealed `hello`
 * that only the holder of a key of the relay's card can open and answer; it counts for that relay, name, port, path and address. That it
 * came in by a peer path is proved too: over a client's path the far side would hand on further, and there would be no end of hops.
 */
export class FarBook implements Disposable {
  readonly #options: FarBookOptions;
  readonly #names: NameResolver;
  /** the longest unused first */
  readonly #kept = new Map<string, Kept>();
  readonly #closing = new AbortController();

  constructor(options: FarBookOptions) {
    this.#options = options;
    this.#names = new NameResolver(options.limits, options);
  }

  get size(): number {
    return this.#kept.size;
  }

  /** Whether nobody outside has to be asked for this one, who is not being asked already or is doubted. */
  isFresh(to: Hint): boolean {
    const kept = this.#kept.get(keyOf(to));
    return kept?.asking !== undefined || kept?.doubted === true || this.#fresh(kept) !== undefined;
  }

  /**
   * @param options.source for whom it is asked, where somebody has to be
   * @throws the signal's reason; what was begun goes on for whoever else wants it
   */
  async reach(
    to: Hint,
    { signal, source }: { readonly signal: AbortSignal; readonly source?: string },
  ): Promise<Reached> {
    signal.throwIfAborted();
    const key = keyOf(to);
    const kept = this.#kept.get(key) ?? { provedAt: 0 };
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    this.#forgetOldest();
    const known = this.#fresh(kept);
    if (known !== undefined) return known;
    kept.asking ??= this.#ask(to, kept, source).finally(() => delete kept.asking);
    return unlessAborted(kept.asking, signal);
  }

  /**
   * Something went wrong after the proof: it is asked for again, and the name resolved anew.
   * @param what.stood there was a connection: then it may be the doing of whoever asked, and happens at most every now and then
   */
  doubt(to: Hint, far: Far, { stood }: { readonly stood: boolean }): void {
    const kept = this.#kept.get(keyOf(to));
    if (kept?.far !== far) return;
    const { world, limits } = this.#options;
    if (stood && Math.abs(world.now() - kept.provedAt) < limits.farFailureSeconds * 1000) return;
    this.#letGo(kept);
    kept.doubted = true;
  }

  [Symbol.dispose](): void {
    this.#closing.abort(new UnreachableError('the relay ends', { code: 'closed' }));
    for (const kept of this.#kept.values()) this.#letGo(kept);
    this.#kept.clear();
  }

  #fresh(kept: Kept | undefined): Reached | undefined {
    const now = this.#options.world.now();
    const { farProofSeconds } = this.#options.limits;
    if (kept?.far !== undefined && Math.abs(now - kept.provedAt) < farProofSeconds * 1000)
      return { kind: 'proved', far: kept.far };
    if (kept?.failed !== undefined && kept.failed.until > now)
      return { kind: 'failed', trouble: kept.failed.trouble };
    return undefined;
  }

  async #ask(to: Hint, kept: Kept, source: string | undefined): Promise<Reached> {
    this.#letGo(kept);
    const found = await this.#prove(to, source);
    delete kept.doubted;
    if (typeof found === 'object') {
      if (this.#closing.signal.aborted || this.#kept.get(keyOf(to)) !== kept) {
        found.post[Symbol.dispose]();
        return { kind: 'failed', trouble: 'closed' };
      }
      kept.far = found;
      kept.provedAt = this.#options.world.now();
      delete kept.failed;
      return { kind: 'proved', far: found };
    }
    if (found === 'no place') return { kind: 'failed', trouble: 'busy' };
    // one that has no room now may have some soon
    const longer = found === 'busy' ? 1 : 2;
    const times = Math.min(mostFailureTimes, Math.max(1, (kept.failed?.times ?? 0.5) * longer));
    const until = this.#options.world.now() + times * this.#options.limits.farFailureSeconds * 1000;
    kept.failed = { trouble: found, until, times };
    return { kind: 'failed', trouble: found };
  }

  async #prove(to: Hint, source: string | undefined): Promise<Far | ForwardTrouble | 'no place'> {
    const addresses = await this.#addressesOf(to, source);
    if (typeof addresses === 'string') return addresses;
    let trouble: ForwardTrouble = 'address';
    for (const address of addresses) {
      const { authorities } = this.#options;
      const post = openPeerPost({ address, ...(authorities !== undefined && { authorities }) });
      const proved = await this.#proveAt(to, post);
      if (proved === undefined) return { address, post };
      post[Symbol.dispose]();
      trouble = proved;
      if (trouble === 'stranger' || this.#closing.signal.aborted) break;
    }
    return trouble;
  }

  /** @returns the addresses that may be connected to; of a name with one that may not, none: it is not a relay's */
  async #addressesOf(
    to: Hint,
    source: string | undefined,
  ): Promise<readonly string[] | 'address' | 'no place'> {
    const { guard } = this.#options;
    const host = to.address.replace(/^\[|\]$/g, '');
    if (isIP(host) !== 0) return guard(host) ? [host] : 'address';
    const addresses = await this.#names.addressesOf(host, { source, signal: this.#closing.signal });
    if (addresses === 'busy') return 'no place';
    const allowed = addresses.length > 0 && addresses.every((one) => guard(one));
    return allowed ? addresses.slice(0, mostAddresses) : 'address';
  }

  /** @returns why it is not proved */
  async #proveAt(to: Hint, post: PeerPost): Promise<ForwardTrouble | undefined> {
    const { primitives, world, limits } = this.#options;
    const { signal } = this.#closing;
    let trouble: ForwardTrouble | undefined;
    const longestMs = (limits.forwardSeconds * 1000) / 3;
    const transport: Transport = {
      name: 'https',
      async *carry(hint, body, options) {
        const came = await post.post(hint, body, {
          signal: options.signal,
          longestMs,
          mostBytes: mostHelloBytes,
        });
        trouble = came.trouble;
        if (came.bytes.length > 0) yield came.bytes;
        if (came.trouble !== undefined) throw new UnreachableError('the far relay', { code: came.trouble });
      },
    };
    try {
      await using path = openPath({ hint: to, transport, primitives, world });
      const { results, whole } = await path.exchange(proof, { signal });
      const [hello, forget] = results;
      const proved = whole && hello?.[0]?.kind === 'card' && forget?.[0]?.kind === 'refused';
      return proved ? undefined : (trouble ?? 'stranger');
    } catch (cause) {
      if (cause instanceof RefusedError && cause.code === 'busy') return 'busy';
      if (cause instanceof RefusedError || cause instanceof MalformedError) return 'stranger';
      if (!(cause instanceof UnreachableError)) throw cause;
      return trouble ?? (cause.code === 'closed' ? 'closed' : 'stranger');
    }
  }

  #letGo(kept: Kept): void {
    kept.far?.post[Symbol.dispose]();
    delete kept.far;
  }

  #forgetOldest(): void {
    for (const [key, kept] of this.#kept) {
      if (this.#kept.size <= this.#options.limits.farsRemembered) return;
      this.#letGo(kept);
      this.#kept.delete(key);
    }
  }
}

function keyOf({ relay, tls, address, port, path }: Hint): string {
  return [relay, tls, address, port, path].join(' ');
}
