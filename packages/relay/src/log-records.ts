import { base32Bytes, concat, uintBytes, type ChunkId, type EntryId, type LogId } from '@tern/protocol';
import { fixedRecord, type FixedRecord } from './fixed-record.ts';

/**
 * What lies in the store under which key. Every key begins with a mark of its kind; everything in clear here is an id, a key, a
 * policy, a place, a length or a time. Bodies and chunks are sealed by the day vault.
 */
export type RecordKind =
  | 'head'
  | 'policy'
  | 'range'
  | 'entry'
  | 'entryId'
  | 'chunk'
  | 'partial'
  | 'piece'
  | 'capability'
  | 'right'
  | 'batch'
  | 'batchUse'
  | 'expiry'
  | 'kept'
  | 'due'
  | 'keptUse'
  | 'keptOrder';

const mark = (letter: string): Uint8Array => new TextEncoder().encode(letter);
const marks: Readonly<Record<RecordKind, Uint8Array>> = {
  head: mark('L'),
  policy: mark('P'),
  range: mark('G'),
  entry: mark('E'),
  entryId: mark('I'),
  chunk: mark('C'),
  partial: mark('U'),
  piece: mark('V'),
  capability: mark('K'),
  right: mark('R'),
  batch: mark('B'),
  batchUse: mark('M'),
  expiry: mark('X'),
  kept: mark('D'),
  due: mark('Q'),
  keptUse: mark('F'),
  keptOrder: mark('N'),
};

const seqBytes = 6;

export const keys = {
  head: (log: LogId): Uint8Array => concat(marks.head, base32Bytes(log)),
  policy: (log: LogId, number: number): Uint8Array =>
    concat(marks.policy, base32Bytes(log), uintBytes(number, 4)),
  range: (log: LogId, number: number): Uint8Array =>
    concat(marks.range, base32Bytes(log), uintBytes(number, 4)),
  entry: (log: LogId, seq: number): Uint8Array =>
    concat(marks.entry, base32Bytes(log), uintBytes(seq, seqBytes)),
  entryId: (log: LogId, id: EntryId): Uint8Array => concat(marks.entryId, base32Bytes(log), base32Bytes(id)),
  chunk: (log: LogId, id: ChunkId): Uint8Array => concat(marks.chunk, base32Bytes(log), base32Bytes(id)),
  partial: (log: LogId, id: ChunkId): Uint8Array => concat(marks.partial, base32Bytes(log), base32Bytes(id)),
  piece: (log: LogId, id: ChunkId, offset: number): Uint8Array =>
    concat(marks.piece, base32Bytes(log), base32Bytes(id), uintBytes(offset, 4)),
  capability: (log: LogId, serial: Uint8Array): Uint8Array =>
    concat(marks.capability, base32Bytes(log), serial),
  right: (hash: Uint8Array): Uint8Array => concat(marks.right, hash),
  /** @param hour of the batch's not-after: what is forgotten together lies together */
  batch: (hour: number, id: Uint8Array): Uint8Array => concat(marks.batch, uintBytes(hour, 4), id),
  /** what all of them take */
  batchUse: (): Uint8Array => concat(marks.batchUse, new Uint8Array(1)),
  expiry: (day: number, log: LogId): Uint8Array => concat(marks.expiry, uintBytes(day, 4), base32Bytes(log)),
  /** @param path 16 bytes that stand for a client's path; what is kept for it has a ticket */
  kept: (path: Uint8Array, ticket: Uint8Array): Uint8Array => concat(marks.kept, path, ticket),
  /** @param second when it is to be looked at */
  due: (second: number, path: Uint8Array, ticket: Uint8Array): Uint8Array =>
    concat(marks.due, uintBytes(second, 5), path, ticket),
  /** of one path, or, with nothing, of all */
  keptUse: (path: Uint8Array): Uint8Array => concat(marks.keptUse, path),
  /** the place of what is kept next; not there where nothing is kept */
  keptOrder: (): Uint8Array => concat(marks.keptOrder, new Uint8Array(1)),
} as const;

/** From the first key of a kind that begins with these bytes to the one after the last. */
export function span(
  kind: RecordKind,
  ...prefix: readonly Uint8Array[]
): { readonly from: Uint8Array; readonly to: Uint8Array } {
  const from = concat(marks[kind], ...prefix);
  const to = from.slice();
  for (let at = to.length - 1; at >= 0; at -= 1) {
    const byte = to[at] ?? 0;
    if (byte < 255) {
      to[at] = byte + 1;
      return { from, to: to.subarray(0, at + 1) };
    }
  }
  return { from, to };
}

/** Where the entry with an id lies. */
export const entryIdSeq: FixedRecord<{ readonly seq: number }> = fixedRecord<{ readonly seq: number }>({
  seq: 6,
});

/** What changes with every append. */
export interface LogHead {
  /** number of the current policy */
  readonly current: number;
  /** place of the newest entry, 0 while there is none */
  readonly last: number;
  /** place before the oldest entry that may still be there */
  readonly gone: number;
  readonly usedBytes: number;
  /** append keys of policies below this number count no more */
  readonly openFrom: number;
  /** the newest day for which this log is noted to have something that ends */
  readonly notedDay: number;
}

export const headRecord: FixedRecord<LogHead> = fixedRecord<LogHead>({
  current: 4,
  last: 6,
  gone: 6,
  usedBytes: 6,
  openFrom: 4,
  notedDay: 4,
});

/** Which places of the log a policy's read key opens, both included. */
export interface PolicyRange {
  readonly from: number;
  /** while `ended` is 0: without end */
  readonly to: number;
  readonly ended: 0 | 1;
  /** seconds since 1970 */
  readonly endedAt: number;
}

const rangeNumbers = fixedRecord<Record<keyof PolicyRange, number>>({ from: 6, to: 6, ended: 1, endedAt: 5 });

/** @param winner id of the commit that ended it, if a commit did */
export function encodeRange(range: PolicyRange, winner: Uint8Array = new Uint8Array()): Uint8Array {
  return concat(rangeNumbers.encode(range), winner);
}

export function decodeRange(bytes: Uint8Array): { readonly range: PolicyRange; readonly winner: Uint8Array } {
  const numbers = rangeNumbers.decode(bytes);
  return {
    range: { ...numbers, ended: numbers.ended === 1 ? 1 : 0 },
    winner: bytes.subarray(rangeNumbers.bytes),
  };
}

export interface EntryHead {
  /** the policy in which it was made */
  readonly number: number;
  readonly at: number;
  /** the second after which nobody is shown it */
  readonly until: number;
  /** the day whose key seals it */
  readonly day: number;
  /** 1 for a commit: it began the policy `begins` */
  readonly commit: number;
  readonly begins: number;
}

const entryNumbers = fixedRecord<EntryHead>({ number: 4, at: 5, until: 5, day: 4, commit: 1, begins: 4 });
const idBytes = 32;

/** @param sealed empty once it was erased */
export function encodeEntryRecord(head: EntryHead, id: Uint8Array, sealed: Uint8Array): Uint8Array {
  return concat(entryNumbers.encode(head), id, sealed);
}

export interface EntryRecord {
  readonly head: EntryHead;
  readonly id: Uint8Array;
  readonly sealed: Uint8Array;
}

export function decodeEntryRecord(bytes: Uint8Array): EntryRecord {
  return {
    head: entryNumbers.decode(bytes),
    id: bytes.subarray(entryNumbers.bytes, entryNumbers.bytes + idBytes),
    sealed: bytes.subarray(entryNumbers.bytes + idBytes),
  };
}

export interface ChunkHead {
  readonly length: number;
  readonly day: number;
  readonly until: number;
  /** entries that name it */
  readonly entries: number;
}

export const chunkNumbers: FixedRecord<ChunkHead> = fixedRecord<ChunkHead>({
  length: 4,
  day: 4,
  until: 5,
  entries: 4,
});

/** A chunk on its way: what of it is here follows as pairs of offsets. */
export interface PartialHead {
  readonly length: number;
  readonly day: number;
  readonly until: number;
}

const partialNumbers = fixedRecord<PartialHead>({ length: 4, day: 4, until: 5 });
const pairRecord = fixedRecord<{ from: number; to: number }>({ from: 4, to: 4 });

/** Bytes `from` to `to` (excluded). */
export type ByteRange = readonly [from: number, to: number];

export function encodePartial(head: PartialHead, have: readonly ByteRange[]): Uint8Array {
  return concat(partialNumbers.encode(head), ...have.map(([from, to]) => pairRecord.encode({ from, to })));
}

export function decodePartial(bytes: Uint8Array): {
  readonly head: PartialHead;
  readonly have: readonly ByteRange[];
} {
  const have: ByteRange[] = [];
  for (let at = partialNumbers.bytes; at < bytes.length; at += pairRecord.bytes) {
    const { from, to } = pairRecord.decode(bytes.subarray(at));
    have.push([from, to]);
  }
  return { head: partialNumbers.decode(bytes), have };
}

export interface CapabilityUse {
  readonly entries: number;
  readonly bytes: number;
}

export const capabilityUse: FixedRecord<CapabilityUse> = fixedRecord<CapabilityUse>({ entries: 4, bytes: 6 });

export interface RightUse {
  readonly logs: number;
}

export const rightUse: FixedRecord<RightUse> = fixedRecord<RightUse>({ logs: 4 });
