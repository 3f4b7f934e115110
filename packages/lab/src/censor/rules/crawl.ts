/** A flow is held to what is hardly more than nothing: 600 to 700 bytes a second (TSPU SNI-III; Xue et al., IMC 2022; catalogue T06). */
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
import { shallowestBurstBytes } from './police.ts';

export type Crawl = Which & {
  readonly technique: 'crawl';
  readonly reading: Reading;
  readonly bytesPerSecond: number;
  readonly burstBytes: number;
  readonly directions: Directions;
};

export const crawlFields: Fields<Crawl> = {
  ...whichFields,
  reading: oneOf(['reassembling', 'naive'], 'reassembling'),
  bytesPerSecond: number({ least: 1, most: 100_000 }, 650),
  burstBytes: number({ least: shallowestBurstBytes, most: 1_000_000, whole: true }, 2000),
  directions: directionsField,
};

export function crawl(rule: Crawl, look: Look): Bite {
  if (!isNamed(look, rule.reading, rule)) return undefined;
  const buckets = markOf(look, () => fullBuckets(rule, look.at));
  const { forth } = look.news;
  if (!isLimited(rule.directions, forth)) return undefined;
  const bucket = forth ? buckets.forth : buckets.back;
  return takeTokens(bucket, look.packet.bytes.length, { at: look.at, rate: rule }) ? undefined : dropped;
}

export function wordsOfCrawl(rule: Crawl): string {
  return `each connection has ${Math.round(rule.bytesPerSecond)} bytes a second ${wordsOfDirections(rule.directions)}; what is above is dropped`;
}
