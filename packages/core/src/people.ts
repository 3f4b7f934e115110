import { MalformedError, UsageError, type PersonId } from '@tern/protocol';
import type { ContactView } from './client.ts';
import type { StoreChange, StoreView } from './client-store.ts';
import { contactName, contactTable, type Contact } from './contact.ts';
import { conversationTable } from './conversation.ts';
import { selfOf, type Engine } from './engine.ts';
import { checkName } from './identity.ts';
import { safetyNumber } from './safety-number.ts';

/** Everybody this person knows, those they took out of the list not. */
export async function contactViews(engine: Engine, view: StoreView): Promise<readonly ContactView[]> {
  const self = await selfOf(engine, view);
  const views: ContactView[] = [];
  for (const [key, contact] of await contactTable.list(view, '')) {
    if (contact.removed) continue;
    const conversation = await conversationTable.get(view, '', contact.conversation);
    views.push({
      person: key as PersonId,
      name: contactName(contact),
      ownName: contact.name,
      verified: contact.verified,
      blocked: contact.blocked,
      safetyNumber: safetyNumber(engine.primitives, self.rootKey, contact.rootKey),
      state:
        conversation?.groups.some((group) => group.state === 'joined') === true ? 'connected' : 'waiting',
      conversation: contact.conversation,
    });
  }
  return views.toSorted((a, b) => a.name.localeCompare(b.name));
}

/** @throws {UsageError} where nobody has that id */
export async function changeContact(
  change: StoreChange,
  person: PersonId,
  edit: (contact: Contact) => Contact,
): Promise<void> {
  const contact = await contactTable.get(change, '', person);
  if (contact === undefined) throw new UsageError('there is no such contact');
  contactTable.put(change, '', person, edit(contact));
}

/** A name of one's own for somebody; the one they chose when it is empty. @throws {MalformedError} */
export function renamed(contact: Contact, name: string): Contact {
  const { petname: _, ...rest } = contact;
  if (name.trim() === '') return rest;
  const petname = checkName(name);
  if (petname.length === 0) throw new MalformedError('a name has at least one character');
  return { ...rest, petname };
}
