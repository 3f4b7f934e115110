// A person's device that can be told when to die.
// node crash-client.ts <home> <journal> <name> <ms ahead>   takes commands from its parent one at a time, journals what it was promised
import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import process from 'node:process';
import { openClient, type Client, type ContactView } from '@tern/core';
import { parseRelayLink, type MessageId } from '@tern/protocol';
import { httpsTransport, nodePrimitives, nodeWorld } from '@tern/reach/node';
import { nodeGroupPrimitives } from '../../src/group-primitives.ts';
import { openHome } from '../../src/home.ts';
import { parseJournal, type Command, type Line, type Told } from './crash-command.ts';
import { Moment, mortalPrimitives, mortalStore, mortalTransport, mortalWorld } from './crash-moment.ts';

const [dir = '', journalFile = '', ownName = '', ms = ''] = process.argv.slice(2);
const forever = new AbortController().signal;

/** What this device was promised, on the disk before anybody hears of it. */
class Journal implements Disposable {
  readonly #file: number;

  constructor(path: string) {
    this.#file = openSync(path, 'a');
  }

  write(lines: readonly string[]): void {
    if (lines.length === 0) return;
    writeSync(this.#file, lines.map((line) => `${line}\n`).join(''));
    fsyncSync(this.#file);
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }
}

const moment = new Moment();
const ahead = { ms: Number(ms) };
const world = mortalWorld(nodeWorld, { moment, ahead });
await using home = await openHome({ dir, world, passphrase: async () => undefined });
using network = httpsTransport();
await using client = await openClient({
  store: mortalStore(home.store, moment),
  world,
  primitives: mortalPrimitives(nodePrimitives, moment),
  groupPrimitives: nodeGroupPrimitives,
  transport: mortalTransport(network, moment),
});
using journal = new Journal(journalFile);
const before = parseJournal(readFileSync(journalFile, 'utf8'));
/** promised to leave, not yet known to have left */
const waiting = new Set<string>([...before.durable.keys()].filter((id) => !before.stored.has(id)));
/** a synchronisation that goes on while other things are done */
let looking: Promise<unknown> = Promise.resolve();

async function contactNamed(name: string): Promise<ContactView | undefined> {
  return (await client.contacts()).find((contact) => contact.ownName === name);
}

async function synchronise(): Promise<Told> {
  const report = await client.sync({ signal: forever });
  const left: string[] = [];
  for (const id of waiting) {
    const message = await client.message(id as MessageId);
    if (message !== undefined && message.status !== 'queued' && message.status !== 'failed') left.push(id);
  }
  journal.write(left.map((id) => `stored ${id}`));
  for (const id of left) waiting.delete(id);
  return { complete: report.complete, troubles: report.troubles.map((trouble) => trouble.code) };
}

async function say(to: string, text: string): Promise<Told> {
  const contact = await contactNamed(to);
  if (contact === undefined) return {};
  const id = await client.sendText(contact.conversation, text);
  journal.write([`durable ${id} ${to}`]);
  waiting.add(id);
  return { id };
}

async function invite(): Promise<Told> {
  const { id, link } = await client.invite();
  journal.write([`invited ${id}`]);
  return { link };
}

async function read(from: string): Promise<Told> {
  const contact = await contactNamed(from);
  if (contact === undefined) return {};
  const lines = await client.messages(contact.conversation);
  const unread = lines.filter((line) => line.kind === 'message' && !line.fromMe && line.status !== 'read');
  await client.markRead(
    contact.conversation,
    unread.flatMap((line) => (line.kind === 'message' ? [line.id] : [])),
  );
  return {};
}

async function list(other: string): Promise<Told> {
  const contact = await contactNamed(other);
  if (contact === undefined) return {};
  const lines = (await client.messages(contact.conversation)).map((line): Line => {
    if (line.kind === 'gap') return { kind: 'gap', missing: line.missing };
    const { id, fromMe, number, position, status, text = '' } = line;
    return { kind: 'message', id, fromMe, number, position, status, text };
  });
  const notices = (await client.notices(contact.conversation)).map((notice) => notice.kind);
  const invitations = (await client.invitations()).map((invitation) => invitation.id);
  return { state: contact.state, lines, notices, invitations };
}

async function obey(command: Command, me: Client): Promise<Told> {
  switch (command.do) {
    case 'arm':
      moment.arm(command.death);
      return {};
    case 'sleep':
      ahead.ms = command.aheadMs;
      return {};
    case 'begin':
      if ((await me.me()) === undefined) await me.init(ownName);
      await me.addRelay(parseRelayLink(command.link), { signal: forever });
      return {};
    case 'invite':
      return invite();
    case 'accept':
      await me.accept(command.link);
      return {};
    case 'say':
      return say(command.to, command.text);
    case 'look':
      await looking;
      looking = synchronise();
      return {};
    case 'sync':
      await looking;
      return synchronise();
    case 'read':
      return read(command.from);
    case 'list':
      return list(command.with);
  }
}

process.on('disconnect', () => process.exit());
process.on('message', (message: { readonly id: number; readonly command: Command }) => {
  void obey(message.command, client).then((value) => process.send?.({ id: message.id, value }));
});
process.send?.({ id: 0 });
flushCompileCache(); // who is killed cannot do it at its end
await new Promise(() => {});
