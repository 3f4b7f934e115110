import { base32Bytes, concat, uintBytes, utf8 } from './bytes.ts';
import { bytes, decode, encode, field, list, optional, row, struct, uint, type Codec } from './codec.ts';
import { MalformedError } from './errors.ts';
import {
  checkForwarded,
  collectCodec,
  deferCodec,
  forgetCodec,
  forwardCodec,
  type Collect,
  type Defer,
  type Forget,
  type Forward,
} from './forward.ts';
import {
  chunkIdCodec,
  hash,
  logIdCodec,
  type BatchId,
  type ChunkId,
  type LogId,
  type RelayId,
} from './ids.ts';
import { limits } from './limits.ts';
import type { Primitives } from './primitives.ts';
import { signedCodec, type Signed } from './signed.ts';

/** Begins a log: its first policy, and the right to store that came with a relay link. Again: `duplicate`. No proof: the policy is signed. */
export interface Create {
  readonly policy: Signed;
  /** 16 bytes */
  readonly right: Uint8Array;
}

/** One entry for one log. Proof: by the append key of policy `number`, or by the capability's key. */
export interface Append {
  readonly log: LogId;
  /** the policy, hence epoch, in which the entry was made */
  readonly number: number;
  /** the bytes of an {@link Entry} */
  readonly entry: Uint8Array;
  /** present in the commit lane: the policy that begins with this entry (rules 11 and 13) */
  readonly next?: Signed;
  readonly capability?: Signed;
}

/** The next policy without an entry: how capabilities are revoked. No proof: the policy is signed. */
export interface Amend {
  readonly log: LogId;
  readonly policy: Signed;
}

/** Any bytes of a chunk. Proof: by the append key of policy `number`. */
export interface Put {
  readonly log: LogId;
  readonly number: number;
  readonly chunk: ChunkId;
  /** of the whole chunk, bytes */
  readonly length: number;
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** Whole leaves of a chunk. Proof: by the read key of policy `number`. */
export interface Get {
  readonly log: LogId;
  readonly number: number;
  readonly chunk: ChunkId;
  readonly fromLeaf: number;
  readonly leaves: number;
}

export interface WatchSlice {
  readonly log: LogId;
  /** the reader has everything up to and with this place in the log */
  readonly after: number;
  /** the policy whose read key proves the right */
  readonly number: number;
}

/** Everything new in a set of logs. Proofs: one by the read key of each added slice, in order (rule 17). */
export interface Watch {
  /** 16 bytes naming the set to go on with; absent for a new one */
  readonly token?: Uint8Array;
  readonly add: readonly WatchSlice[];
  readonly drop: readonly LogId[];
  /** how long the relay may wait for something new */
  readonly waitSeconds: number;
}

/** Overwrites and removes entries. Proof: by the change key of policy `number`. */
export interface Erase {
  readonly log: LogId;
  readonly number: number;
  readonly seqs: readonly number[];
}

/** The relay's card, and cards of others it hands on. */
export type Hello = Record<never, never>;

export type Operation =
  | ({ readonly kind: 'create' } & Create)
  | ({ readonly kind: 'append' } & Append)
  | ({ readonly kind: 'amend' } & Amend)
  | ({ readonly kind: 'put' } & Put)
  | ({ readonly kind: 'get' } & Get)
  | ({ readonly kind: 'watch' } & Watch)
  | ({ readonly kind: 'erase' } & Erase)
  | ({ readonly kind: 'forward' } & Forward)
  | ({ readonly kind: 'defer' } & Defer)
  | ({ readonly kind: 'collect' } & Collect)
  | ({ readonly kind: 'forget' } & Forget)
  | { readonly kind: 'hello' };

/** Place in a log: 1 for its first entry. */
const seqCodec: Codec<number> = uint(2 ** 48);
const numberCodec: Codec<number> = uint(limits.policyNumber);

const createCodec: Codec<Create> = struct<Create>({
  policy: field(1, signedCodec),
  right: field(2, bytes(16)),
});
const appendCodec: Codec<Append> = struct<Append>({
  log: field(1, logIdCodec),
  number: field(2, numberCodec),
  entry: field(3, bytes(37, 3072)),
  next: optional(4, signedCodec),
  capability: optional(5, signedCodec),
});
const amendCodec: Codec<Amend> = struct<Amend>({ log: field(1, logIdCodec), policy: field(2, signedCodec) });
const putCodec: Codec<Put> = struct<Put>({
  log: field(1, logIdCodec),
  number: field(2, numberCodec),
  chunk: field(3, chunkIdCodec),
  length: field(4, uint(limits.chunkBytes)),
  offset: field(5, uint(limits.chunkBytes)),
  bytes: field(6, bytes(1, limits.putBytes)),
});
const getCodec: Codec<Get> = struct<Get>({
  log: field(1, logIdCodec),
  number: field(2, numberCodec),
  chunk: field(3, chunkIdCodec),
  fromLeaf: field(4, uint(255)),
  leaves: field(5, uint(256)),
});
const sliceCodec: Codec<WatchSlice> = row<WatchSlice>({
  log: logIdCodec,
  after: seqCodec,
  number: numberCodec,
});
const watchCodec: Codec<Watch> = struct<Watch>({
  token: optional(1, bytes(16)),
  add: field(2, list(sliceCodec, limits.watchSlice)),
  drop: field(3, list(logIdCodec, limits.watchedLogs)),
  waitSeconds: field(4, uint(limits.watchWaitSeconds)),
});
const eraseCodec: Codec<Erase> = struct<Erase>({
  log: field(1, logIdCodec),
  number: field(2, numberCodec),
  seqs: field(3, list(seqCodec, 256)),
});
const helloCodec: Codec<Hello> = struct<Hello>({});

/** Number on the wire and codec of each operation's body. */
export const operationCodecs: {
  readonly [K in Operation['kind']]: readonly [
    type: number,
    codec: Codec<Omit<Extract<Operation, { readonly kind: K }>, 'kind'>>,
  ];
} = {
  hello: [0, helloCodec],
  create: [1, createCodec],
  append: [2, appendCodec],
  amend: [3, amendCodec],
  put: [4, putCodec],
  get: [5, getCodec],
  watch: [6, watchCodec],
  erase: [7, eraseCodec],
  forward: [8, forwardCodec],
  defer: [9, deferCodec],
  collect: [10, collectCodec],
  forget: [11, forgetCodec],
};

/** An operation as it crosses the wire: the body's bytes are what proofs sign, so they are kept. */
export interface WireOperation {
  readonly type: number;
  readonly body: Uint8Array;
  /** 64 B each */
  readonly proofs: readonly Uint8Array[];
}

export const wireOperationCodec: Codec<WireOperation> = row<WireOperation>({
  type: uint(65_535),
  body: bytes(0, limits.batchBytes),
  proofs: list(bytes(64), limits.watchSlice),
});

export function encodeOperation(operation: Operation): Omit<WireOperation, 'proofs'> {
  const [type, codec] = operationCodecs[operation.kind] as readonly [number, Codec<object>];
  return { type, body: encode(codec, operation) };
}

const kindsByType: ReadonlyMap<number, Operation['kind']> = new Map(
  (Object.keys(operationCodecs) as Operation['kind'][]).map(
    (kind) => [operationCodecs[kind][0], kind] as const,
  ),
);

/**
 * @returns undefined for an operation this version does not know: it is answered `unsupported`, alone (rule 31)
 * @throws {MalformedError}
 */
export function decodeOperation(wire: Pick<WireOperation, 'type' | 'body'>): Operation | undefined {
  const kind = kindsByType.get(wire.type);
  if (kind === undefined) return undefined;
  const codec: Codec<object> = operationCodecs[kind][1];
  const operation = { kind, ...decode(codec, wire.body) } as Operation;
  if (
    operation.kind === 'put' &&
    (operation.length < 1 || operation.offset + operation.bytes.length > operation.length)
  ) {
    throw new MalformedError('put lies outside its chunk');
  }
  if (operation.kind === 'get' && (operation.leaves < 1 || operation.fromLeaf + operation.leaves > 256)) {
    throw new MalformedError('get lies outside any chunk');
  }
  if (operation.kind === 'forward' || operation.kind === 'defer') checkForwarded(operation);
  return operation;
}

/** What a proof signs (rule 9): it is worth nothing at another relay, in another batch, or for another operation. */
export function proofMessage(
  primitives: Primitives,
  operation: Pick<WireOperation, 'type' | 'body'>,
  place: { readonly relay: RelayId; readonly batch: BatchId },
): Uint8Array {
  return concat(
    utf8('tern/1 proof\0'),
    base32Bytes(place.relay),
    base32Bytes(place.batch),
    uintBytes(operation.type, 2),
    hash(primitives, 'operation', operation.body),
  );
}
