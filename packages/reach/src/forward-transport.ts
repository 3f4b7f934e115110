import {
  limits,
  peerPathOf,
  TernError,
  UnreachableError,
  type ForwardTrouble,
  type Hint,
  type Primitives,
  type Result,
} from '@tern/protocol';
import type { Budget } from './budget.ts';
import type { Exchanged, Path } from './path.ts';
import type { Transport } from './transport.ts';

export interface ForwardTransportParts {
  /** the relay that hands on; stays the caller's. It must not itself be reached through another: there are two hops at most (rule 29) */
  readonly near: Path;
  readonly primitives: Primitives;
}

/** Around a request on the way to the near relay: the batch's header, the far hint, records and their padding. */
const aroundRequestBytes = 700;
/** Around an answer: the near relay's header with its tickets, records and their padding. */
const aroundAnswerBytes = 600;
/** Of an answer, what is the far relay's: the rest is what stands around its pieces. */
const answerShare = 0.9;

/** How a trouble reads for whoever asked: codes that say whether a smaller batch may be spared it, or whether it is no relay. */
const codes: Readonly<Record<ForwardTrouble, string>> = {
  address: 'unreachable-from-there',
  silent: 'silent',
  closed: 'closed',
  stranger: 'not-a-relay',
  busy: 'busy',
  'too-long': 'cut',
};

/**
 * Carries each request as one `forward` of another relay, which sees its size and nothing of it, and learns the far relay's peer path,
 * never the secret path of the hint. An answer comes when the near relay has the whole of it; what of it was cut on the way from
 * there is what came of it.
 */
export function forwardTransport({ near, primitives }: ForwardTransportParts): Omit<Transport, 'budget'> & {
  /** what fits both there and back, beside what stands around it */
  budget(to: Hint): Budget;
} {
  return {
    name: 'forward',
    budget: () => ({
      upBytes: Math.min(limits.forwardBytes, Math.max(0, near.budget.upBytes - aroundRequestBytes)),
      downBytes: Math.max(0, Math.floor((near.budget.downBytes - aroundAnswerBytes) * answerShare)),
    }),
    async *carry(to, request, { signal, heldMs = 0, bulk = false }) {
      signal.throwIfAborted();
      if (to.relay === undefined)
        throw new UnreachableError('only a relay that has a name is reached through another', {
          code: 'unreachable-from-there',
        });
      if (request.length > limits.forwardBytes)
        throw new UnreachableError('the request is longer than what is handed on');
      const exchanged = await ask(
        near,
        { signal, bulk },
        {
          to: { ...to, path: peerPathOf(primitives, to.path) },
          request,
          waitSeconds: Math.min(limits.watchWaitSeconds, Math.ceil(heldMs / 1000)),
        },
      );
      yield* piecesOf(exchanged);
    },
  };
}

async function ask(
  near: Path,
  options: { readonly signal: AbortSignal; readonly bulk: boolean },
  forward: { readonly to: Hint; readonly request: Uint8Array; readonly waitSeconds: number },
): Promise<Exchanged> {
  try {
    const operation = { kind: 'forward', ...forward } as const;
    return await near.exchange([{ operation }], { ...options, room: limits.responseBytes });
  } catch (cause) {
    if (options.signal.aborted || !(cause instanceof TernError)) throw cause;
    // whatever the near relay is or says, of the far one it says only that it was not reached this way
    const code = cause instanceof UnreachableError && cause.code === 'silent' ? 'silent' : 'closed';
    throw new UnreachableError('the relay that hands on did not', { code, cause });
  }
}

function* piecesOf({ results, whole }: Exchanged): Iterable<Uint8Array> {
  const [those = []] = results;
  for (const result of those) {
    if (result.kind !== 'forwarded') throw trouble(result);
    if (result.bytes.length > 0) yield result.bytes;
    if (!result.more) return;
  }
  if (whole) throw new UnreachableError('the near relay left the answer unfinished', { code: 'not-a-relay' });
  throw new UnreachableError('the answer was cut on the way from the near relay', { code: 'cut' });
}

function trouble(result: Result): UnreachableError {
  const code = result.kind === 'unreachable' ? codes[result.because] : `forward-${result.kind}`;
  return new UnreachableError(`the far relay was not reached through the near one: ${result.kind}`, { code });
}
