/**
 * A person with Tern: the agent's library over a home on disk, with whatever reaches relays from a terminal, and staying online as
 * `tern run` does. Nothing here says where it runs. What arrives is read as a person with the app open would read it, files included;
 * a file that does not come is asked for again. Settings: {@link Settings} as one JSON argument.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { openHome, openOrdinaryClient, ordinaryTransport } from '@tern/agent';
import { parseRelayLink } from '@tern/protocol';
import { diagnose } from '@tern/reach/diagnosis';
import { nodeWorld } from '@tern/reach/node';
import { fileBytes, isThatFile } from './file-bytes.ts';
import { orders, settingsOf, tell, type Order } from './lines.ts';

export interface Settings {
  readonly name: string;
  readonly home: string;
}

type Client = Awaited<ReturnType<typeof openOrdinaryClient>>;
type ContactView = Awaited<ReturnType<Client['contacts']>>[number];
type MessageView = Extract<Awaited<ReturnType<Client['messages']>>[number], { readonly kind: 'message' }>;

const settings = settingsOf<Settings>();
const leaving = new AbortController();
const { signal } = leaving;
/** how soon a person taps again on a photo that did not come */
const tapAgainMs = 3000;
const lookAtCausesMs = 1000;

await using home = await openHome({
  dir: settings.home,
  world: nodeWorld,
  passphrase: async () => undefined,
});
using transport = ordinaryTransport();
await using client = await openOrdinaryClient(home.store, transport);
if ((await client.me()) === undefined) await client.init(settings.name);

const shown = new Set<string>();
const met = new Set<string>();
const online = client
  .run({ signal, onTrouble: ({ origin, code }) => tell({ is: 'note', words: `${origin} ${code}` }) })
  .catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
void follow();
void followCauses();
tell({ is: 'ready' });
for await (const order of orders()) {
  if (order.do === 'leave') {
    leaving.abort();
    await online;
    await client[Symbol.asyncDispose]();
  } else await carryOut(order);
  tell({ is: 'done', number: order.number });
}
process.exit(0);

async function carryOut(order: Exclude<Order, { do: 'leave' }>): Promise<void> {
  switch (order.do) {
    case 'relay':
      await client.addRelay(parseRelayLink(order.link), { signal });
      return;
    case 'invite':
      tell({ is: 'link', link: (await client.invite()).link });
      return;
    case 'accept':
      await client.accept(order.link);
      return;
    case 'text':
      await client.sendText(await conversationWith(order.to), order.text);
      return;
    case 'file': {
      const { name, size } = order;
      const content = piecesOf(fileBytes(name, size));
      await client.sendFile(await conversationWith(order.to), { name, type: 'image/jpeg', size, content });
      break;
    }
    case 'welcome':
    case 'admit': // the invitation was the yes
  }
}

async function* piecesOf(bytes: Uint8Array): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}

async function conversationWith(name: string): Promise<ContactView['conversation']> {
  const contact = (await client.contacts()).find(({ ownName }) => ownName === name);
  if (contact === undefined) throw new Error(`${settings.name} does not know ${name}`);
  return contact.conversation;
}

async function follow(): Promise<void> {
  const changes = client.changes(signal);
  await look();
  for await (const _ of changes) await look();
}

/** What an app with a panel would show there. */
async function followCauses(): Promise<void> {
  const told = new Set<string>();
  while (!signal.aborted) {
    await wait(lookAtCausesMs);
    if (!client.hindered()) continue;
    const { now, observations } = client.observations();
    for (const { way, cause } of diagnose(observations, { now })) {
      const words = `${way?.name} ${cause.kind}`;
      if (way?.name === undefined || cause.kind === 'works' || told.has(words)) continue;
      told.add(words);
      tell({ is: 'cause', name: way.name, cause: cause.kind });
    }
  }
}

async function look(): Promise<void> {
  for (const contact of await client.contacts()) {
    if (contact.state === 'connected' && !met.has(contact.ownName)) {
      met.add(contact.ownName);
      tell({ is: 'met', person: contact.ownName });
    }
    const fresh = (await client.messages(contact.conversation)).filter(
      (line): line is MessageView =>
        line.kind === 'message' && !line.fromMe && line.status !== 'read' && !shown.has(line.id),
    );
    for (const message of fresh) show(message, contact.ownName);
    if (fresh.length > 0)
      await client.markRead(
        contact.conversation,
        fresh.map(({ id }) => id),
      );
  }
}

function show(message: MessageView, from: string): void {
  shown.add(message.id);
  if (message.file === undefined) tell({ is: 'got', from, text: message.text ?? '' });
  else void bring(message, from);
}

async function bring({ id, file }: MessageView, from: string): Promise<void> {
  if (file === undefined) return;
  const { name } = file;
  const began = performance.now();
  for (;;) {
    try {
      const pieces: Uint8Array[] = [];
      for await (const piece of client.fileContent(id, { signal })) pieces.push(piece);
      const bytes = Buffer.concat(pieces);
      const tookMs = performance.now() - began;
      if (isThatFile(name, bytes)) tell({ is: 'file', from, name, size: bytes.length, tookMs });
      return;
    } catch (error) {
      tell({ is: 'note', words: `${name}: ${error instanceof Error ? error.message : ''}` });
      await wait(tapAgainMs);
    }
  }
}
