import type { Client, ContactView } from '@tern/core';
import { RefusedError, type PersonId } from '@tern/protocol';
import { wrong, type CommandForm } from './command-line.ts';

/** As many characters of an id as name somebody. */
const shortIdCharacters = 8;

export function shortId(id: string): string {
  return id.slice(0, shortIdCharacters);
}

/**
 * Whom somebody means by a name or the first 8 characters of an id.
 * @throws {RefusedError} `unknown-contact`
 * @throws {WrongUsageError} for a name that several have, with the candidates
 */
export async function contactNamed(client: Client, who: string, command: CommandForm): Promise<ContactView> {
  const matches = matching(await client.contacts(), who);
  const [first] = matches;
  if (first === undefined)
    throw new RefusedError('unknown-contact', `there is no contact "${who}" (tern contacts lists them)`);
  if (matches.length === 1) return first;
  const candidates = matches.map((contact) => `${contact.name} ${shortId(contact.person)}`).join(', ');
  throw wrong(command, `"${who}" may be any of: ${candidates}; name one by those 8 characters`);
}

/** Names are compared without case; an id's first characters win over a name that looks like them. */
function matching(contacts: readonly ContactView[], who: string): readonly ContactView[] {
  const wanted = who.trim().normalize('NFC');
  const byId =
    wanted.length >= shortIdCharacters
      ? contacts.filter((contact) => contact.person.startsWith(wanted.toLowerCase()))
      : [];
  if (byId.length > 0) return byId;
  const named = (names: (contact: ContactView) => string): readonly ContactView[] =>
    contacts.filter((contact) => folded(names(contact)) === folded(wanted));
  const byName = named((contact) => contact.name);
  return byName.length > 0 ? byName : named((contact) => contact.ownName);
}

function folded(name: string): string {
  return name.trim().normalize('NFC').toLocaleLowerCase('und');
}

/** What people call whoever wrote or is written to. */
export async function namesOf(client: Client): Promise<(person: PersonId) => string> {
  const [contacts, me] = await Promise.all([client.contacts(), client.me()]);
  const names = new Map(contacts.map((contact) => [contact.person, contact.name]));
  if (me !== undefined) names.set(me.person, me.name);
  return (person) => names.get(person) ?? shortId(person);
}
