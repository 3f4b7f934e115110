import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { originOf, type Hint } from '@tern/protocol';
import type { Way } from '../diagnosis/diagnosis.ts';
import type { Observation } from '../diagnosis/observation.ts';
import type { ProbeOptions, ProbePort } from '../diagnosis/probe.ts';
import { bySystem, dialable } from './resolver.ts';

export interface ProbeParts {
  /** as the system does it unless given */
  readonly bySystem?: (host: string) => Promise<readonly string[]>;
}

type Stages = { -readonly [K in keyof Observation]?: Observation[K] };

/** Probes over Node's own sockets, of the ways that hints name: the system's resolver, one POST over HTTP/1.1 each. */
export function nodeProbes(
  hints: readonly Hint[],
  parts: ProbeParts = {},
): ProbePort & { readonly ways: readonly Way[] } {
  const byKey = new Map(hints.map((hint) => [wayOf(hint).key, hint]));
  const answerBytes = new Map<string, number>();
  const attempt = async (
    way: Way,
    options: ProbeOptions,
    until: { readonly stage: 'tcp' | 'tls' } | { readonly stage: 'answer'; readonly bytes: number },
  ): Promise<Observation> => {
    const hint = byKey.get(way.key);
    if (hint === undefined) throw new TypeError('no way of these probes');
    const before = { answerBytes: answerBytes.get(way.key) };
    const seen = await new Attempt(way, { hint, ...parts }, { ...options, ...before }).run(until);
    if (seen.end === 'answered' && !seen.bulk) answerBytes.set(way.key, seen.downBytes);
    return seen;
  };
  return {
    ways: [...byKey.values()].map(wayOf),
    now: () => performance.now(),
    dial: (way, options) => attempt(way, options, { stage: 'tcp' }),
    hello: (way, options) => attempt(way, options, { stage: 'tls' }),
    exchange: (way, { bytes, ...options }) => attempt(way, options, { stage: 'answer', bytes }),
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

/** An exchange of more is made of several answers. */
const largeBytes = 2000;
/** of a card with the words of HTTP around it */
const usualAnswerBytes = 1000;
const mostRepeats = 64;

/** One attempt on a connection of its own. */
class Attempt {
  readonly #way: Way;
  readonly #hint: Hint;
  readonly #bySystem: (host: string) => Promise<readonly string[]>;
  readonly #options: ProbeOptions;
  readonly #answerBytes: number;
  readonly #beganAt = performance.now();
  readonly #stages: Stages = {};
  #socket: Socket | undefined;
  #raw: Socket | undefined;
  #up = 0;
  #down = 0;

  /** @param options `answerBytes`: of an answer there, where one was seen */
  constructor(
    way: Way,
    parts: ProbeParts & { readonly hint: Hint },
    options: ProbeOptions & { readonly answerBytes: number | undefined },
  ) {
    this.#way = way;
    this.#hint = parts.hint;
    this.#bySystem = parts.bySystem ?? bySystem;
    this.#options = options;
    this.#answerBytes = options.answerBytes ?? usualAnswerBytes;
  }

  async run(until: {
    readonly stage: 'tcp' | 'tls' | 'answer';
    readonly bytes?: number;
  }): Promise<Observation> {
    try {
      const host = await this.#resolve();
      if (host === undefined) return this.#ended('silent', until.bytes);
      await this.#connect(host);
      if (until.stage !== 'tcp') await this.#hello();
      const end = until.stage === 'answer' ? await this.#exchange(until.bytes ?? 0) : 'cancelled';
      return this.#ended(end, until.bytes);
    } catch (error) {
      return this.#ended(endOf(error), until.bytes);
    } finally {
      this.#socket?.destroy();
      this.#raw?.destroy();
    }
  }

  async #resolve(): Promise<string | undefined> {
    const name = addressOf(this.#hint);
    if (isIP(name) !== 0) return name; // a link that says so means it
    try {
      const addresses = await this.#within(this.#bySystem(name));
      this.#stages.resolved = { afterMs: this.#after(), addresses, by: 'system' };
      return dialable(addresses, this.#hint)[0];
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
    const socket = connect({ host, port: this.#hint.port, noDelay: true });
    this.#socket = socket;
    this.#raw = socket;
    await this.#within(once(socket, 'connect'));
    this.#stages.connectedAfterMs = this.#after();
  }

  async #hello(): Promise<void> {
    const { name } = this.#way;
    const raw = this.#raw;
    if (raw === undefined) return;
    if (this.#hint.tls) {
      // an address sends no name, and then any certificate of the relay's names will do: who answers is proved by its card
      const named = name === undefined ? { checkServerIdentity: () => undefined } : { servername: name };
      const secure: TLSSocket = connectTls({ socket: raw, ...named });
      this.#socket = secure;
      await this.#within(once(secure, 'secureConnect'));
    }
    this.#stages.helloAnsweredAfterMs = this.#after();
  }

  /**
   * An empty request is answered with the relay's card, which is small; for more of an answer it is asked for again and again on the same
   * connection without waiting, since what comes down is counted as it passes, and what goes up only as it is handed over.
   */
  async #exchange(bytes: number): Promise<Observation['end']> {
    const socket = this.#socket;
    if (socket === undefined) return 'silent';
    const large = bytes > largeBytes;
    const times = large ? Math.min(mostRepeats, Math.ceil(bytes / this.#answerBytes)) : 1;
    const request = (connection: string): string =>
      `POST /${this.#hint.path} HTTP/1.1\r\nhost: ${this.#hint.address}:${this.#hint.port}\r\nconnection: ${connection}\r\ncontent-length: 0\r\n\r\n`;
    const words = `${request('keep-alive').repeat(times - 1)}${request('close')}`;
    this.#up = words.length;
    let text = '';
    const { promise: over, resolve, reject } = Promise.withResolvers<void>();
    let news = Promise.withResolvers<void>();
    socket.on('data', (piece: Buffer) => {
      this.#stages.firstByteAfterMs ??= this.#after();
      this.#stages.lastByteAfterMs = this.#after();
      this.#down += piece.length;
      text = (text + piece.toString('latin1')).slice(0, 4096);
      news.resolve();
    });
    socket.once('end', resolve);
    socket.once('close', () => resolve());
    socket.once('error', reject);
    over.catch(() => undefined);
    socket.write(words);
    for (let seen = -1, ended = false; !ended;) {
      if (seen === this.#down) return 'silent';
      seen = this.#down;
      news = Promise.withResolvers();
      ended = await this.#within(Promise.race([over.then(() => true), news.promise.then(() => false)]));
    }
    if (this.#down === 0) return 'closed-early';
    return text.startsWith('HTTP/1.1 200') ? 'answered' : 'not-a-relay';
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

  #ended(end: Observation['end'], bytes = 0): Observation {
    const raw = this.#raw;
    const { signal } = this.#options;
    return {
      way: this.#way,
      beganAt: this.#beganAt,
      endedAt: performance.now(),
      connection: {
        fresh: true,
        exchangesBefore: 0,
        upBytes: raw?.bytesWritten ?? 0,
        downBytes: raw?.bytesRead ?? 0,
        ageMs: this.#after(),
      },
      ...this.#stages,
      upBytes: this.#up,
      downBytes: this.#down,
      held: false,
      end: signal.aborted && end === 'silent' ? 'cancelled' : end,
      bulk: bytes > 8000,
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
