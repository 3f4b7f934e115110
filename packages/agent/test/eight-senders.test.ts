import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryStore, openClient } from '@tern/core';
import { httpsTransport, nodePrimitives, nodeWorld } from '@tern/reach/node';
import { openMemoryStore, openRelay, serve } from '@tern/relay';
import { expect, test } from 'vitest';
import { nodeGroupPrimitives } from '../src/group-primitives.ts';
import { openHome } from '../src/home.ts';

const senders = 8;
const each = 12;

test('rule 27: eight processes send from one home at once; everything arrives once, numbered without a gap', async ({
  signal,
}) => {
  const root = mkdtempSync(join(tmpdir(), 'tern-eight-'));
  try {
    await using relayStore = openMemoryStore();
    await using relay = await openRelay({ store: relayStore, world: nodeWorld, primitives: nodePrimitives });
    await using server = await serve(relay, { host: '127.0.0.1', port: 0, path: 'eight', signal });
    const hint = { relay: relay.id, address: '127.0.0.1', port: server.port, tls: false, path: 'eight' };
    using transport = httpsTransport();
    const parts = {
      world: nodeWorld,
      primitives: nodePrimitives,
      groupPrimitives: nodeGroupPrimitives,
      transport,
    };
    await using anna = await openClient({ ...parts, store: memoryStore({ world: nodeWorld }) });
    await anna.init('Anna');
    await anna.addRelay({ hint, right: await relay.newRight() }, { signal });
    const dir = join(root, 'home');
    {
      await using home = await openHome({ dir, world: nodeWorld, passphrase: async () => undefined });
      await using boris = await openClient({ ...parts, store: home.store });
      await boris.init('Boris');
      await boris.accept((await anna.invite()).link);
      for (let round = 0; round < 4; round += 1)
        for (const client of [anna, boris]) await client.sync({ signal });
    }
    const program = join(import.meta.dirname, 'programs', 'send-burst.ts');
    const codes = await Promise.all(
      Array.from(
        { length: senders },
        (_, at) =>
          new Promise<number | null>((resolve, reject) => {
            const child = spawn(
              process.execPath,
              ['--disable-warning=ExperimentalWarning', program, dir, `sender ${at}`, String(each)],
              {
                stdio: ['ignore', 'ignore', 'inherit'],
              },
            );
            child.on('error', reject);
            child.on('exit', resolve);
          }),
      ),
    );
    expect(codes).toEqual(Array.from({ length: senders }, () => 0));
    await anna.sync({ signal });
    const [contact] = await anna.contacts();
    const lines = contact === undefined ? [] : await anna.messages(contact.conversation);
    expect(lines.filter((line) => line.kind === 'gap')).toEqual([]);
    const messages = lines.filter((line) => line.kind === 'message');
    expect(messages.map((message) => message.number)).toEqual(
      Array.from({ length: senders * each }, (_, at) => at + 1),
    );
    for (let at = 0; at < senders; at += 1) {
      const own = messages
        .map((message) => message.text ?? '')
        .filter((text) => text.startsWith(`sender ${at} `));
      expect(own).toEqual(Array.from({ length: each }, (_, number) => `sender ${at} ${number}`));
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
