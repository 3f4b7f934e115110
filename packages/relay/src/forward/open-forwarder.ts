import { isIP } from 'node:net';
import { UnreachableError, type Hint } from '@tern/protocol';
import { addressGuard, endsInNumber, type GuardOptions } from './address-guard.ts';
import { FarBook } from './far-book.ts';
import type { Delivered, ForwardAsk, Forwarded, Forwarder, ForwarderParts, Payer } from './forwarder.ts';
import type { ResolveName } from './name-resolver.ts';
import { Places } from './places.ts';
import { SharedRation } from './ration.ts';

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

/** One that the far relay may keep waiting. */
interface LongTurn {
  readonly source: string | undefined;
  readonly since: number;
  readonly over: AbortController;
}

class NodeForwarder implements Forwarder {
  readonly #parts: ForwarderParts;
  readonly #guard: (address: string) => boolean;
  readonly #fars: FarBook;
  readonly #bytes: SharedRation;
  readonly #asked: SharedRation;
  readonly #underWay: Places;
  /** of those under way, the longest first */
  readonly #longTurns = new Set<LongTurn>();
  readonly #heldBytes: Places;
  readonly #closing = new AbortController();

  constructor(parts: ForwarderParts, options: ForwarderOptions) {
    this.#parts = parts;
    this.#guard = addressGuard(options);
    this.#fars = new FarBook({ ...parts, ...options, guard: this.#guard });
    const { world, limits } = parts;
    const { forwardBytesOfPath, forwardBytesOfOne, farsOfPath, farsOfOne } = limits;
    this.#bytes = new SharedRation(world, {
      most: forwardBytesOfPath,
      mostOfOne: forwardBytesOfOne,
      ms: hourMs,
    });
    this.#asked = new SharedRation(world, { most: farsOfPath, mostOfOne: farsOfOne, ms: hourMs });
    this.#underWay = new Places({ most: limits.forwards, mostOfOne: limits.forwardsOfOne });
    this.#heldBytes = new Places({
      most: limits.forwardHeldBytes,
      mostOfOne: limits.forwardHeldBytesOfOne,
    });
  }

  mayReach(to: Hint): boolean {
    const host = to.address.replace(/^\[|\]$/g, '');
    return to.relay !== this.#parts.relay && (isIP(host) === 0 ? !endsInNumber(host) : this.#guard(host));
  }

  mayKeep(ask: Pick<ForwardAsk, 'to' | 'request'>, payer: Payer): boolean {
    return this.#bills(ask, payer);
  }

  async forward(ask: ForwardAsk, payer: Payer): Promise<Forwarded | 'quota'> {
    const { path, source } = payer;
    if (!this.#underWay.take(source, 1)) {
      if (!this.#endLongTurn(source) || !this.#underWay.take(source, 1)) return 'quota';
    }
    const turn = { source, since: this.#parts.world.now(), over: new AbortController() };
    if (ask.waitSeconds > 0) this.#longTurns.add(turn);
    const signal = AbortSignal.any([ask.signal, turn.over.signal]);
    try {
      if (!this.mayReach(ask.to)) return { bytes: new Uint8Array(), trouble: 'address' };
      if (!this.#bills(ask, payer)) return 'quota';
      // billed as it comes: who asked may be gone before the end
      const came = (bytes: number): void => this.#bytes.spend(path, source, bytes);
      return await this.#deliver({ ...ask, signal }, { came, ...(source !== undefined && { source }) });
    } catch (cause) {
      if (ask.signal.aborted || cause !== turn.over.signal.reason) throw cause;
      return { bytes: new Uint8Array(), trouble: 'closed' };
    } finally {
      this.#longTurns.delete(turn);
      if (!turn.over.signal.aborted) this.#underWay.release(source, 1);
    }
  }

  deliver(ask: ForwardAsk): Promise<Delivered> {
    return this.#deliver(ask, { came: () => undefined });
  }

  /** @param asked.came told of each piece of an answer */
  async #deliver(
    ask: ForwardAsk,
    { came, source }: { readonly came: (bytes: number) => void; readonly source?: string },
  ): Promise<Delivered> {
    const nothing = { bytes: new Uint8Array(), stood: false };
    if (this.#closing.signal.aborted) return { ...nothing, trouble: 'closed' };
    if (!this.mayReach(ask.to)) return { ...nothing, trouble: 'address' };
    const until = performance.now() + this.#parts.limits.forwardSeconds * 1000;
    const reaching = new AbortController();
    const timer = setTimeout(() => reaching.abort(silence), until - performance.now());
    const signal = AbortSignal.any([ask.signal, this.#closing.signal, reaching.signal]);
    let held = 0;
    const hold = (bytes: number): boolean => {
      if (!this.#heldBytes.take(source, bytes)) return false;
      came(bytes);
      held += bytes;
      return true;
    };
    try {
      const reached = await this.#fars.reach(ask.to, { signal, ...(source !== undefined && { source }) });
      clearTimeout(timer);
      if (reached.kind === 'failed') return { ...nothing, trouble: reached.trouble };
      const { far } = reached;
      const waitSeconds = Math.min(ask.waitSeconds, this.#parts.limits.watchSeconds);
      const longestMs = Math.max(1, until - performance.now()) + waitSeconds * 1000;
      const post = { signal, longestMs, mostBytes: ask.roomBytes, hold };
      const delivered = await far.post.post(ask.to, ask.request, post);
      if (delivered.trouble === 'closed' || delivered.trouble === 'silent')
        this.#fars.doubt(ask.to, far, delivered);
      return delivered;
    } catch (cause) {
      if (ask.signal.aborted || !(cause instanceof UnreachableError)) throw cause;
      return { ...nothing, trouble: cause === silence ? 'silent' : 'closed' };
    } finally {
      clearTimeout(timer);
      this.#heldBytes.release(source, held);
    }
  }

  hurry(): void {
    this.#closing.abort(new UnreachableError('the relay ends', { code: 'closed' }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.hurry();
    this.#fars[Symbol.dispose]();
  }

  /** Ends the one that has waited longest, of this source where it has too many. @returns false where none has waited for long */
  #endLongTurn(source: string | undefined): boolean {
    const own = this.#underWay.of(source) >= this.#parts.limits.forwardsOfOne;
    const [longest] = [...this.#longTurns].filter((turn) => !own || turn.source === source);
    const { world, limits } = this.#parts;
    if (longest === undefined || world.now() - longest.since < limits.watchSureSeconds * 1000) return false;
    this.#longTurns.delete(longest);
    longest.over.abort(new UnreachableError('others want its place', { code: 'closed' }));
    this.#underWay.release(longest.source, 1);
    return true;
  }

  /** Whoever has somebody asked who is not known yet pays for that too: it is a connection to where they like. */
  #bills({ to, request }: Pick<ForwardAsk, 'to' | 'request'>, { path, source }: Payer): boolean {
    if (!this.#fars.isFresh(to) && !this.#asked.take(path, source, 1)) return false;
    return this.#bytes.take(path, source, requestCostBytes + request.length);
  }
}

const silence = new UnreachableError('the far relay did not prove itself in time', { code: 'silent' });
