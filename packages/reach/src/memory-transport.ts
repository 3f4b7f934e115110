import type { Hint } from '@tern/protocol';
import { unlessAborted } from './abort.ts';
import { withPatience, type Patience } from './patience.ts';
import type { Transport } from './transport.ts';

const pieceBytes = 1400;

export interface MemoryTransportParts {
  /**
   * The relays of this world. The signal is aborted when the one who asked has gone.
   * @returns the whole answer, or its pieces as they come; throw {@link UnreachableError} for an address where nobody is
   */
  answer(
    to: Hint,
    request: Uint8Array,
    options: { readonly signal: AbortSignal },
  ): Promise<Uint8Array | AsyncIterable<Uint8Array>>;
  /** how long a silent relay is waited for; for ever unless given */
  readonly patience?: Patience;
}

/** Carries requests to functions of the same process: for tests, and for a relay beside its only user. */
export function memoryTransport(parts: MemoryTransportParts): Transport {
  return {
    name: 'memory',
    async *carry(to, request, { signal }) {
      const leaving = new AbortController();
      const left = AbortSignal.any([signal, leaving.signal]);
      const next = <T>(work: Promise<T>): Promise<T> =>
        parts.patience === undefined
          ? unlessAborted(work, signal)
          : withPatience(unlessAborted(work, signal), parts.patience, { signal });
      try {
        signal.throwIfAborted();
        const answer = await next(parts.answer(to, request.slice(), { signal: left }));
        const pieces = (answer instanceof Uint8Array ? inPieces(answer) : answer)[Symbol.asyncIterator]();
        for (;;) {
          const step: IteratorResult<Uint8Array, unknown> = await next(pieces.next());
          if (step.done === true) return;
          yield step.value.slice();
        }
      } finally {
        leaving.abort();
      }
    },
  };
}

async function* inPieces(answer: Uint8Array): AsyncIterable<Uint8Array> {
  for (let at = 0; at < answer.length; at += pieceBytes) yield answer.subarray(at, at + pieceBytes);
}
