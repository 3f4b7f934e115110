/**
 * TCP connections that stood when the block began go silent, and new ones pass: what a box does that was put in the way, or began anew, and drops
 * whatever it did not see begin. Nobody is told; each end finds out by waiting.
 */
import { protocolTcp } from '../../net/packet.ts';
import { type Fields } from '../../scenario/field.ts';
import { dropped, isExcepted, isNamed, type Bite, type Look } from '../look.ts';
import { type Which, whichFields } from '../which.ts';

export type SwallowStanding = Which & { readonly technique: 'swallow-standing' };

export const swallowStandingFields: Fields<SwallowStanding> = whichFields;

export function swallowStanding(rule: SwallowStanding, look: Look): Bite {
  const { flow, blockAt } = look;
  const stood = flow.protocol === protocolTcp && flow.openedAt < blockAt;
  return stood && isNamed(look, 'reassembling', rule) && !isExcepted(look) ? dropped : undefined;
}

export function wordsOfSwallowStanding(): string {
  return 'connections that stood go silent, new ones pass';
}
