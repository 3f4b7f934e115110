import {
  bool,
  field,
  limits,
  MalformedError,
  optional,
  RefusedError,
  struct,
  text,
  utf8,
  type ConversationId,
} from '@tern/protocol';
import type { StoreChange, StoreView } from './client-store.ts';
import { contactTable, type Contact } from './contact.ts';
import { conversationTable, isPairId, type Conversation } from './conversation.ts';
import type { Engine } from './engine.ts';
import { recordTable, type RecordTable } from './record-table.ts';
import type { ConversationFlags } from './views.ts';

/** What the person here decided about a conversation, and what they have begun to write. Told to nobody, taken along in an export. */
export interface Choices extends ConversationFlags {
  readonly draft?: string;
}

const nothing: Choices = { pinned: false, muted: false, archived: false, markedUnread: false };

/** Key: the conversation. */
export const choicesTable: RecordTable<Choices> = recordTable(
  'choices',
  struct<Choices>({
    pinned: field(1, bool()),
    muted: field(2, bool()),
    archived: field(3, bool()),
    markedUnread: field(4, bool()),
    draft: optional(5, text(limits.messageBytes)),
  }),
);

export function flagsOf(choices: Choices | undefined): ConversationFlags {
  const { draft: _, ...flags } = choices ?? nothing;
  return flags;
}

export async function setFlags(
  change: StoreChange,
  id: ConversationId,
  flags: Partial<ConversationFlags>,
): Promise<void> {
  await mustBeThere(change, id);
  const choices = (await choicesTable.get(change, '', id)) ?? nothing;
  choicesTable.put(change, '', id, { ...choices, ...flags });
}

export async function setDraft(change: StoreChange, id: ConversationId, draft: string): Promise<void> {
  await mustBeThere(change, id);
  const written = draft.toWellFormed();
  if (utf8(written).length > limits.messageBytes)
    throw new MalformedError(`a draft has at most ${limits.messageBytes} bytes`);
  const { draft: _, ...flags } = (await choicesTable.get(change, '', id)) ?? nothing;
  choicesTable.put(change, '', id, written === '' ? flags : { ...flags, draft: written });
}

async function mustBeThere(view: StoreView, id: ConversationId): Promise<void> {
  if ((await conversationTable.get(view, '', id)) === undefined && (await contactOf(view, id)) === undefined)
    throw new RefusedError('no-such-conversation', 'there is no such conversation');
}

async function contactOf(
  view: StoreView,
  id: ConversationId,
): Promise<readonly [string, Contact] | undefined> {
  if (!isPairId(id)) return undefined;
  return (await contactTable.list(view, '')).find(([, contact]) => contact.conversation === id);
}

/**
 * Somebody used an invitation of ours, and nobody here has said yes or written to them yet. Until then no receipt leaves for them,
 * nothing is asked of them, and none of their files is fetched.
 */
export function isRequest(engine: Pick<Engine, 'asksFirst'>, contact: Contact | undefined): boolean {
  return engine.asksFirst === true && contact?.request === true;
}

export async function isRequested(
  engine: Engine,
  view: StoreView,
  { id, people, rule }: Pick<Conversation, 'id' | 'people' | 'rule'>,
): Promise<boolean> {
  const [person] = people;
  if (engine.asksFirst !== true || rule.kind !== 'pair' || person === undefined) return false;
  const contact = await contactTable.get(view, '', person);
  return contact?.conversation === id && isRequest(engine, contact);
}

/** The person here says yes: what was held back may leave. */
export async function acceptRequest(change: StoreChange, id: ConversationId): Promise<void> {
  const [person, contact] = (await contactOf(change, id)) ?? [];
  if (person === undefined || contact?.request !== true) return;
  const { request: _, ...accepted } = contact;
  contactTable.put(change, '', person, accepted);
}
