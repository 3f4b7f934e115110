import {
  dispositions,
  randomId,
  RefusedError,
  type Content,
  type ConversationId,
  type MessageId,
  type Part,
} from '@tern/protocol';
import type { FileSource, SendFileOptions } from './client.ts';
import type { StoreChange, StoreView } from './client-store.ts';
import { contactTable } from './contact.ts';
import { conversationTable, emptyConversation, isLeft, type Conversation } from './conversation.ts';
import { acceptRequest } from './conversation-choices.ts';
import { selfOf, type Engine } from './engine.ts';
import { filePart, textPart } from './file-parts.ts';
import { stageFile, unstage } from './file-staging.ts';
import type { Credentials } from './identity.ts';
import { keepStaged } from './kept-files.ts';
import { takeMessage } from './message-marks.ts';
import { messageById } from './message-store.ts';
import { putOutgoing } from './outbox.ts';
import { pairRule } from './authorise.ts';

/** @throws {MalformedError} for text that is empty or longer than 128 KiB */
export async function sendText(
  engine: Engine,
  to: {
    readonly conversation: ConversationId;
    readonly text: string;
    readonly replyTo?: MessageId;
    readonly id?: MessageId;
  },
): Promise<MessageId> {
  const part = textPart(to.text);
  return engine.store.change((change) => write(engine, change, { ...to, part }));
}

/** The file is sealed into the store before this resolves; the original may go. */
export async function sendFile(
  engine: Engine,
  to: SendFileOptions & { readonly conversation: ConversationId; readonly file: FileSource },
): Promise<MessageId> {
  const { id } = to;
  if (id !== undefined && (await engine.store.read((view) => isWritten(view, { ...to, id })))) return id;
  const name = (to.file.name.split(/[/\\]/u).at(-1) ?? '').slice(0, 80);
  const named = { ...to.file, name: name === '' ? 'file' : name.toWellFormed().replaceAll('\uFFFD', '_') };
  const staged = await stageFile(engine, named, { ...to, disposition: dispositions.attachment });
  try {
    const { message, fresh } = await engine.store.change(async (change) => {
      if (id !== undefined && (await isWritten(change, { ...to, id }))) return { message: id, fresh: false };
      const message = await write(engine, change, {
        ...to,
        part: filePart(staged.part, to),
        blobs: [staged.blob],
      });
      keepStaged(change, message, {
        conversation: to.conversation,
        blob: staged.blob,
        pieces: staged.part.chunks.length,
        bytes: staged.part.chunks.reduce((sum, [, length]) => sum + length, 0),
        usedAt: engine.now(),
      });
      return { message, fresh: true };
    });
    if (!fresh) await unstage(engine, staged.blob); // the same was asked twice at once
    return message;
  } catch (error) {
    await unstage(engine, staged.blob);
    throw error;
  }
}

/** What is to be said: a line, or something done to one. */
export interface ToWrite extends Pick<Content, 'replaces'> {
  readonly conversation: ConversationId;
  readonly part: Part;
  readonly blobs?: readonly string[];
  readonly replyTo?: MessageId;
  /** of the message to be; fresh where absent. One that is here already is not written again. */
  readonly id?: MessageId;
}

/** Message and outbox record in one change: durable, and no network yet. To write to somebody is to say yes to them. */
export async function write(engine: Engine, change: StoreChange, message: ToWrite): Promise<MessageId> {
  const id: MessageId = message.id ?? randomId(engine.world.randomBytes(16));
  if (message.id !== undefined && (await isWritten(change, { ...message, id }))) return id;
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
    ...(message.replaces === undefined ? {} : { replaces: message.replaces }),
  };
  const written = await takeMessage(
    change,
    conversation,
    { from: self.person, device: self.device, number: 0, arrivedAt: at, content },
    { self: self.person },
  );
  conversationTable.put(change, '', conversation.id, written);
  await acceptRequest(change, conversation.id);
  await putOutgoing(change, {
    kind: 'message',
    conversation: conversation.id,
    message: id,
    blobs: message.blobs ?? [],
    ...(isLeft(conversation) && { failed: 'removed' }),
  });
  return id;
}

/**
 * Whether somebody who did not hear that a message was written asks for it again.
 * @throws {RefusedError} `id-taken` where the id is another message's
 */
async function isWritten(
  view: StoreView,
  { id, conversation }: { readonly id: MessageId; readonly conversation: ConversationId },
): Promise<boolean> {
  const known = await messageById(view, id);
  if (known !== undefined && known.conversation !== conversation)
    throw new RefusedError('id-taken', 'another message has this id');
  return known !== undefined;
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
