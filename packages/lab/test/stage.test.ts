import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';

import { openStage } from '../src/run/stage.ts';

const program = join(import.meta.dirname, 'programs/browse-in-host.ts');
const nothing = { rules: [] };

/** Like the engine's own tests this one needs a Linux that lets us make namespaces. */
test('when a block begins people change their networks and lose what was connected, or nothing changes and connections stand', async () => {
  await using ends = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'tern-stage-'));
  ends.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const policies = { 'isp-1': nothing, 'isp-2': nothing, hosting: nothing };
  const stage = ends.use(await openStage({ seed: 1, policies, folder }));
  const { stdin, stdout } = stage.ground.spawn('a', process.execPath, [program, 'big-news.example'], {
    env: { NODE_EXTRA_CA_CERTS: stage.ground.authority },
  });
  if (stdin === null || stdout === null) throw new Error('the program has no input or output');
  const lines = createInterface({ input: stdout });
  const portOfNext = async (): Promise<string> => {
    stdin.write('\n');
    const [line] = (await once(lines, 'line')) as [string];
    return line;
  };
  const first = await portOfNext();
  expect(Number(first)).toBeGreaterThan(0);
  expect(await portOfNext()).toBe(first);
  stage.block({ change: 'none' });
  expect(await portOfNext()).toBe(first);
  stage.block();
  const later = await portOfNext();
  expect(Number(later)).toBeGreaterThan(0);
  expect(later).not.toBe(first);
});
