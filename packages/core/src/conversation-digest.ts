import {
  deviceIdCodec,
  field,
  limits,
  messageIdCodec,
  optional,
  personIdCodec,
  struct,
  text,
  uint,
  word,
  type ConversationId,
  type DeviceId,
  type MessageId,
  type PersonId,
} from '@tern/protocol';
import type { StoreChange, StoreView } from './client-store.ts';
import {
  conversationTable,
  receivedTable,
  toldTable,
  type Conversation,
  type ToldBy,
} from './conversation.ts';
import { fileOf, pictureOf, textOf } from './file-parts.ts';
import { messagePage, pageAt, pageMessages, type Message } from './message-store.ts';
import { rangesHave } from './ranges.ts';
import { recordTable, type RecordTable } from './record-table.ts';
import type { LastMessage } from './views.ts';

/*
 * What a list of conversations shows of one, kept in the same change as the messages it comes from, so that the list reads one record
 * a conversation and no message at all.
 */

/** How far an own message has come, beyond being on a relay. */
const reaches = ['sent', 'delivered', 'read'] as const;
export type Reach = (typeof reaches)[number];

/** The last line, as a list shows it. */
export interface LastLine extends Omit<LastMessage, 'fromMe' | 'status'> {
  readonly position: number;
  readonly device: DeviceId;
  readonly number: number;
  /** of an own message: what everybody has told */
  readonly reach: Reach;
}

/** A place in a list. */
export interface LineName {
  readonly id: MessageId;
  readonly position: number;
}

export interface Digest {
  readonly last?: LastLine;
  /** others' messages that were not read yet */
  readonly unread: number;
  /** the oldest of them */
  readonly firstUnread?: LineName;
  /** when a line last came or was written; 0 before the first */
  readonly at: number;
}

const kinds = ['text', 'picture', 'file', 'deleted', 'newer'] as const;
const excerptCharacters = 160;
const highest: number = 2 ** 48;

const digestTable: RecordTable<Digest> = recordTable(
  'digests',
  struct<Digest>({
    last: optional(
      1,
      struct<LastLine>({
        id: field(1, messageIdCodec),
        position: field(2, uint(highest)),
        from: field(3, personIdCodec),
        device: field(4, deviceIdCodec),
        number: field(5, uint(highest)),
        at: field(6, uint(limits.millisecond)),
        kind: field(7, word(kinds)),
        text: field(8, text(4 * excerptCharacters)),
        reach: field(9, word(reaches)),
      }),
    ),
    unread: field(2, uint(highest)),
    firstUnread: optional(
      3,
      struct<LineName>({ id: field(1, messageIdCodec), position: field(2, uint(highest)) }),
    ),
    at: field(4, uint(limits.millisecond)),
  }),
);

const nothing: Digest = { unread: 0, at: 0 };

/** Those of all conversations that have one. */
export async function digests(view: StoreView): Promise<ReadonlyMap<string, Digest>> {
  return new Map(await digestTable.list(view, ''));
}

/** Made from the messages where there is none yet, as in a home of an earlier version. */
export async function digestOf(view: StoreView, conversation: Conversation, self: PersonId): Promise<Digest> {
  const kept = await digestTable.get(view, '', conversation.id);
  if (kept !== undefined) return kept;
  let digest = nothing;
  for (let page = 0; page * pageMessages < conversation.nextPosition; page += 1)
    for (const message of await messagePage(view, conversation.id, page))
      if (message.position < conversation.nextPosition)
        digest = await withLine(view, conversation, { digest, message, self });
  return digest;
}

/** A line came or was written. @param conversation as it was before */
export async function noteArrived(
  change: StoreChange,
  conversation: Conversation,
  { message, self }: { readonly message: Message; readonly self: PersonId },
): Promise<void> {
  const digest = await digestOf(change, conversation, self);
  const next = await withLine(change, conversation, { digest, message, self });
  digestTable.put(change, '', conversation.id, next);
}

async function withLine(
  view: StoreView,
  conversation: Conversation,
  { digest, message, self }: { readonly digest: Digest; readonly message: Message; readonly self: PersonId },
): Promise<Digest> {
  if (message.marks?.hidden === true) return digest;
  const { last } = digest;
  // what fills a gap stands before what is there already (rule 14)
  const isLast =
    last?.device !== message.device ||
    message.number === 0 ||
    last.number === 0 ||
    message.number > last.number;
  const at = Math.max(digest.at, message.arrivedAt);
  const line = isLast ? await lineOf(view, conversation, { message, self }) : last;
  const { content, position } = message;
  const unread = await isUnread(view, message, self);
  return {
    ...(line === undefined ? {} : { last: line }),
    unread: digest.unread + (unread ? 1 : 0),
    ...(digest.firstUnread === undefined
      ? unread && { firstUnread: { id: content.id, position } }
      : { firstUnread: digest.firstUnread }),
    at,
  };
}

async function isUnread(view: StoreView, message: Message, self: PersonId): Promise<boolean> {
  if (message.from === self || message.marks?.hidden === true) return false;
  const received = await receivedTable.get(view, message.conversation, message.device);
  return !rangesHave(received?.read ?? [], message.number);
}

async function lineOf(
  view: StoreView,
  conversation: Conversation,
  { message, self }: { readonly message: Message; readonly self: PersonId },
): Promise<LastLine> {
  const { content, from, device, number, position } = message;
  const told = from === self ? (await toldTable.list(view, conversation.id)).map(([, one]) => one) : [];
  return {
    id: content.id,
    position,
    from,
    device,
    number,
    at: content.at,
    ...excerptOf(message),
    reach: reachOf(message, { people: conversation.people.length, told }),
  };
}

function excerptOf({ content: { part } }: Message): Pick<LastLine, 'kind' | 'text'> {
  if (part.kind === 'null') return { kind: 'deleted', text: '' };
  const words = textOf(part);
  const file = fileOf(part);
  if (file === undefined && words === undefined) return { kind: 'newer', text: '' };
  const kind = file === undefined ? 'text' : pictureOf(part) === undefined ? 'file' : 'picture';
  const whole = words ?? file?.name ?? '';
  return {
    kind,
    text: whole
      .slice(0, excerptCharacters)
      .toWellFormed()
      .replace(/\uFFFD$/u, ''),
  };
}

/** The lowest state that everybody in the conversation has told of an own message. */
export function reachOf(
  message: Pick<Message, 'device' | 'number'>,
  { people, told }: { readonly people: number; readonly told: readonly ToldBy[] },
): Reach {
  if (message.number === 0 || people === 0) return 'sent';
  const byAll = (which: 'delivered' | 'read'): boolean => {
    const have = told.filter(
      (one) => one.device === message.device && rangesHave(one[which], message.number),
    );
    return new Set(have.map((one) => one.person)).size >= people;
  };
  return byAll('read') ? 'read' : byAll('delivered') ? 'delivered' : 'sent';
}

/** A line says something else now. */
export async function noteChanged(
  change: StoreChange,
  conversation: Conversation,
  message: Message,
): Promise<void> {
  const digest = await digestTable.get(change, '', conversation.id);
  if (digest?.last?.id !== message.content.id) return;
  const { number, device } = message;
  digestTable.put(change, '', conversation.id, {
    ...digest,
    last: { ...digest.last, number, device, ...excerptOf(message) },
  });
}

/** Somebody told how far they are. */
export async function noteReceipt(change: StoreChange, conversation: Conversation): Promise<void> {
  const digest = await digestTable.get(change, '', conversation.id);
  if (digest?.last === undefined) return;
  const told = (await toldTable.list(change, conversation.id)).map(([, one]) => one);
  const reach = reachOf(digest.last, { people: conversation.people.length, told });
  if (reach !== digest.last.reach)
    digestTable.put(change, '', conversation.id, { ...digest, last: { ...digest.last, reach } });
}

/** Lines were read, after the ranges of what was read were written. @param count how many of them were not read before */
export async function noteRead(
  change: StoreChange,
  conversation: Conversation,
  { count, self }: { readonly count: number; readonly self: PersonId },
): Promise<void> {
  const digest = await digestTable.get(change, '', conversation.id);
  if (digest === undefined || count === 0) return;
  const { firstUnread: before, ...rest } = digest;
  const unread = Math.max(0, digest.unread - count);
  const firstUnread =
    unread === 0 ? undefined : await unreadFrom(change, conversation, { from: before?.position ?? 0, self });
  digestTable.put(change, '', conversation.id, {
    ...rest,
    unread: firstUnread === undefined ? 0 : unread,
    ...(firstUnread === undefined ? {} : { firstUnread }),
  });
}

async function unreadFrom(
  view: StoreView,
  conversation: Conversation,
  { from, self }: { readonly from: number; readonly self: PersonId },
): Promise<LineName | undefined> {
  for (let page = pageAt(from); page * pageMessages < conversation.nextPosition; page += 1) {
    for (const message of await messagePage(view, conversation.id, page)) {
      const { content, position } = message;
      if (position >= from && (await isUnread(view, message, self))) return { id: content.id, position };
    }
  }
  return undefined;
}

/** A line is not shown any more, after its record was changed or deleted. */
export async function noteGone(
  change: StoreChange,
  gone: Message,
  { self }: { readonly self: PersonId },
): Promise<void> {
  const conversation = await conversationTable.get(change, '', gone.conversation);
  const digest = await digestTable.get(change, '', gone.conversation);
  if (conversation === undefined || digest?.last?.id !== gone.content.id) return;
  const { last: _, ...rest } = digest;
  const message = await lastShown(change, conversation.id, gone.position);
  digestTable.put(change, '', conversation.id, {
    ...rest,
    ...(message === undefined ? {} : { last: await lineOf(change, conversation, { message, self }) }),
  });
}

async function lastShown(
  view: StoreView,
  conversation: ConversationId,
  before: number,
): Promise<Message | undefined> {
  for (let page = pageAt(before); page >= 0; page -= 1) {
    const messages = await messagePage(view, conversation, page);
    const last = messages.findLast((one) => one.position < before && one.marks?.hidden !== true);
    if (last !== undefined) return last;
  }
  return undefined;
}
