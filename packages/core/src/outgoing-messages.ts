import { RefusedError, type MessageId } from '@tern/protocol';
import type { StoreChange, StoreView } from './client-store.ts';
import { conversationTable, isLeft } from './conversation.ts';
import { noteGone } from './conversation-digest.ts';
import { selfOf, type Engine } from './engine.ts';
import { fileOf } from './file-parts.ts';
import { dropStaged } from './file-upload.ts';
import { forgetFile, keptFile } from './kept-files.ts';
import { deleteMessage, messageById, type Message } from './message-store.ts';
import { deleteOutgoing, outbox, replaceOutgoing, type Outgoing, type OutboxKey } from './outbox.ts';

/*
 * What a person may still do about own messages that wait. A number is given in the change that seals; from then on the message may be
 * anywhere, and a number that nobody fills would be a gap for ever (rule 14). Before, it can be as if it had never been written.
 */

type OutgoingMessage = Extract<Outgoing, { readonly kind: 'message' }>;

async function waitingAs(
  view: StoreView,
  id: MessageId,
): Promise<readonly [OutboxKey, OutgoingMessage] | undefined> {
  for (const [key, one] of await outbox(view))
    if (one.kind === 'message' && one.message === id) return [key, one];
  return undefined;
}

/** Does it wait without ever having had a number? */
export async function isUnnumbered(view: StoreView, message: Message): Promise<boolean> {
  const [, waiting] = (await waitingAs(view, message.content.id)) ?? [];
  return waiting !== undefined && waiting.number === undefined && message.number === 0;
}

/** @returns false when it has its number, or does not wait at all */
export async function cancelMessage(engine: Engine, change: StoreChange, id: MessageId): Promise<boolean> {
  const message = await messageById(change, id);
  const [key, waiting] = (await waitingAs(change, id)) ?? [];
  if (message === undefined || key === undefined || waiting === undefined) return false;
  if (message.beside === true || !(await isUnnumbered(change, message))) return false;
  deleteOutgoing(change, key);
  dropStaged(change, waiting.blobs);
  await forgetFile(change, id);
  deleteMessage(change, message);
  engine.transfers.end({ message: id, direction: 'up' });
  await noteGone(change, message, { self: (await selfOf(engine, change)).person });
  return true;
}

/**
 * One that was taken back while it waits has no words any more: it fills its number without them. As it was sealed before it may be on its
 * way; where another relay keeps that, it is asked to let go.
 */
export async function sealAnew(change: StoreChange, id: MessageId): Promise<void> {
  const [key, waiting] = (await waitingAs(change, id)) ?? [];
  if (key === undefined || waiting?.sealed === undefined) return;
  const { sealed: _, ...rest } = waiting;
  replaceOutgoing(change, key, rest);
}

/** What failed leaves again, sealed anew, under the number it has. */
export async function retryMessage(change: StoreChange, id: MessageId): Promise<void> {
  const [key, waiting] = (await waitingAs(change, id)) ?? [];
  if (key === undefined || waiting?.failed === undefined)
    throw new RefusedError('not-failed', 'this message did not fail');
  const message = await messageById(change, id);
  const conversation = await conversationTable.get(change, '', waiting.conversation);
  if (conversation !== undefined && isLeft(conversation)) return; // it fails all the same
  const hasFile = message !== undefined && fileOf(message.content.part) !== undefined;
  // a file goes before the message that names it: where it never left and does not lie here either, nobody could open it
  if (hasFile && waiting.number === undefined && waiting.blobs.length === 0 && !(await isStaged(change, id)))
    throw new RefusedError('no-file', 'its file is not here any more');
  const { failed: _, sealed: __, ...rest } = waiting;
  replaceOutgoing(change, key, rest);
}

async function isStaged(view: StoreView, id: MessageId): Promise<boolean> {
  return (await keptFile(view, id)) !== undefined;
}

/** How many things wait to leave and have not failed. */
export async function queued(view: StoreView): Promise<number> {
  return (await outbox(view)).filter(([, one]) => !('failed' in one) || one.failed === undefined).length;
}
