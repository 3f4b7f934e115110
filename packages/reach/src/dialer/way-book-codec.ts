import {
  bytes,
  field,
  list,
  optional,
  relayIdCodec,
  row,
  struct,
  text,
  uint,
  word,
  type Codec,
  type RelayId,
} from '@tern/protocol';
import { budgetStart, type LearnedDirection } from '../budget.ts';
import { dialRules } from './dial-rules.ts';
import { holdRules, type LostHold } from './hold.ts';
import type { Pace } from './pace.ts';
import type { Failure, Standing } from './standing.ts';
import type { NetworkPage, WayBookRecord } from './way-book.ts';

/** Networks that nobody was in for so long before the last are forgotten. */
const rememberedMs = 30 * 86_400_000;
/**
 * Times are as exact as they are of use: of what is older than two hours the hour, of what is older than a day and an hour, after which
 * no ban and no rest counts any more, the day. Counted back from the time of saving, or the newest where that is not said.
 */
const coarse: readonly (readonly [olderMs: number, stepMs: number])[] = [
  [25 * 3_600_000, 86_400_000],
  [2 * 3_600_000, 3_600_000],
];
/** of whatever is kept beyond it, what is newest stays */
const most = { networks: 12, ways: 96, names: 64, relays: 64, endpoints: 8 } as const;

interface StoredFailure extends Failure {
  readonly kind: Failure['kind'];
}

/** Everything is a whole number on disk; what is only of use within a minute is not kept. */
interface StoredWay {
  readonly key: string;
  readonly grade: Standing['grade'];
  readonly goodAt: number;
  readonly failure?: StoredFailure;
  readonly up: StoredDirection;
  readonly down: StoredDirection;
  readonly exchanges?: number;
  readonly stoppedAt?: number;
  readonly rttMs?: number;
  readonly bytesPerSecond?: number;
  readonly latencyMs?: number;
  readonly holdMs?: number;
  readonly lostHold?: LostHold;
}

interface StoredDirection {
  readonly bytes: number;
  readonly ceilingBytes?: number;
}

interface StoredName {
  readonly name: string;
  readonly rule: Pace['rule'];
  readonly starts: readonly number[];
  readonly answered: number;
  readonly silentUntil: number;
  readonly bannedAt?: number;
}

interface StoredAddress {
  readonly host: string;
  readonly address: string;
}

interface StoredPage {
  readonly network: string;
  readonly ways: readonly StoredWay[];
  readonly names: readonly StoredName[];
  readonly addresses: readonly StoredAddress[];
}

interface StoredCard {
  readonly relay: RelayId;
  readonly number: number;
  readonly endpoints: readonly string[];
}

interface StoredBook {
  readonly pages: readonly StoredPage[];
  /** as an earlier version kept them, without the card's number */
  readonly relays?: readonly Omit<StoredCard, 'number'>[];
  readonly cards?: readonly StoredCard[];
  readonly key?: Uint8Array;
}

const direction: Codec<StoredDirection> = struct<StoredDirection>({
  bytes: field(1, uint()),
  ceilingBytes: optional(2, uint()),
});

const wayCodec: Codec<StoredWay> = struct<StoredWay>({
  key: field(1, text(400)),
  grade: field(2, word(['unknown', 'text', 'bulk'])),
  goodAt: field(3, uint()),
  failure: optional(
    4,
    row<StoredFailure>({
      kind: word(['name', 'connect', 'hello', 'answer', 'stranger']),
      at: uint(),
      times: uint(),
    }),
  ),
  up: field(5, direction),
  down: field(6, direction),
  exchanges: optional(7, uint()),
  stoppedAt: optional(8, uint()),
  rttMs: optional(9, uint()),
  bytesPerSecond: optional(10, uint()),
  latencyMs: optional(11, uint()),
  holdMs: optional(12, uint(holdRules.longestMs)),
  lostHold: optional(13, row<LostHold>({ ms: uint(holdRules.longestMs), at: uint(), times: uint(16) })),
});

const nameCodec: Codec<StoredName> = struct<StoredName>({
  name: field(1, text(300)),
  rule: field(2, word(['careful', 'free', 'counted'])),
  starts: field(3, list(uint(), 256)),
  answered: field(4, uint()),
  silentUntil: field(5, uint()),
  bannedAt: optional(6, uint()),
});

const endpoints: Codec<readonly string[]> = list(text(200), most.endpoints);

const bookCodec: Codec<StoredBook> = struct<StoredBook>({
  pages: field(
    1,
    list(
      struct<StoredPage>({
        network: field(1, text(100)),
        ways: field(2, list(wayCodec, most.ways)),
        names: field(3, list(nameCodec, most.names)),
        addresses: field(4, list(row<StoredAddress>({ host: text(300), address: text(64) }), most.names)),
      }),
      most.networks,
    ),
  ),
  relays: optional(2, list(row<Omit<StoredCard, 'number'>>({ relay: relayIdCodec, endpoints }), most.relays)),
  cards: optional(
    3,
    list(row<StoredCard>({ relay: relayIdCodec, number: uint(2 ** 32), endpoints }), most.relays),
  ),
  key: optional(4, bytes(32)),
});

/** What a device learnt of networks, as it lies in its store. Times are milliseconds since 1970. */
export const wayBookCodec: Codec<WayBookRecord> = {
  toItem: (record) => bookCodec.toItem(stored(record)),
  fromItem: (item) => read(bookCodec.fromItem(item)),
  shape: bookCodec.shape,
};

function stored({ pages, cards, key, at: now }: WayBookRecord): StoredBook {
  const all = [...pages].map(([network, page]) => ({ network, page, at: newest(page, now) }));
  const last = now ?? Math.max(0, ...all.map(({ at }) => at));
  const kept = all
    .filter(({ at }) => last - at < rememberedMs)
    .toSorted((a, b) => b.at - a.at)
    .slice(0, most.networks);
  return {
    ...(key !== undefined && { key }),
    pages: kept.map(({ network, page }) => storedPage(network, page, { last, now })),
    cards: [...cards].slice(-most.relays).map(([relay, card]) => ({
      relay,
      number: card.number,
      endpoints: card.endpoints.slice(0, most.endpoints),
    })),
  };
}

/** Hellos whose answers are still out are news as well. */
function newest({ ways, paces }: NetworkPage, now: number | undefined): number {
  return Math.max(
    0,
    ...[...ways.values()].map(lastAt),
    ...[...paces.values()].map((pace) => metAt(pace, now)),
  );
}

function lastAt({ goodAt, failure }: Standing): number {
  return Math.max(goodAt, failure?.at ?? 0);
}

interface Saving {
  /** from which times are counted back */
  readonly last: number;
  readonly now: number | undefined;
}

/** @param last from which it is counted back */
function time(at: number, last: number): number {
  const step = coarse.find(([olderMs]) => last - at > olderMs)?.[1] ?? 1;
  return whole(Math.floor(at / step) * step);
}

function storedPage(network: string, { ways, paces, addresses }: NetworkPage, saving: Saving): StoredPage {
  const kept = [...ways].toSorted(([, a], [, b]) => lastAt(b) - lastAt(a)).slice(0, most.ways);
  return {
    network,
    ways: kept.map(([key, standing]) => storedWay(key, standing, saving.last)),
    names: [...paces]
      .toSorted(([, a], [, b]) => metAt(b, saving.now) - metAt(a, saving.now))
      .slice(0, most.names)
      .map(([name, pace]) => storedName(name, pace, saving)),
    addresses: [...addresses].slice(-most.names).map(([host, address]) => ({ host, address })),
  };
}

/** Of its last start or ban, ms since 1970; 0 where that is longer ago than it is kept. */
function metAt({ starts, bannedAt = 0 }: Pace, now = Infinity): number {
  return Math.max(0, ...[...starts, bannedAt].filter((at) => at <= now));
}

function storedWay(key: string, standing: Standing, last: number): StoredWay {
  const { grade, goodAt, failure, budget, exchanges, stoppedAt, rttMs, bytesPerSecond, latencyMs, hold } =
    standing;
  return {
    key,
    grade,
    goodAt: time(goodAt, last),
    ...(failure !== undefined && { failure: { ...failure, at: time(failure.at, last) } }),
    up: storedDirection(budget.up),
    down: storedDirection(budget.down),
    ...(exchanges !== undefined && { exchanges }),
    ...(stoppedAt !== undefined && { stoppedAt: time(stoppedAt, last) }),
    ...(rttMs !== undefined && { rttMs: whole(rttMs) }),
    ...(bytesPerSecond !== undefined && { bytesPerSecond: whole(bytesPerSecond) }),
    ...(latencyMs !== undefined && { latencyMs: whole(latencyMs) }),
    ...(hold !== undefined && { holdMs: hold.ms }),
    ...(hold?.lost !== undefined && { lostHold: { ...hold.lost, at: time(hold.lost.at, last) } }),
  };
}

function storedDirection({ bytes, ceilingBytes }: LearnedDirection): StoredDirection {
  return { bytes: whole(bytes), ...(ceilingBytes !== undefined && { ceilingBytes: whole(ceilingBytes) }) };
}

function storedName(
  name: string,
  { rule, starts, answered, silentUntil, bannedAt }: Pace,
  { last, now = Infinity }: Saving,
): StoredName {
  return {
    name,
    rule,
    starts: starts
      .filter((at) => at <= now && last - at < dialRules.startWindowMs)
      .slice(-256)
      .map(whole),
    answered,
    silentUntil: time(silentUntil, last),
    ...(bannedAt !== undefined && { bannedAt: time(bannedAt, last) }),
  };
}

function whole(value: number): number {
  return Math.max(0, Math.round(value));
}

function read({ pages, relays = [], cards = [], key }: StoredBook): WayBookRecord {
  return {
    ...(key !== undefined && { key }),
    pages: new Map(
      pages.map(({ network, ways, names, addresses }) => [
        network,
        {
          ways: new Map(ways.map(({ key, up, down, ...rest }) => [key, readStanding(rest, up, down)])),
          paces: new Map(names.map(({ name, ...pace }) => [name, { ...pace, notBefore: 0, unanswered: 0 }])),
          addresses: new Map(addresses.map(({ host, address }) => [host, address])),
        },
      ]),
    ),
    cards: new Map(
      [...relays.map((one) => ({ ...one, number: 0 })), ...cards].map(({ relay, ...card }) => [relay, card]),
    ),
  };
}

function readStanding(
  { holdMs, lostHold, ...rest }: Omit<StoredWay, 'key' | 'up' | 'down'>,
  up: StoredDirection,
  down: StoredDirection,
): Standing {
  const budget = { up: { ...budgetStart.up, ...up }, down: { ...budgetStart.down, ...down } };
  const lost = lostHold && { lost: lostHold };
  const hold = holdMs === undefined ? undefined : { hold: { ms: holdMs, passes: 0, ...lost } };
  return { ...rest, budget, passes: 0, patience: 1, ...hold };
}
