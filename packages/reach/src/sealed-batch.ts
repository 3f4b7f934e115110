import {
  MalformedError,
  sealRequest,
  sealRequestWithTicket,
  type Card,
  type ExchangeSecret,
  type Primitives,
  type RelayId,
} from '@tern/protocol';
import type { Session, TicketBox, TicketBoxes } from './ticket-box.ts';
import type { Vantage } from './transport.ts';

export interface Sealed {
  readonly bytes: Uint8Array;
  readonly exchange: ExchangeSecret;
  readonly session: Session;
  /** where the tickets of its answer belong */
  readonly box: TicketBox;
  /** what it was sealed under */
  readonly under: 'ticket' | 'key';
  readonly keyNumber: number;
}

export interface SealedBatchParts {
  readonly plaintext: Uint8Array;
  readonly relay: RelayId;
  readonly card: Card;
  readonly tickets: TicketBoxes;
  /** false where the relay has just refused one */
  readonly withTicket: boolean;
  /** of a watch set that the batch goes on with */
  readonly token?: Uint8Array | undefined;
  readonly primitives: Primitives;
  readonly randomBytes: (length: number) => Uint8Array;
  /** seconds since 1970, by the relay's clock */
  readonly now: number;
}

/** One batch, sealed once for each vantage it leaves from: nothing in clear of the one is in the other. */
export class SealedBatch {
  readonly #parts: SealedBatchParts;
  readonly #sealed = new Map<string, Sealed>();

  constructor(parts: SealedBatchParts) {
    this.#parts = parts;
  }

  from(vantage: Vantage): Sealed {
    const name = `${vantage.network ?? ''} ${vantage.through}`;
    const known = this.#sealed.get(name);
    if (known !== undefined) return known;
    const sealed = this.#seal(this.#parts.tickets.at(vantage));
    this.#sealed.set(name, sealed);
    return sealed;
  }

  /** Nothing of it is on its way any more. */
  back(): void {
    for (const { box, session, under } of this.#sealed.values()) if (under === 'ticket') box.back(session);
  }

  #seal(box: TicketBox): Sealed {
    const { primitives, randomBytes, plaintext, relay, card, withTicket, token, now } = this.#parts;
    const keyNumber = card.number;
    const held = withTicket ? box.take(token) : undefined;
    if (held !== undefined) {
      const { session, ticket } = held;
      const options = { relay, ticket, random: randomBytes(64) };
      const sealed = sealRequestWithTicket(primitives, plaintext, options);
      return { ...sealed, session, box, under: 'ticket', keyNumber };
    }
    // by a clock that is far off every key may look expired, and the relay says so itself (rules 1 and 32)
    const key = card.keys.find((one) => one.notAfter > now) ?? card.keys[0];
    if (key === undefined) throw new MalformedError('the card offers no key');
    const sealed = sealRequest(primitives, plaintext, { relay, key, seed: randomBytes(32) });
    return { ...sealed, session: Symbol('session'), box, under: 'key', keyNumber };
  }
}
