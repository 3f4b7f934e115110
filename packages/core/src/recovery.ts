import type { StoreChange } from './client-store.ts';
import { contactTable } from './contact.ts';
import type { Conversation } from './conversation.ts';
import type { Engine } from './engine.ts';
import { followedLogTable } from './followed-log.ts';
import type { Credentials, Identity } from './identity.ts';
import { askToJoin } from './meeting.ts';

/** A group that this device can follow no further: everybody in the conversation whom it can reach outside is asked to add it again. */
export async function recoverGroup(
  engine: Engine,
  change: StoreChange,
  conversation: Conversation,
  self: Identity & Credentials,
): Promise<void> {
  for (const person of conversation.people) {
    const contact = await contactTable.get(change, '', person);
    const meeting = contact?.meetings.at(-1);
    const followed = meeting === undefined ? undefined : await followedLogTable.get(change, '', meeting.log);
    if (contact === undefined || contact.blocked || followed === undefined) continue;
    await askToJoin(engine, change, {
      meeting: followed,
      conversation: conversation.id,
      replaces: [self.deviceKey],
      self,
    });
  }
}
