import {
  limits,
  MalformedError,
  randomId,
  RefusedError,
  utf8,
  type Content,
  type ConversationId,
  type DeviceId,
  type MessageId,
  type Part,
} from '@tern/protocol';
import { arrange, type Standing } from './arrangement.ts';
import type { FileSource, GapView, MessageStatus, MessageView } from './client.ts';
import type { StoreView } from './client-store.ts';
import {
  conversationTable,
  emptyConversation,
  receivedTable,
  toldTable,
  type Conversation,
  type ReceivedFrom,
  type ToldBy,
} from './conversation.ts';
import { contactTable } from './contact.ts';
import { selfOf, type Engine } from './engine.ts';
import { stageFile } from './file-upload.ts';
import type { Credentials } from './identity.ts';
import { appendMessage, messageById, messagesFrom, type Message } from './message-store.ts';
import { outbox, putOutgoing, type Outgoing } from './outbox.ts';
import { pairRule } from './authorise.ts';
import { rangesHave, rangesMissing, rangesWith } from './ranges.ts';

const plainText = 'text/plain;charset=utf-8';
const render = 1;
const attachment = 6;

/** @throws {MalformedError} for text that is empty or longer than 128 KiB */
export async function sendText(
  engine: Engine,
  to: { readonly conversation: ConversationId; readonly text: string; readonly replyTo?: MessageId },
): Promise<MessageId> {
  const content = utf8(to.text.toWellFormed());
  if (content.length === 0) throw new MalformedError('a message has at least one character');
  if (content.length > limits.messageBytes)
    throw new MalformedError(`a message has at most ${limits.messageBytes} bytes: send it as a file`);
  return write(engine, {
    ...to,
    part: { kind: 'single', disposition: render, type: plainText, content },
    blobs: [],
  });
}

/** The file is sealed into the store before this resolves; the original may go. */
export async function sendFile(
  engine: Engine,
  to: { readonly conversation: ConversationId; readonly file: FileSource; readonly replyTo?: MessageId },
): Promise<MessageId> {
  const name = (to.file.name.split(/[/\\]/u).at(-1) ?? '').slice(0, 80);
  const staged = await stageFile(
    engine,
    { ...to.file, name: name === '' ? 'file' : name.toWellFormed().replaceAll('\uFFFD', '_') },
    attachment,
  );
  return write(engine, { ...to, part: staged.part, blobs: [staged.blob] });
}

async function write(
  engine: Engine,
  message: {
    readonly conversation: ConversationId;
    readonly part: Part;
    readonly blobs: readonly string[];
    readonly replyTo?: MessageId;
  },
): Promise<MessageId> {
  const id: MessageId = randomId(engine.world.randomBytes(16));
  return engine.store.change(async (change) => {
    const self = await selfOf(engine, change);
    const conversation = await conversationToWrite(change, { id: message.conversation, self });
    if (
      message.replyTo !== undefined &&
      (await messageById(change, message.replyTo))?.conversation !== message.conversation
    ) {
      throw new RefusedError('no-such-message', 'there is no such message to reply to');
    }
    const at = engine.now();
    const content: Content = {
      id,
      at,
      part: message.part,
      ...(message.replyTo === undefined ? {} : { inReplyTo: message.replyTo }),
    };
    const written = appendMessage(change, conversation, {
      from: self.person,
      device: self.device,
      number: 0,
      arrivedAt: at,
      content,
    });
    conversationTable.put(change, '', conversation.id, written);
    await putOutgoing(change, {
      kind: 'message',
      conversation: conversation.id,
      message: id,
      blobs: message.blobs,
    });
    return id;
  });
}

/** A conversation with somebody who has not answered yet can be written to: what is written waits. */
async function conversationToWrite(
  view: StoreView,
  { id, self }: { readonly id: ConversationId; readonly self: Credentials },
): Promise<Conversation> {
  const known = await conversationTable.get(view, '', id);
  if (known !== undefined) return known;
  for (const [person, contact] of await contactTable.list(view, '')) {
    if (contact.conversation !== id) continue;
    return {
      ...emptyConversation(id, pairRule(self.rootKey, contact.rootKey)),
      people: [person as Conversation['people'][number]],
    };
  }
  throw new RefusedError('no-such-conversation', 'there is no such conversation');
}

/** How an own message stands: the lowest state that everybody in the conversation has reached. */
function statusOf(
  message: Message,
  known: {
    readonly people: number;
    readonly told: readonly ToldBy[];
    readonly waiting: ReadonlyMap<MessageId, Outgoing>;
  },
): Standing {
  const waiting = known.waiting.get(message.content.id);
  if (waiting?.kind === 'message' && waiting.failed !== undefined)
    return { fromMe: true, status: 'failed', because: waiting.failed };
  const reached = (which: 'delivered' | 'read'): boolean => {
    const people = new Set(
      known.told
        .filter((told) => told.device === message.device && rangesHave(told[which], message.number))
        .map((told) => told.person),
    );
    return message.number > 0 && known.people > 0 && people.size >= known.people;
  };
  const status: MessageStatus = reached('read')
    ? 'read'
    : reached('delivered')
      ? 'delivered'
      : waiting === undefined && message.number > 0
        ? 'stored'
        : 'queued';
  return { fromMe: true, status };
}

interface Standings {
  readonly of: (message: Message) => Standing;
  readonly missing: (device: DeviceId, from: number, to: number) => number;
}

async function standingsIn(engine: Engine, view: StoreView, conversation: Conversation): Promise<Standings> {
  const self = await selfOf(engine, view);
  const told = (await toldTable.list(view, conversation.id)).map(([, one]) => one);
  const waiting = new Map<MessageId, Outgoing>();
  for (const [, outgoing] of await outbox(view))
    if (outgoing.kind === 'message') waiting.set(outgoing.message, outgoing);
  const received = new Map<string, ReceivedFrom>(await receivedTable.list(view, conversation.id));
  return {
    missing(device, from, to) {
      const known = received.get(device);
      return known === undefined ? 0 : rangesMissing(known.delivered, Math.max(from, known.first), to);
    },
    of(message) {
      if (message.from === self.person)
        return statusOf(message, { people: conversation.people.length, told, waiting });
      const read = rangesHave(received.get(message.device)?.read ?? [], message.number);
      return { fromMe: false, status: read ? 'read' : 'delivered' };
    },
  };
}

/** The list of a conversation, from after a message on where one is given. */
export async function messageList(
  engine: Engine,
  view: StoreView,
  at: { readonly conversation: ConversationId; readonly since?: MessageId },
): Promise<readonly (MessageView | GapView)[]> {
  const conversation = await conversationTable.get(view, '', at.conversation);
  if (conversation === undefined) return [];
  const standings = await standingsIn(engine, view, conversation);
  const lines = arrange(await messagesFrom(view, conversation, 0), {
    standing: standings.of,
    missing: standings.missing,
  });
  if (at.since === undefined) return lines;
  const start = lines.findIndex((line) => line.kind === 'message' && line.id === at.since);
  if (start < 0) throw new RefusedError('no-such-message', 'there is no such message in this conversation');
  return lines.slice(start + 1);
}

export async function messageView(
  engine: Engine,
  view: StoreView,
  id: MessageId,
): Promise<MessageView | undefined> {
  const message = await messageById(view, id);
  const conversation =
    message === undefined ? undefined : await conversationTable.get(view, '', message.conversation);
  if (message === undefined || conversation === undefined) return undefined;
  const standings = await standingsIn(engine, view, conversation);
  return arrange([message], { standing: standings.of, missing: () => 0 }).find(
    (line) => line.kind === 'message',
  );
}

/** Marks others' messages as read; a receipt tells their senders. */
export async function markRead(
  engine: Engine,
  at: { readonly conversation: ConversationId; readonly ids: readonly MessageId[] },
): Promise<void> {
  const unread = await engine.store.read((view) => unreadOf(engine, view, at));
  if (unread.length === 0) return;
  await engine.store.change(async (change) => {
    const conversation = await conversationTable.get(change, '', at.conversation);
    if (conversation === undefined) return;
    for (const message of await unreadOf(engine, change, at)) {
      const received = await receivedTable.get(change, conversation.id, message.device);
      if (received === undefined) continue;
      receivedTable.put(change, conversation.id, message.device, {
        ...received,
        read: rangesWith(received.read, message.number),
      });
    }
    conversationTable.put(change, '', conversation.id, { ...conversation, receiptDue: true });
  });
}

async function unreadOf(
  engine: Engine,
  view: StoreView,
  at: { readonly conversation: ConversationId; readonly ids: readonly MessageId[] },
): Promise<readonly Message[]> {
  const self = await selfOf(engine, view);
  const received = new Map(await receivedTable.list(view, at.conversation));
  const unread: Message[] = [];
  for (const id of at.ids) {
    const message = await messageById(view, id);
    if (message === undefined || message.from === self.person || message.number === 0) continue;
    if (!rangesHave(received.get(message.device)?.read ?? [], message.number)) unread.push(message);
  }
  return unread;
}
