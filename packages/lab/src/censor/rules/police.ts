/**
 * What a flow sends above a rate is dropped, each way for itself: 130 to 150 kbit/s against Twitter in 2021, by a loose match of the
 * name (Xue et al., IMC 2021; catalogue T08), and the slowing of YouTube in 2024 (T09).
 */
import { number, oneOf, type Fields } from '../../scenario/field.ts';
import {
  directionsField,
  fullBuckets,
  isLimited,
  takeTokens,
  wordsOfDirections,
  type Directions,
} from '../bucket.ts';
import { type Reading } from '../hello-assembly.ts';
import { dropped, isNamed, markOf, type Bite, type Look } from '../look.ts';
import { type Which, whichFields } from '../which.ts';

export type Police = Which & {
  readonly technique: 'police';
  readonly reading: Reading;
  readonly kilobitsPerSecond: number;
  readonly burstBytes: number;
  readonly directions: Directions;
};

/** One full packet: a shallower bucket would let none pass, ever. */
export const shallowestBurstBytes = 1500;

export const policeFields: Fields<Police> = {
  ...whichFields,
  reading: oneOf(['reassembling', 'naive'], 'reassembling'),
  kilobitsPerSecond: number({ least: 1, most: 1_000_000 }),
  burstBytes: number({ least: shallowestBurstBytes, most: 10_000_000, whole: true }, 8000),
  directions: directionsField,
};

export function police(rule: Police, look: Look): Bite {
  if (!isNamed(look, rule.reading, rule)) return undefined;
  const rate = { bytesPerSecond: rule.kilobitsPerSecond * 125, burstBytes: rule.burstBytes };
  const buckets = markOf(look, () => fullBuckets(rate, look.at));
  const { forth } = look.news;
  if (!isLimited(rule.directions, forth)) return undefined;
  const bucket = forth ? buckets.forth : buckets.back;
  return takeTokens(bucket, look.packet.bytes.length, { at: look.at, rate }) ? undefined : dropped;
}

export function wordsOfPolice(rule: Police): string {
  const rate = Math.round(rule.kilobitsPerSecond);
  return `each connection has ${rate} kbit/s ${wordsOfDirections(rule.directions)} after a burst of ${rule.burstBytes} bytes; what is above is dropped`;
}
