import { UnreachableError, type World } from '@tern/protocol';
import { timedWorld } from '@tern/relay/testing';
import { expect, test } from 'vitest';
import type { Carrier } from '../src/dialer/carrier.ts';
import { ConnectionPool, type Held } from '../src/dialer/connection-pool.ts';
import { dialRules } from '../src/dialer/dial-rules.ts';
import { freshPace } from '../src/dialer/pace.ts';
import { WayBook } from '../src/dialer/way-book.ts';
import { requestFor } from '../src/testing/simulated-network.ts';
import { carry, dialerScene } from './dialer-scene.ts';
import { way } from './plain-way.ts';

const text = { upBytes: 700, bulk: false, held: false };
const { signal } = new AbortController();
const load = (exchanges: number): Held['load'] => ({ exchanges, upBytes: 700, downBytes: 300 });

/** @param blind as in a browser */
function poolOf(world: World, blind: boolean): { readonly pool: ConnectionPool; readonly book: WayBook } {
  const book = new WayBook(() => 'home');
  const https: Carrier = {
    name: 'https',
    blind,
    open: async () => ({ shared: false, usable: true, async *exchange() {}, close: () => undefined }),
  };
  return { book, pool: new ConnectionPool({ carriers: { https }, book, world }) };
}

test('a file that let a text pass has its turn when the text has left over a connection that was idle', async () => {
  const world = timedWorld();
  const { pool } = poolOf(world, true);
  const take = (wish: typeof text): Promise<Held> =>
    pool.take(way, wish, { signal, reached: () => undefined });
  const waited = await world.run(
    (async () => {
      const first = await take(text);
      await world.wait(1000, { signal });
      const second = await take(text);
      await world.wait(1000, { signal });
      const third = await take(text);
      for (const one of [first, second, third]) pool.give(one, load(1), { spent: false });
      await world.wait(5000, { signal });
      await take(text);
      // right after that one both have to wait
      const watch = take({ ...text, held: true });
      const began = world.now();
      await Promise.all([watch, take({ ...text, bulk: true })]);
      return world.now() - began;
    })(),
  );
  expect(waited).toBeLessThan(3 * (dialRules.gapMs + dialRules.gapJitterMs));
});

test.each([true, false])(
  'a clock that was set back keeps no connection waiting (blind: %s)',
  async (blind) => {
    const world = timedWorld();
    const { pool, book } = poolOf(world, blind);
    const hourMs = 3_600_000;
    book.paced(way, { ...freshPace, notBefore: world.now() + hourMs, silentUntil: world.now() + hourMs });
    const began = world.now();
    await world.run(pool.take(way, text, { signal, reached: () => undefined }));
    expect(world.now() - began).toBeLessThan(1000);
  },
);

test('a watch waits a moment for a connection that is idle, and opens none under another name of its relay', async () => {
  const endpoints = ['https://two.example'];
  const scene = dialerScene({ rttMs: 80 }, { plain: true, endpoints });
  const { world, network } = scene;
  const names = (): readonly string[] => network.hellos.splice(0).map(({ name }) => name);
  const text = (): Promise<number> => carry(scene, requestFor(300));
  await world.run(Promise.all([text(), text()]));
  expect(names()).toEqual(['one.example', 'two.example']);
  await world.pass(dialRules.goneMs);
  await world.run(text());
  await world.run(carry(scene, requestFor(300), { heldMs: 30_000 }));
  expect(names()).toEqual(['one.example']);
  // a text goes where it leaves at once
  await world.pass(dialRules.goneMs);
  await world.run(text());
  await world.run(text());
  expect(names()).toEqual(['one.example', 'two.example']);
});

test('what went over connections that may have been there before shows of no network that it counts nothing', async () => {
  const scene = dialerScene({ rttMs: 80, ban: 'count' }, { plain: true });
  const { world, network, dialer } = scene;
  const ask = async (heldMs?: number): Promise<void> => {
    try {
      await carry(scene, requestFor(300), heldMs === undefined ? {} : { heldMs });
    } catch (error) {
      if (!(error instanceof UnreachableError)) throw error;
    }
  };
  await world.run(Promise.all([ask(3000), ask(3000)]));
  await world.pass(dialRules.idleMs + 1000); // its relay keeps them for a little longer
  await world.run(ask());
  await world.run(ask());
  expect(network.hellos).toHaveLength(2);
  const paces = [...dialer.record().pages.values()].flatMap((page) => [...page.paces.values()]);
  expect(paces.map(({ rule }) => rule)).toEqual(['careful']);
  await world.run(Promise.all([ask(3000), ask(3000), ask(3000), ask(3000)]));
  expect(network.bans).toEqual([]);
});
