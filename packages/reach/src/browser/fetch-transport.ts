import { lastOfConnection, originOf, UnreachableError, type Hint, type World } from '@tern/protocol';
import { Inbox, longestAnswerBytes, notARelay } from '../inbox.ts';
import type { Transport } from '../transport.ts';
import { browserWorld } from './browser-world.ts';

export interface FetchTransportOptions {
  /** until the first byte of an answer, the sending of the request included, beside the time for which it may be kept back; 20 s unless given */
  readonly longestAnswerMs?: number;
  /** from one piece of an answer to the next; 15 s unless given */
  readonly longestSilenceMs?: number;
  readonly world?: Pick<World, 'wait'>;
}

/** What becomes of the connection that a browser chose. */
interface OfConnection {
  /** the relay is to close it after its answer */
  readonly last?: boolean;
  /** told at the end whether it is as good as new */
  readonly left?: (whole: boolean) => void;
}

export interface FetchTransport extends Transport {
  carry(
    to: Hint,
    request: Uint8Array,
    options: Parameters<Transport['carry']>[2] & OfConnection,
  ): AsyncIterable<Uint8Array>;
}

/**
 * Carries each request as one POST by `fetch`, in pages and workers. It is what CORS calls simple, so that no second request asks for
 * leave first. A browser tells nobody why a connection failed, and says nothing at all for minutes where one froze: the timers here
 * are the only sign of that, and giving a request up closes its connection, so that the next one gets a new one. What came in the very
 * moment in which a connection broke, a browser may drop; what came before is given out.
 *
 * A page from elsewhere cannot read what is no relay's answer, because only relays allow it: that is `unreachable` there,
 * and `not-a-relay` where page and relay have one origin.
 */
export function fetchTransport(options: FetchTransportOptions = {}): FetchTransport {
  const { longestAnswerMs = 20_000, longestSilenceMs = 15_000, world = browserWorld } = options;
  return {
    name: 'https',
    carry: (to, request, { signal, heldMs = 0, last = false, left }) =>
      exchangeByFetch(to, request, {
        signal,
        world,
        last,
        ...(left !== undefined && { left }),
        longestSilenceMs: (first) => (first ? longestAnswerMs + heldMs : longestSilenceMs),
      }),
  };
}

/** One POST and its answer. @throws {UnreachableError} @throws the signal's reason */
export async function* exchangeByFetch(
  to: Hint,
  request: Uint8Array,
  options: Parameters<Inbox['read']>[0] & OfConnection,
): AsyncIterable<Uint8Array> {
  const { signal } = options;
  signal.throwIfAborted();
  const leaving = new AbortController();
  const answer = { inbox: new Inbox(), expectedBytes: Infinity };
  void receive(
    answer,
    post(to, request, { last: options.last === true, signal: AbortSignal.any([signal, leaving.signal]) }),
  );
  try {
    yield* answer.inbox.read(options);
  } finally {
    // a reader that stops at the last byte leaves a connection that is as good as new
    const { inbox, expectedBytes } = answer;
    const whole = (inbox.ended && !inbox.failed) || inbox.receivedBytes === expectedBytes;
    if (!whole) leaving.abort();
    options.left?.(whole);
  }
}

function post(
  to: Hint,
  request: Uint8Array,
  { last, signal }: { readonly last: boolean; readonly signal: AbortSignal },
): Promise<Response> {
  return fetch(`${originOf(to)}/${to.path}${last ? lastOfConnection : ''}`, {
    method: 'POST',
    body: new Uint8Array(request),
    cache: 'no-store',
    credentials: 'omit',
    referrerPolicy: 'no-referrer',
    // not followed, and told apart from what does not answer, which 'error' would not do
    redirect: 'manual',
    signal,
  });
}

/** Takes everything as soon as it is there: a stream that fails drops what nobody has read yet. Never rejects. */
async function receive(
  answer: { readonly inbox: Inbox; expectedBytes: number },
  posted: Promise<Response>,
): Promise<void> {
  const { inbox } = answer;
  try {
    const response = await posted;
    const problem = problemOf(response);
    if (problem !== undefined) {
      inbox.end(notARelay(problem));
      await response.body?.cancel();
      return;
    }
    answer.expectedBytes = Number(response.headers.get('content-length') ?? Infinity);
    const reader = response.body?.getReader();
    for (;;) {
      const step = await reader?.read();
      if (step === undefined || step.done) break;
      if (inbox.push(step.value)) continue;
      await reader?.cancel();
      return;
    }
    // some browsers call an answer whole that ended before its length
    const whole = answer.expectedBytes === Infinity || inbox.receivedBytes === answer.expectedBytes;
    inbox.end(whole ? undefined : new UnreachableError('the answer was cut', { code: 'cut' }));
  } catch (cause) {
    inbox.end(new UnreachableError('the connection failed', { cause }));
  }
}

function problemOf(response: Response): string | undefined {
  if (response.status !== 200) return `the answer has status ${response.status}`;
  if (Number(response.headers.get('content-length') ?? 0) > longestAnswerBytes)
    return 'the answer is too long';
  return undefined;
}
