import { equalBytes, RefusedError, type ConversationId, type PersonId } from '@tern/protocol';
import type { StoreChange } from './client-store.ts';
import { contactTable } from './contact.ts';
import { activeLog, conversationTable, emptyConversation, groupConversationId } from './conversation.ts';
import { selfOf, type Engine } from './engine.ts';
import { followedLogTable, storingHost } from './followed-log.ts';
import { membersOf } from './group-crypto.ts';
import { groupRecordTable } from './group-record.ts';
import { openSession, saveSession } from './group-session.ts';
import { holderOf } from './identity.ts';
import { parcelEntry } from './meeting-log.ts';
import { putOutgoing } from './outbox.ts';
import { beginGroup } from './pair-group.ts';

/**
 * A conversation of several people. Whoever begins it may add and remove; the others are offered a place, and join when
 * their device has answered with a key package.
 */
export async function beginCircle(
  engine: Engine,
  change: StoreChange,
  people: readonly PersonId[],
): Promise<ConversationId> {
  const self = await selfOf(engine, change);
  const host = await storingHost(change);
  if (host === undefined)
    throw new RefusedError('no-relay', 'a group needs a relay to live on: add one first');
  const id = groupConversationId(engine.world.randomBytes(16));
  const rule = { kind: 'group', adminKeys: [self.rootKey] } as const;
  conversationTable.put(change, '', id, emptyConversation(id, rule));
  await beginGroup(engine, change, { id, rule, host, adds: [], self });
  await offerPlaces(engine, change, { id, people });
  return id;
}

/** Offers contacts a place; a contact who takes it is added with the next commit. @throws {RefusedError} for who is no contact */
async function offerPlaces(
  engine: Engine,
  change: StoreChange,
  offer: { readonly id: ConversationId; readonly people: readonly PersonId[] },
): Promise<void> {
  const conversation = await conversationTable.get(change, '', offer.id);
  if (conversation === undefined)
    throw new RefusedError('no-such-conversation', 'there is no such conversation');
  conversationTable.put(change, '', offer.id, {
    ...conversation,
    people: [...new Set([...conversation.people, ...offer.people])],
  });
  for (const person of offer.people) {
    const meeting = (await contactTable.get(change, '', person))?.meetings.at(-1);
    const followed = meeting === undefined ? undefined : await followedLogTable.get(change, '', meeting.log);
    if (followed === undefined)
      throw new RefusedError('no-such-contact', 'only contacts can be offered a place');
    await putOutgoing(change, {
      kind: 'entry',
      sealed: await parcelEntry(engine, change, followed, { conversation: offer.id }),
    });
  }
}

/** All devices of a person leave the group with the next commit; they read exactly that and nothing after it. */
export async function removePerson(
  engine: Engine,
  change: StoreChange,
  from: { readonly id: ConversationId; readonly person: PersonId },
): Promise<void> {
  const conversation = await conversationTable.get(change, '', from.id);
  const log = conversation === undefined ? undefined : activeLog(conversation);
  const session = log === undefined ? undefined : await openSession(engine, change, log);
  if (session === undefined) throw new RefusedError('no-such-conversation', 'there is no such conversation');
  const { rule } = session.conversation;
  const self = await selfOf(engine, change);
  if (rule.kind === 'pair' || !rule.adminKeys.some((key) => equalBytes(key, self.rootKey)))
    throw new RefusedError('not-allowed', 'only who began a group may remove somebody from it');
  const keys = membersOf(session.group)
    .filter((member) => holderOf(engine.primitives, member.credential)?.person === from.person)
    .map((member) => member.signatureKey);
  session.record = { ...session.record, removes: [...session.record.removes, ...keys] };
  session.conversation = {
    ...session.conversation,
    people: session.conversation.people.filter((one) => one !== from.person),
  };
  await saveSession(engine, change, session);
}

/** A fresh leaf at the next chance, whatever the clock says (rule 26). */
export async function renewLeaf(change: StoreChange, id: ConversationId): Promise<void> {
  const conversation = await conversationTable.get(change, '', id);
  const log = conversation === undefined ? undefined : activeLog(conversation);
  const record = log === undefined ? undefined : await groupRecordTable.get(change, '', log);
  if (log === undefined || record === undefined)
    throw new RefusedError('no-such-conversation', 'there is no such conversation');
  groupRecordTable.put(change, '', log, { ...record, refreshAt: 0 });
}
