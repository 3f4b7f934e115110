import { connect, isIP, type Socket } from 'node:net';
import { originOf, type Hint } from '@tern/protocol';
import type { Way } from '../diagnosis/diagnosis.ts';
import type { Observation } from '../diagnosis/observation.ts';
import type { ProbeOptions, ProbePort } from '../diagnosis/probe.ts';
import { CardConnection } from './card-connection.ts';
import { giveUp } from './give-up.ts';
import { bySystem, dialable } from './resolver.ts';
import { greet } from './socket-dial.ts';

export interface ProbeParts {
  /** as the system does it unless given */
  readonly bySystem?: (host: string) => Promise<readonly string[]>;
  /** told of each hello of TLS as it leaves */
  readonly greets?: (hint: Hint) => void;
}

type Stages = { -readonly [K in keyof Observation]?: Observation[K] };

/** Probes over Node's own sockets, of the ways that hints name: the system's resolver, POSTs over HTTP/1.1. */
export function nodeProbes(
  hints: readonly Hint[],
  parts: ProbeParts = {},
): ProbePort & { readonly ways: readonly Way[] } {
  const byKey = new Map(hints.map((hint) => [wayOf(hint).key, hint]));
  const cardBytes = new Map<string, number>();
  const kept = new Map<string, Attempt>();
  const attempt = async (way: Way, options: ProbeOptions, until: Until): Promise<Observation> => {
    const hint = byKey.get(way.key);
    if (hint === undefined) throw new TypeError('no way of these probes');
    const own = kept.get(way.key);
    if (until.stage === 'answer' && until.kept === true && own?.stands === true)
      return own.again(until, options);
    kept.get(way.key)?.close();
    kept.delete(way.key);
    const before = { cardBytes: cardBytes.get(way.key) ?? usualCardBytes };
    const one = new Attempt(way, { hint, ...parts, ...before }, options);
    const seen = await one.run(until);
    cardBytes.set(way.key, one.cardBytes);
    if (one.stands) kept.set(way.key, one);
    else one.close();
    return seen;
  };
  return {
    ways: [...byKey.values()].map(wayOf),
    now: () => performance.now(),
    dial: (way, options) => attempt(way, options, { stage: 'tcp' }),
    hello: (way, options) => attempt(way, options, { stage: 'tls' }),
    exchange: (way, { bytes, kept: on, ...options }) =>
      attempt(way, options, { stage: 'answer', bytes, kept: on }),
    stands: (way) => kept.get(way.key)?.stands === true,
    over() {
      for (const one of kept.values()) one.close();
      kept.clear();
    },
  };
}

/** As a transport that sees no stages names it, so that both are one way. */
function wayOf(hint: Hint): Way {
  const address = addressOf(hint);
  return {
    key: `https ${originOf(hint)}`,
    kind: 'https',
    ...(isIP(address) === 0 ? { name: address } : { address }),
    port: hint.port,
    ...(hint.relay !== undefined && { relay: hint.relay }),
  };
}

function addressOf(hint: Hint): string {
  return hint.address.replace(/^\[|\]$/gu, '');
}

/** of a card with the words of HTTP around it */
const usualCardBytes = 1000;
const bulkBytes = 8000;
/** What crawls is left to it: so much of it tells how fast it is. */
const longestMs = 5000;
/** What was lost is repaired sooner, mostly. */
const leastPauseMs = 200;

type Until =
  | { readonly stage: 'tcp' | 'tls' }
  | { readonly stage: 'answer'; readonly bytes: number; readonly kept: boolean | undefined };

/** Attempts on one connection, which is theirs alone. */
class Attempt {
  readonly #way: Way;
  readonly #parts: ProbeParts & { readonly hint: Hint; readonly cardBytes: number };
  readonly #openedAt = performance.now();
  #options: ProbeOptions;
  #beganAt = this.#openedAt;
  #before = 0;
  #roundTripMs = 1000;
  #stages: Stages = {};
  #socket: Socket | undefined;
  #raw: Socket | undefined;
  #cards: CardConnection | undefined;

  /** @param parts `cardBytes`: of an answer there, as far as it is known */
  constructor(
    way: Way,
    parts: ProbeParts & { readonly hint: Hint; readonly cardBytes: number },
    options: ProbeOptions,
  ) {
    this.#way = way;
    this.#parts = parts;
    this.#options = options;
  }

  /** Something was answered here, and more may be asked. */
  get stands(): boolean {
    return this.#cards?.stands === true;
  }

  get cardBytes(): number {
    return this.#cards?.cardBytes ?? this.#parts.cardBytes;
  }

  close(): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    if (this.#cards?.rests === true) socket.destroy();
    else giveUp(socket, this.#raw);
  }

  /** Opens the connection, and goes on until that stage. */
  async run(until: Until): Promise<Observation> {
    try {
      const host = await this.#resolve();
      if (host === undefined) return this.#ended('silent', until);
      await this.#connect(host);
      if (until.stage !== 'tcp') await this.#hello();
      return this.#ended(until.stage === 'answer' ? await this.#exchange(until) : 'cancelled', until);
    } catch (error) {
      return this.#ended(endOf(error), until);
    }
  }

  /** One more exchange, on the connection that stands. */
  async again(
    until: { readonly stage: 'answer'; readonly bytes: number; readonly kept: boolean | undefined },
    options: ProbeOptions,
  ): Promise<Observation> {
    this.#options = options;
    this.#beganAt = performance.now();
    this.#before += 1;
    this.#stages = {};
    try {
      return this.#ended(await this.#exchange(until), until);
    } catch (error) {
      return this.#ended(endOf(error), until);
    }
  }

  async #resolve(): Promise<string | undefined> {
    const name = addressOf(this.#parts.hint);
    if (isIP(name) !== 0) return name; // a link that says so means it
    try {
      const addresses = await this.#within((this.#parts.bySystem ?? bySystem)(name));
      this.#stages.resolved = { afterMs: this.#after(), addresses, by: 'system' };
      return dialable(addresses, this.#parts.hint)[0];
    } catch (error) {
      if (this.#options.signal.aborted) throw error;
      const failed =
        codeOf(error instanceof Error ? error.cause : undefined) === 'ENOTFOUND'
          ? 'no-such-name'
          : 'no-answer';
      this.#stages.resolved = { afterMs: this.#after(), failed, by: 'system' };
      return undefined;
    }
  }

  async #connect(host: string): Promise<void> {
    const socket = connect({ host, port: this.#parts.hint.port, noDelay: true });
    this.#socket = socket;
    this.#raw = socket;
    const since = this.#after();
    await this.#within(once(socket, 'connect'));
    this.#roundTripMs = this.#after() - since;
    this.#stages.connectedAfterMs = this.#after();
  }

  async #hello(): Promise<void> {
    const { name } = this.#way;
    const raw = this.#raw;
    if (raw === undefined) return;
    if (this.#parts.hint.tls) {
      this.#parts.greets?.(this.#parts.hint);
      // of an address nobody knows here which names its relay has, and any certificate that is trusted will do
      const whoever = name === undefined ? { checkServerIdentity: () => undefined } : {};
      const secure = greet(raw, { serverName: name ?? '', ...whoever });
      this.#socket = secure;
      await this.#within(once(secure, 'secureConnect'));
    }
    this.#stages.helloAnsweredAfterMs = this.#after();
  }

  async #exchange({ bytes }: { readonly bytes: number }): Promise<Observation['end']> {
    const socket = this.#socket;
    if (socket === undefined) return 'silent';
    const { hint, cardBytes } = this.#parts;
    const words = `POST /${hint.path} HTTP/1.1\r\nhost: ${hint.address}:${hint.port}\r\ncontent-length: 0\r\n\r\n`;
    this.#cards ??= new CardConnection(socket, { words, cardBytes });
    const since = this.#after();
    const { end, firstByteAfterMs, lastByteAfterMs, ...carried } = await this.#cards.ask({
      bytes,
      longestMs,
      longestPauseMs: Math.max(leastPauseMs, this.#roundTripMs * 2.5),
      roundTripMs: this.#roundTripMs,
      within: (work) => this.#within(work),
    });
    Object.assign(this.#stages, carried);
    if (firstByteAfterMs !== undefined) {
      this.#stages.firstByteAfterMs = since + firstByteAfterMs;
      this.#roundTripMs = Math.min(this.#roundTripMs, firstByteAfterMs);
    }
    if (lastByteAfterMs !== undefined) this.#stages.lastByteAfterMs = since + lastByteAfterMs;
    return end;
  }

  #after(): number {
    return performance.now() - this.#beganAt;
  }

  /** @throws {DOMException} `TimeoutError` when patience ended */
  async #within<T>(work: Promise<T>): Promise<T> {
    const { patienceMs, signal } = this.#options;
    const ending = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]);
    const { promise, reject } = Promise.withResolvers<never>();
    const stop = (): void => reject(ending.reason as Error);
    ending.addEventListener('abort', stop, { once: true });
    if (ending.aborted) stop();
    work.catch(() => undefined);
    try {
      return await Promise.race([work, promise]);
    } finally {
      ending.removeEventListener('abort', stop);
    }
  }

  #ended(end: Observation['end'], until: Until): Observation {
    const raw = this.#raw;
    const endedAt = performance.now();
    return {
      way: this.#way,
      beganAt: this.#beganAt,
      endedAt,
      connection: {
        fresh: this.#before === 0,
        exchangesBefore: this.#before,
        upBytes: raw?.bytesWritten ?? 0,
        downBytes: raw?.bytesRead ?? 0,
        ageMs: endedAt - this.#openedAt,
      },
      upBytes: 0,
      downBytes: 0,
      ...this.#stages,
      held: false,
      end: this.#options.signal.aborted && end === 'silent' ? 'cancelled' : end,
      bulk: until.stage === 'answer' && until.bytes > bulkBytes,
    };
  }
}

function once(socket: Socket, event: 'connect' | 'secureConnect'): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once(event, () => resolve());
    socket.once('error', reject);
    socket.once('close', () => reject(Object.assign(new Error('it was closed'), { code: 'EARLY' })));
  });
}

const ends: ReadonlyMap<string, Observation['end']> = new Map([
  ['ECONNREFUSED', 'refused-connection'],
  ['ECONNRESET', 'reset'],
  ['EPIPE', 'reset'],
  ['ENETUNREACH', 'no-network'],
  ['ENETDOWN', 'no-network'],
  ['EARLY', 'closed-early'],
]);

function endOf(error: unknown): Observation['end'] {
  const code = codeOf(error);
  if (/CERT|ALTNAME|SELF_SIGNED/u.test(code)) return 'wrong-certificate';
  return ends.get(code) ?? (code.startsWith('ERR_SSL') || code === 'EPROTO' ? 'closed-early' : 'silent');
}

function codeOf(error: unknown): string {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'string' ? code : '';
}
