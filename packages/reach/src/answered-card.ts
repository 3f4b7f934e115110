import { openCard, UnreachableError, type Card, type Primitives, type RelayId } from '@tern/protocol';
import type { Answer } from './answer.ts';

/** The card in the answer to an empty request. @throws {UnreachableError} `not-a-relay` */
export function cardOf(answer: Answer): Uint8Array {
  if (answer.kind !== 'card') throw strange('an empty request was not answered with a card');
  return answer.card;
}

/** @returns undefined where nobody has signed it @throws {UnreachableError} `not-a-relay` for what is no card */
export function openCardFromNetwork(
  primitives: Primitives,
  encoded: Uint8Array,
): { readonly relay: RelayId; readonly card: Card } | undefined {
  try {
    return openCard(primitives, encoded);
  } catch (cause) {
    throw new UnreachableError('what answered is no relay, or the card was damaged', {
      code: 'not-a-relay',
      cause,
    });
  }
}

/** What no relay does. */
export function strange(message: string): UnreachableError {
  return new UnreachableError(message, { code: 'not-a-relay' });
}
