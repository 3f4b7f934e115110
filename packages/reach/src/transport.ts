import type { Card, Hint, RelayId } from '@tern/protocol';
import type { Budget } from './budget.ts';
import type { Observation } from './diagnosis/observation.ts';

/** Whence a relay sees this device. What was seen from one is not shown from another, so that the two are not known to be one (rule 8). */
export interface Vantage {
  /** what tells the network this device is in from others; undefined where nobody knows */
  readonly network: string | undefined;
  /** the relay that hands on; empty for none */
  readonly through: string;
}

/** Of a relay's card, what it says of ways to the relay. */
export type LearnedCard = Pick<Card, 'number' | 'endpoints'>;

export interface CarryOptions {
  /** aborted with an UnreachableError `silent`: something else showed that the answer ought to have come */
  readonly signal: AbortSignal;
  /** the relay may keep the answer back for so long, because it is asked to watch; 0 unless given: it answers at once */
  readonly heldMs?: number;
  /** files and the like: gives way to everything else, and goes where most gets through */
  readonly bulk?: boolean;
  /** the same request as it is sent from elsewhere than the transport said when it was asked */
  readonly sealedFor?: (vantage: Vantage) => Uint8Array;
  /** told by a transport that has a choice: the name of the one that carries it, and from where, before anything came */
  readonly carriedBy?: (transport: string, vantage?: Vantage) => void;
  /**
   * Told by a transport that learns from answers, before the first piece: what to call once they were read, with whether they were an
   * answer of that relay. Anybody on the way can answer with something.
   */
  readonly judged?: (judge: (sound: boolean) => void) => void;
  /** told by a transport that sees the stages of each attempt, also of one that ends after the answer came another way */
  readonly observed?: (observation: Observation) => void;
}

/**
 * Carries one sealed request to a relay and the sealed answer back, and knows nothing of what is inside.
 * Nothing about a conversation lives in a transport: any request may take any of them, twice if need be.
 */
export interface Transport {
  /** for people: `https`, `websocket`, `memory` */
  readonly name: string;
  /**
   * @returns the answer's bytes as they arrive, in pieces of any size; ending the iteration early closes what was opened
   * @throws {UnreachableError} when nothing came back, or what came back was cut before its own end; `unheld` where it was kept back, and
   *   is to be asked for again for a shorter time
   * @throws the signal's reason when it is aborted
   */
  carry(to: Hint, request: Uint8Array, options: CarryOptions): AsyncIterable<Uint8Array>;
  /** What an exchange may weigh on the way that it would take now; where it is not said, whoever uses the transport finds out. */
  budget?(to: Hint, options?: { readonly bulk?: boolean }): Budget | undefined;
  /** How long an answer may be kept back on the way that it would take now, so that it still arrives; where it is not said, 40 s. */
  holdMs?(to: Hint): number;
  /** Whence a request would be sent now. */
  vantage?(to: Hint): Vantage | undefined;
  /** Told of a relay's card, whose signature was right. */
  learnCard?(relay: RelayId, card: LearnedCard): void;
}
