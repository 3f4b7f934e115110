import type { DeviceId, MessageId } from '@tern/protocol';
import type { StoreChange, StoreView } from './client-store.ts';
import { contactTable } from './contact.ts';
import { conversationTable, withGroup, withNotice, type Conversation } from './conversation.ts';
import { mostDeferred } from './deferred-messages.ts';
import { selfOf, type Engine } from './engine.ts';
import { followedLogTable } from './followed-log.ts';
import { forgetGroup } from './group-record.ts';
import { identityTable, withNewDevice } from './identity.ts';
import { askToJoin } from './meeting.ts';
import { sentMessageId } from './message-store.ts';
import { deleteOutgoing, outbox, putOutgoing } from './outbox.ts';

/**
 * This home begins anew as another device of the same person (rule 27): after a copy of it wrote, after it was rolled back,
 * or in an import. What was said stays; every ratchet goes; every contact is asked to add the new device. What waited leaves
 * later under the new device's numbers.
 * @param options.inDoubt sends the last messages again too: who has them knows them by their ids
 */
export async function beginAnew(
  engine: Engine,
  change: StoreChange,
  options: { readonly inDoubt: boolean },
): Promise<void> {
  const before = await selfOf(engine, change);
  identityTable.put(
    change,
    '',
    'self',
    withNewDevice(engine.primitives, engine.world, before, { replace: false }),
  );
  const self = await selfOf(engine, change);
  const waiting = await outbox(change);
  for (const [key, outgoing] of waiting) if (outgoing.kind !== 'entry') deleteOutgoing(change, key);
  for (const [, conversation] of await conversationTable.list(change, '')) {
    const messages = waiting.flatMap(([, one]) =>
      one.kind === 'message' && one.conversation === conversation.id ? [one] : [],
    );
    const last = options.inDoubt ? await lastMessages(change, conversation, before.device) : [];
    for (const message of last) {
      if (!messages.some((one) => one.message === message))
        await putOutgoing(change, { kind: 'message', conversation: conversation.id, message, blobs: [] });
    }
    for (const { message, blobs, failed } of messages) {
      const again = { kind: 'message', conversation: conversation.id, message, blobs } as const;
      await putOutgoing(change, failed === undefined ? again : { ...again, failed });
    }
    await loseGroups(engine, change, conversation);
  }
  for (const [, contact] of await contactTable.list(change, '')) {
    const meeting = contact.meetings.at(-1);
    if (meeting === undefined || contact.blocked) continue;
    const followed = await followedLogTable.get(change, '', meeting.log);
    if (followed === undefined) continue;
    const conversations = (await conversationTable.list(change, '')).filter(([, one]) =>
      one.people.some((person) => person === followed.person),
    );
    const ids = conversations.length === 0 ? [contact.conversation] : conversations.map(([, one]) => one.id);
    for (const conversation of ids)
      await askToJoin(engine, change, { meeting: followed, conversation, replaces: [], self });
  }
}

async function loseGroups(engine: Engine, change: StoreChange, conversation: Conversation): Promise<void> {
  let changed: Conversation = { ...conversation, nextNumber: 1 };
  for (const { log, state } of conversation.groups) {
    if (state !== 'joined') continue;
    const followed = await followedLogTable.get(change, '', log);
    if (followed !== undefined) followedLogTable.put(change, '', log, { ...followed, ended: true });
    forgetGroup(change, log);
    engine.caughtUp.delete(log);
    changed = withGroup(changed, { log, state: 'lost' });
  }
  conversationTable.put(
    change,
    '',
    conversation.id,
    withNotice(changed, { at: engine.now(), kind: 'rejoined' }),
  );
}

/** Those of a device that wrote beside a copy of itself which may have been taken for the copy's: it wrote so many at most without reading. */
async function lastMessages(
  view: StoreView,
  conversation: Conversation,
  device: DeviceId,
): Promise<readonly MessageId[]> {
  const messages: MessageId[] = [];
  const first = Math.max(1, conversation.nextNumber - mostDeferred);
  for (let number = first; number < conversation.nextNumber; number += 1) {
    const message = await sentMessageId(view, conversation.id, { device, number });
    if (message !== undefined) messages.push(message);
  }
  return messages;
}
