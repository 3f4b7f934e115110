import {
  bytes,
  choice,
  decode,
  encode,
  field,
  list,
  optional,
  struct,
  text,
  tuple,
  uint,
  type Codec,
} from './codec.ts';
import { base32Bytes } from './bytes.ts';
import { encodeItem, readItem, type Item } from './cbor.ts';
import { MalformedError } from './errors.ts';
import {
  chunkIdCodec,
  deviceIdCodec,
  messageIdCodec,
  type ChunkId,
  type DeviceId,
  type MessageId,
} from './ids.ts';
import { limits } from './limits.ts';

/**
 * What a message says, with the semantics of the IETF MIMI content format (draft-ietf-mimi-content): an id, what it answers
 * or replaces, when it goes, and a part that has a disposition and may be nested. Encoded with integer keys of our own.
 */
export interface Content {
  readonly id: MessageId;
  /** the sender's clock, milliseconds since 1970 */
  readonly at: number;
  readonly inReplyTo?: MessageId;
  /** edit: the message whose place this one takes; with an empty part: delete */
  readonly replaces?: MessageId;
  /** seconds after reading until it disappears */
  readonly expires?: number;
  readonly part: Part;
}

/** MIMI dispositions that Tern shows; others are kept and shown as from a newer Tern. */
export const dispositions = {
  render: 1,
  reaction: 2,
  profile: 3,
  inline: 4,
  icon: 5,
  attachment: 6,
  preview: 8,
} as const;

interface PartBase {
  /** one of {@link dispositions}, or a number of a newer version */
  readonly disposition: number;
}

/** Nothing: what a delete puts in place. */
export interface NullPart extends PartBase {
  readonly kind: 'null';
}

/** Content carried in the message itself. */
export interface SinglePart extends PartBase {
  readonly kind: 'single';
  /** media type; `text/plain;charset=utf-8` for text */
  readonly type: string;
  readonly content: Uint8Array;
}

/** A file in chunks beside the log. */
export interface ExternalPart extends PartBase {
  readonly kind: 'external';
  readonly type: string;
  readonly name: string;
  /** bytes of the file */
  readonly size: number;
  /** SHA-256 of the file */
  readonly hash: Uint8Array;
  /** 32 bytes; each chunk is sealed under its own nonce */
  readonly key: Uint8Array;
  /** in order, with their lengths on the relay */
  readonly chunks: readonly (readonly [id: ChunkId, length: number])[];
}

/** Parts that belong together, such as a caption and a file. */
export interface MultiPart extends PartBase {
  readonly kind: 'multi';
  readonly parts: readonly (LeafPart | UnknownPart)[];
}

/** A kind of part that this version does not know: shown as "sent by a newer Tern" (rule 31). */
export interface UnknownPart extends PartBase {
  readonly kind: 'unknown';
}

type LeafPart = NullPart | SinglePart | ExternalPart;
export type Part = LeafPart | MultiPart | UnknownPart;

const disposition = field<number>(1, uint(255));
const mediaType: Codec<string> = text(120);

/** 4,096 chunks of 256 KiB: a file of at most 1 GiB. */
const mostChunks = 4096;

const leafArms = {
  null: [0, struct<Omit<NullPart, 'kind'>>({ disposition })],
  single: [
    1,
    struct<Omit<SinglePart, 'kind'>>({
      disposition,
      type: field(2, mediaType),
      content: field(3, bytes(0, limits.messageBytes)),
    }),
  ],
  external: [
    2,
    struct<Omit<ExternalPart, 'kind'>>({
      disposition,
      type: field(2, mediaType),
      name: field(3, text(255)),
      size: field(4, uint(2 ** 32)),
      hash: field(5, bytes(32)),
      key: field(6, bytes(32)),
      chunks: field(7, list(tuple(chunkIdCodec, uint(limits.chunkBytes)), mostChunks)),
    }),
  ],
} as const;

const lastKnownPart = 3;

/** Reads kinds that came later as unknown ones, alone or among others; never writes them. */
function orUnknown<T extends PartBase & { readonly kind: string }>(known: Codec<T>): Codec<T | UnknownPart> {
  return {
    toItem(part) {
      if (part.kind === 'unknown') throw new MalformedError('a part of unknown kind cannot be sent');
      return known.toItem(part as T);
    },
    fromItem: (item) =>
      isLaterKind(item, lastKnownPart) ? { kind: 'unknown', disposition: 0 } : known.fromItem(item),
    shape: known.shape,
  };
}

/** A kind and its body, of a number that this version does not have. */
function isLaterKind(item: unknown, lastKnown: number): boolean {
  return Array.isArray(item) && item.length === 2 && typeof item[0] === 'number' && item[0] > lastKnown;
}

const leafPartCodec: Codec<LeafPart | UnknownPart> = orUnknown(choice<LeafPart>(leafArms));
const partCodec: Codec<Part> = orUnknown(
  choice<LeafPart | MultiPart>({
    ...leafArms,
    multi: [3, struct<Omit<MultiPart, 'kind'>>({ disposition, parts: field(2, list(leafPartCodec, 16)) })],
  }),
);

const partKey = 6;

export const contentCodec: Codec<Content> = struct<Content>({
  id: field(1, messageIdCodec),
  at: field(2, uint(limits.millisecond)),
  inReplyTo: optional(3, messageIdCodec),
  replaces: optional(4, messageIdCodec),
  expires: optional(5, uint(366 * 86_400)),
  part: field(partKey, partCodec),
});

/** Numbers from `from` to `to`, both included. */
export type NumberRange = readonly [from: number, to: number];

/** What somebody has of one device's numbered messages. */
export interface ReceiptLine {
  readonly device: DeviceId;
  readonly delivered: readonly NumberRange[];
  readonly read: readonly NumberRange[];
}

/** What a frame carries. Only `content` is numbered; nothing is ever sent in answer to the others but what `again` asks for. */
export type Load =
  | { readonly kind: 'content'; readonly content: Content }
  | { readonly kind: 'receipt'; readonly lines: readonly ReceiptLine[] }
  /** "send these again": what did not arrive or could not be opened (rule 28) */
  | { readonly kind: 'again'; readonly device: DeviceId; readonly numbers: readonly NumberRange[] }
  /** of a newer version: passed over */
  | { readonly kind: 'unknown' };

/** What every MLS application message of a conversation holds (rules 14 and 25). */
export interface Frame {
  /** the sending device's running number in this conversation, from 1 without gaps; 0 where the load is not numbered */
  readonly number: number;
  /** the highest entry the sender had seen: its place in the log and the first 8 bytes of its id */
  readonly seen: readonly [seq: number, entry: Uint8Array];
  /** of the log's policy as the sender knows it */
  readonly policy: number;
  /** first 8 bytes of the MLS epoch authenticator */
  readonly authenticator: Uint8Array;
  readonly load: Load;
}

const rangeCodec: Codec<NumberRange> = tuple(uint(2 ** 48), uint(2 ** 48));
const rangesCodec: Codec<readonly NumberRange[]> = list(rangeCodec, 256);

const knownLoadCodec: Codec<Exclude<Load, { kind: 'unknown' }>> = choice<Exclude<Load, { kind: 'unknown' }>>({
  content: [0, struct({ content: field(1, contentCodec) })],
  receipt: [
    1,
    struct({
      lines: field(
        1,
        list(
          struct<ReceiptLine>({
            device: field(1, deviceIdCodec),
            delivered: field(2, rangesCodec),
            read: field(3, rangesCodec),
          }),
          64,
        ),
      ),
    }),
  ],
  again: [2, struct({ device: field(1, deviceIdCodec), numbers: field(2, rangesCodec) })],
});
const lastKnownLoad = 2;

const loadCodec: Codec<Load> = {
  toItem(load) {
    if (load.kind === 'unknown') throw new MalformedError('a load of unknown kind cannot be sent');
    return knownLoadCodec.toItem(load);
  },
  fromItem: (item) =>
    isLaterKind(item, lastKnownLoad) ? { kind: 'unknown' } : knownLoadCodec.fromItem(item),
  shape: knownLoadCodec.shape,
};

export const frameCodec: Codec<Frame> = struct<Frame>({
  number: field(1, uint(2 ** 48)),
  seen: field(2, tuple(uint(2 ** 48), bytes(8))),
  policy: field(3, uint(limits.policyNumber)),
  authenticator: field(4, bytes(8)),
  load: field(5, loadCodec),
});

/** @throws {MalformedError} when a part breaks its limits, or the number does not fit the load */
export function encodeFrame(frame: Frame): Uint8Array {
  return encode(frameCodec, checkNumber(frame));
}

/** @throws {MalformedError} for anything but exactly one whole frame */
export function decodeFrame(encoded: Uint8Array): Frame {
  return checkNumber(decode(frameCodec, encoded));
}

/** Content is numbered, everything else is not; of a later kind nobody here can tell. */
function checkNumber(frame: Frame): Frame {
  if (frame.load.kind !== 'unknown' && (frame.load.kind === 'content') !== frame.number > 0)
    throw new MalformedError('number and load do not fit');
  return frame;
}

/** A message's content by itself, as a client keeps it. */
export function encodeContent(content: Content): Uint8Array {
  return encode(contentCodec, content);
}

/**
 * The content in a frame as its author encoded it: a client keeps that, because a newer Tern may read more in it (rule 31).
 * @param id what it is called here, where that is not what its author calls it
 * @returns undefined for a frame that carries something else
 * @throws {MalformedError}
 */
export function contentOfFrame(encoded: Uint8Array, id?: MessageId): Uint8Array | undefined {
  if (decodeFrame(encoded).load.kind !== 'content') return undefined;
  const frame = readItem(encoded);
  const load = frame instanceof Map ? (frame.get(5) as Item | undefined) : undefined;
  const body = Array.isArray(load) ? (load[1] as Item | undefined) : undefined;
  const content = body instanceof Map ? (body.get(1) as Item | undefined) : undefined;
  if (!(content instanceof Map)) return undefined;
  return encodeItem(id === undefined ? content : new Map([...content, [1, base32Bytes(id)]]));
}

/**
 * A content with another part, byte for byte that of another content, or with none: what an edit or a delete makes of a message.
 * @throws {MalformedError}
 */
export function contentWithPart(encoded: Uint8Array, other: Uint8Array | undefined): Uint8Array {
  const content = readItem(encoded);
  const from = other === undefined ? undefined : readItem(other);
  const part = from instanceof Map ? (from.get(partKey) as Item | undefined) : nothing();
  if (!(content instanceof Map) || part === undefined) throw new MalformedError('not a content');
  return encodeItem(new Map([...content, [partKey, part]]));
}

function nothing(): Item {
  return partCodec.toItem({ kind: 'null', disposition: dispositions.render }) as Item;
}

/** @throws {MalformedError} */
export function decodeContent(encoded: Uint8Array): Content {
  return decode(contentCodec, encoded);
}
