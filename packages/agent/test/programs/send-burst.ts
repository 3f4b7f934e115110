import { openClient } from '@tern/core';
import { httpsTransport, nodePrimitives, nodeWorld } from '@tern/reach/node';
import { nodeGroupPrimitives } from '../../src/group-primitives.ts';
import { openHome } from '../../src/home.ts';

// one of several processes that send from the same home at once: `send-burst.ts HOME NAME COUNT`
const [dir = '', name = '', count = '0'] = process.argv.slice(2);
const signal = AbortSignal.timeout(300_000);
using transport = httpsTransport();
await using home = await openHome({
  dir,
  world: nodeWorld,
  passphrase: async () => undefined,
  create: false,
});
await using client = await openClient({
  store: home.store,
  world: nodeWorld,
  primitives: nodePrimitives,
  groupPrimitives: nodeGroupPrimitives,
  transport,
});
const [contact] = await client.contacts();
if (contact === undefined) throw new Error('nobody to send to');
for (let at = 0; at < Number(count); at += 1) {
  await client.sendText(contact.conversation, `${name} ${at}`);
  if (at % 3 === 2) await client.sync({ signal });
}
let complete = false;
for (let tries = 0; tries < 10 && !complete; tries += 1) complete = (await client.sync({ signal })).complete;
process.exitCode = complete ? 0 : 1;
