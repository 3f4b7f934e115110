import {
  bool,
  bytes,
  contentWithPart,
  conversationIdCodec,
  decodeContent,
  deviceIdCodec,
  encodeContent,
  field,
  list,
  messageIdCodec,
  optional,
  personIdCodec,
  struct,
  text,
  uint,
  limits,
  type Codec,
  type Content,
  type ConversationId,
  type DeviceId,
  type MessageId,
  type PersonId,
} from '@tern/protocol';
import type { StoreChange, StoreView } from './client-store.ts';
import type { Conversation } from './conversation.ts';
import { orderedKey, recordTable, type RecordTable } from './record-table.ts';

/** A message as this device keeps it. */
export interface Message {
  readonly conversation: ConversationId;
  readonly from: PersonId;
  readonly device: DeviceId;
  /** the sending device's running number; 0 until an own message is sealed */
  readonly number: number;
  /** place in this device's list, or beside it */
  readonly position: number;
  /** no line of its own: an edit, a delete or a reaction */
  readonly beside?: boolean;
  /** milliseconds since 1970, when it arrived or was written here */
  readonly arrivedAt: number;
  /** as later ones have made it */
  readonly content: Content;
  /** the content as its author encoded it, in which a newer Tern may read more; absent until it was stored */
  readonly kept?: Uint8Array;
  readonly marks?: Marks;
}

/** What later messages, or the person here, have done to a message. */
export interface Marks {
  /** of the edit or delete that is in force */
  readonly edited?: Rank;
  /** edits that are still kept, so that a delete can end them too */
  readonly edits: readonly MessageId[];
  /** one a person, in the order of their first; empty text where it was taken back */
  readonly reactions: readonly Reaction[];
  /** taken out of the list on this device only */
  readonly hidden: boolean;
}

/** By which of two edits, or two reactions of one person, one tells the later. */
export interface Rank {
  readonly device: DeviceId;
  readonly number: number;
  /** by the author's clock, milliseconds since 1970 */
  readonly at: number;
}

export interface Reaction extends Rank {
  readonly from: PersonId;
  readonly text: string;
}

export const noMarks: Marks = { edits: [], reactions: [], hidden: false };
export const mostReactions = 1000;
export const longestReaction = 32;
export const mostEditsKept = 64;

const rankFields = {
  device: field<DeviceId>(1, deviceIdCodec),
  number: field<number>(2, uint(2 ** 48)),
  at: field<number>(3, uint(limits.millisecond)),
} as const;

const marksCodec: Codec<Marks> = struct<Marks>({
  edited: optional(1, struct<Rank>(rankFields)),
  edits: field(2, list(messageIdCodec, mostEditsKept)),
  reactions: field(
    3,
    list(
      struct<Reaction>({ ...rankFields, from: field(4, personIdCodec), text: field(5, text(128)) }),
      mostReactions,
    ),
  ),
  hidden: field(4, bool()),
});

interface StoredMessage {
  readonly from: PersonId;
  readonly device: DeviceId;
  readonly number: number;
  readonly arrivedAt: number;
  readonly content: Uint8Array;
  readonly marks?: Marks;
}

const messageTable: RecordTable<StoredMessage> = recordTable(
  'messages',
  struct<StoredMessage>({
    from: field(1, personIdCodec),
    device: field(2, deviceIdCodec),
    number: field(3, uint(2 ** 48)),
    arrivedAt: field(4, uint(limits.millisecond)),
    content: field(5, bytes(1, 1_000_000)),
    marks: optional(6, marksCodec),
  }),
);

interface MessagePlace {
  readonly conversation: ConversationId;
  readonly position: number;
  readonly beside?: boolean;
}

/** Partition: first letters of the message's id; key: the id. */
const placeTable: RecordTable<MessagePlace> = recordTable(
  'message-places',
  struct<MessagePlace>({
    conversation: field(1, conversationIdCodec),
    position: field(2, uint(2 ** 48)),
    beside: optional(3, bool()),
  }),
);

interface SentNumber {
  readonly id: MessageId;
}

/** Which message a running number of ours stands for. Partition: conversation and device and hundred; key: the number. */
const sentTable: RecordTable<SentNumber> = recordTable(
  'sent',
  struct<SentNumber>({ id: field(1, messageIdCodec) }),
);

/** A page of the list is one partition of the store. */
export const pageMessages = 128;

/** The page that a place in the list is on. */
export function pageAt(position: number): number {
  return Math.floor(position / pageMessages);
}

function partitionOf(place: MessagePlace): string {
  return `${place.conversation}/${place.beside === true ? 'beside/' : ''}${pageAt(place.position)}`;
}

function placePartition(id: MessageId): string {
  return id.slice(0, 2);
}

function sentPartition(conversation: ConversationId, device: DeviceId, number: number): string {
  return `${conversation}/${device}/${Math.floor(number / pageMessages)}`;
}

/** A message without its place. */
export type Placeless = Omit<Message, 'conversation' | 'position' | 'beside'>;

/** @returns the message at its place, which it keeps from then on, and the conversation with the next place counted on */
export function appendMessage(
  change: StoreChange,
  conversation: Conversation,
  message: Placeless & { readonly beside: boolean },
): { readonly message: Message; readonly conversation: Conversation } {
  const position = message.beside ? (conversation.nextBeside ?? 0) : conversation.nextPosition;
  const placed: Message = { ...message, conversation: conversation.id, position };
  putMessage(change, placed);
  placeTable.put(change, placePartition(message.content.id), message.content.id, {
    conversation: conversation.id,
    position,
    ...(message.beside ? { beside: true } : {}),
  });
  return {
    message: placed,
    conversation: {
      ...conversation,
      ...(message.beside ? { nextBeside: position + 1 } : { nextPosition: position + 1 }),
    },
  };
}

/** Writes a message at its place again. */
export function putMessage(change: StoreChange, message: Message): void {
  messageTable.put(change, partitionOf(message), orderedKey(message.position), {
    from: message.from,
    device: message.device,
    number: message.number,
    arrivedAt: message.arrivedAt,
    content: message.kept ?? encodeContent(message.content),
    ...(message.marks === undefined ? {} : { marks: message.marks }),
  });
}

/** The same message with what another one says, or with nothing: what it said before is not kept. */
export function withPartOf(message: Message, other: Message | undefined): Message {
  const kept = contentWithPart(keptContent(message), other === undefined ? undefined : keptContent(other));
  return { ...message, kept, content: decodeContent(kept) };
}

function keptContent(message: Message): Uint8Array {
  return message.kept ?? encodeContent(message.content);
}

/** These say nothing any more. */
export async function forgetWords(change: StoreChange, ids: readonly MessageId[]): Promise<void> {
  for (const id of ids) {
    const message = await messageById(change, id);
    if (message !== undefined) putMessage(change, withPartOf(message, undefined));
  }
}

/** As if it had never been written; only for what never had a number. */
export function deleteMessage(change: StoreChange, message: Message): void {
  messageTable.delete(change, partitionOf(message), orderedKey(message.position));
  placeTable.delete(change, placePartition(message.content.id), message.content.id);
}

/** An own message got its running number when it was sealed. */
export function numberMessage(
  change: StoreChange,
  message: Message,
  sealed: { readonly device: DeviceId; readonly number: number },
): void {
  putMessage(change, { ...message, ...sealed });
  sentTable.put(
    change,
    sentPartition(message.conversation, sealed.device, sealed.number),
    orderedKey(sealed.number),
    { id: message.content.id },
  );
}

export async function sentMessageId(
  view: StoreView,
  conversation: ConversationId,
  sent: { readonly device: DeviceId; readonly number: number },
): Promise<MessageId | undefined> {
  return (
    await sentTable.get(view, sentPartition(conversation, sent.device, sent.number), orderedKey(sent.number))
  )?.id;
}

export async function messageById(view: StoreView, id: MessageId): Promise<Message | undefined> {
  const place = await placeTable.get(view, placePartition(id), id);
  if (place === undefined) return undefined;
  const stored = await messageTable.get(view, partitionOf(place), orderedKey(place.position));
  return stored === undefined ? undefined : messageOf(stored, place);
}

/** One page of the list, in the order of its places. */
export async function messagePage(
  view: StoreView,
  conversation: ConversationId,
  page: number,
): Promise<readonly Message[]> {
  return pageOf(view, { conversation, position: page * pageMessages });
}

async function pageOf(view: StoreView, first: MessagePlace): Promise<readonly Message[]> {
  const stored = await messageTable.list(view, partitionOf(first));
  return stored.map(([key, message]) => messageOf(message, { ...first, position: Number(key) }));
}

/** Messages from a place on, in the order of this device's list. */
export async function messagesFrom(
  view: StoreView,
  conversation: Conversation,
  position: number,
): Promise<readonly Message[]> {
  const messages: Message[] = [];
  for (let page = pageAt(position); page * pageMessages < conversation.nextPosition; page += 1) {
    for (const message of await messagePage(view, conversation.id, page))
      if (message.position >= position) messages.push(message);
  }
  return messages;
}

/** Edits, deletes and reactions, in the order in which they came. */
export async function messagesBeside(
  view: StoreView,
  conversation: Conversation,
): Promise<readonly Message[]> {
  const messages: Message[] = [];
  for (let position = 0; position < (conversation.nextBeside ?? 0); position += pageMessages)
    messages.push(...(await pageOf(view, { conversation: conversation.id, position, beside: true })));
  return messages;
}

function messageOf(stored: StoredMessage, place: MessagePlace): Message {
  return { ...stored, ...place, content: decodeContent(stored.content), kept: stored.content };
}
