import type { StoreChange } from './client-store.ts';
import { contactTable } from './contact.ts';
import { conversationTable, withGroup, withNotice, type Conversation } from './conversation.ts';
import { selfOf, type Engine } from './engine.ts';
import { followedLogTable } from './followed-log.ts';
import { forgetGroup } from './group-record.ts';
import { identityTable, withNewDevice } from './identity.ts';
import { askToJoin } from './meeting.ts';
import { deleteOutgoing, outbox, replaceOutgoing } from './outbox.ts';

/**
 * This home begins anew as another device of the same person (rule 27): after a copy of it wrote, after it was rolled back,
 * or in an import. What was said stays; every ratchet goes; every contact is asked to add the new device. What waited
 * unsealed leaves later under the new device's numbers.
 */
export async function beginAnew(engine: Engine, change: StoreChange): Promise<void> {
  const identity = await identityTable.get(change, '', 'self');
  if (identity === undefined) return;
  identityTable.put(
    change,
    '',
    'self',
    withNewDevice(engine.primitives, engine.world, identity, { replace: false }),
  );
  const self = await selfOf(engine, change);
  for (const [, conversation] of await conversationTable.list(change, ''))
    await loseGroups(engine, change, conversation);
  for (const [key, outgoing] of await outbox(change)) {
    if (outgoing.kind === 'message') {
      // what the old device had numbered and sent again is no longer ours to number
      if (outgoing.sealed === undefined && outgoing.number !== undefined) deleteOutgoing(change, key);
      else
        replaceOutgoing(change, key, {
          kind: 'message',
          conversation: outgoing.conversation,
          message: outgoing.message,
          blobs: outgoing.blobs,
        });
    } else if (outgoing.kind !== 'entry') {
      deleteOutgoing(change, key);
    }
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
