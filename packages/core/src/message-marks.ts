import {
  dispositions,
  field,
  messageIdCodec,
  struct,
  type Content,
  type MessageId,
  type PersonId,
} from '@tern/protocol';
import type { StoreChange } from './client-store.ts';
import type { Conversation } from './conversation.ts';
import { noteArrived, noteChanged } from './conversation-digest.ts';
import { textOf } from './file-parts.ts';
import { forgetFile } from './kept-files.ts';
import {
  appendMessage,
  forgetWords,
  longestReaction,
  messageById,
  mostEditsKept,
  mostReactions,
  noMarks,
  putMessage,
  withPartOf,
  type Message,
  type Placeless,
  type Rank,
} from './message-store.ts';
import { orderedKey, recordTable, type RecordTable } from './record-table.ts';

/*
 * Edits, deletes and reactions take effect on the message they name when they arrive, and lie beside the list: a page of the list holds
 * lines only, and whoever reads one message (a list, a window, a search) reads it as it is now.
 */

/** The message that a content does something to; undefined for a line of its own. */
export function markedBy(content: Content): MessageId | undefined {
  if (content.replaces !== undefined) return content.replaces;
  return content.part.disposition === dispositions.reaction ? content.inReplyTo : undefined;
}

interface EarlyMark {
  readonly mark: MessageId;
}

/** Marks that came before what they mark. Partition: conversation and the id of the one to come; key: their place beside the list. */
const earlyTable: RecordTable<EarlyMark> = recordTable(
  'early-marks',
  struct<EarlyMark>({ mark: field(1, messageIdCodec) }),
);

/** Takes a message in: into the list, or beside it with its effect. @returns the conversation as it is then, not written yet */
export async function takeMessage(
  change: StoreChange,
  conversation: Conversation,
  message: Placeless,
  options: { readonly self: PersonId },
): Promise<Conversation> {
  const marked = markedBy(message.content);
  const taken = appendMessage(change, conversation, { ...message, beside: marked !== undefined });
  if (marked === undefined) {
    await noteArrived(change, conversation, { message: taken.message, self: options.self });
    const partition = earlyPartition(conversation, message.content.id);
    const early = await earlyTable.list(change, partition);
    for (const [, { mark }] of early) {
      const marking = await messageById(change, mark);
      if (marking !== undefined) await applyMark(change, conversation, marking);
    }
    if (early.length > 0) change.clear({ table: 'early-marks', partition });
  } else if (!(await applyMark(change, conversation, taken.message))) {
    const { position } = taken.message;
    earlyTable.put(change, earlyPartition(conversation, marked), orderedKey(position), {
      mark: message.content.id,
    });
  }
  return taken.conversation;
}

function earlyPartition({ id }: Conversation, marked: MessageId): string {
  return `${id}/${marked}`;
}

/** @returns false where what it marks is not here yet */
async function applyMark(
  change: StoreChange,
  conversation: Conversation,
  marking: Message,
): Promise<boolean> {
  const id = markedBy(marking.content);
  const target = id === undefined ? undefined : await messageById(change, id);
  if (target === undefined) return false;
  if (target.conversation !== conversation.id || target.beside === true) return true;
  const marked =
    marking.content.replaces === undefined ? reacted(target, marking) : await edited(change, target, marking);
  if (marked === undefined) return true;
  putMessage(change, marked);
  await noteChanged(change, conversation, marked);
  return true;
}

/** An edit of what is not its author's changes nothing: nobody speaks for another (rule 24). */
async function edited(change: StoreChange, target: Message, edit: Message): Promise<Message | undefined> {
  if (target.from !== edit.from) return undefined;
  const marks = target.marks ?? noMarks;
  const isDelete = edit.content.part.kind === 'null';
  const isGone = target.content.part.kind === 'null';
  if (marks.edited !== undefined && !isLater(rankOf(edit), marks.edited)) {
    if (!isGone && marks.edits.length < mostEditsKept)
      return { ...target, marks: { ...marks, edits: [edit.content.id, ...marks.edits] } };
    await forgetWords(change, [edit.content.id]);
    return undefined;
  }
  // what its author took back, or has said differently so often since, is not kept here either
  const edits = [...marks.edits, edit.content.id];
  await forgetWords(change, isDelete ? marks.edits : edits.slice(0, -mostEditsKept));
  if (isDelete) await forgetFile(change, target.content.id);
  if (marks.hidden) {
    if (isGone) await forgetWords(change, [edit.content.id]);
    return { ...target, marks: { ...marks, edited: rankOf(edit) } };
  }
  return {
    ...withPartOf(target, edit),
    marks: {
      ...marks,
      edited: rankOf(edit),
      edits: isDelete ? [edit.content.id] : edits.slice(-mostEditsKept),
      reactions: isDelete ? [] : marks.reactions,
    },
  };
}

/** One reaction a person: a later one takes the place of an earlier one, and an empty one takes it back. */
function reacted(target: Message, reaction: Message): Message | undefined {
  const word = textOf(reaction.content.part) ?? (reaction.content.part.kind === 'null' ? '' : undefined);
  if (word === undefined || word.length > longestReaction || target.content.part.kind === 'null')
    return undefined;
  const marks = target.marks ?? noMarks;
  const fresh = { from: reaction.from, text: word, ...rankOf(reaction) };
  const before = marks.reactions.find((one) => one.from === reaction.from);
  if (before !== undefined && !isLater(fresh, before)) return undefined;
  if (before === undefined && marks.reactions.length >= mostReactions) return undefined;
  const reactions =
    before === undefined
      ? [...marks.reactions, fresh]
      : marks.reactions.map((one) => (one === before ? fresh : one));
  return { ...target, marks: { ...marks, reactions } };
}

function rankOf({ device, number, content }: Message): Rank {
  return { device, number, at: content.at };
}

/** Of one device the number tells, and what has none yet was written last; of two devices of one person their clocks do. */
function isLater(one: Rank, other: Rank): boolean {
  if (one.device !== other.device) return one.at >= other.at;
  const place = ({ number }: Rank): number => (number === 0 ? Number.POSITIVE_INFINITY : number);
  return place(one) >= place(other);
}
