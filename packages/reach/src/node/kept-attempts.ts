import {
  bool,
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
import type { Observation } from '../diagnosis/observation.ts';
import { newestOfEach } from '../telling.ts';

/** What the app of a home saw last, for a diagnosis that another process makes. */
export interface KeptAttempts {
  /** in which they were made, as the way book names it */
  readonly network: string;
  /** ms since 1970, by this device's clock */
  readonly savedAt: number;
  /** oldest first, by the clock of `savedAt` */
  readonly observations: readonly Observation[];
}

/** What is older says nothing about how things are now, and nobody need find it. */
export const keptAttemptsMs = 600_000;
const mostKept = 256;

type Connection = NonNullable<Observation['connection']>;
type Resolved = NonNullable<Observation['resolved']>;
type Found = Extract<Resolved, { readonly addresses: readonly string[] }>;
type NotFound = Extract<Resolved, { readonly failed: string }>;

/** Everything is a whole number on disk, and times are counted back from the time of saving. */
interface StoredAttempt {
  readonly key: string;
  readonly kind: Observation['way']['kind'];
  readonly name?: string;
  readonly address?: string;
  readonly port: number;
  readonly relay?: RelayId;
  readonly endedAgoMs: number;
  readonly tookMs: number;
  readonly connection?: Connection;
  readonly found?: Found;
  readonly notFound?: NotFound;
  readonly connectedAfterMs?: number;
  readonly helloAnsweredAfterMs?: number;
  readonly firstByteAfterMs?: number;
  readonly lastByteAfterMs?: number;
  readonly upBytes: number;
  readonly downBytes: number;
  readonly held: boolean;
  readonly end: Observation['end'];
  readonly bulk: boolean;
}

interface Stored {
  readonly network: string;
  readonly savedAt: number;
  readonly attempts: readonly StoredAttempt[];
}

const attemptCodec: Codec<StoredAttempt> = struct<StoredAttempt>({
  key: field(1, text(400)),
  kind: field(2, word(['https', 'websocket', 'forward'])),
  name: optional(3, text(300)),
  address: optional(4, text(300)),
  port: field(5, uint(65_535)),
  relay: optional(6, relayIdCodec),
  endedAgoMs: field(7, uint()),
  tookMs: field(8, uint()),
  connection: optional(
    9,
    row<Connection>({
      fresh: bool(),
      exchangesBefore: uint(),
      upBytes: uint(),
      downBytes: uint(),
      ageMs: uint(),
    }),
  ),
  found: optional(
    10,
    row<Found>({ afterMs: uint(), addresses: list(text(300), 16), by: word(['system', 'https', 'memory']) }),
  ),
  notFound: optional(
    11,
    row<NotFound>({
      afterMs: uint(),
      failed: word(['no-such-name', 'no-answer', 'unknown']),
      by: word(['system', 'https']),
    }),
  ),
  connectedAfterMs: optional(12, uint()),
  helloAnsweredAfterMs: optional(13, uint()),
  firstByteAfterMs: optional(14, uint()),
  lastByteAfterMs: optional(15, uint()),
  upBytes: field(16, uint()),
  downBytes: field(17, uint()),
  held: field(18, bool()),
  end: field(
    19,
    word([
      'answered',
      'reset',
      'refused-connection',
      'silent',
      'closed-early',
      'wrong-certificate',
      'not-a-relay',
      'wrong-relay',
      'no-network',
      'cancelled',
      'failed',
    ]),
  ),
  bulk: field(20, bool()),
});

const storedCodec: Codec<Stored> = struct<Stored>({
  network: field(1, text(100)),
  savedAt: field(2, uint()),
  attempts: field(3, list(attemptCodec, mostKept)),
});

/** As it lies in the store of a home: the newest on each way, of the last ten minutes before it was saved. No secret path is in it. */
export const keptAttemptsCodec: Codec<KeptAttempts> = {
  toItem: ({ network, savedAt, observations }) =>
    storedCodec.toItem({
      network,
      savedAt: whole(savedAt),
      attempts: newestOfEach(
        observations.filter(({ endedAt }) => endedAt <= savedAt && endedAt > savedAt - keptAttemptsMs),
        { most: mostKept, keyOf: ({ way }) => way.key },
      ).map((one) => storedOf(one, savedAt)),
    }),
  fromItem(item) {
    const { network, savedAt, attempts } = storedCodec.fromItem(item);
    return { network, savedAt, observations: attempts.map((one) => observationOf(one, savedAt)) };
  },
  shape: storedCodec.shape,
};

/**
 * What may still be told of them now. Nothing where the clock stands before them: it was set, and nobody knows how old they are.
 * @param at `network`: the one this device is in
 */
export function stillTelling(
  { network, savedAt, observations }: KeptAttempts,
  at: { readonly network: string; readonly now: number },
): readonly Observation[] {
  if (network !== at.network || at.now < savedAt) return [];
  return observations.filter(({ endedAt }) => endedAt > at.now - keptAttemptsMs);
}

function storedOf(one: Observation, savedAt: number): StoredAttempt {
  const { way, connection, resolved } = one;
  const { connectedAfterMs, helloAnsweredAfterMs, firstByteAfterMs, lastByteAfterMs } = one;
  return {
    key: way.key,
    kind: way.kind,
    ...(way.name !== undefined && { name: way.name }),
    ...(way.address !== undefined && { address: way.address }),
    port: way.port,
    ...(way.relay !== undefined && { relay: way.relay as RelayId }),
    endedAgoMs: whole(savedAt - one.endedAt),
    tookMs: whole(one.endedAt - one.beganAt),
    ...(connection !== undefined && {
      connection: {
        fresh: connection.fresh,
        exchangesBefore: whole(connection.exchangesBefore),
        upBytes: whole(connection.upBytes),
        downBytes: whole(connection.downBytes),
        ageMs: whole(connection.ageMs),
      },
    }),
    ...(resolved !== undefined &&
      ('addresses' in resolved
        ? {
            found: {
              ...resolved,
              afterMs: whole(resolved.afterMs),
              addresses: resolved.addresses.slice(0, 16),
            },
          }
        : { notFound: { ...resolved, afterMs: whole(resolved.afterMs) } })),
    ...wholes({ connectedAfterMs, helloAnsweredAfterMs, firstByteAfterMs, lastByteAfterMs }),
    upBytes: whole(one.upBytes),
    downBytes: whole(one.downBytes),
    held: one.held,
    end: one.end,
    bulk: one.bulk,
  };
}

function observationOf(one: StoredAttempt, savedAt: number): Observation {
  const { key, kind, name, address, port, relay, endedAgoMs, tookMs, connection, found, notFound, ...rest } =
    one;
  const endedAt = savedAt - endedAgoMs;
  const resolved = found ?? notFound;
  return {
    ...rest,
    way: {
      key,
      kind,
      ...(name !== undefined && { name }),
      ...(address !== undefined && { address }),
      port,
      ...(relay !== undefined && { relay }),
    },
    beganAt: endedAt - tookMs,
    endedAt,
    connection,
    ...(resolved !== undefined && { resolved }),
  };
}

function wholes<T extends Readonly<Record<string, number | undefined>>>(
  some: T,
): { [K in keyof T]?: number } {
  const known = Object.entries(some).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, whole(value)] as const],
  );
  return Object.fromEntries(known) as { [K in keyof T]?: number };
}

function whole(value: number): number {
  return Math.max(0, Math.round(value));
}
