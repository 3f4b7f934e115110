import type { Client, ContactView } from '@tern/core';
import type { CommandForm } from '../command-line.ts';
import { openClientHome } from '../client-home.ts';
import type { Command } from '../context.ts';
import { line } from '../terminal-text.ts';
import { contactNamed, shortId } from '../who.ts';

export const contactsCommand: Command = {
  words: ['contacts'],
  operands: [],
  about: 'the people you know',
  options: {},
  async run(_call, context) {
    await using opened = await openClientHome(context);
    await opened.synchronise();
    const contacts = await opened.client.contacts();
    for (const contact of contacts) context.output.result(contactObject(contact), contactWords(contact));
    if (contacts.length === 0 && !context.output.json)
      context.output.say('nobody yet: tern invite makes a link for somebody, tern accept takes one');
  },
};

export const verifyCommand: Command = changing({
  word: 'verify',
  about: 'you compared the safety numbers and they are the same',
  change: (client, contact) => client.verify(contact.person, true),
});

export const unverifyCommand: Command = changing({
  word: 'unverify',
  about: 'you are not sure of their safety number any more',
  change: (client, contact) => client.verify(contact.person, false),
});

export const blockCommand: Command = changing({
  word: 'block',
  about: 'nothing of theirs is shown from now on, and they are not told',
  change: (client, contact) => client.block(contact.person, true),
});

export const unblockCommand: Command = changing({
  word: 'unblock',
  about: 'what they write from now on is shown again',
  change: (client, contact) => client.block(contact.person, false),
});

export const renameCommand: Command = {
  words: ['contacts', 'rename'],
  operands: ['WHO', 'NEWNAME'],
  about: 'call somebody by a name of your own',
  options: {},
  async run(call, context) {
    await using opened = await openClientHome(context);
    const { client } = opened;
    const contact = await contactNamed(client, call.operand('WHO'), renameCommand);
    await client.rename(contact.person, call.operand('NEWNAME'));
    show(context, await again(client, contact));
    await opened.synchronise();
  },
};

export const removeCommand: Command = {
  words: ['contacts', 'remove'],
  operands: ['WHO'],
  about: 'take somebody out of the list',
  options: {},
  async run(call, context) {
    await using opened = await openClientHome(context);
    const contact = await contactNamed(opened.client, call.operand('WHO'), removeCommand);
    await opened.client.removeContact(contact.person);
    context.output.result(
      { removed: contact.person, name: contact.name },
      line`${contact.name} is not in your list any more`,
    );
    await opened.synchronise();
  },
};

interface Change {
  readonly word: string;
  readonly about: string;
  readonly change: (client: Client, contact: ContactView) => Promise<void>;
}

/** The commands that change one thing about one contact and show the result. */
function changing({ word, about, change }: Change): Command {
  const form: CommandForm = { words: ['contacts', word], operands: ['WHO'], about, options: {} };
  return {
    ...form,
    async run(call, context) {
      await using opened = await openClientHome(context);
      const { client } = opened;
      const contact = await contactNamed(client, call.operand('WHO'), form);
      await change(client, contact);
      show(context, await again(client, contact));
      await opened.synchronise();
    },
  };
}

async function again(client: Client, contact: ContactView): Promise<ContactView> {
  return (await client.contacts()).find((one) => one.person === contact.person) ?? contact;
}

function show({ output }: Parameters<Command['run']>[1], contact: ContactView): void {
  output.result(contactObject(contact), contactWords(contact));
}

function contactObject(contact: ContactView): Readonly<Record<string, unknown>> {
  const { person, ...rest } = contact;
  return { id: person, ...rest };
}

function contactWords(contact: ContactView): string {
  const own = contact.ownName === contact.name ? '' : ` (calls themselves "${contact.ownName}")`;
  const marks = [
    contact.state === 'waiting' ? 'has not answered yet' : 'in touch',
    ...(contact.verified ? ['verified'] : []),
    ...(contact.blocked ? ['blocked'] : []),
  ].join(', ');
  return [
    line`${shortId(contact.person)}  ${contact.name}${own}: ${marks}`,
    line`    safety number ${contact.safetyNumber}`,
  ].join('\n');
}
