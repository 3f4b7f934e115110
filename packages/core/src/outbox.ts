import {
  bool,
  bytes,
  choice,
  conversationIdCodec,
  deviceIdCodec,
  entryIdCodec,
  field,
  hintCodec,
  list,
  logIdCodec,
  messageIdCodec,
  optional,
  signedCodec,
  struct,
  text,
  tuple,
  uint,
  limits,
  type Codec,
  type ConversationId,
  type DeviceId,
  type EntryId,
  type Hint,
  type LogId,
  type MessageId,
  type NumberRange,
  type Signed,
} from '@tern/protocol';
import type { StoreChange, StoreView } from './client-store.ts';
import { orderedKey, recordTable, type RecordTable } from './record-table.ts';

/** An entry ready to leave, byte for byte the same however often it is sent. */
export interface SealedEntry {
  readonly log: LogId;
  readonly host: Hint;
  /** the policy in which it was made */
  readonly number: number;
  readonly entry: Uint8Array;
  readonly id: EntryId;
  /** seed of the key that proves the right to append */
  readonly seed: Uint8Array;
  readonly capability?: Signed;
  /** what must be put beside the log first, where the entry names a chunk */
  readonly chunk?: Uint8Array;
}

/** What waits to leave this device. It was durable before anybody was told that it would be sent. */
export type Outgoing =
  /** a message; sealed when the group has caught up, and again when its epoch went past */
  | {
      readonly kind: 'message';
      readonly conversation: ConversationId;
      readonly message: MessageId;
      /** set when it is sent again under the number it has */
      readonly number?: number;
      /** of the device whose number it is */
      readonly device?: DeviceId;
      readonly sealed?: SealedEntry;
      /** names of the blobs that must be on the relay before it */
      readonly blobs: readonly string[];
      /** why it will not leave: shown, and tried again only when asked */
      readonly failed?: string;
    }
  /** "send these again"; sealed like a message, but not numbered */
  | {
      readonly kind: 'again';
      readonly conversation: ConversationId;
      readonly device: DeviceId;
      readonly numbers: readonly NumberRange[];
      readonly sealed?: SealedEntry;
    }
  /** receipts, already sealed */
  | { readonly kind: 'receipt'; readonly conversation: ConversationId; readonly sealed: SealedEntry }
  /** an acceptance or a parcel, sealed outside any group */
  | { readonly kind: 'entry'; readonly sealed: SealedEntry; readonly failed?: string };

const sealedCodec: Codec<SealedEntry> = struct<SealedEntry>({
  log: field(1, logIdCodec),
  host: field(2, hintCodec),
  number: field(3, uint(limits.policyNumber)),
  entry: field(4, bytes(1, 3072)),
  id: field(5, entryIdCodec),
  seed: field(6, bytes(32)),
  capability: optional(7, signedCodec),
  chunk: optional(8, bytes(1, limits.chunkBytes)),
});

const failed = optional<string | undefined>(9, text(200));

const outgoingCodec: Codec<Outgoing> = choice<Outgoing>({
  message: [
    0,
    struct<Omit<Extract<Outgoing, { kind: 'message' }>, 'kind'>>({
      conversation: field(1, conversationIdCodec),
      message: field(2, messageIdCodec),
      number: optional(3, uint(2 ** 48)),
      device: optional(4, deviceIdCodec),
      sealed: optional(5, sealedCodec),
      blobs: field(6, list(text(100), 4096)),
      failed,
    }),
  ],
  again: [
    1,
    struct<Omit<Extract<Outgoing, { kind: 'again' }>, 'kind'>>({
      conversation: field(1, conversationIdCodec),
      device: field(2, deviceIdCodec),
      numbers: field(3, list(tuple(uint(2 ** 48), uint(2 ** 48)), 256)),
      sealed: optional(4, sealedCodec),
    }),
  ],
  receipt: [
    2,
    struct<Omit<Extract<Outgoing, { kind: 'receipt' }>, 'kind'>>({
      conversation: field(1, conversationIdCodec),
      sealed: field(2, sealedCodec),
    }),
  ],
  entry: [
    3,
    struct<Omit<Extract<Outgoing, { kind: 'entry' }>, 'kind'>>({ sealed: field(1, sealedCodec), failed }),
  ],
});

const outboxTable: RecordTable<Outgoing> = recordTable('outbox', outgoingCodec);

interface Counter {
  readonly next: number;
}
const counterTable: RecordTable<Counter> = recordTable(
  'counters',
  struct<Counter>({ next: field(1, uint(2 ** 48)) }),
);

/** Key of an outgoing thing: keys sort in the order in which things were put. */
export type OutboxKey = string;

export async function putOutgoing(change: StoreChange, outgoing: Outgoing): Promise<OutboxKey> {
  const counter = (await counterTable.get(change, '', 'outbox')) ?? { next: 1 };
  counterTable.put(change, '', 'outbox', { next: counter.next + 1 });
  const key = orderedKey(counter.next);
  outboxTable.put(change, '', key, outgoing);
  return key;
}

export function replaceOutgoing(change: StoreChange, key: OutboxKey, outgoing: Outgoing): void {
  outboxTable.put(change, '', key, outgoing);
}

/** Nothing of a conversation can leave any more: messages fail, and what is made anew from what is so is dropped. */
export async function failOutgoing(change: StoreChange, id: ConversationId, because: string): Promise<void> {
  for (const [key, outgoing] of await outbox(change)) {
    if (outgoing.kind === 'entry' || outgoing.conversation !== id) continue;
    if (outgoing.kind === 'message') replaceOutgoing(change, key, { ...outgoing, failed: because });
    else deleteOutgoing(change, key);
  }
}

export function deleteOutgoing(change: StoreChange, key: OutboxKey): void {
  outboxTable.delete(change, '', key);
}

export async function outgoingAt(view: StoreView, key: OutboxKey): Promise<Outgoing | undefined> {
  return outboxTable.get(view, '', key);
}

/** Everything that waits, oldest first. */
export async function outbox(view: StoreView): Promise<readonly (readonly [OutboxKey, Outgoing])[]> {
  return outboxTable.list(view, '');
}

interface OwnEntry {
  readonly log: LogId;
}

/** Entries this device wrote and has not yet read back. An entry from our own leaf that is not here was written by a copy of us (rule 27). */
const ownEntryTable: RecordTable<OwnEntry> = recordTable(
  'own-entries',
  struct<OwnEntry>({ log: field(1, logIdCodec) }),
);

export function rememberOwnEntry(change: StoreChange, log: LogId, id: EntryId): void {
  ownEntryTable.put(change, log, id, { log });
}

/** @returns whether this device wrote it; it is then forgotten, for it is read only once */
export async function takeOwnEntry(change: StoreChange, log: LogId, id: EntryId): Promise<boolean> {
  const own = await ownEntryTable.get(change, log, id);
  if (own === undefined) return false;
  ownEntryTable.delete(change, log, id);
  return true;
}

/** A piece of a file, sealed, that waits to be put beside a log. */
export interface Blob {
  readonly sealed: Uint8Array;
  readonly done: boolean;
}

/** Partition: name of the file; key: place of the piece. */
export const blobTable: RecordTable<Blob> = recordTable(
  'blobs',
  struct<Blob>({ sealed: field(1, bytes(0, limits.chunkBytes)), done: field(2, bool()) }),
);
