import { join } from 'node:path';
import type { World } from '@tern/protocol';
import { nodePrimitives as primitives, nodeWorld } from '@tern/reach/node';
import { runRelay } from '@tern/relay';
import { quietPort } from '@tern/relay/testing';
import { expect, test } from 'vitest';
import { meet, TernDriver, type JsonLine, type Person } from './programs/tern-driver.ts';

/** This machine's clock, which a test may put forward: whoever sleeps until then wakes. */
function hastened(): { readonly world: World; forward(ms: number): void } {
  let ahead = 0;
  const sleepers = new Set<() => void>();
  const now = (): number => nodeWorld.now() + ahead;
  return {
    world: {
      ...nodeWorld,
      now,
      async wait(ms, { signal }) {
        const until = now() + ms;
        const woken = new AbortController();
        const wake = (): void => {
          if (now() >= until) woken.abort();
        };
        sleepers.add(wake);
        try {
          await nodeWorld.wait(ms, { signal: AbortSignal.any([signal, woken.signal]) });
        } catch (error) {
          if (signal.aborted || !woken.signal.aborted) throw error;
        } finally {
          sleepers.delete(wake);
        }
      },
    },
    forward(ms) {
      ahead += ms;
      for (const wake of sleepers) wake();
    },
  };
}

interface NearRelay extends AsyncDisposable {
  readonly link: string;
}

/** A relay in this process, which hands on to others on this machine. */
async function nearRelay(
  data: string,
  { port, world }: { readonly port: number; readonly world: World },
): Promise<NearRelay> {
  const stop = new AbortController();
  const printed = Promise.withResolvers<string>();
  const running = runRelay({
    data,
    ports: [port],
    forwardToPrivate: true,
    signal: stop.signal,
    world,
    primitives,
    print: (line) => void (line.startsWith('relay link: ') && printed.resolve(line.slice(12))),
  });
  return {
    link: await Promise.race([printed.promise, running.then(() => printed.promise)]),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}

async function lines(person: Person): Promise<readonly JsonLine[]> {
  return person.done(['read'], { environment: { TERN_PATIENCE: '20' } });
}

test('rule 30: with its relay killed a message waits at a relay nearby, and arrives once although its sender is gone', async () => {
  await using driver = new TernDriver();
  const { world, forward } = hastened();
  const data = join(driver.folder, 'near');
  const port = await quietPort();
  const near = await nearRelay(data, { port, world });
  const far = await driver.relay({ data: 'far' });
  const alice = driver.home('Alice');
  await alice.done(['init', '--name', 'Alice', '--relay', near.link]);
  const bob = await driver.person('Bob', far);
  await meet(bob, alice);
  await alice.done(['send', 'bob', 'before']);

  await far.stop('SIGKILL');
  const [first] = await alice.done(['send', 'bob', 'over the border']);
  expect(first).toMatchObject({ status: 'nearby' });
  const said = await alice.start(['send', 'bob', 'and once more']).ended;
  expect(said.lines).toMatchObject([{ status: 'nearby' }]);
  expect(said.errors).toContain('waits at another relay of yours');
  expect(await lines(alice)).toMatchObject([
    { text: 'before' },
    { text: 'over the border', status: 'nearby' },
    { text: 'and once more', status: 'nearby' },
  ]);

  // the near relay starts anew, and has it still
  await near[Symbol.asyncDispose]();
  await using _ = await nearRelay(data, { port, world });
  const back = await driver.relay({ data: 'far', port: Number(new URL(far.link).port) });
  await expect
    .poll(async () => {
      forward(600_000);
      return (await lines(bob)).map((line) => line['text']);
    })
    .toEqual(['before', 'over the border', 'and once more']);

  // nobody but the near relay tells her, and she reads nothing of the far one
  await back.stop('SIGKILL');
  expect(await lines(alice)).toMatchObject([
    { text: 'before' },
    { text: 'over the border', status: 'stored' },
    { text: 'and once more', status: 'stored' },
  ]);
  await driver.relay({ data: 'far', port: Number(new URL(far.link).port) });
  await lines(bob);
  const texts = ['before', 'over the border', 'and once more'];
  expect(await lines(alice)).toMatchObject(texts.map((text) => ({ text, status: 'read' })));
  expect((await lines(bob)).map((line) => line['text'])).toEqual(texts);
});
