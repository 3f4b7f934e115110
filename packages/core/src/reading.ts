import { RefusedError, type ConversationId, type MessageId } from '@tern/protocol';
import { arrange } from './arrangement.ts';
import type { GapView, MessageView } from './client.ts';
import type { StoreView } from './client-store.ts';
import { conversationTable, receivedTable } from './conversation.ts';
import { noteRead } from './conversation-digest.ts';
import { selfOf, type Engine } from './engine.ts';
import { messageById, messagesFrom, type Message } from './message-store.ts';
import { rangesHave, rangesWith } from './ranges.ts';
import { standingsIn } from './standing.ts';

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
  if (message === undefined || message.beside === true || conversation === undefined) return undefined;
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
    const messages = await unreadOf(engine, change, at);
    for (const message of messages) {
      const received = await receivedTable.get(change, conversation.id, message.device);
      if (received === undefined) continue;
      receivedTable.put(change, conversation.id, message.device, {
        ...received,
        read: rangesWith(received.read, message.number),
      });
    }
    conversationTable.put(change, '', conversation.id, { ...conversation, receiptDue: true });
    const { person: self } = await selfOf(engine, change);
    await noteRead(change, conversation, { count: messages.length, self });
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
  for (const id of new Set(at.ids)) {
    const message = await messageById(view, id);
    if (message?.conversation !== at.conversation || message.from === self.person || message.number === 0)
      continue;
    if (message.beside === true) continue;
    if (!rangesHave(received.get(message.device)?.read ?? [], message.number)) unread.push(message);
  }
  return unread;
}
