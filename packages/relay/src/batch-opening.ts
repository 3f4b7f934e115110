import {
  base32,
  batchHeaderCodec,
  decode,
  decodeBatch,
  decodeOperation,
  MalformedError,
  splitFrames,
  type Batch,
  type BatchId,
  type Operation,
  type Result,
  type WireOperation,
} from '@tern/protocol';
import { isWriting, type AskedWrite } from './batch-judge.ts';

/** An operation that changes nothing, with its place in the batch. */
export interface AskedRead {
  readonly index: number;
  readonly operation: Exclude<Operation, AskedWrite['operation']>;
  readonly wire: WireOperation;
}

/** A batch as it is answered: what changes something is judged first and together, then the rest is read. */
export interface SortedBatch {
  readonly writes: readonly AskedWrite[];
  readonly reads: readonly AskedRead[];
  /** what can be answered at once: operations that are malformed or unknown (rule 31) */
  readonly settled: readonly { readonly index: number; readonly result: Result }[];
}

const noBatch = base32(new Uint8Array(16)) as BatchId;

/** @returns the batch, or which one a malformed one says it is, as far as that can be read */
export function openBatch(
  plaintext: Uint8Array,
): { readonly kind: 'batch'; readonly batch: Batch } | { readonly kind: 'malformed'; readonly id: BatchId } {
  const batch = ifWhole(() => decodeBatch(plaintext));
  if (batch !== undefined) return { kind: 'batch', batch };
  const id = ifWhole(() => decode(batchHeaderCodec, splitFrames(plaintext)[0] ?? new Uint8Array()).id);
  return { kind: 'malformed', id: id ?? noBatch };
}

/** Writes, reads, and what is answered at once because it does not decode or is unknown, each with its place in the batch. */
export function sortBatch(batch: Batch): SortedBatch {
  const sorted = {
    writes: [] as AskedWrite[],
    reads: [] as AskedRead[],
    settled: [] as { index: number; result: Result }[],
  };
  for (const [index, wire] of batch.operations.entries()) {
    const decoded = ifWhole(() => ({ operation: decodeOperation(wire) }));
    const operation = decoded?.operation;
    if (decoded === undefined) sorted.settled.push({ index, result: { kind: 'malformed' } });
    else if (operation === undefined) sorted.settled.push({ index, result: { kind: 'unsupported' } });
    else if (isWriting(operation)) sorted.writes.push({ index, operation, wire });
    else sorted.reads.push({ index, operation, wire });
  }
  return sorted;
}

/** Rule 30: what may lie with another relay for days before it comes here. */
export function isDeferrable({ writes, reads, settled }: SortedBatch): boolean {
  return (
    writes.length > 0 &&
    reads.length + settled.length === 0 &&
    writes.every(
      ({ operation }) =>
        operation.kind === 'put' || (operation.kind === 'append' && operation.next === undefined),
    )
  );
}

function ifWhole<T>(decoding: () => T): T | undefined {
  try {
    return decoding();
  } catch (cause) {
    if (cause instanceof MalformedError) return undefined;
    throw cause;
  }
}
