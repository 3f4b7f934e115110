import {
  bool,
  bytes,
  choice,
  decode,
  encode,
  field,
  list,
  optional,
  row,
  struct,
  tuple,
  uint,
  word,
  type Codec,
} from './codec.ts';
import { MalformedError } from './errors.ts';
import { FrameReader, joinFrames, splitFrames } from './frames.ts';
import { batchIdCodec, entryIdCodec, logIdCodec, type BatchId, type EntryId, type LogId } from './ids.ts';
import { limits } from './limits.ts';
import { wireOperationCodec, type WireOperation } from './operation.ts';
import { signedCodec, type Signed } from './signed.ts';

/** What a batch says of itself. */
export interface BatchHeader {
  readonly id: BatchId;
  /** seconds since 1970, at most an hour ahead; until then the relay remembers the result */
  readonly notAfter: number;
  /** how many bytes of plaintext the answer may have, as the path allows */
  readonly room: number;
}

/** One request: sent again byte for byte it has the same result (rule 6). */
export interface Batch extends BatchHeader {
  readonly operations: readonly WireOperation[];
}

export const batchHeaderCodec: Codec<BatchHeader> = struct<BatchHeader>({
  id: field(1, batchIdCodec),
  notAfter: field(2, uint(limits.second)),
  room: field(3, uint(limits.responseBytes)),
});

/** Frames: the header, then the operations. @throws {MalformedError} when it would exceed 64 KiB */
export function encodeBatch(batch: Batch): Uint8Array {
  const encoded = joinFrames([
    encode(batchHeaderCodec, batch),
    ...batch.operations.map((one) => encode(wireOperationCodec, one)),
  ]);
  if (encoded.length > limits.batchBytes || batch.operations.length > limits.operations)
    throw new MalformedError('batch is too large');
  return encoded;
}

/** @throws {MalformedError} for anything but one whole batch within its limits */
export function decodeBatch(encoded: Uint8Array): Batch {
  if (encoded.length > limits.batchBytes) throw new MalformedError('batch is too large');
  const [header, ...operations] = splitFrames(encoded);
  if (header === undefined) throw new MalformedError('batch is empty');
  if (operations.length > limits.operations) throw new MalformedError('too many operations');
  return {
    ...decode(batchHeaderCodec, header),
    operations: operations.map((one) => decode(wireOperationCodec, one)),
  };
}

/** Why a whole batch was not looked at. */
export type BatchProblem = 'clock' | 'malformed' | 'busy' | 'mismatch';

export interface OfferedTicket {
  readonly id: Uint8Array;
  readonly share: Uint8Array;
}

/** What comes first in a response, so that even a cut one is worth something. */
export interface ResponseHeader {
  readonly batch: BatchId;
  /** the relay's clock, milliseconds since 1970 */
  readonly time: number;
  /** number of the relay's current card */
  readonly card: number;
  readonly tickets: readonly OfferedTicket[];
  /** index into the list of problems in SPEC.md; the items are then empty */
  readonly problem?: BatchProblem;
}

const problemCodec: Codec<BatchProblem> = word<BatchProblem>(['clock', 'malformed', 'busy', 'mismatch']);

export const responseHeaderCodec: Codec<ResponseHeader> = struct<ResponseHeader>({
  batch: field(1, batchIdCodec),
  time: field(2, uint(limits.millisecond)),
  card: field(3, uint(2 ** 32)),
  tickets: field(4, list(struct<OfferedTicket>({ id: field(1, bytes(16)), share: field(2, bytes(32)) }), 4)),
  problem: optional(5, problemCodec),
});

/** An entry on its way to a reader. */
export interface Delivered {
  readonly log: LogId;
  /** its place in the log */
  readonly seq: number;
  /** the policy, hence epoch, in which it was made */
  readonly number: number;
  /** the bytes of an {@link Entry} */
  readonly entry: Uint8Array;
  /** when it was stored, seconds since 1970 */
  readonly at: number;
  /** a commit brings the policy it began */
  readonly next?: Signed;
}

type Empty = Record<never, never>;

/** Why nothing, or not everything, came of a request for another relay. */
export type ForwardTrouble =
  /** there is no such name, or it is an address to which nothing is handed on */
  | 'address'
  /** nothing, or nothing more, came in time */
  | 'silent'
  /** the connection failed or ended */
  | 'closed'
  /** what answers there does not prove that it is this relay */
  | 'stranger'
  | 'busy'
  /** the answer is longer than the room that was left for it, or than what is kept */
  | 'too-long';

/**
 * What became of an operation. An operation may have several results; all but the last are `entry`, `turned`, `unreadable`, or
 * `forwarded` with `more`.
 */
export type Result =
  | { readonly kind: 'done' }
  | { readonly kind: 'stored'; readonly seq: number }
  | { readonly kind: 'duplicate'; readonly seq: number }
  /** another commit ended that epoch */
  | { readonly kind: 'conflict'; readonly winner: EntryId }
  /** unknown log, missing right or wrong proof: nobody can tell which (rule 10) */
  | { readonly kind: 'refused' }
  | { readonly kind: 'stale-epoch'; readonly current: number }
  | { readonly kind: 'spent' }
  | { readonly kind: 'expired' }
  | { readonly kind: 'revoked' }
  | { readonly kind: 'full' }
  | { readonly kind: 'quota' }
  | { readonly kind: 'malformed' }
  | { readonly kind: 'unsupported' }
  | { readonly kind: 'missing-chunk' }
  | { readonly kind: 'watch-unknown' }
  | {
      readonly kind: 'put';
      readonly have: readonly (readonly [from: number, to: number])[];
      readonly complete: boolean;
    }
  | {
      readonly kind: 'range';
      readonly length: number;
      readonly bytes: Uint8Array;
      readonly proof: readonly Uint8Array[];
    }
  | ({ readonly kind: 'entry' } & Delivered)
  /** the log's policy went past the one that was proved: walk on with the next key (rule 12) */
  | { readonly kind: 'turned'; readonly log: LogId }
  /** of a watched log: what `refused` is elsewhere */
  | { readonly kind: 'unreadable'; readonly log: LogId }
  | { readonly kind: 'watched'; readonly token: Uint8Array; readonly more: boolean }
  | { readonly kind: 'card'; readonly card: Uint8Array; readonly others: readonly Uint8Array[] }
  /** the far relay's answer, in pieces */
  | { readonly kind: 'forwarded'; readonly bytes: Uint8Array; readonly more: boolean }
  /** what came of the far relay's answer, if anything, stands before it */
  | { readonly kind: 'unreachable'; readonly because: ForwardTrouble }
  /** the request is on this relay's disk, and has not been answered yet */
  | { readonly kind: 'kept'; readonly ticket: Uint8Array };

const nothing: Codec<Empty> = struct<Empty>({});
const seq: Codec<number> = uint(2 ** 48);
const atSeq: Codec<{ readonly seq: number }> = struct<{ readonly seq: number }>({ seq: field(1, seq) });
const ofLog: Codec<{ readonly log: LogId }> = struct<{ readonly log: LogId }>({ log: field(1, logIdCodec) });

const troubleCodec: Codec<ForwardTrouble> = word<ForwardTrouble>([
  'address',
  'silent',
  'closed',
  'stranger',
  'busy',
  'too-long',
]);

export const resultCodec: Codec<Result> = choice<Result>({
  done: [0, nothing],
  stored: [1, atSeq],
  duplicate: [2, atSeq],
  conflict: [3, struct({ winner: field(1, entryIdCodec) })],
  refused: [4, nothing],
  'stale-epoch': [5, struct({ current: field(1, uint(limits.policyNumber)) })],
  spent: [6, nothing],
  expired: [7, nothing],
  revoked: [8, nothing],
  full: [9, nothing],
  quota: [10, nothing],
  malformed: [11, nothing],
  unsupported: [12, nothing],
  'missing-chunk': [13, nothing],
  'watch-unknown': [14, nothing],
  put: [
    15,
    struct({
      have: field(1, list(tuple(uint(limits.chunkBytes), uint(limits.chunkBytes)), 128)),
      complete: field(2, bool()),
    }),
  ],
  range: [
    16,
    struct({
      length: field(1, uint(limits.chunkBytes)),
      bytes: field(2, bytes(1, limits.chunkBytes)),
      proof: field(3, list(bytes(32), 32)),
    }),
  ],
  entry: [
    17,
    struct<Delivered>({
      log: field(1, logIdCodec),
      seq: field(2, seq),
      number: field(3, uint(limits.policyNumber)),
      entry: field(4, bytes(37, 3072)),
      at: field(5, uint(limits.second)),
      next: optional(6, signedCodec),
    }),
  ],
  turned: [18, ofLog],
  unreadable: [19, ofLog],
  watched: [20, struct({ token: field(1, bytes(16)), more: field(2, bool()) })],
  card: [
    21,
    struct({
      card: field(1, bytes(1, limits.cardBytes)),
      others: field(2, list(bytes(1, limits.cardBytes), 8)),
    }),
  ],
  forwarded: [22, struct({ bytes: field(1, bytes(0, limits.forwardedBytes)), more: field(2, bool()) })],
  unreachable: [23, struct({ because: field(1, troubleCodec) })],
  kept: [24, struct({ ticket: field(1, bytes(16)) })],
});

/** A result with the index of its operation in the batch. */
export interface ResponseItem {
  readonly operation: number;
  readonly result: Result;
}

export const responseItemCodec: Codec<ResponseItem> = row<ResponseItem>({
  operation: uint(limits.operations),
  result: resultCodec,
});

/** Header and results, framed; results need not be in the order of their operations. */
export function encodeResponse(header: ResponseHeader, items: readonly ResponseItem[]): Uint8Array {
  return joinFrames([
    encode(responseHeaderCodec, header),
    ...items.map((item) => encode(responseItemCodec, item)),
  ]);
}

/** What a client reads of a response while it arrives. */
export class ResponseDecoder {
  readonly #frames: FrameReader = new FrameReader();
  #header: ResponseHeader | undefined;

  get header(): ResponseHeader | undefined {
    return this.#header;
  }

  /** true when the plaintext so far ends with a whole item */
  get whole(): boolean {
    return this.#header !== undefined && this.#frames.empty;
  }

  /** @throws {MalformedError} */
  push(plaintext: Uint8Array): readonly ResponseItem[] {
    const items: ResponseItem[] = [];
    for (const frame of this.#frames.push(plaintext)) {
      if (this.#header === undefined) this.#header = decode(responseHeaderCodec, frame);
      else items.push(decode(responseItemCodec, frame));
    }
    return items;
  }
}
