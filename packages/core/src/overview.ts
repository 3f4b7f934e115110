import type { MessageId, PersonId } from '@tern/protocol';
import type { MessageStatus } from './client.ts';
import type { StoreView } from './client-store.ts';
import { contactName, contactTable, type Contact } from './contact.ts';
import { conversationTable, type Conversation } from './conversation.ts';
import { choicesTable, flagsOf, isRequest, type Choices } from './conversation-choices.ts';
import { digestOf, digests, type Digest, type LastLine } from './conversation-digest.ts';
import { selfOf, type Engine } from './engine.ts';
import { leavingStatus, waitingMessages, type WaitingMessage } from './standing.ts';
import type { ConversationSummary, LastMessage } from './views.ts';

interface Home {
  readonly self: PersonId;
  readonly contacts: ReadonlyMap<string, Contact>;
  readonly conversations: ReadonlyMap<string, Conversation>;
  readonly digests: ReadonlyMap<string, Digest>;
  readonly choices: ReadonlyMap<string, Choices>;
  readonly waiting: ReadonlyMap<MessageId, WaitingMessage>;
}

/** One line a conversation, from five listings whatever was said: no message is read. */
export async function overview(engine: Engine, view: StoreView): Promise<readonly ConversationSummary[]> {
  const home: Home = {
    self: (await selfOf(engine, view)).person,
    contacts: new Map(await contactTable.list(view, '')),
    conversations: new Map(await conversationTable.list(view, '')),
    digests: await digests(view),
    choices: new Map(await choicesTable.list(view, '')),
    waiting: await waitingMessages(engine, view),
  };
  const failed = Map.groupBy(
    [...home.waiting.values()].filter((one) => one.failed !== undefined),
    (one) => one.conversation,
  );
  const summaries: ConversationSummary[] = [];
  for (const named of [...pairs(engine, home), ...groups(home)]) {
    const { conversation, ...about } = named;
    const digest = await digestIn(view, home, conversation);
    const choices = home.choices.get(about.id);
    summaries.push({
      ...about,
      ...(digest?.last === undefined ? {} : { last: lastMessage(digest.last, home) }),
      unread: digest?.unread ?? 0,
      failed: failed.get(about.id)?.length ?? 0,
      draft: choices?.draft ?? '',
      flags: flagsOf(choices),
      at: Math.max(about.at, digest?.at ?? 0),
    });
  }
  return summaries.toSorted(
    (a, b) => Number(b.flags.pinned) - Number(a.flags.pinned) || b.at - a.at || (a.id < b.id ? -1 : 1),
  );
}

async function digestIn(
  view: StoreView,
  home: Home,
  conversation: Conversation | undefined,
): Promise<Digest | undefined> {
  if (conversation === undefined) return undefined;
  const known = home.digests.get(conversation.id);
  if (known !== undefined || conversation.nextPosition === 0) return known;
  return digestOf(view, conversation, home.self);
}

type Named = Pick<
  ConversationSummary,
  'id' | 'kind' | 'people' | 'name' | 'state' | 'request' | 'verified' | 'blocked' | 'at'
> & { readonly conversation: Conversation | undefined };

function pairs(engine: Engine, home: Home): readonly Named[] {
  return [...home.contacts].flatMap(([person, contact]) => {
    if (contact.removed) return [];
    const conversation = home.conversations.get(contact.conversation);
    return [
      {
        id: contact.conversation,
        kind: 'pair' as const,
        people: [person as PersonId],
        name: contactName(contact),
        state: stateOf(conversation),
        request: isRequest(engine, contact),
        verified: contact.verified,
        blocked: contact.blocked,
        at: Math.max(contact.addedAt, noticedAt(conversation)),
        conversation,
      },
    ];
  });
}

function groups({ conversations, contacts }: Home): readonly Named[] {
  return [...conversations.values()].flatMap((conversation) => {
    const { id, people, rule } = conversation;
    if (rule.kind !== 'group') return [];
    const names = people.map((person) => {
      const contact = contacts.get(person);
      return contact === undefined ? person.slice(0, 8) : contactName(contact);
    });
    return [
      {
        id,
        kind: 'group' as const,
        people,
        name: names.join(', '),
        state: stateOf(conversation),
        request: false,
        verified: false,
        blocked: false,
        at: noticedAt(conversation),
        conversation,
      },
    ];
  });
}

function stateOf(conversation: Conversation | undefined): ConversationSummary['state'] {
  return conversation?.groups.some((group) => group.state === 'joined') === true ? 'connected' : 'waiting';
}

function noticedAt(conversation: Conversation | undefined): number {
  return conversation?.notices.at(-1)?.at ?? 0;
}

function lastMessage(last: LastLine, { self, waiting }: Home): LastMessage {
  const { id, from, at, kind, text } = last;
  return { id, from, fromMe: from === self, at, kind, text, status: statusOf(last, waiting.get(id), self) };
}

/** As in the conversation itself; of others' messages the list counts the unread ones and says nothing of one. */
function statusOf(last: LastLine, waiting: WaitingMessage | undefined, self: PersonId): MessageStatus {
  if (last.from !== self) return 'delivered';
  if (waiting?.failed !== undefined) return 'failed';
  if (last.reach !== 'sent') return last.reach;
  return leavingStatus(waiting, last.number);
}
