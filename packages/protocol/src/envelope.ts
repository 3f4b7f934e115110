import { base32Bytes, concat, utf8 } from './bytes.ts';
import { MalformedError } from './errors.ts';
import { hpkeExport, hpkeReceiver, hpkeSender } from './hpke.ts';
import type { RelayId } from './ids.ts';
import { hkdfExpand, hkdfExtract, type Primitives } from './primitives.ts';
import { openRecords, RecordOpener, sealRecords, type RecordKeys } from './records.ts';

/** First byte of everything Tern sends (rule 31). */
export const wireVersion = 1;

const requestUnderKey = 1;
const requestUnderTicket = 2;
const responseSealed = 1;
const responseCard = 2;
const responseUnknownTicket = 3;

const keyIdBytes = 8;
const shareBytes = 32;
const ticketIdBytes = 16;
const freshBytes = 32;

/** What both sides of one exchange share; every response draws its own keys from it (rule 7). */
export interface ExchangeSecret {
  readonly secret: Uint8Array;
  readonly salt: Uint8Array;
}

/** A relay's current public key, from its card. */
export interface SealingKey {
  /** 8 bytes */
  readonly id: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** The client's half of a ticket: used for one batch, then gone (rule 8). */
export interface Ticket {
  /** 16 bytes, opaque */
  readonly id: Uint8Array;
  readonly secret: Uint8Array;
  /** the relay's X25519 public key for this ticket */
  readonly share: Uint8Array;
}

/** The relay's half. */
export interface IssuedTicket {
  readonly secret: Uint8Array;
  readonly sharePrivateKey: Uint8Array;
}

function keysFrom(primitives: Primitives, prk: Uint8Array, label: string): RecordKeys {
  return {
    key: hkdfExpand(primitives, prk, utf8(`tern/1 ${label} key`), 32),
    baseNonce: hkdfExpand(primitives, prk, utf8(`tern/1 ${label} nonce`), 12),
  };
}

function requestInfo(header: Uint8Array, relay: RelayId): Uint8Array {
  return concat(utf8('tern/1 request\0'), header, base32Bytes(relay));
}

function exchangeOf(primitives: Primitives, prk: Uint8Array, salt: Uint8Array): ExchangeSecret {
  return { secret: hkdfExpand(primitives, prk, utf8('tern/1 response'), 32), salt };
}

/**
 * A request under the relay's card key: the first of a session.
 * @param options.seed 32 fresh random bytes
 * @throws {MalformedError} when the card's key is of low order
 */
export function sealRequest(
  primitives: Primitives,
  plaintext: Uint8Array,
  options: { readonly relay: RelayId; readonly key: SealingKey; readonly seed: Uint8Array },
): { readonly bytes: Uint8Array; readonly exchange: ExchangeSecret } {
  const header = concat(new Uint8Array([wireVersion, requestUnderKey]), options.key.id);
  const sender = hpkeSender(primitives, options.key.publicKey, {
    info: requestInfo(header, options.relay),
    seed: options.seed,
  });
  if (sender === undefined) throw new MalformedError('the relay offers a key of low order');
  return {
    bytes: concat(header, sender.encapsulated, sealRecords(primitives, sender.context, plaintext)),
    exchange: {
      secret: hpkeExport(primitives, sender.context, utf8('tern/1 response'), 32),
      salt: sender.encapsulated,
    },
  };
}

function ticketPrk(
  primitives: Primitives,
  secret: Uint8Array,
  agreed: Uint8Array,
  header: Uint8Array,
): Uint8Array {
  return hkdfExtract(primitives, secret, concat(utf8('tern/1 ticket request\0'), agreed, header));
}

/**
 * A request under a ticket: one AEAD and one X25519, with forward secrecy from both sides' shares.
 * @param options.random 64 fresh random bytes: 32 for the header, 32 for the share's private key
 * @throws {MalformedError} when the relay's share is of low order
 */
export function sealRequestWithTicket(
  primitives: Primitives,
  plaintext: Uint8Array,
  options: { readonly relay: RelayId; readonly ticket: Ticket; readonly random: Uint8Array },
): { readonly bytes: Uint8Array; readonly exchange: ExchangeSecret } {
  const fresh = options.random.subarray(0, freshBytes);
  const privateKey = options.random.subarray(freshBytes, freshBytes + 32);
  const header = concat(
    new Uint8Array([wireVersion, requestUnderTicket]),
    options.ticket.id,
    fresh,
    primitives.x25519PublicKey(privateKey),
  );
  const agreed = primitives.x25519(privateKey, options.ticket.share);
  if (agreed === undefined) throw new MalformedError('the relay offers a share of low order');
  const prk = ticketPrk(primitives, options.ticket.secret, agreed, requestInfo(header, options.relay));
  return {
    bytes: concat(header, sealRecords(primitives, keysFrom(primitives, prk, 'request'), plaintext)),
    exchange: exchangeOf(primitives, prk, fresh),
  };
}

/** How a relay finds what a request names. Each is called at most once per request. */
export interface RequestKeys {
  /** the key pair with this 8-byte id */
  sealingKey(id: Uint8Array): { readonly privateKey: Uint8Array; readonly publicKey: Uint8Array } | undefined;
  /** takes the ticket out: whoever asks again gets nothing */
  takeTicket(id: Uint8Array): IssuedTicket | undefined;
}

export type OpenedRequest =
  | {
      readonly kind: 'opened';
      readonly plaintext: Uint8Array;
      readonly exchange: ExchangeSecret;
      readonly ticketId?: Uint8Array;
    }
  | { readonly kind: 'unknown-key' }
  | { readonly kind: 'unknown-ticket' };

/** @throws {MalformedError} for bytes that are no request, or do not open under the key they name */
export function openRequest(
  primitives: Primitives,
  bytes: Uint8Array,
  options: { readonly relay: RelayId; readonly keys: RequestKeys },
): OpenedRequest {
  if (bytes[0] !== wireVersion) throw new MalformedError('unknown version');
  if (bytes[1] === requestUnderKey) {
    const headerEnd = 2 + keyIdBytes;
    if (bytes.length < headerEnd + shareBytes) throw new MalformedError('request is cut');
    const keyPair = options.keys.sealingKey(bytes.subarray(2, headerEnd));
    if (keyPair === undefined) return { kind: 'unknown-key' };
    const encapsulated = copyOf(bytes, headerEnd, shareBytes);
    const info = requestInfo(bytes.subarray(0, headerEnd), options.relay);
    const context = hpkeReceiver(primitives, keyPair, { info, encapsulated });
    if (context === undefined) throw new MalformedError('key of low order');
    const plaintext = openRecords(primitives, context, bytes.subarray(headerEnd + shareBytes));
    const secret = hpkeExport(primitives, context, utf8('tern/1 response'), 32);
    return { kind: 'opened', plaintext, exchange: { secret, salt: encapsulated } };
  }
  if (bytes[1] === requestUnderTicket) {
    const headerEnd = 2 + ticketIdBytes + freshBytes + shareBytes;
    if (bytes.length < headerEnd) throw new MalformedError('request is cut');
    const ticketId = copyOf(bytes, 2, ticketIdBytes);
    const ticket = options.keys.takeTicket(ticketId);
    if (ticket === undefined) return { kind: 'unknown-ticket' };
    const agreed = primitives.x25519(
      ticket.sharePrivateKey,
      bytes.subarray(headerEnd - shareBytes, headerEnd),
    );
    if (agreed === undefined) throw new MalformedError('share of low order');
    const prk = ticketPrk(
      primitives,
      ticket.secret,
      agreed,
      requestInfo(bytes.subarray(0, headerEnd), options.relay),
    );
    const plaintext = openRecords(
      primitives,
      keysFrom(primitives, prk, 'request'),
      bytes.subarray(headerEnd),
    );
    const fresh = copyOf(bytes, 2 + ticketIdBytes, freshBytes);
    return { kind: 'opened', plaintext, exchange: exchangeOf(primitives, prk, fresh), ticketId };
  }
  throw new MalformedError('unknown mode');
}

/** A request may be a Buffer, whose slice() would share its bytes. */
function copyOf(bytes: Uint8Array, from: number, length: number): Uint8Array {
  return new Uint8Array(bytes.subarray(from, from + length));
}

/** The keys of one response: its records' and the secrets of the tickets it brings. */
export interface ResponseKeys {
  readonly records: RecordKeys;
  /** @param id the ticket's 16 bytes */
  ticketSecret(id: Uint8Array): Uint8Array;
}

/** RFC 9458 section 4.4. @param nonce 32 random bytes, fresh for every response, also to a repeated request */
export function responseKeys(
  primitives: Primitives,
  exchange: ExchangeSecret,
  nonce: Uint8Array,
): ResponseKeys {
  const prk = hkdfExtract(primitives, concat(exchange.salt, nonce), exchange.secret);
  return {
    records: keysFrom(primitives, prk, 'response'),
    ticketSecret: (id) => hkdfExpand(primitives, prk, concat(utf8('tern/1 ticket\0'), id), 32),
  };
}

/** @param nonce the 32 bytes that made the keys */
export function sealResponse(
  primitives: Primitives,
  keys: ResponseKeys,
  content: { readonly nonce: Uint8Array; readonly plaintext: Uint8Array },
): Uint8Array {
  return concat(
    new Uint8Array([wireVersion, responseSealed]),
    content.nonce,
    sealRecords(primitives, keys.records, content.plaintext),
  );
}

/** The answer to an empty request or one under an unknown key: the current card, in clear (rule 1). */
export function cardResponse(card: Uint8Array): Uint8Array {
  return concat(new Uint8Array([wireVersion, responseCard]), card);
}

/** The answer to a ticket that is spent or forgotten: seal again under the card's key (rule 8). */
export function unknownTicketResponse(): Uint8Array {
  return new Uint8Array([wireVersion, responseUnknownTicket]);
}

/** As large as these random bytes, and answered in two: a request under a ticket that nobody was given, to see whether so much passes. */
export function unknownTicketRequest(random: Uint8Array): Uint8Array {
  return concat(new Uint8Array([wireVersion, requestUnderTicket]), random);
}

/** What a client knows of a response so far. */
export type ResponseHead =
  | { readonly kind: 'sealed'; readonly keys: ResponseKeys }
  | { readonly kind: 'card'; readonly card: Uint8Array }
  | { readonly kind: 'unknown-ticket' };

const longestCardBytes = 2048;

/** Reads a response as it arrives. */
export class ResponseReader {
  readonly #primitives: Primitives;
  readonly #exchange: ExchangeSecret | undefined;
  #held: Uint8Array = new Uint8Array();
  #opener: RecordOpener | undefined;
  #head: ResponseHead | undefined;

  /** @param exchange what the request left; undefined for an empty request, whose answer is a card */
  constructor(primitives: Primitives, exchange: ExchangeSecret | undefined) {
    this.#primitives = primitives;
    this.#exchange = exchange;
  }

  /** undefined until enough has arrived; a card is whole when the bytes end */
  get head(): ResponseHead | undefined {
    return this.#head;
  }

  /** true when nothing more is expected of a sealed response */
  get complete(): boolean {
    return this.#opener?.complete ?? this.#head?.kind === 'unknown-ticket';
  }

  /**
   * @returns plaintext that became readable with these bytes; empty for a card
   * @throws {MalformedError} for anything a relay would not send
   */
  push(bytes: Uint8Array): Uint8Array {
    if (this.#opener !== undefined) return this.#opener.push(bytes);
    this.#held = concat(this.#held, bytes);
    const held = this.#held;
    if (held.length < 2) return new Uint8Array();
    if (held[0] !== wireVersion) throw new MalformedError('unknown version');
    if (held[1] === responseUnknownTicket) {
      if (held.length > 2) throw new MalformedError('bytes after the end');
      this.#head = { kind: 'unknown-ticket' };
      return new Uint8Array();
    }
    if (held[1] === responseCard) {
      if (held.length > 2 + longestCardBytes) throw new MalformedError('card is too long');
      this.#head = { kind: 'card', card: held.slice(2) };
      return new Uint8Array();
    }
    if (held[1] !== responseSealed || this.#exchange === undefined)
      throw new MalformedError('unknown kind of response');
    if (held.length < 2 + freshBytes) return new Uint8Array();
    const keys = responseKeys(this.#primitives, this.#exchange, held.subarray(2, 2 + freshBytes));
    this.#head = { kind: 'sealed', keys };
    this.#opener = new RecordOpener(this.#primitives, keys.records);
    this.#held = new Uint8Array();
    return this.#opener.push(held.subarray(2 + freshBytes));
  }
}
