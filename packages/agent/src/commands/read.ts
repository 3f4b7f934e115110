import type { Client, ContactView, MessageView } from '@tern/core';
import { RefusedError, type ConversationId, type MessageId } from '@tern/protocol';
import { openClientHome, type ClientHome } from '../client-home.ts';
import type { Command, Context } from '../context.ts';
import { FollowOrder, mergedByArrival, type Item } from '../follow-order.ts';
import { gapObject, gapWords, messageObject, messageWords, type Correspondents } from '../message-words.ts';
import { nudges, whileOnline } from '../online.ts';
import { contactNamed, namesOf } from '../who.ts';

export const readCommand: Command = {
  words: ['read'],
  operands: ['[WHO]'],
  about: 'what was written, with one person or with all',
  options: {
    follow: { about: 'stay online and show what arrives, until Ctrl-C' },
    since: { value: 'ID', about: 'only what arrived after this message' },
    'no-receipts': { about: 'do not tell the others that you have read it' },
  },
  notes: [
    'Messages of one device come in the order in which they were written. Where some are missing, that is said; what comes',
    'after them is held back by --follow for up to a minute.',
  ],
  async run(call, context) {
    await using opened = await openClientHome(context);
    const { client } = opened;
    const who = call.optional('WHO');
    const contact = who === undefined ? undefined : await contactNamed(client, who, readCommand);
    const reading: Reading = {
      opened,
      context,
      contact,
      since: await sinceMessage(client, call.value('since'), contact),
      receipts: !call.flag('no-receipts'),
    };
    if (call.flag('follow')) await follow(reading);
    else await readOnce(reading);
  },
};

interface Reading {
  readonly opened: ClientHome;
  readonly context: Context;
  /** undefined for everybody */
  readonly contact: ContactView | undefined;
  readonly since: MessageView | undefined;
  readonly receipts: boolean;
}

async function sinceMessage(
  client: Client,
  id: string | undefined,
  contact: ContactView | undefined,
): Promise<MessageView | undefined> {
  if (id === undefined) return undefined;
  const message = await client.message(id as MessageId);
  if (message === undefined || (contact !== undefined && message.conversation !== contact.conversation)) {
    throw new RefusedError('unknown-message', `there is no message with the id ${id} here`);
  }
  return message;
}

async function readOnce(reading: Reading): Promise<void> {
  const { opened, context } = reading;
  await opened.synchronise();
  const lists = await listsNow(reading);
  await show(reading, mergedByArrival([...lists.values()]));
  const told = await markRead(reading, [...lists.values()].flat());
  if (told && !context.signal.aborted) await opened.synchronise();
}

/** Shows each message once, whatever else is going on in this home. */
async function follow(reading: Reading): Promise<void> {
  const { opened, context } = reading;
  const orders = new Map<string, FollowOrder>();
  await whileOnline(opened.client, context, async (signal) => {
    const changes = nudges(opened.client, signal)[Symbol.asyncIterator]();
    let nudge = changes.next();
    while ((await nudge).done !== true) {
      nudge = changes.next();
      let againAt: number | undefined;
      do {
        againAt = await showNew(reading, orders);
      } while (againAt !== undefined && !(await nudgedBefore(nudge, againAt, { context, signal })));
    }
  });
}

/** @returns whether something changed before that time came */
async function nudgedBefore(
  nudge: Promise<unknown>,
  time: number,
  { context, signal }: { readonly context: Context; readonly signal: AbortSignal },
): Promise<boolean> {
  const rest = new AbortController();
  const waited = context.world
    .wait(Math.max(0, time - context.world.now()), { signal: AbortSignal.any([signal, rest.signal]) })
    .then(
      () => false,
      () => true,
    );
  const nudged = await Promise.race([nudge.then(() => true), waited]);
  rest.abort();
  await waited;
  return nudged;
}

async function showNew(reading: Reading, orders: Map<string, FollowOrder>): Promise<number | undefined> {
  const now = reading.context.world.now();
  const fresh: (readonly Item[])[] = [];
  let againAt: number | undefined;
  for (const [conversation, items] of await listsNow(reading)) {
    const order = orders.get(conversation) ?? new FollowOrder();
    orders.set(conversation, order);
    const next = order.next(items, now);
    fresh.push(next.show);
    if (next.againAt !== undefined) againAt = Math.min(againAt ?? next.againAt, next.againAt);
  }
  const items = mergedByArrival(fresh);
  if (items.length === 0) return againAt;
  await show(reading, items);
  await markRead(reading, items);
  return againAt;
}

async function listsNow({ opened, contact, since }: Reading): Promise<ReadonlyMap<string, readonly Item[]>> {
  const { client } = opened;
  const lists = new Map<string, readonly Item[]>();
  for (const conversation of contact === undefined
    ? await shownConversations(client)
    : [contact.conversation]) {
    const items = await client.messages(conversation);
    lists.set(conversation, since === undefined ? items : itemsAfter(items, since));
  }
  return lists;
}

/** All but those with somebody who is blocked. */
async function shownConversations(client: Client): Promise<readonly ConversationId[]> {
  const [conversations, contacts] = await Promise.all([client.conversations(), client.contacts()]);
  const blocked = new Set(contacts.filter((one) => one.blocked).map((one) => one.conversation));
  return conversations.map((one) => one.id).filter((id) => !blocked.has(id));
}

/** What arrived later, wherever it stands in the list: a late one may stand before what was there already. */
function itemsAfter(items: readonly Item[], since: MessageView): readonly Item[] {
  return items.filter((item, at) => {
    if (item.kind === 'message') return isAfter(item, since);
    const next = items.slice(at + 1).find((one) => one.kind === 'message' && one.device === item.device);
    return next?.kind === 'message' && isAfter(next, since);
  });
}

/** In the order of arrival, which is one for all conversations of this home. */
function isAfter(message: MessageView, since: MessageView): boolean {
  if (message.conversation === since.conversation) return message.position > since.position;
  if (message.arrivedAt !== since.arrivedAt) return message.arrivedAt > since.arrivedAt;
  return message.conversation > since.conversation;
}

async function show({ opened, context }: Reading, items: readonly Item[]): Promise<void> {
  if (items.length === 0) return;
  const { output } = context;
  const people = await correspondents(opened.client);
  for (const item of items) {
    if (item.kind === 'message')
      output.result(messageObject(item, people), messageWords(item, people, output.columns));
    else output.result(gapObject(item, people), gapWords(item, people));
  }
}

async function correspondents(client: Client): Promise<Correspondents> {
  const [me, contacts, nameOf] = await Promise.all([client.me(), client.contacts(), namesOf(client)]);
  if (me === undefined) throw new RefusedError('no-identity', 'nobody lives in this home');
  const partners = new Map(contacts.map((contact) => [contact.conversation, contact]));
  return { me, nameOf, partner: (message) => partners.get(message.conversation) };
}

/** @returns whether there was anything to tell */
async function markRead({ opened, receipts }: Reading, items: readonly Item[]): Promise<boolean> {
  if (!receipts) return false;
  const unread = items
    .filter((item) => item.kind === 'message')
    .filter((message) => !message.fromMe && message.status !== 'read');
  const byConversation = Map.groupBy(unread, (message) => message.conversation);
  for (const [conversation, messages] of byConversation) {
    await opened.client.markRead(
      conversation,
      messages.map((message) => message.id),
    );
  }
  return unread.length > 0;
}
