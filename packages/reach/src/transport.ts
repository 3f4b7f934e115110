import type { Hint } from '@tern/protocol';

export interface CarryOptions {
  readonly signal: AbortSignal;
  /** the relay may keep the answer back for as long as a watch lasts; everything else it answers at once */
  readonly held?: boolean;
  /** told by a transport that has a choice: the name of the one that carries it, before anything came */
  readonly carriedBy?: (transport: string) => void;
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
   * @throws {UnreachableError} when nothing came back, or what came back was cut before its own end
   * @throws the signal's reason when it is aborted
   */
  carry(to: Hint, request: Uint8Array, options: CarryOptions): AsyncIterable<Uint8Array>;
}
