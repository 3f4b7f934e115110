import {
  base32,
  cardResponse,
  decodeBatch,
  encodeCard,
  encodeResponse,
  hpkeKeyPair,
  openRequest,
  relayIdOf,
  responseKeys,
  sealResponse,
  unknownTicketResponse,
  type Batch,
  type BatchProblem,
  type Card,
  type Hint,
  type IssuedTicket,
  type Primitives,
  type RelayId,
  type ResponseItem,
} from '@tern/protocol';

export interface Seen {
  readonly batch: Batch;
  readonly plaintext: Uint8Array;
  readonly under: 'key' | 'ticket';
  /** a batch under the key begins one, its tickets go on with it */
  readonly session: number;
}

export interface TinyRelay {
  readonly relay: RelayId;
  readonly hint: Hint;
  card(): Card;
  answer(request: Uint8Array): Promise<Uint8Array>;
  /** every batch that was opened, with how it was sealed */
  readonly seen: Seen[];
  /** requests of each outcome */
  readonly counts: { card: number; unknownTicket: number; key: number; ticket: number };
  forgetTickets(): void;
  /** forgets all keys and makes a new card with a new one */
  turnKey(): void;
}

export interface TinyRelayParts {
  readonly primitives: Primitives;
  randomBytes(length: number): Uint8Array;
  now(): number;
  readonly seed?: number;
  items?(seen: Seen): readonly ResponseItem[] | Promise<readonly ResponseItem[]>;
  problem?(seen: Seen): BatchProblem | undefined;
  /** sealed in place of a response */
  readonly rawPlaintext?: Uint8Array;
}

/** As much of a relay as a path can see: a card, keys, tickets, and an answer to each operation. */
export function tinyRelay(parts: TinyRelayParts): TinyRelay {
  const { primitives, randomBytes } = parts;
  const signingSeed = new Uint8Array(32).fill(parts.seed ?? 1);
  const signingKey = primitives.ed25519PublicKey(signingSeed);
  const relay = relayIdOf(primitives, signingKey);
  const tickets = new Map<string, IssuedTicket & { readonly session: number }>();
  let number = 0;
  let keyPair = hpkeKeyPair(primitives, randomBytes(32));
  let keyId = randomBytes(8);
  const card = (): Card => ({
    signingKey,
    number,
    issuedAt: Math.floor(parts.now() / 1000),
    notAfter: Math.floor(parts.now() / 1000) + 3_000_000,
    keys: [{ id: keyId, publicKey: keyPair.publicKey, notAfter: Math.floor(parts.now() / 1000) + 600_000 }],
    endpoints: [],
    host: true,
    door: false,
    public: false,
  });
  const seen: TinyRelay['seen'] = [];
  const counts = { card: 0, unknownTicket: 0, key: 0, ticket: 0 };
  const giveCard = (): Uint8Array => {
    counts.card += 1;
    return cardResponse(encodeCard(primitives, card(), signingSeed));
  };
  return {
    relay,
    hint: { relay, address: 'relay.example', port: 443, tls: true, path: 'secret' },
    card,
    seen,
    counts,
    async answer(request) {
      if (request.length === 0) return giveCard();
      let session: number | undefined;
      const opened = openRequest(primitives, request, {
        relay,
        keys: {
          sealingKey: (id) => (base32(id) === base32(keyId) ? keyPair : undefined),
          takeTicket(id) {
            const ticket = tickets.get(base32(id));
            tickets.delete(base32(id));
            session = ticket?.session;
            return ticket;
          },
        },
      });
      if (opened.kind === 'unknown-key') return giveCard();
      if (opened.kind === 'unknown-ticket') {
        counts.unknownTicket += 1;
        return unknownTicketResponse();
      }
      const under = opened.ticketId === undefined ? 'key' : 'ticket';
      counts[under] += 1;
      const batch = decodeBatch(opened.plaintext);
      session ??= counts.key;
      const one: Seen = { batch, plaintext: opened.plaintext, under, session };
      seen.push(one);
      const problem = parts.problem?.(one);
      const items =
        problem === undefined
          ? ((await parts.items?.(one)) ??
            batch.operations.map((_, operation): ResponseItem => ({ operation, result: { kind: 'done' } })))
          : [];
      const nonce = randomBytes(32);
      const keys = responseKeys(primitives, opened.exchange, nonce);
      const offered = [0, 1].map(() => {
        const share = hpkeKeyPair(primitives, randomBytes(32));
        const id = randomBytes(16);
        tickets.set(base32(id), {
          secret: keys.ticketSecret(id),
          sharePrivateKey: share.privateKey,
          session: one.session,
        });
        return { id, share: share.publicKey };
      });
      const header = {
        batch: batch.id,
        time: parts.now(),
        card: number,
        tickets: offered,
        ...(problem !== undefined && { problem }),
      };
      const plaintext = parts.rawPlaintext ?? encodeResponse(header, items);
      return sealResponse(primitives, keys, { nonce, plaintext });
    },
    forgetTickets: () => tickets.clear(),
    turnKey() {
      number += 1;
      keyPair = hpkeKeyPair(primitives, randomBytes(32));
      keyId = randomBytes(8);
    },
  };
}
