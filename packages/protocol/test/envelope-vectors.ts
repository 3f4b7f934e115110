/** Requests, responses and tickets with every secret that went into them. */
import {
  base32Bytes,
  cardResponse,
  responseKeys,
  sealRequest,
  sealRequestWithTicket,
  sealResponse,
  unknownTicketResponse,
  utf8,
} from '../src/index.ts';
import { hexOf } from './bytes-text.ts';
import { bytesOf, primitives, relay, sealingKeys, signedCard } from './fixtures.ts';

export function envelopeVectors(): Readonly<Record<string, unknown>> {
  const plaintext = bytesOf('a batch', 2500);
  const key = { id: bytesOf('key id', 8), publicKey: sealingKeys.publicKey };
  const first = sealRequest(primitives, plaintext, { relay, key, seed: bytesOf('first seed') });
  const nonce = bytesOf('first nonce');
  const keys = responseKeys(primitives, first.exchange, nonce);
  const answer = bytesOf('an answer', 1400);
  const ticketId = bytesOf('ticket', 16);
  const sharePrivateKey = bytesOf('relay share');
  const ticket = {
    id: ticketId,
    secret: keys.ticketSecret(ticketId),
    share: primitives.x25519PublicKey(sharePrivateKey),
  };
  const second = sealRequestWithTicket(primitives, plaintext.slice(0, 200), {
    relay,
    ticket,
    random: bytesOf('second random', 64),
  });
  const secondKeys = responseKeys(primitives, second.exchange, bytesOf('second nonce'));
  return {
    relay: hexOf(base32Bytes(relay)),
    key: {
      id: hexOf(key.id),
      privateKey: hexOf(sealingKeys.privateKey),
      publicKey: hexOf(key.publicKey),
    },
    underKey: {
      seed: hexOf(bytesOf('first seed')),
      plaintext: hexOf(plaintext),
      request: hexOf(first.bytes),
      nonce: hexOf(nonce),
      answer: hexOf(answer),
      response: hexOf(sealResponse(primitives, keys, { nonce, plaintext: answer })),
    },
    ticket: {
      id: hexOf(ticketId),
      secret: hexOf(ticket.secret),
      sharePrivateKey: hexOf(sharePrivateKey),
      share: hexOf(ticket.share),
    },
    underTicket: {
      random: hexOf(bytesOf('second random', 64)),
      plaintext: hexOf(plaintext.slice(0, 200)),
      request: hexOf(second.bytes),
      nonce: hexOf(bytesOf('second nonce')),
      answer: '',
      response: hexOf(
        sealResponse(primitives, secondKeys, { nonce: bytesOf('second nonce'), plaintext: utf8('') }),
      ),
    },
    card: hexOf(cardResponse(signedCard)),
    unknownTicket: hexOf(unknownTicketResponse()),
  };
}
