/**
 * Nothing leaves the country but what is on a list. On Russia's mobile networks since September 2025 TCP still opens and the ClientHello is
 * dropped (catalogue T29); Iran in June 2025 and January 2026 (T30, T31). One rule spares what is on either of its lists; two rules, with one list
 * each, spare what is on both.
 */
import { oneOf, type Fields } from '../../scenario/field.ts';
import { dropped, isExcepted, type Bite, type Look } from '../look.ts';
import { type Which, whichFields } from '../which.ts';

export type BorderCut = Which & {
  readonly technique: 'border-cut';
  /** Whether packets without payload pass, so that TCP opens and then nothing comes. */
  readonly handshake: 'dropped' | 'passes';
};

export const borderCutFields: Fields<BorderCut> = {
  ...whichFields,
  handshake: oneOf(['dropped', 'passes'], 'dropped'),
};

export function borderCut(rule: BorderCut, look: Look): Bite {
  const { packet, flow } = look;
  if (isExcepted(look)) return undefined;
  const waitsForName = rule.exceptNames.length > 0 && packet.tcp !== undefined && flow.assembly !== undefined;
  if (waitsForName) return undefined;
  const passes = rule.handshake === 'passes' && packet.tcp !== undefined && packet.payload.length === 0;
  return passes ? undefined : dropped;
}

export function wordsOfBorderCut(rule: BorderCut): string {
  return rule.handshake === 'passes' ? 'TCP opens, and then no data passes' : 'nothing passes';
}
