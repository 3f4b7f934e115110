import {
  base32Bytes,
  concat,
  hpkeExport,
  hpkeSender,
  MalformedError,
  nonceAt,
  openCard,
  openRecords,
  RefusedError,
  ResponseDecoder,
  ResponseReader,
  sealRequest,
  sealRequestWithTicket,
  uintBytes,
  utf8,
  type Card,
  type ExchangeSecret,
  type ResponseHeader,
  type ResponseItem,
  type Ticket,
  type World,
} from '@tern/protocol';
import type { Relay } from '../../src/index.ts';
import { attempt } from './attempt.ts';
import type { Chance } from './chance.ts';
import { primitives } from './primitives.ts';

/** What came back for one request. */
export type Outcome =
  | { readonly kind: 'answered'; readonly header: ResponseHeader; readonly items: readonly ResponseItem[] }
  | { readonly kind: 'card' | 'unknown-ticket' | 'malformed' | 'busy' };

export interface SealedRequest {
  readonly bytes: Uint8Array;
  /** what comes out where it is opened; undefined where nothing does */
  readonly plaintext: Uint8Array | undefined;
  readonly exchange: ExchangeSecret;
}

const mostTickets = 6;

/** A client with tickets of its own, which seals whatever it is given. */
export class Session {
  readonly #relay: Relay;
  readonly #world: World;
  readonly #ephemerals: Uint8Array[];
  tickets: Ticket[] = [];

  constructor(relay: Relay, world: World) {
    this.#relay = relay;
    this.#world = world;
    this.#ephemerals = Array.from({ length: 4 }, () => world.randomBytes(32));
  }

  seal(plaintext: Uint8Array): SealedRequest {
    const relay = this.#relay.id;
    const ticket = this.tickets.pop();
    if (ticket !== undefined) {
      const random = concat(this.#world.randomBytes(32), this.#ephemeral());
      return { ...sealRequestWithTicket(primitives, plaintext, { relay, ticket, random }), plaintext };
    }
    const seed = this.#ephemeral();
    return { ...sealRequest(primitives, plaintext, { relay, key: this.#key(), seed }), plaintext };
  }

  /** Under the right key, in records that nobody honest would write. */
  sealLoosely(plaintext: Uint8Array, chance: Chance): SealedRequest {
    const key = this.#key();
    const header = concat(new Uint8Array([1, 1]), key.id);
    const info = concat(utf8('tern/1 request\0'), header, base32Bytes(this.#relay.id));
    const sender = hpkeSender(primitives, key.publicKey, { info, seed: this.#ephemeral() });
    if (sender === undefined) throw new Error('the card names a key of low order');
    const { context, encapsulated } = sender;
    const records = looseRecords(plaintext, chance).map((record, number) => {
      const sealed = primitives.seal(
        context.key,
        nonceAt(context.baseNonce, number),
        record,
        new Uint8Array(),
      );
      return concat(uintBytes(sealed.length, 2), sealed);
    });
    return {
      bytes: concat(header, encapsulated, ...records),
      plaintext: attempt(() => openRecords(primitives, context, concat(...records))),
      exchange: { secret: hpkeExport(primitives, context, utf8('tern/1 response'), 32), salt: encapsulated },
    };
  }

  /** @throws {Error} for an answer that does not decode, or an exception that is neither of the two a relay may throw */
  async send(sealed: SealedRequest, signal: AbortSignal): Promise<Outcome> {
    let answer: Uint8Array;
    try {
      answer = await this.#relay.answer(sealed.bytes, { signal });
    } catch (cause) {
      if (cause instanceof MalformedError) return { kind: 'malformed' };
      if (cause instanceof RefusedError) return { kind: 'busy' };
      throw cause;
    }
    const reader = new ResponseReader(primitives, sealed.exchange);
    const decoder = new ResponseDecoder();
    const items = decoder.push(reader.push(answer));
    if (reader.head?.kind !== 'sealed') return { kind: reader.head?.kind ?? 'malformed' };
    const { header } = decoder;
    if (header === undefined || !decoder.whole || !reader.complete) throw new Error('an answer is cut');
    const { keys } = reader.head;
    this.tickets.push(
      ...header.tickets.map(({ id, share }) => ({ id, share, secret: keys.ticketSecret(id) })),
    );
    this.tickets = this.tickets.slice(-mostTickets);
    return { kind: 'answered', header, items };
  }

  /** One of a few, in turn: a fresh one each time would cost more than everything that is tested here. */
  #ephemeral(): Uint8Array {
    const next = this.#ephemerals.shift() ?? this.#world.randomBytes(32);
    this.#ephemerals.push(next);
    return next;
  }

  #key(): Card['keys'][number] {
    const opened = openCard(primitives, this.#relay.card());
    const [key] = opened?.card.keys ?? [];
    if (key === undefined) throw new Error('the card names no key');
    return key;
  }
}

const roomBytes = 1021;

function looseRecords(plaintext: Uint8Array, chance: Chance): readonly Uint8Array[] {
  const records: Uint8Array[] = [];
  for (let at = 0; at === 0 || at < plaintext.length; at += roomBytes) {
    const data = plaintext.subarray(at, at + roomBytes);
    const record = new Uint8Array(Math.ceil((3 + data.length) / 256) * 256);
    record.set([at + roomBytes >= plaintext.length ? 1 : 0, ...uintBytes(data.length, 2)]);
    record.set(data, 3);
    records.push(record);
  }
  const at = chance.below(records.length);
  const record = records[at] ?? new Uint8Array(256);
  const changes: readonly (() => readonly Uint8Array[])[] = [
    () => records,
    () => records.with(at, record.with(0, 1)),
    () => records.with(at, record.with(0, 0)),
    () => records.with(at, record.with(0, 2)),
    () => records.with(at, record.with(1, 255)),
    () => records.with(at, record.with(record.length - 1, 7)),
    () => records.with(at, concat(record, new Uint8Array(256))),
    () => records.with(at, concat(record, new Uint8Array(1024))),
    () => records.with(at, record.subarray(0, record.length - 1)),
    () => records.with(at, new Uint8Array()),
    () => [...records, record],
    () => records.toReversed(),
    () => records.slice(0, -1),
  ];
  return chance.of(changes)();
}

/** Damage outside the seal: version, mode, names of keys, shares of low order, cuts. */
export function damage(bytes: Uint8Array, chance: Chance): Uint8Array {
  const mode = bytes[1] ?? 0;
  const share = mode === 1 ? 10 : 50;
  const changes: readonly (() => Uint8Array)[] = [
    () => bytes.with(0, chance.of([0, 2, 255])),
    () => bytes.with(1, chance.of([0, 1, 2, 3])),
    () => bytes.with(2 + chance.below(8), chance.below(256)),
    () => concat(bytes.subarray(0, share), new Uint8Array(32), bytes.subarray(share + 32)),
    () => bytes.subarray(0, chance.below(bytes.length)),
    () => bytes.subarray(0, bytes.length - 1 - chance.below(20)),
    () => bytes.with(chance.below(bytes.length), chance.below(256)),
    () => concat(bytes, chance.bytes(1 + chance.below(40))),
    () => concat(bytes, new Uint8Array(80_000)),
    () => new Uint8Array(),
  ];
  return chance.of(changes)();
}
