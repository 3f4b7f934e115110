/**
 * A token bucket that polices: what finds too few tokens is dropped, nothing is ever delayed. That is how the throttle of 2021 was
 * told from a slow line (Xue et al., "Throttling Twitter", IMC 2021).
 */
import { oneOf, type Field } from '../scenario/field.ts';

export type Bucket = { tokens: number; at: number };
export type Rate = { readonly bytesPerSecond: number; readonly burstBytes: number };

/** One for each direction. */
export type Buckets = { readonly forth: Bucket; readonly back: Bucket };

export type Directions = 'both' | 'up' | 'down';
export const directionsField: Field<Directions> = oneOf(['both', 'up', 'down'], 'both');

export function fullBuckets({ burstBytes }: Rate, at: number): Buckets {
  return { forth: { tokens: burstBytes, at }, back: { tokens: burstBytes, at } };
}

/** Whether a packet of so many bytes passes; if so, its tokens are gone. */
export function takeTokens(bucket: Bucket, bytes: number, { at, rate }: { at: number; rate: Rate }): boolean {
  const grown = bucket.tokens + ((at - bucket.at) / 1000) * rate.bytesPerSecond;
  const tokens = Math.min(rate.burstBytes, grown);
  const passes = tokens >= bytes;
  Object.assign(bucket, { tokens: passes ? tokens - bytes : tokens, at });
  return passes;
}

export function isLimited(directions: Directions, forth: boolean): boolean {
  return directions === 'both' || (directions === 'up') === forth;
}

export function wordsOfDirections(directions: Directions): string {
  return directions === 'both' ? 'each way' : `on the way ${directions}`;
}
