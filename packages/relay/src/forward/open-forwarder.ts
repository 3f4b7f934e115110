import { isIP } from 'node:net';
import { UnreachableError, type Hint } from '@tern/protocol';
import { addressGuard, endsInNumber, type GuardOptions } from './address-guard.ts';
import { FarBook } from './far-book.ts';
import type { ForwardAsk, Forwarded, Forwarder, ForwarderParts, Payer } from './forwarder.ts';
import type { ResolveName } from './name-resolver.ts';
import { Ration } from './ration.ts';

export interface ForwarderOptions extends GuardOptions {
  /** certificates to trust instead of the machine's own, PEM */
  readonly authorities?: string;
  readonly resolve?: ResolveName;
}

const hourMs = 3_600_000;
/** what handing on costs beside the bytes themselves */
const requestCostBytes = 1024;

/** The forwarder of a relay that runs on Node, for `RelayOptions.forwarder`. Nothing is opened before something is handed on. */
export function nodeForwarder(options: ForwarderOptions = {}): (parts: ForwarderParts) => Forwarder {
  return (parts) => new NodeForwarder(parts, options);
}

class NodeForwarder implements Forwarder {
  readonly #parts: ForwarderParts;
  readonly #guard: (address: string) => boolean;
  readonly #fars: FarBook;
  readonly #bytesOfPath: Ration;
  readonly #bytesOfOne: Ration;
  readonly #farsOfPath: Ration;
  readonly #farsOfOne: Ration;
  readonly #ofOne = new Map<string, number>();
  readonly #closing = new AbortController();
  #underWay = 0;
  #heldBytes = 0;

  constructor(parts: ForwarderParts, options: ForwarderOptions) {
    this.#parts = parts;
    this.#guard = addressGuard(options);
    this.#fars = new FarBook({ ...parts, ...options, guard: this.#guard });
    const { world, limits } = parts;
    this.#bytesOfPath = new Ration(world, { most: limits.forwardBytesOfPath, ms: hourMs });
    this.#bytesOfOne = new Ration(world, { most: limits.forwardBytesOfOne, ms: hourMs });
    this.#farsOfPath = new Ration(world, { most: limits.farsOfPath, ms: hourMs });
    this.#farsOfOne = new Ration(world, { most: limits.farsOfOne, ms: hourMs });
  }

  mayReach(to: Hint): boolean {
    const host = to.address.replace(/^\[|\]$/g, '');
    return to.relay !== this.#parts.relay && (isIP(host) === 0 ? !endsInNumber(host) : this.#guard(host));
  }

  mayKeep({ to, request }: Pick<ForwardAsk, 'to' | 'request'>, payer: Payer): boolean {
    return this.#takesFar(to, payer) && this.#takeBytes(requestCostBytes + request.length, payer);
  }

  async forward(ask: ForwardAsk, payer: Payer): Promise<Forwarded | 'quota'> {
    const { source } = payer;
    const { limits } = this.#parts;
    const own = source === undefined ? 0 : (this.#ofOne.get(source) ?? 0);
    if (this.#underWay >= limits.forwards || own >= limits.forwardsOfOne) return 'quota';
    if (!this.mayReach(ask.to)) return { bytes: new Uint8Array(), trouble: 'address' };
    if (!this.#takesFar(ask.to, payer)) return 'quota';
    if (!this.#takeBytes(requestCostBytes + ask.request.length, payer)) return 'quota';
    this.#underWay += 1;
    if (source !== undefined) this.#ofOne.set(source, own + 1);
    try {
      // billed as it comes: who asked may be gone before the end
      const came = (bytes: number): void => {
        this.#bytesOfPath.spend(payer.path, bytes);
        if (source !== undefined) this.#bytesOfOne.spend(source, bytes);
      };
      return await this.#deliver(ask, { came, ...(source !== undefined && { source }) });
    } finally {
      this.#underWay -= 1;
      if (source !== undefined) this.#release(source);
    }
  }

  deliver(ask: ForwardAsk): Promise<Forwarded> {
    return this.#deliver(ask, { came: () => undefined });
  }

  /** @param asked.came told of each piece of an answer */
  async #deliver(
    ask: ForwardAsk,
    { came, source }: { readonly came: (bytes: number) => void; readonly source?: string },
  ): Promise<Forwarded> {
    const nothing = new Uint8Array();
    if (this.#closing.signal.aborted) return { bytes: nothing, trouble: 'closed' };
    if (!this.mayReach(ask.to)) return { bytes: nothing, trouble: 'address' };
    const until = performance.now() + this.#parts.limits.forwardSeconds * 1000;
    const reaching = new AbortController();
    const timer = setTimeout(() => reaching.abort(silence), until - performance.now());
    const signal = AbortSignal.any([ask.signal, this.#closing.signal, reaching.signal]);
    let held = 0;
    const hold = (bytes: number): boolean => {
      if (this.#heldBytes + bytes > this.#parts.limits.forwardHeldBytes) return false;
      came(bytes);
      held += bytes;
      this.#heldBytes += bytes;
      return true;
    };
    try {
      const reached = await this.#fars.reach(ask.to, { signal, ...(source !== undefined && { source }) });
      clearTimeout(timer);
      if (reached.kind === 'failed') return { bytes: nothing, trouble: reached.trouble };
      const { far } = reached;
      const longestMs = Math.max(1, until - performance.now()) + ask.waitSeconds * 1000;
      const post = { signal, longestMs, mostBytes: ask.roomBytes, hold };
      const forwarded = await far.post.post(ask.to, ask.request, post);
      const answered = forwarded.trouble !== 'closed' && forwarded.trouble !== 'silent';
      this.#fars.ended(ask.to, far, { answered });
      return forwarded;
    } catch (cause) {
      if (ask.signal.aborted || !(cause instanceof UnreachableError)) throw cause;
      return { bytes: nothing, trouble: cause === silence ? 'silent' : 'closed' };
    } finally {
      clearTimeout(timer);
      this.#heldBytes -= held;
    }
  }

  hurry(): void {
    this.#closing.abort(new UnreachableError('the relay ends', { code: 'closed' }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.hurry();
    this.#fars[Symbol.dispose]();
  }

  #takeBytes(bytes: number, { path, source }: Payer): boolean {
    if (source !== undefined && this.#bytesOfOne.left(source) < bytes) return false;
    if (!this.#bytesOfPath.take(path, bytes)) return false;
    if (source !== undefined) this.#bytesOfOne.spend(source, bytes);
    return true;
  }

  /** Whoever has somebody asked who is not known yet pays for that too: it is a connection to where they like. */
  #takesFar(to: Hint, { path, source }: Payer): boolean {
    if (this.#fars.isFresh(to)) return true;
    if (source !== undefined && !this.#farsOfOne.take(source, 1)) return false;
    return this.#farsOfPath.take(path, 1);
  }

  #release(source: string): void {
    const left = (this.#ofOne.get(source) ?? 1) - 1;
    if (left <= 0) this.#ofOne.delete(source);
    else this.#ofOne.set(source, left);
  }
}

const silence = new UnreachableError('the far relay did not prove itself in time', { code: 'silent' });
