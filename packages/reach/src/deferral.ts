import {
  encodeBatch,
  limits,
  peerPathOf,
  randomId,
  sealRequest,
  TernError,
  type BatchId,
  type CardKey,
  type ExchangeSecret,
  type Hint,
  type Operation,
  type Primitives,
  type RelayId,
  type Result,
  type World,
} from '@tern/protocol';
import { readAnswer } from './answer.ts';
import { provenOperations, type Outgoing } from './proven-operations.ts';

interface DeferralParts {
  readonly primitives: Primitives;
  readonly world: World;
}

/** A batch for a relay that cannot be reached, sealed to it so that another one can keep it for days (rule 30). */
export interface Deferral {
  readonly operation: Extract<Operation, { readonly kind: 'defer' }>;
  /** opens the answer, whenever that comes */
  readonly exchange: ExchangeSecret;
}

/** A relay keeps no answer that is longer than 8,192 B; its head, tickets and padding take the rest. */
const answerRoomBytes = 6000;

/**
 * @param outgoing puts, and appends outside the commit lane
 * @param to.key of the far relay's card @param to.notAfter seconds since 1970
 * @returns undefined where it is longer than what is kept
 */
export function sealDeferral(
  { primitives, world }: DeferralParts,
  outgoing: readonly Outgoing[],
  to: {
    readonly hint: Hint & { readonly relay: RelayId };
    readonly key: CardKey;
    readonly notAfter: number;
  },
): Deferral | undefined {
  const { hint, key, notAfter } = to;
  const { relay } = hint;
  const batch = randomId<BatchId>(world.randomBytes(16));
  const operations = provenOperations(primitives, outgoing, { relay, batch });
  const plaintext = encodeBatch({ id: batch, notAfter, room: answerRoomBytes, operations });
  const { bytes, exchange } = sealRequest(primitives, plaintext, { relay, key, seed: world.randomBytes(32) });
  if (bytes.length > limits.forwardBytes) return undefined;
  // who keeps it learns the path for relays, from which nobody can tell the secret one
  const far = { ...hint, path: peerPathOf(primitives, hint.path) };
  return { operation: { kind: 'defer', to: far, request: bytes, notAfter }, exchange };
}

/**
 * @param exchange of that request, and of no other: what it opens is the far relay's own word on it
 * @returns every result, in order; undefined for anything else, and for an answer that was cut or goes on behind its end
 */
export async function openDeferral(
  { primitives, world }: DeferralParts,
  answer: Uint8Array,
  exchange: ExchangeSecret,
): Promise<readonly Result[] | undefined> {
  const pieces = async function* (): AsyncIterable<Uint8Array> {
    yield answer;
  };
  try {
    const read = await readAnswer(pieces(), {
      primitives,
      exchange: () => exchange,
      now: () => world.now(),
    });
    if (read.kind !== 'sealed' || !read.whole || read.header.problem !== undefined) return undefined;
    return read.items.map(({ result }) => result);
  } catch (error) {
    if (error instanceof TernError) return undefined;
    throw error;
  }
}
