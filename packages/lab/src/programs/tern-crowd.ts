/**
 * Many acquaintances in one program, each with a home on disk and a client of their own: each uses one invitation, meets whoever sent it, and
 * stays online. Settings: {@link Settings} as one JSON argument; takes `relay` once and then `accept` for each.
 */
import { join } from 'node:path';
import { openHome, openOrdinaryClient, ordinaryTransport } from '@tern/agent';
import { parseRelayLink } from '@tern/protocol';
import { nodeWorld } from '@tern/reach/node';
import { orders, settingsOf, tell } from './lines.ts';

export interface Settings {
  /** the folder of their homes */
  readonly homes: string;
}

const settings = settingsOf<Settings>();
const { signal } = new AbortController();
let relay = '';
let count = 0;
tell({ is: 'ready' });
for await (const order of orders()) {
  if (order.do === 'relay') relay = order.link;
  if (order.do === 'accept') await enter(order.link);
  tell({ is: 'done', number: order.number });
}
process.exit(0);

/** Their homes stay open until the program ends, which is by a kill. */
async function enter(link: string): Promise<void> {
  count += 1;
  const name = `acquaintance-${count}`;
  const dir = join(settings.homes, name);
  const home = await openHome({ dir, world: nodeWorld, passphrase: async () => undefined });
  const client = await openOrdinaryClient(home.store, ordinaryTransport());
  await client.init(name);
  await client.addRelay(parseRelayLink(relay), { signal });
  await client.accept(link);
  void client.run({
    signal,
    onTrouble: ({ origin, code }) => tell({ is: 'note', words: `${origin} ${code}` }),
  });
}
