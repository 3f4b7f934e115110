import { UnreachableError, unknownTicketRequest, type World } from '@tern/protocol';
import { coarseObservation } from '../coarse-observation.ts';
import type { Way } from '../diagnosis/diagnosis.ts';
import type { Observation } from '../diagnosis/observation.ts';
import type { ProbeOptions, ProbePort } from '../diagnosis/probe.ts';
import type { Opening } from '../dialer/dialer.ts';
import { exchangeByFetch } from './fetch-transport.ts';

/** What is sent is waited for as on a line of 16 kbit/s: a browser does not say how much has left. */
const upBytesPerMs = 2;
/** A smaller exchange than this is a request without a body, which a relay answers with its card. */
const leastBodyBytes = 2000;

/**
 * Probes by `fetch`, as far as a browser has any: each is one exchange, with a timer for what comes of it. A browser hides whether it was the
 * name, the connection or the hello that failed, and may use a connection that it has; so what would show only that is a small exchange.
 */
export function browserProbes(
  openings: readonly Opening[],
  { world }: { readonly world: World },
): ProbePort & { readonly ways: readonly Way[] } {
  const byKey = new Map(openings.map((opening) => [opening.way.key, opening]));
  const exchange = async (
    way: Way,
    { bytes, patienceMs, signal }: ProbeOptions & { readonly bytes: number },
  ): Promise<Observation> => {
    const opening = byKey.get(way.key);
    if (opening === undefined) throw new TypeError('no way of these probes');
    const body = bytes > leastBodyBytes ? unknownTicketRequest(world.randomBytes(bytes)) : new Uint8Array();
    const beganAt = world.now();
    const came: { downBytes: number; firstAt?: number; lastAt?: number; error?: unknown } = { downBytes: 0 };
    try {
      // the dialer counts it among its own, and leaves no room where it would be one too many
      if (!opening.starts()) throw new UnreachableError('not now', { code: 'closed' });
      const leavingMs = body.length / upBytesPerMs;
      const longestSilenceMs = (first: boolean): number => patienceMs + (first ? leavingMs : 0);
      for await (const piece of exchangeByFetch(opening.place, body, { world, longestSilenceMs, signal })) {
        came.downBytes += piece.length;
        came.lastAt = world.now();
        came.firstAt ??= came.lastAt;
      }
    } catch (error) {
      came.error = error;
    }
    const { firstAt, lastAt, downBytes, error } = came;
    const seen = { to: opening.place, transport: 'https', held: false, beganAt, endedAt: world.now() };
    const coarse = { ...seen, upBytes: body.length, downBytes, firstAt, lastAt, error };
    return { ...coarseObservation(coarse), way };
  };
  const small = (way: Way, options: ProbeOptions): Promise<Observation> =>
    exchange(way, { ...options, bytes: 0 });
  return {
    ways: openings.map(({ way }) => way),
    now: () => world.now(),
    dial: small,
    hello: small,
    exchange,
  };
}
