import { RefusedError, type ConversationId } from '@tern/protocol';
import { arrange } from './arrangement.ts';
import type { GapView, MessageView } from './client.ts';
import type { StoreView } from './client-store.ts';
import { contactTable } from './contact.ts';
import { conversationTable, type Conversation, type Notice } from './conversation.ts';
import { digestOf } from './conversation-digest.ts';
import { selfOf, type Engine } from './engine.ts';
import { messagePage, pageAt, pageMessages, type Message } from './message-store.ts';
import { standingsIn } from './standing.ts';
import type { ConversationWindow, NoticeView, WindowLine } from './views.ts';

/** How many of the latest messages a window has where nobody says from where. */
const latestMessages = 100;
/** Where people took lines away or a device numbered strangely there may be pages with few: further ones until there are so many. */
const fewestLines = 50;

/** The end of a conversation, read page by page from the latest back. */
export async function conversationWindow(
  engine: Engine,
  view: StoreView,
  wanted: { readonly conversation: ConversationId; readonly from?: number },
): Promise<ConversationWindow> {
  const conversation = await conversationTable.get(view, '', wanted.conversation);
  if (conversation === undefined) return emptyWindow(view, wanted.conversation);
  const { person: self } = await selfOf(engine, view);
  const standings = await standingsIn(engine, view, conversation);
  const digest = await digestOf(view, conversation, self);
  const { page, messages } = await lastPages(view, conversation, wanted.from);
  const lines = arrange(messages, { standing: standings.of, ...standings });
  return {
    conversation: conversation.id,
    lines: withNotices(keyed(lines), conversation.notices, { whole: page === 0 }),
    from: page * pageMessages,
    whole: page === 0,
    unread: digest.unread,
    ...(digest.firstUnread === undefined ? {} : { firstUnread: digest.firstUnread }),
  };
}

/** With somebody who has not answered yet, and to whom nothing was written. */
async function emptyWindow(view: StoreView, conversation: ConversationId): Promise<ConversationWindow> {
  const contacts = await contactTable.list(view, '');
  if (!contacts.some(([, contact]) => contact.conversation === conversation))
    throw new RefusedError('no-such-conversation', 'there is no such conversation');
  return { conversation, lines: [], from: 0, whole: true, unread: 0 };
}

async function lastPages(
  view: StoreView,
  conversation: Conversation,
  from: number | undefined,
): Promise<{ readonly page: number; readonly messages: readonly Message[] }> {
  const last = pageAt(Math.max(0, conversation.nextPosition - 1));
  const first = Math.min(last, pageAt(Math.max(0, from ?? conversation.nextPosition - latestMessages)));
  const pages: (readonly Message[])[] = [];
  let page = last + 1;
  let lines = 0;
  while (page > 0 && (page > first || lines < fewestLines)) {
    page -= 1;
    const messages = await messagePage(view, conversation.id, page);
    lines += messages.filter((message) => message.marks?.hidden !== true).length;
    pages.unshift(messages);
  }
  return { page, messages: pages.flat() };
}

type KeyedLine = Exclude<WindowLine, NoticeView>;

/** A gap is named by what stands after it: it stays itself while it is filled from its beginning. */
function keyed(lines: readonly (MessageView | GapView)[]): readonly KeyedLine[] {
  return lines.map((line, at) => {
    if (line.kind === 'message') return { ...line, key: line.id };
    const next = lines.slice(at + 1, at + 2)[0];
    return { ...line, key: `gap ${line.device} ${next?.kind === 'message' ? next.id : at}` };
  });
}

/**
 * Each stands before the first line that came after it, and how somebody came into the conversation before all: what was said to them until
 * then is older by the relay's clock. Those older than an end of a conversation are left out.
 */
function withNotices(
  lines: readonly KeyedLine[],
  notices: readonly Notice[],
  { whole }: { readonly whole: boolean },
): readonly WindowLine[] {
  const times = lines.map((line) => (line.kind === 'message' ? line.arrivedAt : undefined));
  const begins = times.find((time) => time !== undefined) ?? 0;
  const entry = notices[0]?.kind === 'joined' ? notices[0] : undefined;
  const placeOf = (notice: Notice): number => (notice === entry ? Math.min(entry.at, begins - 1) : notice.at);
  const shown = notices
    .filter((notice) => whole || placeOf(notice) >= begins)
    .toSorted((a, b) => placeOf(a) - placeOf(b));
  const names = new Map<string, number>();
  const views = shown.map((notice): NoticeView => {
    const name = `notice ${notice.at} ${notice.kind} ${notice.person ?? ''}`;
    const count = names.get(name) ?? 0;
    names.set(name, count + 1);
    return {
      kind: 'notice',
      key: `${name} ${count}`,
      at: notice.at,
      notice: notice.kind,
      ...(notice.person === undefined ? {} : { person: notice.person }),
    };
  });
  const mixed: WindowLine[] = [];
  let next = 0;
  for (const [at, line] of lines.entries()) {
    const time = times[at] ?? 0;
    const older = shown.slice(next).findIndex((notice) => placeOf(notice) >= time);
    const until = older < 0 ? (time === 0 ? next : views.length) : next + older;
    mixed.push(...views.slice(next, until), line);
    next = until;
  }
  return [...mixed, ...views.slice(next)];
}
