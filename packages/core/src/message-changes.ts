import { dispositions, RefusedError, utf8, type MessageId, type SinglePart } from '@tern/protocol';
import type { StoreChange } from './client-store.ts';
import { conversationTable, receivedTable } from './conversation.ts';
import { noteChanged, noteGone, noteRead } from './conversation-digest.ts';
import { selfOf, type Engine } from './engine.ts';
import { partSaying } from './file-parts.ts';
import { forgetFile } from './kept-files.ts';
import {
  forgetWords,
  longestReaction,
  messageById,
  noMarks,
  putMessage,
  withPartOf,
  type Message,
} from './message-store.ts';
import { cancelMessage, isUnnumbered, sealAnew } from './outgoing-messages.ts';
import { rangesHave, rangesWith } from './ranges.ts';
import { write } from './talk.ts';

/** An own message says something else. One that has no number yet is changed where it lies, and nobody will know. */
export async function editMessage(
  engine: Engine,
  change: StoreChange,
  edit: { readonly id: MessageId; readonly text: string },
): Promise<void> {
  const message = await lineOf(change, edit.id);
  await mustBeOurs(engine, change, message);
  const part = partSaying(message.content.part, edit.text);
  if (part === undefined) throw new RefusedError('not-editable', 'this message has no words to change');
  if (await isUnnumbered(change, message)) {
    const { kept: _, ...rest } = message;
    const changed = { ...rest, content: { ...message.content, part } };
    putMessage(change, changed);
    const conversation = await conversationTable.get(change, '', message.conversation);
    if (conversation !== undefined) await noteChanged(change, conversation, changed);
    return;
  }
  await write(engine, change, { conversation: message.conversation, replaces: edit.id, part });
}

/** Takes an own message back everywhere. One that has no number yet never was. */
export async function deleteForAll(engine: Engine, change: StoreChange, id: MessageId): Promise<void> {
  const message = await lineOf(change, id);
  await mustBeOurs(engine, change, message);
  if (message.content.part.kind === 'null' || (await cancelMessage(engine, change, id))) return;
  await write(engine, change, {
    conversation: message.conversation,
    replaces: id,
    part: { kind: 'null', disposition: dispositions.render },
  });
  await sealAnew(change, id);
}

/**
 * Not shown here any more, and told to nobody. Of others' messages nothing is kept; an own one stays for those who miss it and ask,
 * as long as any message does.
 */
export async function deleteForMe(engine: Engine, change: StoreChange, id: MessageId): Promise<void> {
  const message = await lineOf(change, id);
  if (message.marks?.hidden === true || (await cancelMessage(engine, change, id))) return;
  const { person: self } = await selfOf(engine, change);
  const conversation = await conversationTable.get(change, '', message.conversation);
  const received = await receivedTable.get(change, message.conversation, message.device);
  const unread =
    message.from !== self && received !== undefined && !rangesHave(received.read, message.number);
  if (unread)
    receivedTable.put(change, message.conversation, message.device, {
      ...received,
      read: rangesWith(received.read, message.number),
    });
  await forgetFile(change, id);
  const kept = message.from === self ? message : withPartOf(message, undefined);
  if (message.from !== self) await forgetWords(change, message.marks?.edits ?? []);
  putMessage(change, { ...kept, marks: { ...(message.marks ?? noMarks), reactions: [], hidden: true } });
  if (unread && conversation !== undefined) await noteRead(change, conversation, { count: 1, self });
  await noteGone(change, message, { self });
}

/** One reaction a person. @param reaction.text empty takes it back @throws {RefusedError} for more than a word */
export async function reactTo(
  engine: Engine,
  change: StoreChange,
  reaction: { readonly id: MessageId; readonly text: string },
): Promise<void> {
  const message = await lineOf(change, reaction.id);
  const text = reaction.text.toWellFormed();
  if (text.length > longestReaction)
    throw new RefusedError('too-long', `a reaction has at most ${longestReaction} characters`);
  if (message.content.part.kind === 'null') throw new RefusedError('deleted', 'this message was taken back');
  const { person: self } = await selfOf(engine, change);
  const before = message.marks?.reactions.find((one) => one.from === self)?.text ?? '';
  if (before === text) return;
  const part: SinglePart = {
    kind: 'single',
    disposition: dispositions.reaction,
    type: 'text/plain;charset=utf-8',
    content: utf8(text),
  };
  await write(engine, change, { conversation: message.conversation, replyTo: reaction.id, part });
}

/** @throws {RefusedError} where there is no such message in a list */
async function lineOf(view: StoreChange, id: MessageId): Promise<Message> {
  const message = await messageById(view, id);
  if (message === undefined || message.beside === true || message.marks?.hidden === true)
    throw new RefusedError('no-such-message', 'there is no such message');
  return message;
}

/** Nobody speaks for another (rule 24). */
async function mustBeOurs(engine: Engine, change: StoreChange, message: Message): Promise<void> {
  if (message.from !== (await selfOf(engine, change)).person)
    throw new RefusedError('not-the-author', 'only who wrote a message may change it');
}
