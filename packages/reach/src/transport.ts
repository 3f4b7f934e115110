import type { Hint } from '@tern/protocol';

/**
 * Carries one sealed request to a relay and the sealed answer back, and knows nothing of what is inside.
 * Nothing about a conversation lives in a transport: any request may take any of them, twice if need be.
 */
export interface Transport {
  /** for people: `https`, `memory` */
  readonly name: string;
  /**
   * @returns the answer's bytes as they arrive, in pieces of any size; ending the iteration early closes what was opened
   * @throws {UnreachableError} when nothing came back, or what came back was cut before its own end
   * @throws the signal's reason when it is aborted
   */
  carry(to: Hint, request: Uint8Array, options: { readonly signal: AbortSignal }): AsyncIterable<Uint8Array>;
}
