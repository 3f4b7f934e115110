import { UnreachableError, type World } from '@tern/protocol';
import type { Transport } from '../transport.ts';

/** What a bad network does to one request. */
export interface Fault {
  /** before the request leaves, ms */
  readonly delayMs?: number;
  /** the request never arrives */
  readonly lost?: boolean;
  /** the request arrives a second time, and that answer is lost */
  readonly twice?: boolean;
  /** so many bytes of the answer arrive, then the connection is cut */
  readonly cutAfterBytes?: number;
}

/**
 * Puts faults before any transport.
 * @param options.faultOf what happens to the n-th request, counted from 0
 */
export function faultyTransport(
  inner: Transport,
  options: { readonly world: Pick<World, 'wait'>; readonly faultOf: (request: number) => Fault | undefined },
): Transport {
  let requests = 0;
  return {
    name: `faulty ${inner.name}`,
    async *carry(to, request, carrying) {
      const { signal } = carrying;
      const fault = options.faultOf(requests) ?? {};
      requests += 1;
      if (fault.delayMs !== undefined) await options.world.wait(fault.delayMs, { signal });
      signal.throwIfAborted();
      if (fault.lost === true) throw new UnreachableError('the request was lost');
      if (fault.twice === true) for await (const _lost of inner.carry(to, request, carrying));
      let left = fault.cutAfterBytes ?? Infinity;
      for await (const piece of inner.carry(to, request, carrying)) {
        if (piece.length > left) {
          if (left > 0) yield piece.subarray(0, left);
          throw new UnreachableError('the answer was cut');
        }
        left -= piece.length;
        yield piece;
      }
    },
  };
}

/** How often each fault happens, from 0 to 1. */
export interface FaultChances {
  readonly lost?: number;
  readonly twice?: number;
  readonly cut?: number;
  /** of a cut answer, at most so many bytes arrive; 4,096 unless given */
  readonly longestCutBytes?: number;
  readonly longestDelayMs?: number;
}

/** The same seed makes the same faults in the same order. */
export function seededFaults(seed: number, chances: FaultChances): () => Fault {
  const random = seededRandom(seed);
  return () => {
    // every number is drawn every time, so that changing one chance leaves the other faults where they were
    const [lost, twice, cut, cutAt, delay] = [random(), random(), random(), random(), random()];
    return {
      lost: lost < (chances.lost ?? 0),
      twice: twice < (chances.twice ?? 0),
      ...(cut < (chances.cut ?? 0) && {
        cutAfterBytes: Math.floor(cutAt * (chances.longestCutBytes ?? 4096)),
      }),
      ...(chances.longestDelayMs !== undefined && { delayMs: Math.floor(delay * chances.longestDelayMs) }),
    };
  };
}

/** Numbers from 0 to 1 that look random and are the same for the same seed (mulberry32). */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
