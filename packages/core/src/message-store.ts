import {
  bytes,
  conversationIdCodec,
  decodeContent,
  deviceIdCodec,
  encodeContent,
  field,
  messageIdCodec,
  personIdCodec,
  struct,
  uint,
  limits,
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
  /** place in this device's list */
  readonly position: number;
  /** milliseconds since 1970, when it arrived or was written here */
  readonly arrivedAt: number;
  readonly content: Content;
  /** the content as its author encoded it, in which a newer Tern may read more; absent until it was stored */
  readonly kept?: Uint8Array;
}

interface StoredMessage {
  readonly from: PersonId;
  readonly device: DeviceId;
  readonly number: number;
  readonly arrivedAt: number;
  readonly content: Uint8Array;
}

const messageTable: RecordTable<StoredMessage> = recordTable(
  'messages',
  struct<StoredMessage>({
    from: field(1, personIdCodec),
    device: field(2, deviceIdCodec),
    number: field(3, uint(2 ** 48)),
    arrivedAt: field(4, uint(limits.millisecond)),
    content: field(5, bytes(1, 1_000_000)),
  }),
);

interface MessagePlace {
  readonly conversation: ConversationId;
  readonly position: number;
}

/** Partition: first letters of the message's id; key: the id. */
const placeTable: RecordTable<MessagePlace> = recordTable(
  'message-places',
  struct<MessagePlace>({ conversation: field(1, conversationIdCodec), position: field(2, uint(2 ** 48)) }),
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
const pageMessages = 128;

function pageOf(conversation: ConversationId, position: number): string {
  return `${conversation}/${Math.floor(position / pageMessages)}`;
}

function placePartition(id: MessageId): string {
  return id.slice(0, 2);
}

function sentPartition(conversation: ConversationId, device: DeviceId, number: number): string {
  return `${conversation}/${device}/${Math.floor(number / pageMessages)}`;
}

/** @returns the conversation with its next place counted on; the message keeps its place from then on */
export function appendMessage(
  change: StoreChange,
  conversation: Conversation,
  message: Omit<Message, 'conversation' | 'position'>,
): Conversation {
  const position = conversation.nextPosition;
  putMessage(change, { ...message, conversation: conversation.id, position });
  placeTable.put(change, placePartition(message.content.id), message.content.id, {
    conversation: conversation.id,
    position,
  });
  return { ...conversation, nextPosition: position + 1 };
}

function putMessage(change: StoreChange, message: Message): void {
  messageTable.put(change, pageOf(message.conversation, message.position), orderedKey(message.position), {
    from: message.from,
    device: message.device,
    number: message.number,
    arrivedAt: message.arrivedAt,
    content: message.kept ?? encodeContent(message.content),
  });
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
  const stored = await messageTable.get(
    view,
    pageOf(place.conversation, place.position),
    orderedKey(place.position),
  );
  return stored === undefined ? undefined : messageOf(stored, place);
}

/** Messages from a place on, in the order of this device's list. */
export async function messagesFrom(
  view: StoreView,
  conversation: Conversation,
  position: number,
): Promise<readonly Message[]> {
  const messages: Message[] = [];
  for (
    let page = Math.floor(position / pageMessages);
    page * pageMessages < conversation.nextPosition;
    page += 1
  ) {
    for (const [key, stored] of await messageTable.list(view, pageOf(conversation.id, page * pageMessages))) {
      const at = Number(key);
      if (at >= position) messages.push(messageOf(stored, { conversation: conversation.id, position: at }));
    }
  }
  return messages;
}

function messageOf(stored: StoredMessage, place: MessagePlace): Message {
  return { ...stored, ...place, content: decodeContent(stored.content), kept: stored.content };
}
