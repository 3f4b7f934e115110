import { UsageError } from '@tern/protocol';
import { crossingError } from './error-crossing.ts';
import { decodeAsked, fieldsOf, type Asked, type Told } from './message.ts';
import type { Port } from './port.ts';
import { creditOf, isStream, type BridgeShape, type MethodKind } from './shape.ts';

type Call = Extract<Asked, { readonly kind: 'call' }>;
type Method = (...args: readonly unknown[]) => unknown;

interface Running {
  readonly controller: AbortController;
  /** of a stream: items that may be sent still */
  credit: number;
  /** wakes a stream that waits for credit */
  wake: () => void;
}

/**
 * Answers what arrives at a port with the methods of an interface. When the line closes, everything that runs for it is told by
 * its signal, and nobody hears of the outcome. What a method is given is as unchecked as what was sent: both ends are one app.
 */
export function serveBridge<Api>(port: Port, shape: BridgeShape<Api>, api: Api): void {
  const kinds = new Map(Object.entries<MethodKind>(shape));
  const running = new Map<number, Running>();

  const answer = async (call: Call): Promise<void> => {
    const one: Running = { controller: new AbortController(), credit: 0, wake: () => undefined };
    running.set(call.id, one);
    try {
      const kind = kinds.get(call.method);
      if (kind === undefined) throw new UsageError(`there is no method ${call.method.slice(0, 40)}`);
      const method = api[call.method as keyof Api] as Method;
      const result = Reflect.apply(method, api, argumentsOf(call, one.controller.signal));
      if (isStream(kind)) await pump(call.id, one, { items: result as AsyncIterable<unknown>, kind });
      else tell({ kind: 'result', id: call.id, value: await result });
    } catch (error) {
      tell({ kind: 'failed', id: call.id, error: crossingError(error) });
    } finally {
      running.delete(call.id);
    }
  };

  const pump = async (
    id: number,
    one: Running,
    { items, kind }: { readonly items: AsyncIterable<unknown>; readonly kind: 'watch' | 'stream' },
  ): Promise<void> => {
    one.credit = creditOf[kind];
    const { signal } = one.controller;
    for await (const value of items) {
      if (signal.aborted) return;
      tell({ kind: 'item', id, value });
      one.credit -= 1;
      while (one.credit === 0 && !signal.aborted) await new Promise<void>((wake) => (one.wake = wake));
      if (signal.aborted) return;
    }
    tell({ kind: 'end', id });
  };

  /** What cannot be copied to the other side is an error there, and not silence. */
  const tell = (told: Told): void => port.post(told);

  port.listen((message) => {
    const asked = decodeAsked(message);
    if (asked === undefined) return;
    const one = running.get(asked.id);
    if (asked.kind === 'call') {
      if (one === undefined) void answer(asked);
    } else if (asked.kind === 'cancel') stop(one);
    else if (one !== undefined) {
      one.credit += asked.more;
      one.wake();
    }
  });
  port.closed.addEventListener('abort', () => {
    for (const one of running.values()) stop(one);
  });
}

function stop(one: Running | undefined): void {
  one?.controller.abort();
  one?.wake();
}

function argumentsOf(call: Call, signal: AbortSignal): readonly unknown[] {
  if (!call.signal) return call.args;
  return [...call.args.slice(0, -1), { ...fieldsOf(call.args.at(-1)), signal }];
}
