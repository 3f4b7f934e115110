import { UsageError } from '@tern/protocol';
import { arrivedError } from './error-crossing.ts';
import { decodeTold, fieldsOf, type Asked, type Told } from './message.ts';
import type { Port } from './port.ts';
import { isStream, type BridgeShape, type MethodKind } from './shape.ts';

/**
 * The methods of an interface that somebody serves at the other end of a port. A signal in a call's last argument is a message
 * over there; a stream that is left early ends there too, and never runs far ahead of who reads it. When the line closes, all
 * that waits fails with its reason, an {@link UnreachableError} `line-closed`.
 */
export function connectBridge<Api>(port: Port, shape: BridgeShape<Api>): Api {
  const line = new Line(port);
  const methods = Object.entries<MethodKind>(shape).map(([method, kind]) => {
    const ask = isStream(kind)
      ? (...args: readonly unknown[]): AsyncIterable<unknown> => line.stream(method, args, { kind })
      : (...args: readonly unknown[]): Promise<unknown> => line.call(method, args);
    return [method, ask] as const;
  });
  return Object.fromEntries(methods) as Api;
}

class Line {
  readonly #port: Port;
  readonly #waiting = new Map<number, (told: Told) => void>();
  #lastId = 0;

  constructor(port: Port) {
    this.#port = port;
    port.listen((message) => {
      const told = decodeTold(message);
      if (told !== undefined) this.#waiting.get(told.id)?.(told);
    });
  }

  async call(method: string, args: readonly unknown[]): Promise<unknown> {
    const { asked, signal } = this.#asking(method, args);
    signal?.throwIfAborted();
    const answers = new Arrivals();
    const stopping = this.#begin(asked, answers, signal);
    try {
      const told = await answers.next();
      if (told.kind === 'failed') throw arrivedError(told.error);
      return told.kind === 'result' ? told.value : undefined;
    } finally {
      stopping();
      if (!answers.ended) this.#port.post({ kind: 'cancel', id: asked.id } satisfies Asked);
    }
  }

  async *stream(
    method: string,
    args: readonly unknown[],
    { kind }: { readonly kind: 'watch' | 'stream' },
  ): AsyncGenerator<unknown, void, undefined> {
    const { asked, signal } = this.#asking(method, args);
    const arrivals = new Arrivals();
    if (kind === 'watch' && signal?.aborted === true) return;
    signal?.throwIfAborted();
    const stopping = this.#begin(asked, arrivals, signal);
    try {
      for (;;) {
        const told = await arrivals.next();
        if (told.kind === 'failed') throw arrivedError(told.error);
        if (told.kind !== 'item') return;
        yield told.value;
        this.#port.post({ kind: 'credit', id: asked.id, more: 1 } satisfies Asked);
      }
    } catch (error) {
      if (kind === 'watch' && signal?.aborted === true) return;
      throw error;
    } finally {
      stopping();
      if (!arrivals.ended) this.#port.post({ kind: 'cancel', id: asked.id } satisfies Asked);
    }
  }

  /** An AbortSignal cannot be copied: it stays here, and the other side makes one of its own. */
  #asking(
    method: string,
    args: readonly unknown[],
  ): { readonly asked: Extract<Asked, { readonly kind: 'call' }>; readonly signal?: AbortSignal } {
    const id = (this.#lastId += 1);
    const { signal, ...rest } = fieldsOf(args.at(-1)) ?? {};
    if (!(signal instanceof AbortSignal)) return { asked: { kind: 'call', id, method, args, signal: false } };
    return {
      asked: { kind: 'call', id, method, args: [...args.slice(0, -1), rest], signal: true },
      signal,
    };
  }

  /** @returns what ends the waiting, however it ended */
  #begin(asked: Asked, arrivals: Arrivals, signal: AbortSignal | undefined): () => void {
    const { closed } = this.#port;
    const end = (): void => arrivals.fail((signal?.aborted === true ? signal : closed).reason);
    const stop = (): void => {
      this.#waiting.delete(asked.id);
      signal?.removeEventListener('abort', end);
      closed.removeEventListener('abort', end);
    };
    closed.throwIfAborted();
    try {
      this.#port.post(asked);
    } catch (cause) {
      throw new UsageError('what was asked cannot cross to another thread', { cause });
    }
    this.#waiting.set(asked.id, (told) => arrivals.add(told));
    signal?.addEventListener('abort', end);
    closed.addEventListener('abort', end);
    return stop;
  }
}

/** What came back for one call or stream and was not taken yet; as many as there is credit for. */
class Arrivals {
  readonly #here: Told[] = [];
  #waiting: { readonly take: (told: Told) => void; readonly fail: (reason: unknown) => void } | undefined;
  #failure: { readonly reason: unknown } | undefined;
  #ended = false;

  /** the other side has said its last word */
  get ended(): boolean {
    return this.#ended;
  }

  add(told: Told): void {
    if (told.kind !== 'item') this.#ended = true;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) this.#here.push(told);
    else waiting.take(told);
  }

  /** From now on nothing is waited for; what has arrived can still be taken where nobody waited. */
  fail(reason: unknown): void {
    this.#failure ??= { reason };
    this.#waiting?.fail(reason);
    this.#waiting = undefined;
  }

  next(): Promise<Told> {
    return new Promise((take, fail) => {
      const told = this.#here.shift();
      if (told !== undefined) take(told);
      else if (this.#failure !== undefined) fail(this.#failure.reason as Error);
      else this.#waiting = { take, fail };
    });
  }
}
