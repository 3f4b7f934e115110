import {
  encodeOperation,
  proofMessage,
  type BatchId,
  type Operation,
  type Primitives,
  type RelayId,
  type WireOperation,
} from '@tern/protocol';

/** An operation to send, with the seeds of the keys that prove it (one signature per seed, in order). */
export interface Outgoing {
  readonly operation: Operation;
  readonly seeds?: readonly Uint8Array[];
}

/** Operations as a batch carries them; what proves them is worth nothing in another batch or at another relay (rule 9). */
export function provenOperations(
  primitives: Primitives,
  outgoing: readonly Outgoing[],
  at: { readonly relay: RelayId; readonly batch: BatchId },
): readonly WireOperation[] {
  return outgoing.map(({ operation, seeds = [] }) => {
    const encoded = encodeOperation(operation);
    const message = proofMessage(primitives, encoded, at);
    return { ...encoded, proofs: seeds.map((seed) => primitives.ed25519Sign(seed, message)) };
  });
}

/** how long its answer may be kept back; 0 for what is answered at once */
export function waitSecondsOf(operation: Outgoing['operation']): number {
  return 'waitSeconds' in operation ? operation.waitSeconds : 0;
}

/** of the watch set that is gone on with, if any is */
export function watchTokenOf(outgoing: readonly Outgoing[]): Uint8Array | undefined {
  for (const { operation } of outgoing)
    if (operation.kind === 'watch' && operation.token !== undefined) return operation.token;
  return undefined;
}
